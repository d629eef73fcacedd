/* SPDX-License-Identifier: MIT */
/*
 * A help that scrolls away is not read. argp prints every option with everything there is to say
 * of it, 60 to 80 lines for most commands, and so what one looked for had gone past. Here --help
 * fits a screen: the options that are marked MT_HELP_COMMON in their table, each with the first
 * sentence of its text, an example, and how many options there are besides. --help all is what argp
 * makes, and the manual pages have all of it too; all three are made of the same tables.
 *
 * The example is the first paragraph behind the \v of a command's doc, when it begins with
 * EXAMPLE. A list of common options beside the tables was rejected: it would name options that are
 * gone, and a table shows at a glance what is marked.
 */
#include "command/help.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/collect.h"
#include "command/command.h"
#include "text/pager.h"
#include "text/terminal.h"

#define EXAMPLE "Example: "

enum {
    MOST_COLUMNS = 80,
    DOC_COLUMN = 25,
    HEAD_BYTES = 160,
};

/* ---- the short one --------------------------------------------------------------------------- */

struct page {
    struct mt_terminal terminal;
    int group, next; /* the one that is printed; the lowest behind it */
    size_t n_more;   /* options that are not shown */
};

/* Returns how many bytes the first sentence of text has, without its period. */
static size_t first_sentence(const char *text) {
    const char *period = strstr(text, ". ");
    return period ? (size_t)(period - text) : strlen(text);
}

/* "-o, --output=FILE". Of a long list of alternatives that are no words to be typed, such as
 * "PATTERN|scope:PATTERN", the first is enough here. */
static size_t format_head(char head[HEAD_BYTES], const struct mt_collect_option *row) {
    const char *argument = row->argument ? row->argument : "";
    const char *between = !*argument ? "" : row->name ? "=" : " ";
    bool is_kind = *argument >= 'A' && *argument <= 'Z';
    char letter[] = {'-', row->letter, 0};
    int n = snprintf(head, HEAD_BYTES, "%s%s%s%s%s%.*s", row->letter ? letter : "",
                     row->letter && row->name ? ", " : "", row->name ? "--" : "",
                     row->name ? row->name : "", between,
                     (int)(is_kind ? strcspn(argument, "|[") : strlen(argument)), argument);
    return n < 0 ? 0 : (size_t)n;
}

static void print_option(void *context, const struct mt_collect_option *row) {
    struct page *page = context;
    char head[HEAD_BYTES];
    if (!row->heading && row->group > page->group && row->group < page->next)
        page->next = row->group;
    if (row->heading || row->group != page->group)
        return;
    if (!row->is_common) {
        page->n_more++;
        return;
    }
    size_t end = 2 + format_head(head, row);
    char *doc = strndup(row->doc ? row->doc : "", first_sentence(row->doc ? row->doc : ""));
    printf("  %s", head);
    if (end + 2 > DOC_COLUMN)
        printf("\n%*s", DOC_COLUMN, "");
    else
        printf("%*s", (int)(DOC_COLUMN - end), "");
    mt_terminal_put_wrapped(&page->terminal, DOC_COLUMN, MT_STYLE_NONE, doc ? doc : "?");
    putchar('\n');
    free(doc);
}

/* Prints the groups in their order, which is not that of the tables. */
static void print_options(struct page *page, const struct argp *argp) {
    for (page->next = INT_MIN, page->group = INT_MIN;; page->group = page->next) {
        page->next = INT_MAX;
        mt_collect_options(argp, print_option, page);
        if (page->next == INT_MAX)
            return;
    }
}

/* Each line of args_doc is a way to call the command. */
static void print_usage(const struct mt_terminal *terminal, const char *name,
                        const char *args_doc) {
    const char *line = args_doc ? args_doc : "";
    for (int i = 0; i == 0 || *line; i++) {
        size_t n = strcspn(line, "\n");
        int column = printf("%s %s ", i ? "   or:" : "Usage:", name);
        char *words = NULL;
        if (asprintf(&words, "[OPTION...] %.*s", (int)n, line) < 0)
            words = NULL;
        mt_terminal_put_wrapped(terminal, (size_t)column, MT_STYLE_NONE, words ? words : "?");
        putchar('\n');
        free(words);
        line += n + (line[n] != 0);
    }
}

static void print_example(const char *rest) {
    const char *text = rest ? rest + 1 : "";
    if (strncmp(text, EXAMPLE, strlen(EXAMPLE)) == 0)
        printf("\n%.*s\n", (int)strcspn(text, "\n"), text);
}

