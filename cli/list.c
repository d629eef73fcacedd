/* SPDX-License-Identifier: MIT */
/*
 * memtrack list: what there is to look at. And --clean: ledgers of processes that have ended go,
 * with the session directories that they were in. --verify: see list/verify.c.
 *
 * What --clean must not take: the ledger of a process that runs (whether or not this user may look
 * into it), and those of a memtrack run that is about to make profiles of them. The first is asked
 * again right before each removal.
 */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "command/command.h"
#include "command/help.h"
#include "command/options.h"
#include "launch/session.h"
#include "ledger/filename.h"
#include "ledger/unused.h"
#include "list/entries.h"
#include "list/verify.h"
#include "profile/called.h"
#include "text/terminal.h"
#include "view/format/format.h"

enum { KEY_CLEAN = 256, KEY_VERIFY };
enum {
    SHOWN = 10 /* of what is not running */,
    COMMAND_COLUMNS = 42,
    NUMBERS = 58 /* left of the command */,
    BELOW = 10,
    NARROW = 80
};

static const struct argp_option options[] = {
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON, "Print JSON", 0},
    {"clean", KEY_CLEAN, NULL, MT_HELP_COMMON,
     "Remove what ended processes have left, and say what was removed. Names are "
     "pids, or patterns of the program or path",
     0},
    {"verify", KEY_VERIFY, NULL, MT_HELP_COMMON,
     "Check that each ledger is whole, or only those that are named", 0},
    {"color", MT_KEY_COLOR, MT_ARG_COLOR, MT_HELP_COMMON, MT_HELP_COLOR, 0},
    {0},
};

struct request {
    struct mt_options_shared shared;
    bool clean, verify;
    const char **names; /* for verify and clean */
    size_t n_names;
};

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case KEY_CLEAN:
        r->clean = true;
        return 0;
    case KEY_VERIFY:
        r->verify = true;
        return 0;
    case ARGP_KEY_ARG:
        r->names[r->n_names++] = text;
        return 0;
    case ARGP_KEY_END:
        if (r->n_names && !r->verify && !r->clean)
            argp_error(state, "%s: needs --clean or --verify", r->names[0]);
        if (r->verify && r->clean)
            argp_error(state, "--verify and --clean exclude each other");
        return 0;
    default:
        return mt_options_parse(key, text, state, &r->shared) ? 0 : ARGP_ERR_UNKNOWN;
    }
}

const struct argp mt_list_argp = {
    .options = options,
    .parser = parse_option,
    .args_doc = "[PID|PATTERN|LEDGER...]",
    .doc = "Show the tracked processes, what ended ones have left, and the profiles in the "
           "current directory.\vExample: memtrack list --clean\n\nA process is recording, "
           "dormant (recording was never on), off (it was switched off) or beginning (its "
           "ledger is being made). An ended process leaves its ledger; memtrack report "
           "takes its path, or the pid. The time of the end is approximate: the last time "
           "that the process wrote to its ledger. --clean removes such ledgers for good. It "
           "leaves those of a memtrack run that is still to make profiles of them. A run of "
           "several processes is running until all its profiles are written.\n\nExit "
           "status: 0, 1 a ledger is damaged (--verify), 2 wrong usage, 3 something could "
           "not be read or removed.",
};

/* ---- printing -------------------------------------------------------------------------------- */

/* name: what the program is called. malloc'ed; NULL: out of memory. */
static char *visible_command(const struct mt_terminal *t, const struct mt_listed *item,
                             const char *name) {
    char *text = NULL, *visible = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    if (!stream)
        return NULL;
    fputs(name, stream);
    for (size_t i = 1; item->command && item->command[0] && item->command[i]; i++)
        fprintf(stream, " %s", item->command[i]);
    if (fclose(stream) == 0)
        visible = mt_format_visible(text, t->utf8);
    free(text);
    return visible;
}

