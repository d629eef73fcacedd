/* SPDX-License-Identifier: MIT */
/* A part of ledger/layout.h: what scopes of one name come to. */
#ifndef MT_LEDGER_SCOPES_H
#define MT_LEDGER_SCOPES_H

#include <stdint.h>

enum mt_scope_value {
    MT_SCOPE_NET_BYTES,
    MT_SCOPE_PEAK_BYTES,
    MT_SCOPE_ALLOCATED_BYTES,
    MT_SCOPE_ALLOCATED_BLOCKS,
    MT_SCOPE_FREED_BYTES,
    MT_SCOPE_DURATION_NS,
    MT_SCOPE_CPU_NS, /* 0 unless MT_FLAG_SCOPE_CPU */
    MT_N_SCOPE_VALUES
};

/* One value of all scopes of a record, inner scopes included, but for own. */
struct mt_scope_sums {
    int64_t sum, max, min, own;
    uint64_t square_low, square_high; /* of the sum of the squares, a number of 128 bits */
};

/* Scopes that were to be measured in any case, of those of a record: the first one, which is often
 * like no other, and times from elsewhere. What they come to is in the record's sums as well. */
struct mt_scope_sure {
    uint64_t count, recursive;
    int64_t sum[MT_N_SCOPE_VALUES], own[MT_N_SCOPE_VALUES];
};

/*
 * All scopes of one name and group that one thread (bank) has ended. The values and the histogram
 * include inner scopes; own does not. A scope that began inside of one of the same name
 * (recursion) is in count, recursive and own alone. The histogram is a table of words, 0 or a
 * bucket (memtrack/histogram.h) and how many scopes fell into it:
 *
 *   63   value (3)   61 │ 60 negative │ 59   bucket (11)   49 │ 48 unused │ 47   count (48)   0
 *
 * Scopes in which nothing was allocated or freed are counted in idle, and only their times are in
 * the histogram.
 *
 * What is forgotten by a reset of the group, or by memtrack_clear_traces, is not touched: a record
 * is of now when its epoch is neither before that of its group (mt_name.reset_epoch) nor before
 * header.scopes_clear_epoch. Its thread makes it zero when it counts in it for the next time.
 *
 * When one scope in N is measured, the others are in count, recursive, errors, misuses and
 * unmeasured alone. Sums and histogram are of those that were measured, and estimate.h says what all
 * of them come to; own counts each inner scope that was not sure N times.
 */
struct mt_scope_totals {
    uint32_t name;  /* mt_name_id, as the others; 0: record not in use */
    uint32_t group; /* 0: the default group */
    uint16_t bank;
    uint16_t is_process;
    uint32_t outermost; /* the place of the outermost open one; for the writer alone */
    uint64_t count, idle;
    uint64_t histogram; /* target address of uint64_t[capacity], 0: none */
    uint32_t capacity, used;
    uint64_t epoch; /* control.scopes_epoch when the record was looked at last */
    /* Threads that have ended such scopes, one after the other, because the bank passes on. */
    uint32_t n_threads;
    uint32_t last_thread; /* the latest of these threads, as a number among the bank's */
    /* Of the scope that ended last: live bytes of the process at its two ends, and when. */
    int64_t latest_before_bytes, latest_after_bytes;
    uint64_t latest_ns; /* CLOCK_MONOTONIC */
    uint64_t recursive;
    uint64_t errors;  /* that the program has said have failed */
    uint64_t misuses; /* ended by something else than their own end */
    /* For the writer alone: where the histogram counted each value the last time, and whether the
     * first one has been chosen. */
    uint16_t recent[MT_N_SCOPE_VALUES];
    uint16_t has_first;
    uint32_t file, line; /* where the first of them began; file 0: not known */
    uint64_t error_text; /* target address of the text of the latest error, char[MT_ERROR_BYTES], 0:
                            there is none; what is not text in it is 0 */
    uint64_t error_ns;   /* CLOCK_MONOTONIC, when that was said */
    struct mt_scope_sums value[MT_N_SCOPE_VALUES];
    uint64_t unmeasured, unmeasured_recursive; /* of count, and of recursive */
    struct mt_scope_sure sure;
};
enum { MT_ERROR_BYTES = 256 };
enum { MT_SCOPES_PER_CHUNK = 64 };
enum {
    MT_BUCKET_COUNT_BITS = 48,
    MT_BUCKET_SHIFT = 49,
    MT_BUCKET_BITS = 11,
    MT_BUCKET_VALUE_SHIFT = 61
};
#define MT_BUCKET_NEGATIVE (UINT64_C(1) << 60)

#endif