static void print_more(const char *name, size_t n_more) {
    char page[64];
    snprintf(page, sizeof page, "%s", name);
    for (char *c = page; *c; c++)
        *c = *c == ' ' ? '-' : *c;
    if (n_more)
        printf("\n%s --help all shows %zu more option%s; see man %s.\n", name, n_more,
               n_more == 1 ? "" : "s", page);
    else
        printf("\nMore: man %s\n", page);
}

static void print_short(const char *name, const struct argp *argp) {
    struct page page = {.n_more = 0};
    const char *rest = argp->doc ? strchr(argp->doc, '\v') : NULL;
    char *doc = argp->doc ? strndup(argp->doc, strcspn(argp->doc, "\v")) : NULL;
    mt_terminal_init(&page.terminal, stdout, MT_COLOR_NEVER);
    if (page.terminal.width > MOST_COLUMNS)
        page.terminal.width = MOST_COLUMNS;
    print_usage(&page.terminal, name, argp->args_doc);
    mt_terminal_put_wrapped(&page.terminal, 0, MT_STYLE_NONE, doc ? doc : "");
    fputs("\n\n", stdout);
    print_options(&page, argp);
    print_example(rest);
    print_more(name, page.n_more);
    free(doc);
}

/* ---- what argp says of mistakes --------------------------------------------------------------- */

/* argp ends each of its messages with a sentence that is too long for a line. What it writes passes
 * here, and a hint like those of all other messages stands in its place. Called with the pieces of
 * that sentence; the process ends behind it. */
static ssize_t write_message(void *state, const char *text, size_t bytes) {
    static const char verbose[] = "Try `";
    static bool is_over;
    if (!is_over && bytes >= strlen(verbose) && strncmp(text, verbose, strlen(verbose)) == 0) {
        is_over = true;
        fprintf(stderr, "  %s --help shows the options.\n",
                ((const struct argp_state *)state)->name);
    }
    if (!is_over)
        fwrite(text, 1, bytes, stderr);
    return (ssize_t)bytes;
}

/* Returns the stream to be closed when argp has done; NULL: argp says it in its own way. */
static FILE *redirect_messages(struct argp_state *state) {
    FILE *stream = fopencookie(state, "w", (cookie_io_functions_t){.write = write_message});
    if (!stream)
        return NULL;
    setvbuf(stream, NULL, _IONBF, 0);
    return state->err_stream = stream;
}

/* ---- the options that every command has ------------------------------------------------------ */

enum key { KEY_USAGE = 0x6000 };

static const struct argp_option options[] = {
    {"help", 'h', "all", OPTION_ARG_OPTIONAL, "Print the common options; with all, every option",
     -1},
    {NULL, '?', NULL, OPTION_ALIAS | OPTION_HIDDEN, NULL, 0},
    {"usage", KEY_USAGE, NULL, 0, "Print the names of the options", 0},
    {"version", 'V', NULL, 0, "Print the version", 0},
    {0},
};

struct call {
    const struct argp *argp;
    void *input;
    FILE *messages;
};

static _Noreturn void leave(const struct argp_state *state) {
    exit(mt_pager_finish(state->name) ? MT_EXIT_OK : MT_EXIT_UNREADABLE);
}

/* "--help all" is two words, and "--help=all" one. */
static void print_help(const struct argp_state *state, const struct argp *argp, const char *text) {
    if (!text && state->next < state->argc && strcmp(state->argv[state->next], "all") == 0)
        text = "all";
    if (text && strcmp(text, "all") != 0)
        argp_error(state, "--help %s: needs all, or nothing", text);
    if (text)
        argp_state_help(state, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC);
    else
        print_short(state->name, argp);
    leave(state);
}

static error_t parse(int key, char *text, struct argp_state *state) {
    struct call *call = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = call->input;
        call->messages = redirect_messages(state);
        return 0;
    case 'h':
    case '?':
        print_help(state, call->argp, text);
        return 0;
    case KEY_USAGE:
        argp_state_help(state, stdout, ARGP_HELP_USAGE);
        leave(state);
    case 'V':
        puts(argp_program_version);
        leave(state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* argp would explain that a short option takes what the long one takes. */
static char *filter_text(int key, const char *text, void *input) {
    (void)input;
    return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)text;
}

error_t mt_help_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input) {
    const struct argp_child children[] = {{argp, 0, NULL, 0}, {0}};
    const struct argp whole = {
        .options = options, .parser = parse, .children = children, .help_filter = filter_text};
    struct call call = {argp, input, NULL};
    error_t error = argp_parse(&whole, argc, argv, flags | ARGP_NO_HELP, NULL, &call);
    if (call.messages)
        fclose(call.messages);
    return error;
}