/* columns: that it may take. Without room the directory of the program goes first. */
static char *command_text(const struct mt_terminal *t, const struct mt_listed *item,
                          size_t columns) {
    const char *program = item->command && item->command[0] ? item->command[0] : item->exe,
               *base = mt_called_base(program);
    char *visible = visible_command(t, item, program), *fitted;
    if (visible && mt_format_width(visible) > columns && base != program) {
        free(visible);
        visible = visible_command(t, item, base);
    }
    fitted = visible ? mt_format_shorten_end(visible, columns, t->ellipsis) : NULL;
    free(visible);
    return fitted;
}

/* On a narrow terminal a row is two lines or three, without its age: numbers, then what and
 * where. */
static bool is_narrow(const struct mt_terminal *t) {
    return t->is_tty && t->width < NARROW;
}

static void print_heading(const struct mt_terminal *t, const char *title, const char *age) {
    mt_terminal_put_wrapped(t, 0, MT_STYLE_BOLD, title);
    fprintf(t->stream, "\n%s", mt_terminal_style(t, MT_STYLE_DIM));
    if (is_narrow(t))
        fprintf(t->stream, " %7s %-10s %10s %10s", "PID", "STATE", "LIVE", "PEAK");
    else
        fprintf(t->stream, " %7s  %-10s  %10s  %10s  %10s  COMMAND", "PID", "STATE", age, "LIVE",
                "PEAK");
    fprintf(t->stream, "%s\n", mt_terminal_style(t, MT_STYLE_NONE));
}

/* "~12 s": no more of it is known. */
static void format_ago(char text[MT_FORMAT_BYTES], uint64_t time_ns) {
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    uint64_t now_ns = mt_clock_ns(CLOCK_REALTIME);
    uint64_t passed = now_ns > time_ns ? (now_ns - time_ns) / 1000000000 : 0;
    size_t i = 0;
    while (i < 3 && passed < 2 * units[i].seconds)
        i++;
    snprintf(text, MT_FORMAT_BYTES, "~%" PRIu64 " %s", passed / units[i].seconds, units[i].name);
}

/* The processes of a run had it one after the other, and of one that was watched from outside nobody
 * knows it. */
static bool has_live(const struct mt_listed *item) {
    if (strcmp(item->state, "watched") == 0)
        return item->total_blocks != 0;
    return strcmp(item->state, "run") != 0 && strcmp(item->state, "running") != 0;
}

/* Of a run that is not over nobody knows it yet, and of one that was cut off before a process ended
 * nobody ever will. */
static bool has_peak(const struct mt_listed *item) {
    return strcmp(item->state, "running") != 0 &&
           (strcmp(item->state, "run") != 0 || item->total_blocks != 0);
}

static void print_entry(const struct mt_terminal *t, const struct mt_listed *item, bool with_path) {
    char age[MT_FORMAT_BYTES] = "-", live[MT_FORMAT_BYTES] = "-", peak[MT_FORMAT_BYTES] = "-";
    bool is_readable = !item->why[0];
    bool narrow = is_narrow(t);
    size_t room = t->is_tty && t->width < NUMBERS + COMMAND_COLUMNS
                      ? t->width - (narrow ? BELOW : NUMBERS)
                      : COMMAND_COLUMNS;
    char *command = command_text(t, item, room);
    if (item->age_ns)
        mt_format_duration(age, item->age_ns);
    if (item->last_seen_ns)
        format_ago(age, item->last_seen_ns);
    if (is_readable) {
        if (has_live(item))
            mt_format_size(live, item->live_bytes, false);
        if (has_peak(item))
            mt_format_size(peak, item->peak_bytes, false); /* of one that was watched RSS */
    }
    const char *state = item->is_attended && with_path ? "pending" : item->state;
    if (narrow)
        fprintf(t->stream, " %7u %-10s %10s %10s\n%*s", item->pid, state, live, peak, BELOW, "");
    else
        fprintf(t->stream, " %7u  %-10s  %10s  %10s  %10s  ", item->pid, state, age, live, peak);
    if (is_readable)
        mt_terminal_put(t, MT_STYLE_NONE, command);
    else
        mt_terminal_put_fitting(t, narrow ? BELOW : NUMBERS, MT_STYLE_WARN, item->why);
    fputc('\n', t->stream);
    if (with_path && is_readable) {
        fprintf(t->stream, "%*s", BELOW, "");
        if (t->is_tty)
            mt_terminal_put_wrapped(t, BELOW, MT_STYLE_DIM, item->path);
        else
            mt_terminal_put(t, MT_STYLE_DIM, item->path);
        fputc('\n', t->stream);
    }
    free(command);
}

