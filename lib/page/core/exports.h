/* SPDX-License-Identifier: MIT */
/*
 * The functions that the script calls (src/core.ts declares the same list). Handles may be freed in
 * any order but views before their profile. 0 or NULL is a failure, and mt_core_error_message says
 * of what; counts and indexes are those of the thing that is given.
 */
#ifndef MT_PAGE_CORE_EXPORTS_H
#define MT_PAGE_CORE_EXPORTS_H

#include <stddef.h>
#include <stdint.h>

struct mt_core_profile;
struct mt_core_rows;
struct mt_core_row;
struct mt_core_frame;
struct mt_core_diff;
struct mt_core_diff_row;
struct mt_core_trie;
struct mt_core_event;
struct mt_core_scope;
struct mt_scopes_rows;

/* ---- memory.c */
void *mt_core_memory_new(size_t bytes);
void mt_core_memory_free(void *memory);
const char *mt_core_error_message(void);
const char *mt_core_error_hint(void);

/* ---- profiles.c */
/* Reads a profile of any format that lib/profile knows, not packed. The bytes may be freed
 * afterwards. */
struct mt_core_profile *mt_core_profiles_read(const void *data, size_t bytes, const char *name);
/* Adds to a side (0 old, 1 new) of a comparison what its page knows of lines: the unpacked block of
 * profile/line_texts.h. Returns whether there was room for it. */
uint32_t mt_core_profiles_add_lines(struct mt_core_profile *profile, const void *block,
                                    size_t bytes, uint32_t side);
/* Returns one profile of two for a flame graph of both: mt_core_profiles_sides tells whose a sample
 * is. It has no time axis and no scopes. */
struct mt_core_profile *mt_core_profiles_join(const struct mt_core_profile *old,
                                              const struct mt_core_profile *new);
/* Returns for each sample whether it is of the new side; the caller frees it. */
uint8_t *mt_core_profiles_sides(const struct mt_core_profile *joined);
void mt_core_profiles_free(struct mt_core_profile *profile);
/* Returns pairs: what is known of the process and the recording. */
const char *mt_core_profiles_info(const struct mt_core_profile *profile);
/* Returns process i of a tree that was watched, for mt_core_profiles_info and the ticks of series.c
 * until the next call; not to be freed. NULL: there are no more. */
const struct mt_core_profile *mt_core_profiles_member(const struct mt_core_profile *profile,
                                                      uint32_t i);
uint32_t mt_core_profiles_n_samples(const struct mt_core_profile *profile);

/* ---- rows.c */
struct mt_core_rows *mt_core_rows_new(struct mt_core_profile *profile, const char *options);
void mt_core_rows_free(struct mt_core_rows *rows);
uint32_t mt_core_rows_count(const struct mt_core_rows *rows);
/* Returns pairs: the totals of section 2 of the report, what passed the filter, by, sort, what
 * columns there are. */
const char *mt_core_rows_totals(const struct mt_core_rows *rows);
/* Returns a struct mt_core_row that is valid until the next call. */
const struct mt_core_row *mt_core_rows_at(struct mt_core_rows *rows, uint32_t i);
/* Returns one column of all rows; the caller frees it. value: enum mt_value. */
double *mt_core_rows_column(const struct mt_core_rows *rows, uint32_t value);
/* Sets the path of a row to be read by mt_core_rows_frame. Returns how many frames it has; the last
 * one may be "[truncated]". */
uint32_t mt_core_rows_stack(struct mt_core_rows *rows, uint32_t i);
/* The same of a sample. */
uint32_t mt_core_rows_path(struct mt_core_rows *rows, uint32_t sample);
const struct mt_core_frame *mt_core_rows_frame(struct mt_core_rows *rows, uint32_t i);
/* Returns for each sample of the profile its row, UINT32_MAX: none. The caller frees it. Not with
 * cumulative. */
uint32_t *mt_core_rows_of_samples(const struct mt_core_rows *rows);
/* Returns how many rows lie in a file, and then their indexes; the caller frees it. */
uint32_t *mt_core_rows_in_file(const struct mt_core_rows *rows, const char *file);
/* Returns pairs of "note" and what a report says of its coverage. */
const char *mt_core_rows_notes(const struct mt_core_rows *rows);

/* ---- diffs.c */
struct mt_core_diff *mt_core_diffs_new(struct mt_core_profile *old, struct mt_core_profile *new,
                                       const char *options);
