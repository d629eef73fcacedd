/* SPDX-License-Identifier: MIT */
/*
 * memtrack whois: which block an address belongs to, for the pointer in a debugger or in a crash
 * report. The table of live blocks is searched as it is at this moment; nothing is asked of the
 * process.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/charged.h"
#include "command/command.h"
#include "command/help.h"
#include "command/options.h"
#include "export/export.h"
#include "ledger/blocks.h"
#include "ledger/control.h"
#include "profile/ledger/convert_blocks.h"
#include "profile/ledger/live.h"
#include "text/label.h"
#include "text/lines.h"
#include "text/terminal.h"
#include "view/format/format.h"
#include "view/rows/missing.h"
#include "view/rows/outer.h"
#include "view/subject.h"
#include "view/symbols/symbols.h"

enum { MAX_ADDRESSES = 4096, MAX_FRAMES = 1024 };

static const struct argp_option options[] = {
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON, "Print JSON", 0},
    {"color", MT_KEY_COLOR, MT_ARG_COLOR, 0, MT_HELP_COLOR, 0},
    MT_CHARGED_OPTIONS(0, 0),
    MT_SYMBOL_OPTIONS(0),
    {0},
};

struct request {
    struct mt_options_shared shared;
    struct mt_charged charged;
    const char *process;
    uint64_t addresses[MAX_ADDRESSES];
    size_t n;
};

/* ---- options --------------------------------------------------------------------------------- */

static uint64_t parse_address(struct argp_state *state, const char *text) {
    char *end;
    bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    errno = 0;
    uint64_t address = strtoull(text, &end, is_hex ? 16 : 10);
    if (*text < '0' || *text > '9' || *end || errno || (is_hex && !text[2]))
        argp_error(state, "%s is not an address, such as 0x7f0012345678", text);
    return address;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (!r->process) {
            r->process = text;
            return 0;
        }
        if (r->n == MAX_ADDRESSES)
            argp_error(state, "give at most %d addresses", MAX_ADDRESSES);
        r->addresses[r->n++] = parse_address(state, text);
        return 0;
    case ARGP_KEY_END:
        if (!r->n)
            argp_error(state, "give a pid and an address");
        return 0;
    default:
        return mt_options_parse(key, text, state, &r->shared) ||
                       mt_charged_parse(key, text, state, &r->charged)
                   ? 0
                   : ARGP_ERR_UNKNOWN;
    }
}

const struct argp mt_whois_argp = {
    .options = options,
    .parser = parse_option,
    .args_doc = "PID ADDRESS...",
    .doc =
        "Show the live block that holds an address of a process: its size, age, thread and where "
        "it was allocated."
        "\vExample: memtrack whois 1234 0x7f0012345678\n\n"
        "The address may be anywhere inside the block. It is given as 0x7f0012345678 or "
        "in decimal. In place of a PID, the path of a ledger that an ended process has "
        "left can be given."
        "\n\nExit status: 0, 1 an address is in no live block, 2 wrong usage, 3 the "
        "process cannot be read.",
};

/* ---- answers --------------------------------------------------------------------------------- */

struct inquiry {
    const struct request *request;
    struct mt_ledger *ledger;
    struct mt_block_search *found; /* of each address */
    struct mt_live_block *blocks;  /* those that hold one, address 0: none does */
    struct mt_whois_answer *answers;
    struct mt_profile *profile; /* sample i is blocks[i] */
    struct mt_rows *rows;       /* by stack */
    uint64_t now_ns;            /* since the start of the recording; 0: the process has ended */
};

static int open_ledger(const char *what, struct mt_ledger **out, struct mt_error *error) {
    pid_t pid;
    if (mt_subject_is_process(what, &pid))
        return mt_ledger_live_open(pid, out, error);
    if (mt_ledger_is_one(what))
        return mt_ledger_open(what, out, error);
    return mt_error_set(error, MEMTRACK_EUSAGE, "memtrack list shows the tracked processes.",
                        "%s is not a pid, and not a ledger", what);
}

/* Tells the process the time as well, so that what it allocates from now on is known to be
 * younger. */
static void look_at_clock(struct inquiry *q) {
    uint64_t begin = mt_ledger_info(q->ledger)->start_monotonic_ns, now = mt_clock_now_ns();
    if (!mt_ledger_is_live(q->ledger) || now <= begin)
        return;
    q->now_ns = now - begin;
    mt_ledger_control_store_era(q->ledger, now);
}

static struct mt_whois_block short_of(const struct mt_live_block *block) {
    return (struct mt_whois_block){block->address, block->bytes};
}