static void print_entries(const struct mt_terminal *t, const struct mt_list_entries *entries,
                          const char *title, const char *age, bool with_path) {
    if (entries->n == 0)
        return;
    print_heading(t, title, age);
    for (size_t i = 0; i < entries->n; i++)
        print_entry(t, &entries->items[i].listed, with_path);
    if (entries->n_more)
        fprintf(t->stream, "%*sand %zu older; --json shows all\n", is_narrow(t) ? 1 : BELOW, "",
                entries->n_more);
    fputc('\n', t->stream);
}

struct lists {
    struct mt_list_entries running, left, profiles;
};

static void print_lists(const struct request *r, const struct lists *lists) {
    struct mt_terminal t;
    mt_terminal_init(&t, stdout, r->shared.color);
    print_entries(&t, &lists->running, "Tracked processes", "AGE", false);
    print_entries(&t, &lists->left,
                  "Left by processes that have ended (memtrack list --clean removes it)",
                  "ENDED AGO", true);
    print_entries(&t, &lists->profiles, "Profiles here", "RAN", true);
    static const char none[] = "No process is tracked. Start one with memtrack PROGRAM, or with "
                               "LD_PRELOAD=libmemtrack.so.";
    if (lists->running.n == 0 && t.is_tty)
        mt_terminal_put_wrapped(&t, 0, MT_STYLE_NONE, none);
    else if (lists->running.n == 0)
        fputs(none, stdout);
    if (lists->running.n == 0)
        fputc('\n', stdout);
}

static int print_json(const struct lists *lists, struct mt_error *error) {
    const struct mt_list_entries *const all[] = {&lists->running, &lists->left, &lists->profiles};
    struct mt_listed *items[3] = {NULL, NULL, NULL};
    int rc = 0;
    for (size_t i = 0; i < 3; i++) {
        items[i] = calloc(all[i]->n + 1, sizeof *items[i]);
        if (!items[i])
            rc = mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
        for (size_t j = 0; items[i] && j < all[i]->n; j++)
            items[i][j] = all[i]->items[j].listed;
    }
    const struct mt_export thing = {
        .what = MT_EXPORT_LIST,
        .list = {.running = {items[0], all[0]->n},
                 .left = {items[1], all[1]->n},
                 .profiles = {items[2], all[2]->n}},
    };
    if (rc == 0)
        rc = mt_export(stdout, &thing, MT_EXPORT_JSON, error);
    for (size_t i = 0; i < 3; i++)
        free(items[i]);
    return rc;
}

static int show(const struct request *r, struct mt_error *error) {
    struct lists lists = {0};
    int rc = mt_list_entries_running(&lists.running);
    if (rc == 0)
        rc = mt_list_entries_left(&lists.left, r->shared.json ? 0 : SHOWN);
    if (rc == 0)
        rc = mt_list_entries_profiles(&lists.profiles, r->shared.json ? 0 : SHOWN);
    if (rc != 0)
        mt_error_set(error, -rc, "", "out of memory");
    else if (r->shared.json)
        rc = print_json(&lists, error);
    else
        print_lists(r, &lists);
    mt_list_entries_free(&lists.running);
    mt_list_entries_free(&lists.left);
    mt_list_entries_free(&lists.profiles);
    return rc;
}

/* ---- cleaning -------------------------------------------------------------------------------- */

/* The links for the preload that memtrack run makes, and the directory when nothing else is in
 * it. */
static void remove_session(const char *ledger) {
    const char *slash = strrchr(ledger, '/');
    char *path = slash ? strndup(ledger, (size_t)(slash - ledger)) : NULL;
    int fd = path && mt_find_is_session(path)
                 ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                 : -1;
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (!directory && fd >= 0)
        close(fd);
    size_t n_others = 0;
    for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;)
        n_others += entry->d_type != DT_LNK && strcmp(entry->d_name, ".") != 0 &&
                    strcmp(entry->d_name, "..") != 0;
    if (directory && n_others == 0) {
        rewinddir(directory);
        for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
            if (entry->d_type == DT_LNK)
                unlinkat(dirfd(directory), entry->d_name, 0);
        mt_session_remove(path);
    }
    if (directory)
        closedir(directory);
    free(path);
}