void mt_core_diffs_free(struct mt_core_diff *diff);
uint32_t mt_core_diffs_count(const struct mt_core_diff *diff);
/* Returns pairs: by, sort, columns that both have; notes. */
const char *mt_core_diffs_info(const struct mt_core_diff *diff);
/* Returns the totals of a side (0 old, 1 new) as mt_core_rows_totals does. */
const char *mt_core_diffs_totals(const struct mt_core_diff *diff, uint32_t side);
const struct mt_core_diff_row *mt_core_diffs_at(struct mt_core_diff *diff, uint32_t i);
/* Returns the changes of all rows in one column; the caller frees it. value: enum mt_value. */
double *mt_core_diffs_column(const struct mt_core_diff *diff, uint32_t value);
uint32_t *mt_core_diffs_in_file(const struct mt_core_diff *diff, const char *file);
uint32_t mt_core_diffs_stack(struct mt_core_diff *diff, uint32_t i);
const struct mt_core_frame *mt_core_diffs_frame(struct mt_core_diff *diff, uint32_t i);

/* ---- tries.c */
enum { MT_CORE_TRIES_FULL_STACKS = 1, MT_CORE_TRIES_BY_FUNCTION = 2 };
/* Returns an empty trie, which mt_core_tries_add fills. flags: those above. */
struct mt_core_trie *mt_core_tries_new(struct mt_core_profile *profile, const char *options,
                                       uint32_t flags);
/* Adds up to n samples. Returns how many are left; below 0: out of memory. */
int32_t mt_core_tries_add(struct mt_core_trie *trie, uint32_t n);
void mt_core_tries_free(struct mt_core_trie *trie);
/* Returns counts and arrays: nodes, parents, frames, leaves, n_frames, functions; see
 * view/tree/trie.h. */
const uint32_t *mt_core_tries_arrays(struct mt_core_trie *trie);
const struct mt_core_frame *mt_core_tries_frame(struct mt_core_trie *trie, uint32_t frame);
/* Returns a value of each sample, 0 for those that the filter leaves out; at, from and to of the
 * options count. The caller frees it. value: enum mt_value. */
double *mt_core_tries_values(struct mt_core_profile *profile, const char *options, uint32_t value);

/* ---- series.c */
uint32_t mt_core_series_n_ticks(const struct mt_core_profile *profile);
/* Returns MT_CORE_TICK numbers a tick: time in seconds, live bytes, total blocks, RSS, PSS, swap,
 * anonymous bytes, whether the composition is known of this very moment, and USS. The caller frees
 * it. */
double *mt_core_series_ticks(const struct mt_core_profile *profile);
/* Returns four numbers for each stretch of time in which live blocks were allocated: from and to in
 * seconds, bytes, blocks. The caller frees it. */
uint32_t mt_core_series_n_ages(const struct mt_core_profile *profile);
double *mt_core_series_ages(const struct mt_core_profile *profile);
/* Returns live bytes for each of n rows and then for each tick; the caller frees it. rows: indexes
 * into what was built with the rows' profile, not cumulative. Of none: all rows together. */
double *mt_core_series_rows(const struct mt_core_rows *rows, const uint32_t *indexes, uint32_t n);
/* Returns for each row the most live bytes that it had at any tick; the caller frees it. Not of
 * cumulative rows. */
double *mt_core_series_highest(const struct mt_core_rows *rows);
/* Each returns how many there are, and fills what the script reads with _at until the next call. */
uint32_t mt_core_series_n_marks(const struct mt_core_profile *profile);
const struct mt_core_event *mt_core_series_mark(const struct mt_core_profile *profile, uint32_t i);
uint32_t mt_core_series_n_counters(const struct mt_core_profile *profile);
const struct mt_core_event *mt_core_series_counter(const struct mt_core_profile *profile,
                                                   uint32_t i);
uint32_t mt_core_series_n_events(const struct mt_core_profile *profile);
const struct mt_core_event *mt_core_series_event(const struct mt_core_profile *profile, uint32_t i);

/* ---- scopes.c */
struct mt_scopes_rows *mt_core_scopes_new(const struct mt_core_profile *profile, const char *sort);
void mt_core_scopes_free(struct mt_scopes_rows *rows);
uint32_t mt_core_scopes_count(const struct mt_scopes_rows *rows);
const struct mt_core_scope *mt_core_scopes_at(const struct mt_scopes_rows *rows, uint32_t i);
/* Returns pairs: each counter and then each cache of the program, by the names of JSON; the times of a
 * cache stand behind hit_ns and miss_ns, which are empty, and a size that is not known is empty. */
const char *mt_core_scopes_figures(const struct mt_scopes_rows *rows);
uint32_t mt_core_series_n_open(const struct mt_core_profile *profile);
const struct mt_core_event *mt_core_series_open(const struct mt_core_profile *profile, uint32_t i);

#endif
