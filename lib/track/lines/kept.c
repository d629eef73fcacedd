/* SPDX-License-Identifier: MIT */
/* Pages of their own, since few programs are asked for their lines. */
#include "track/lines/kept.h"

#include "base/pages.h"

struct mt_lines_kept *mt_lines_kept_of(struct mt_thread *t) {
    if (t->lines.kept == NULL)
        t->lines.kept = mt_pages_new(sizeof *t->lines.kept);
    return t->lines.kept;
}

void mt_lines_kept_reset(struct mt_thread *t) {
    struct mt_lines_kept *kept = t->lines.kept;
    t->lines.seen = t->bank != NULL ? t->bank->counters : (struct mt_counters){0};
    t->lines.clear_epoch = 0;
    if (kept == NULL)
        return;
    kept->depth = 0;
    for (uint32_t i = 0; i < MT_LINES_KNOWN; i++) {
        kept->path[i].node = 0;
        kept->step[i].pc = 0;
    }
}

void mt_lines_kept_free(struct mt_thread *t) {
    if (t->lines.kept != NULL)
        mt_pages_unmap(t->lines.kept, sizeof *t->lines.kept);
    t->lines.kept = NULL;
}