static bool may_go(const struct mt_found_ledger *found) {
    const char *slash = strrchr(found->path, '/');
    char *directory = slash ? strndup(found->path, (size_t)(slash - found->path)) : NULL;
    bool runs = mt_process_start_ticks(found->name.pid) == found->name.start_ticks;
    bool may = directory && !found->is_live && !runs && !mt_find_is_attended(directory) &&
               mt_unused_file(found->path);
    free(directory);
    return may;
}

/* What is to go is named by its pid, or by a pattern of its path, its program or the name that this
 * was called by. */
static bool is_named(const struct request *r, const struct mt_list_entry *left) {
    char pid[16];
    const char *called = left->command ? left->command[0] : NULL;
    snprintf(pid, sizeof pid, "%" PRIu32, left->listed.pid);
    for (size_t i = 0; i < r->n_names; i++)
        if (strcmp(r->names[i], pid) == 0 || fnmatch(r->names[i], left->path, 0) == 0 ||
            (left->exe && (fnmatch(r->names[i], left->exe, 0) == 0 ||
                           fnmatch(r->names[i], basename(left->exe), 0) == 0)) ||
            (called && fnmatch(r->names[i], basename(called), 0) == 0))
            return true;
    return r->n_names == 0;
}

/* Tells whether the ledger at this path is one of those that are to go. */
static bool is_chosen(const struct request *r, const struct mt_list_entries *left,
                      const char *path) {
    for (size_t i = 0; i < left->n && r->n_names; i++)
        if (strcmp(left->items[i].path, path) == 0)
            return is_named(r, &left->items[i]);
    return r->n_names == 0;
}

static int clean(const struct request *r, struct mt_error *error) {
    struct mt_found_ledgers found;
    struct mt_terminal t;
    struct mt_list_entries left = {0};
    size_t n_kept = 0;
    int rc = r->n_names ? mt_list_entries_left(&left, 0) : 0;
    if (rc == 0)
        rc = mt_find_left(&found);
    if (rc != 0) {
        mt_list_entries_free(&left);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    mt_terminal_init(&t, stdout, r->shared.color);
    for (size_t i = 0; i < found.n; i++) {
        const char *path = found.items[i].path;
        if (!is_chosen(r, &left, path) || !may_go(&found.items[i])) {
            n_kept++;
            continue;
        }
        if (unlink(path) != 0 && errno != ENOENT) {
            rc = mt_error_set(error, MEMTRACK_EIO, "Remove it by hand.",
                              "%s: cannot be removed: %s", path, strerror(errno));
            continue;
        }
        remove_session(path);
        if (!r->shared.json) {
            fputs("removed ", stdout);
            mt_terminal_put(&t, MT_STYLE_NONE, path);
            fputc('\n', stdout);
        }
    }
    if (found.n == n_kept && !r->shared.json)
        puts(r->n_names ? "nothing to remove that is named so" : "nothing to remove");
    mt_list_entries_free(&left);
    mt_find_free(&found);
    return rc;
}

int mt_list_command(int argc, char **argv) {
    struct request r = {.shared.program = argv[0],
                        .names = calloc((size_t)argc + 1, sizeof *r.names)};
    struct mt_error error = {0};
    if (!r.names)
        return mt_command_end(argv[0], mt_error_set(&error, MEMTRACK_ENOMEM, "", "out of memory"),
                              &error);
    mt_help_parse(&mt_list_argp, argc, argv, 0, &r);
    int rc = r.verify  ? mt_list_verify(r.names, r.n_names, r.shared.json, r.shared.color, &error)
             : r.clean ? clean(&r, &error)
                       : 0;
    if (rc == 0 && !r.verify && (!r.clean || r.shared.json))
        rc = show(&r, &error);
    free(r.names);
    return mt_command_end(r.shared.program, rc, &error);
}
