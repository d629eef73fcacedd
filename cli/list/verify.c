/* SPDX-License-Identifier: MIT */
/* A line for each ledger, and below it the first thing that does not fit, which is what a report of
 * a bug needs. */
#include "list/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "export/export.h"
#include "ledger/find.h"
#include "ledger/verify.h"
#include "profile/ledger/live.h"
#include "view/format/format.h"

static void print_verdict(const struct mt_terminal *t, const struct mt_ledger *ledger,
                          const struct mt_verdict *v) {
    fprintf(t->stream, " %7" PRIu32 "  ", mt_ledger_process(ledger));
    mt_terminal_put(t, v->n_faults ? MT_STYLE_WARN : MT_STYLE_NONE,
                    v->n_faults ? "damaged" : "sound");
    fprintf(t->stream, "  %" PRIu64 " items%s", v->n_checked,
            v->sums_checked ? ", blocks counted twice" : "");
    if (v->n_faults)
        fprintf(t->stream, ", %" PRIu64 " of them wrong", v->n_faults);
    fprintf(t->stream, "  ");
    mt_terminal_put(t, MT_STYLE_DIM, mt_ledger_path(ledger));
    fputc('\n', t->stream);
    if (v->n_faults)
        fprintf(t->stream, " %7s  first: %s\n", "", v->first);
}

static int put_json(const struct mt_ledger *ledger, const struct mt_verdict *v,
                    struct mt_error *error) {
    const struct mt_verified verified = {.pid = mt_ledger_process(ledger),
                                         .file = mt_ledger_path(ledger),
                                         .first = v->first,
                                         .n_items = v->n_checked,
                                         .n_faults = v->n_faults,
                                         .is_counted = v->sums_checked};
    const struct mt_export thing = {.what = MT_EXPORT_VERIFY, .verified = &verified};
    return mt_export(stdout, &thing, MT_EXPORT_JSON, error);
}

/* t is NULL for JSON. Closes the ledger. */
static int verify(const struct mt_terminal *t, struct mt_ledger *ledger, struct mt_error *error) {
    struct mt_verdict verdict;
    int rc = mt_ledger_verify(ledger, &verdict, error);
    if (rc == 0 && t)
        print_verdict(t, ledger, &verdict);
    else if (rc == 0)
        rc = put_json(ledger, &verdict, error);
    mt_ledger_close(ledger);
    return rc != 0 ? rc : verdict.n_faults ? MT_EXIT_FINDING : MT_EXIT_OK;
}

static int open_named(const char *name, struct mt_ledger **out, struct mt_error *error) {
    bool is_pid = name[0] && strspn(name, "0123456789") == strlen(name) && strlen(name) < 10;
    return is_pid ? mt_ledger_live_open(atoi(name), out, error) : mt_ledger_open(name, out, error);
}

static int verify_named(const struct mt_terminal *t, const char *name, struct mt_error *error) {
    struct mt_ledger *ledger;
    int rc = open_named(name, &ledger, error);
    return rc != 0 ? rc : verify(t, ledger, error);
}

/* A ledger that is removed, or whose process ends, while it is looked for is no finding. */
static int verify_found(const struct mt_terminal *t, const struct mt_found_ledgers *found,
                        bool running, struct mt_error *error) {
    int worst = MT_EXIT_OK;
    for (size_t i = 0; i < found->n; i++) {
        struct mt_ledger *ledger;
        if (!running && found->items[i].is_live)
            continue; /* it is among those that run */
        int rc = running ? mt_ledger_live_open((pid_t)found->items[i].name.pid, &ledger, NULL)
                         : mt_ledger_open(found->items[i].path, &ledger, NULL);
        if (rc != 0)
            continue;
        rc = verify(t, ledger, error);
        if (rc != MT_EXIT_OK)
            worst = rc;
    }
    return worst;
}

static int verify_all(const struct mt_terminal *t, struct mt_error *error) {
    struct mt_found_ledgers running = {0}, left = {0};
    int rc = mt_find_running(&running);
    if (rc == 0)
        rc = mt_find_left(&left);
    if (rc != 0)
        rc = mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    if (rc == 0 && running.n + left.n == 0 && t)
        fputs("no ledgers\n", t->stream);
    int one = rc == 0 ? verify_found(t, &running, true, error) : rc;
    int other = rc == 0 ? verify_found(t, &left, false, error) : rc;
    mt_find_free(&running);
    mt_find_free(&left);
    return one != MT_EXIT_OK ? one : other;
}

int mt_list_verify(const char *const *names, size_t n, bool json, enum mt_terminal_color color,
                   struct mt_error *error) {
    struct mt_terminal text;
    mt_terminal_init(&text, stdout, color);
    const struct mt_terminal *t = json ? NULL : &text;
    int worst = MT_EXIT_OK;
    if (n == 0)
        return verify_all(t, error);
    for (size_t i = 0; i < n && worst >= 0; i++) {
        int rc = verify_named(t, names[i], error);
        if (rc != MT_EXIT_OK)
            worst = rc;
    }
    return worst;
}
