/* SPDX-License-Identifier: MIT */
/*
 * memtrack: finds the command and hands over. What is no command is a program to run: `memtrack
 * ./app` is `memtrack run ./app`. A word that is neither is more likely a mistyped command than a
 * missing program when a command of nearly that name exists. Names that are documented for later
 * versions are refused rather than run: /usr/bin/top under the tracker is not what `memtrack top
 * 1234` asks for.
 */
#include <argp.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "completion/complete.h"
#include "launch/target.h"
#include "run/big_stack.h"
#include "text/pager.h"
#include "text/terminal.h"

static const struct mt_command commands[] = {
    {"run", "run a program and record its allocations", mt_run_command, &mt_run_request_argp,
     "Record"},
    {"attach", "record a running process from now on", mt_attach_command, &mt_attach_argp, NULL},
    {"detach", "stop recording a running process", mt_detach_command, &mt_detach_argp, NULL},
    {"snapshot", "write a profile of a running process", mt_snapshot_command, &mt_snapshot_argp,
     NULL},
    {"report", "show where the memory of a process went", mt_report_command, &mt_report_argp,
     "Look"},
    {"tree", "show the same as a tree of calls", mt_tree_command, &mt_tree_argp, NULL},
    {"annotate", "show source text beside what its lines hold", mt_annotate_command,
     &mt_annotate_argp, NULL},
    {"diff", "show what changed from one profile to another", mt_diff_command, &mt_diff_argp, NULL},
    {"timeline", "show heap, RSS, PSS and swap over time", mt_timeline_command, &mt_timeline_argp,
     NULL},
    {"watch", "watch RSS, PSS and USS of any process and its children", mt_watch_command,
     &mt_watch_argp, NULL},
    {"scopes", "show what a program measured of its own regions", mt_scopes_command,
     &mt_scopes_argp, NULL},
    {"export", "write a profile in the format of another tool", mt_export_command, &mt_export_argp,
     NULL},
    {"top", "show what a running process allocates, as it happens", mt_top_command, &mt_top_argp,
     NULL},
    {"serve", "show a running process, or a profile, in a browser", mt_serve_command,
     &mt_serve_argp, NULL},
    {"list", "list tracked processes, and what ended ones have left", mt_list_command,
     &mt_list_argp, NULL},
    {"whois", "show the block that holds an address of a process", mt_whois_command, &mt_whois_argp,
     NULL},
    {"check", "hold profiles against budgets, for tests and CI", mt_check_command,
     &mt_check_request_argp, "Test"},
    {"compare", "compare two commands over several runs, or two files of benchmarks",
     mt_compare_command, &mt_compare_argp, NULL},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const char *const reserved[] = {"leaks", "push"};
enum { N_RESERVED = sizeof reserved / sizeof *reserved };

const char *argp_program_version = "memtrack " MEMTRACK_VERSION;

static int print_help(int status) {
    puts("memtrack: which lines of a program hold its memory\n"
         "\n"
         "Usage: memtrack PROGRAM [ARGUMENT...]     the same as memtrack run PROGRAM\n"
         "       memtrack COMMAND [OPTION...]");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (commands[i].main == mt_attach_command) { /* one line has both */
            printf("  attach, detach  start or stop recording a running process\n");
            i++;
            continue;
        }
        if (commands[i].heading)
            printf("\n%s:\n", commands[i].heading);
        printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    puts("\n"
         "memtrack help COMMAND shows its options. memtrack --version prints the version.\n"
         "Example: memtrack ls -l /usr/bin");
    return mt_pager_finish("memtrack") ? status : MT_EXIT_UNREADABLE;
}

static const struct mt_command *find_command(const char *name) {
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static bool is_reserved(const char *name) {
    for (size_t i = 0; i < N_RESERVED; i++)
        if (strcmp(name, reserved[i]) == 0)
            return true;
    return false;
}

static bool is_program(const char *name) {
    return strchr(name, '/') ||
           mt_target_exists(name); /* what is wrong with a path is for run to say */
}

static size_t smallest(size_t a, size_t b, size_t c) {
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Insertions, deletions and substitutions that turn a into b (Levenshtein), both shorter than
 * 32. */
static size_t edits(const char *a, const char *b) {
    size_t row[33], n = strlen(b);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[n];
}

static const char *nearest_command(const char *name) {
    const char *nearest = NULL;
    size_t fewest = 3,
           length = strlen(name); /* at most two edits, and fewer than half of the name */
    for (size_t i = 0; i < N_COMMANDS && length < 32; i++) {
        size_t distance = edits(name, commands[i].name);
        if (distance < fewest && distance * 2 < length) {
            nearest = commands[i].name;
            fewest = distance;
        }
    }
    return nearest;
}

static int call(const struct mt_command *command, int argc, char **argv) {
    char name[64];
    snprintf(name, sizeof name, "memtrack %s", command->name);
    argv[0] = name;
    return command->main(argc, argv);
}

/* argv is of the program to run or of run's options: argv[0] is free for the command's name. */
static int run_bare(int argc, char **argv) {
    char **arguments = calloc((size_t)argc + 2, sizeof *arguments);
    if (!arguments) {
        mt_terminal_print_problem("memtrack", NULL, "out of memory");
        return 125;
    }
    memcpy(arguments + 1, argv, (size_t)argc * sizeof *arguments);
    int status = call(&commands[0], argc + 1, arguments);
    free(arguments);
    return status;
}

static int refuse_command(const char *name) {
    mt_terminal_print_problem("memtrack", "memtrack help lists the commands.",
                              "there is no command %s", name);
    return MT_EXIT_USAGE;
}

/* words: what comes behind "memtrack help". */
static int print_help_of(size_t n, char **words) {
    char all[] = "--help=all", common[] = "--help";
    bool is_all = n == 2 && strcmp(words[1], "all") == 0;
    if (n == 0 || strcmp(words[0], "all") == 0)
        return print_help(MT_EXIT_OK);
    const struct mt_command *command = find_command(words[0]);
    char *arguments[] = {NULL, is_all ? all : common, NULL};
    return command ? call(command, 2, arguments) : refuse_command(words[0]);
}

static bool is_help(const char *word) {
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* Without a word the help is printed, as git and cargo do. The status is that of wrong usage: a
 * script in which the name of the program is empty must not look as if that had been run. */
static int dispatch(int argc, char **argv) {
    argp_err_exit_status = MT_EXIT_USAGE;
    if (argc < 2)
        return print_help(MT_EXIT_USAGE);
    const char *word = argv[1];
    if (is_help(word))
        return print_help_of((size_t)argc - 2, argv + 2);
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        puts(argp_program_version);
        return mt_pager_finish("memtrack") ? MT_EXIT_OK : MT_EXIT_UNREADABLE;
    }
    if (strcmp(word, "--complete") == 0) /* for the completions of shells */
        return mt_completion_complete(commands, N_COMMANDS, argv + 2, (size_t)argc - 2);
    if (strcmp(word, "--options") == 0 && argc > 2) /* for the manual */
        return mt_completion_complete_list(commands, N_COMMANDS, argv[2]);
    const struct mt_command *command = find_command(word);
    if (command)
        return call(command, argc - 1, argv + 1);
    if (is_reserved(word)) {
        mt_terminal_print_problem(
            "memtrack", "To record a program of that name: memtrack run -- NAME.",
            "memtrack %s is not in this version (%s)", word, MEMTRACK_VERSION);
        return MT_EXIT_USAGE;
    }
    const char *nearest = *word == '-' || is_program(word) ? NULL : nearest_command(word);
    if (nearest) {
        mt_terminal_print_problem(
            "memtrack", "memtrack help lists the commands.",
            "%s is neither a command nor a program; did you mean memtrack %s?", word, nearest);
        return MT_EXIT_USAGE;
    }
    return run_bare(argc - 1, argv + 1);
}

struct arguments {
    int argc, status;
    char **argv;
};

static bool dispatch_on_stack(void *context) {
    struct arguments *arguments = context;
    arguments->status = dispatch(arguments->argc, arguments->argv);
    return true;
}

int main(int argc, char **argv) {
    struct arguments arguments = {argc, 0, argv};
    setlocale(LC_CTYPE, "");
    if (!mt_big_stack_is_needed())
        return dispatch(argc, argv);
    mt_big_stack_call(dispatch_on_stack, &arguments);
    return arguments.status;
}