static int answer(struct inquiry *q, size_t i, struct mt_error *error) {
    const struct mt_block_search *found = &q->found[i];
    struct mt_whois_answer *a = &q->answers[i];
    *a = (struct mt_whois_answer){
        .address = q->request->addresses[i],
        .is_live = found->holder.address != 0,
        .block = short_of(&found->holder),
        .before = short_of(&found->before),
        .after = short_of(&found->after),
        .thread = "",
        .domain = "",
        .scope = "",
    };
    if (!a->is_live)
        return 0;
    int rc =
        mt_ledger_blocks_era_range(q->ledger, found->holder.era, &a->from_ns, &a->to_ns, error);
    if (q->now_ns && a->to_ns > q->now_ns)
        a->to_ns = q->now_ns;
    if (q->now_ns) {
        a->age_from_ns = q->now_ns - a->to_ns;
        a->age_to_ns = q->now_ns > a->from_ns ? q->now_ns - a->from_ns : 0;
    }
    return rc;
}

static void connect_rows(struct inquiry *q) {
    for (size_t i = 0; i < q->request->n && i < q->profile->n_samples; i++) {
        if (!q->answers[i].is_live)
            continue;
        q->answers[i].row = mt_rows_with_sample(q->rows, (uint32_t)i);
        q->answers[i].thread = mt_profile_text(q->profile, q->profile->samples[i].thread);
        q->answers[i].domain = mt_profile_text(q->profile, q->profile->samples[i].domain);
        q->answers[i].scope = mt_profile_text(q->profile, q->profile->samples[i].scope);
    }
}

static int name_blocks(struct inquiry *q, struct mt_error *error) {
    const struct mt_view_options view = {.by = MT_BY_STACK,
                                         .sort = MT_VALUE_LIVE_BYTES,
                                         .wrappers = mt_charged_wrappers(&q->request->charged),
                                         .keeps_samples = true};
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the arrays are q's, and freed with it */
    int rc = mt_ledger_convert_blocks(q->ledger, q->blocks, q->request->n, &q->profile, error);
    if (rc == 0)
        rc = mt_symbols_resolve(q->profile, &q->request->shared.symbols, error);
    if (rc == 0)
        rc = mt_rows_build(q->profile, &view, &q->rows, error);
    if (rc == 0)
        connect_rows(q);
    return rc;
}

static int inquire(struct inquiry *q, struct mt_error *error) {
    size_t n = q->request->n;
    q->found = calloc(n, sizeof *q->found);
    q->blocks = calloc(n, sizeof *q->blocks);
    q->answers = calloc(n, sizeof *q->answers);
    int rc = q->found && q->blocks && q->answers ? 0 : -MEMTRACK_ENOMEM;
    look_at_clock(q);
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = mt_ledger_blocks_find(q->ledger, q->request->addresses[i], &q->found[i]);
        if (rc == 0)
            q->blocks[i] = q->found[i].holder;
    }
    if (rc != 0)
        return mt_error_set(error, -rc, "", "out of memory");
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = answer(q, i, error);
    return rc == 0 ? name_blocks(q, error) : rc;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void add_age(const struct inquiry *q, const struct mt_whois_answer *a,
                    struct mt_summary *lines) {
    char least[MT_FORMAT_BYTES], most[MT_FORMAT_BYTES];
    if (q->now_ns) {
        mt_format_duration(least, a->age_from_ns);
        mt_format_duration(most, a->age_to_ns);
        if (a->age_from_ns && strcmp(least, most) == 0)
            mt_summary_add(lines, "age", false, "%s", least);
        else if (a->age_from_ns)
            mt_summary_add(lines, "age", false, "%s to %s", least, most);
        else
            mt_summary_add(lines, "age", false, "at most %s", most);
        return;
    }
    mt_format_duration(least, a->from_ns);
    mt_format_duration(most, a->to_ns);
    if (a->to_ns == UINT64_MAX && a->from_ns == 0)
        mt_summary_add(lines, "allocated", false, "at some time since the start");
    else if (a->to_ns == UINT64_MAX)
        mt_summary_add(lines, "allocated", false, "%s after the start or later", least);
    else
        mt_summary_add(lines, "allocated", false, "%s to %s after the start", least, most);
}

/* Adds a frame a line, as in a report: where, and which function. */
static void add_stack(const struct inquiry *q, const struct mt_whois_answer *a,
                      const char *ellipsis, struct mt_summary *lines) {
    struct mt_row_frame *frames = a->row ? malloc(MAX_FRAMES * sizeof *frames) : NULL;
    bool truncated = false;
    char folder[4096], end[MT_ROWS_MISSING_BYTES];
    const struct mt_labels labels = {.profile = q->profile,
                                     .utf8 = true, /* it is escaped where it is printed */
                                     .ellipsis = "",
                                     .folder = getcwd(folder, sizeof folder) ? folder : ""};
    size_t n = frames ? mt_rows_stack(q->rows, a->row, frames, MAX_FRAMES, &truncated) : 0;
    size_t shown = n;
    if (frames)
        shown = n < MAX_FRAMES ? mt_rows_outer_end(q->profile, frames, n, truncated) : MAX_FRAMES;
    for (size_t i = 0; i < shown; i++) {
        char *place = mt_label_place(&labels, &frames[i], SIZE_MAX / 2);
        const char *function = mt_profile_text(q->profile, frames[i].function);
        bool has_function = frames[i].file && frames[i].line && *function;
        mt_summary_add(lines, i ? "" : "stack", false, "%s%s%s%s", place ? place : function,
                       has_function ? "  " : "", has_function ? function : "",
                       frames[i].is_inlined ? " (inlined)" : "");
        free(place);
    }
    if (n == 0)
        mt_summary_add(lines, "stack", true, "not recorded");
    else if (truncated && n <= MAX_FRAMES)
        mt_summary_add(lines, "", true, "%s",
                       mt_rows_missing_text(end, mt_rows_missing(q->rows, a->row), ellipsis));
    else if (n > MAX_FRAMES)
        mt_summary_add(lines, "", true, "%s %zu more frames%s", ellipsis, n - MAX_FRAMES,
                       truncated ? " and more" : "");
    free(frames);
}

