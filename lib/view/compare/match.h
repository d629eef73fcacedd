/* SPDX-License-Identifier: MIT */
/*
 * What is the same in two profiles, when neither texts nor lines have to be: indexes of strings
 * differ between any two profiles, directories between two checkouts, lines between two builds. A
 * match says what a frame of the old profile is called in the new one, so that groups of both can
 * be numbered by one table of identities (rows/identity.h).
 *
 *   modules   the same path; else the same file name, when one on each side has it; else the
 *             program itself
 *   files     the same path; else the longest common end of two paths, when no other is as long
 *   lines     the same number, unless the module is another build: then the statements of each
 *             function are aligned (align.h), and one without counterpart equals nothing
 *
 * Private to lib/view.
 */
#ifndef MT_VIEW_COMPARE_MATCH_H
#define MT_VIEW_COMPARE_MATCH_H

#include "profile/strings.h"
#include "view/compare/match_texts.h"
#include "view/compare/side.h"
#include "view/rows/frames.h"
#include "view/rows/identity.h"

/* This is where a frame stands, in shared ids. The file and module of an old frame are those of
 * the new side if it has them. */
struct mt_statement {
    uint32_t function, file, module;
    enum { MT_BY_FILE_AND_LINE, MT_BY_OFFSET, MT_BY_ADDRESS } kind; /* what position is */
    int64_t position;
};

/* This is a statement of a module that is another build on the other side. */
struct mt_match_point {
    struct mt_statement at;
    uint32_t group;       /* points of one function have one */
    uint32_t counterpart; /* of an old point: index into the new side's; MT_NO_ENTRY: none */
    uint32_t entry;       /* a frame that stands there */
    uint64_t callees, inner, sizes; /* evidence, see align.h */
    int64_t blocks, bytes;
};

struct mt_match_side {
    const struct mt_frames *frames;
    uint32_t *text;     /* string of the profile -> shared id */
    uint32_t *point_of; /* per entry; MT_NO_ENTRY: its module is the same build, or its function has
                           no name */
    struct mt_match_point *points;
    size_t n_points, capacity;
};

struct mt_match {
    struct mt_strings *strings; /* shared ids */
    struct mt_match_side side[MT_N_SIDES];
    uint32_t *file_of,
        *module_of;   /* shared id of an old one -> of the new one that it is; of others, itself */
    uint8_t *rebuilt; /* per shared id of a new module: another build */
    bool is_same_process, any_rebuilt;
    struct mt_match_texts texts;
    char **notes; /* whole sentences about all this */
    size_t n_notes;
};

/* Matches the frames of two sides, which must outlive the match. Returns 0 or -MEMTRACK_ENOMEM;
 * the match is freed in either case by mt_match_free. */
int mt_match_init(struct mt_match *match, const struct mt_frames *old_frames,
                  const struct mt_frames *new_frames);
void mt_match_free(struct mt_match *match);

/* Returns what an entry is grouped under (by line, function, file or module), which is equal for
 * what is the same on both sides. */
struct mt_identity mt_match_entry(const struct mt_match *match, enum mt_side side, uint32_t entry,
                                  enum mt_group_by by);
/* Returns the same for a frame of a call path. */
struct mt_identity mt_match_frame(const struct mt_match *match, enum mt_side side, uint32_t entry);
struct mt_statement mt_match_statement(const struct mt_match *match, enum mt_side side,
                                       uint32_t entry);
uint32_t mt_match_text(const struct mt_match *match, enum mt_side side,
                       mt_string string); /* shared id */
bool mt_match_is_rebuilt(const struct mt_match *match, enum mt_side side, uint32_t entry);

/* These are the steps of mt_match_init (match_init.c): modules and files (match_paths.c), then lines
 * (match_lines.c). They return 0 or -MEMTRACK_ENOMEM. */
int mt_match_paths(struct mt_match *match);
int mt_match_lines(struct mt_match *match);

#endif
