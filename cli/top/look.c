/* SPDX-License-Identifier: MIT */
/*
 * A look at the process, and what is said of it above its rows. What is shown is the model's
 * (top/model.c); which process that is, the target's (top/target.c).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/control.h"
#include "top/top.h"
#include "view/format/format.h"

/* Looks from now on at the program that the process has executed, in the same way. */
static int go_on_with(struct mt_top *top, struct mt_ledger *ledger, struct mt_error *error) {
    struct mt_top_options now = *mt_top_model_options(top->model);
    struct mt_top_model *model;
    now.symbols.cache = NULL; /* each model has its own */
    int rc = mt_top_model_new(ledger, &now, &model, error);
    if (rc != 0)
        return rc;
    mt_top_model_free(top->model);
    top->model = model;
    top->n_programs++;
    return 0;
}

/* Brings the model up to who is there now. */
static int look_at_target(struct mt_top *top, uint64_t now_ns, uint64_t *rss,
                          struct mt_error *error) {
    if (top->is_tree) {
        int rc = mt_top_tree_look(&top->tree, top->model, now_ns, rss, error);
        top->target.state = mt_top_tree_state(&top->tree);
        return rc;
    }
    *rss = mt_top_target_look(&top->target, now_ns);
    struct mt_ledger *next = mt_top_target_next(&top->target);
    int rc = next ? go_on_with(top, next, error) : 0;
    if (rc == 0 && top->target.state != MT_TOP_ENDED)
        mt_ledger_control_store_era(mt_top_model_ledger(top->model), now_ns);
    return rc;
}

int mt_top_look(struct mt_top *top, uint64_t now_ns, uint64_t budget_ns, struct mt_error *error) {
    uint64_t rss;
    if (top->has_all)
        return 0;
    int rc = look_at_target(top, now_ns, &rss, error);
    if (rc != 0)
        return rc;
    top->has_all = top->target.state == MT_TOP_ENDED;
    const struct mt_axis *axis = mt_top_model_axis(top->model);
    if (top->has_all && axis->n) /* of a process that has ended: the last picture shows it */
        rss = axis->ticks[axis->n - 1].rss_bytes;
    return mt_top_model_read(top->model, now_ns, rss, top->has_all ? 0 : budget_ns, error);
}

void mt_top_look_state(struct mt_top *top, uint64_t now_ns) {
    if (!top->is_tree) {
        mt_top_target_look(&top->target, now_ns);
        return;
    }
    mt_top_tree_look_states(&top->tree, now_ns);
    top->target.state = mt_top_tree_state(&top->tree);
}

char *mt_top_look_program(const struct mt_top *top, bool is_brief) {
    const struct mt_profile *profile = mt_top_model_profile(top->model);
    const struct mt_profile_info *info = &profile->info;
    const char *program = mt_profile_text(profile, info->n_command ? info->command[0] : info->exe);
    const char *slash = is_brief ? strrchr(program, '/') : NULL;
    char *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    if (!stream)
        return NULL;
    fputs(slash && slash[1] ? slash + 1 : program, stream);
    for (size_t i = 1; i < info->n_command; i++)
        fprintf(stream, " %s", mt_profile_text(profile, info->command[i]));
    fclose(stream);
    return text;
}

void mt_top_look_who(const struct mt_top *top, char *text, size_t bytes) {
    uint32_t n_written =
        mt_top_model_ledger(top->model) ? 0 : mt_top_model_profile(top->model)->info.n_processes;
    size_t others = top->is_tree && top->tree.n_running ? top->tree.n_running - 1
                    : n_written > 1                     ? n_written - 1
                                                        : 0;
    int n = snprintf(text, bytes, "pid %" PRIu32, top->target.pid);
    if (others && n > 0 && (size_t)n < bytes)
        snprintf(text + n, bytes - (size_t)n, " and %zu more", others);
}

enum { NAMED = 3 };

/* What of a tree is not in the figures, or not any more. */
static void write_absent(FILE *stream, const struct mt_top_tree *tree, const char *between,
                         const char *separator) {
    char number[MT_FORMAT_BYTES];
    if (tree->n_unrecorded) {
        fprintf(stream, "%s%zu not recorded: ", between, tree->n_unrecorded);
        for (size_t i = 0; i < tree->n_unrecorded && i < NAMED; i++)
            fprintf(stream, "%s%s (%" PRIu32 ")", i ? " " : "", tree->unrecorded[i].name,
                    tree->unrecorded[i].pid);
        if (tree->n_unrecorded > NAMED)
            fprintf(stream, " and %zu more", tree->n_unrecorded - NAMED);
        between = separator;
    }
    if (tree->n_left)
        fprintf(stream, "%s%zu ended with %s live", between, tree->n_left,
                mt_format_size(number, tree->left_bytes, false));
}

char *mt_top_look_coverage(const struct mt_top *top, const char *separator) {
    const struct mt_ledger_totals *t = mt_top_model_totals(top->model);
    struct mt_ledger *ledger = mt_top_model_ledger(top->model);
    const struct mt_ledger_info *info = ledger ? mt_ledger_info(ledger) : NULL;
    uint64_t sample_bytes = mt_top_model_profile(top->model)->info.sample_bytes;
    const struct {
        uint64_t count;
        const char *text;
    } counted[] = {
        {t->unknown_frees, "unknown frees"},
        {t->dropped + t->interrupted, "dropped events"},
        {t->lossy_blocks, "blocks without call path"},
    };
    char *text = NULL, number[MT_FORMAT_BYTES];
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    if (!stream)
        return NULL;
    const char *between = "";
    if (info && info->control.request.off) {
        fputs("recording is off", stream);
        between = separator;
    }
    if (sample_bytes) {
        fprintf(stream, "%ssampled every %s", between,
                mt_format_size(number, (int64_t)sample_bytes, false));
        between = separator;
    }
    if (info && !(info->flags & MT_FLAG_COMPLETE)) {
        fprintf(stream, "%snot recorded from the start", between);
        between = separator;
    }
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        if (counted[i].count) {
            fprintf(stream, "%s%s %s", between, mt_format_count(number, (int64_t)counted[i].count),
                    counted[i].text);
            between = separator;
        }
    if (top->is_tree)
        write_absent(stream, &top->tree, between, separator);
    fclose(stream);
    return text;
}