static void add_neighbour(const struct mt_whois_answer *a, const struct mt_whois_block *block,
                          const char *label, struct mt_summary *lines) {
    uint64_t distance = block->address > a->address ? block->address - a->address
                                                    : a->address - block->address - block->bytes;
    char bytes[MT_FORMAT_BYTES];
    if (!block->address)
        return;
    mt_format_count(bytes, (int64_t)(block->bytes & INT64_MAX));
    if (block->address > a->address)
        mt_summary_add(lines, label, false,
                       "block of %s bytes at 0x%" PRIx64 " begins %" PRIu64 " bytes after it",
                       bytes, block->address, distance);
    else
        mt_summary_add(lines, label, false,
                       "block of %s bytes at 0x%" PRIx64 " ends %" PRIu64 " bytes before it", bytes,
                       block->address, distance);
}

static void print_answer(const struct inquiry *q, const struct mt_whois_answer *a,
                         const struct mt_terminal *terminal) {
    struct mt_summary lines = {0};
    char head[160], bytes[MT_FORMAT_BYTES];
    if (a->is_live) {
        mt_format_count(bytes, (int64_t)(a->block.bytes & INT64_MAX));
        snprintf(head, sizeof head,
                 "0x%" PRIx64 " is live: offset %" PRIu64 " in a block of %s bytes at 0x%" PRIx64,
                 a->address, a->address - a->block.address, bytes, a->block.address);
        if (q->found[a - q->answers].holder.domain != 0)
            mt_summary_add(&lines, "domain", false, "%s", a->domain);
        add_age(q, a, &lines);
        if (*a->thread)
            mt_summary_add(&lines, "thread", false, "%s", a->thread);
        if (*a->scope)
            mt_summary_add(&lines, "scope", false, "%s", a->scope);
        add_stack(q, a, terminal->ellipsis, &lines);
    } else {
        snprintf(head, sizeof head, "0x%" PRIx64 " is not live", a->address);
        add_neighbour(a, &a->before, "before", &lines);
        add_neighbour(a, &a->after, "after", &lines);
        const struct mt_profile_info *info = q->profile ? &q->profile->info : NULL;
        if (info && (info->partial || info->sample_bytes))
            mt_summary_add(
                &lines, "note", true, "Not all allocations of this process were recorded (%s).",
                info->sample_bytes ? "it is sampled"
                                   : "recording did not begin with it, or was switched off");
    }
    mt_terminal_put(terminal, MT_STYLE_BOLD, head);
    fputc('\n', terminal->stream);
    mt_lines_print(terminal, &lines);
}

static int print(const struct inquiry *q, struct mt_error *error) {
    struct mt_terminal terminal;
    bool all_live = true;
    mt_terminal_init(&terminal, stdout, q->request->shared.color);
    for (size_t i = 0; i < q->request->n; i++) {
        all_live = all_live && q->answers[i].is_live;
        if (!q->request->shared.json)
            print_answer(q, &q->answers[i], &terminal);
    }
    if (q->request->shared.json) {
        const struct mt_export thing = {
            .what = MT_EXPORT_WHOIS,
            .whois = {mt_ledger_process(q->ledger), q->rows, q->answers, q->request->n},
        };
        int rc = mt_export(stdout, &thing, MT_EXPORT_JSON, error);
        if (rc != 0)
            return rc;
    }
    return all_live ? MT_EXIT_OK : MT_EXIT_FINDING;
}

int mt_whois_command(int argc, char **argv) {
    static struct request r;
    struct inquiry q = {.request = &r};
    struct mt_error error = {0};
    r.shared.program = argv[0];
    mt_help_parse(&mt_whois_argp, argc, argv, 0, &r);
    mt_charged_complete(r.shared.program, &r.charged);
    int rc = open_ledger(r.process, &q.ledger, &error);
    if (rc == 0)
        rc = inquire(&q, &error);
    if (rc == 0)
        rc = print(&q, &error);
    mt_rows_free(q.rows);
    mt_profile_free(q.profile);
    mt_ledger_close(q.ledger);
    free(q.found);
    free(q.blocks);
    free(q.answers);
    mt_charged_free(&r.charged);
    return mt_command_end(r.shared.program, rc, &error);
}
