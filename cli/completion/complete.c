/* SPDX-License-Identifier: MIT */
/*
 * Shells differ in how they show what could be typed, not in what that is. So each has a small
 * script (memtrack.bash, memtrack.zsh, memtrack.fish) that hands over the words and shows the
 * answer; the answer is made here, of the tables that the commands parse and print their help with.
 *
 * What an option or a command takes is what its help says it takes: alternatives between bars.
 * Those in small letters are words to be typed ("auto|always|never", "end|peak|TIME"), up to the
 * first capital ("signal:NAME"); those in capitals are kinds of things ("FILE|PID|DIR"), of which
 * the ones in the table below are known. So a value that is added to a parser's list is in the
 * help, the manual and the completions.
 *
 * It starts a process for each key press, 2 ms of work. Scripts that are made of the tables once
 * were rejected: they would have to know in three languages where a program begins, and could not
 * tell processes.
 */
#include "complete.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/collect.h"
#include "export/profile_format.h"
#include "list/entries.h"
#include "text/terminal.h"
#include "view/format/format.h"
#include "view/rows/sort.h"
#include "view/scopes/rows.h"

#define HELP             "help"
#define PROFILE_PATTERNS "*.pb.gz *.pb *.pprof *.heap"
enum { DESCRIPTION_BYTES = 72 };

/* Where the cursor is. */
struct place {
    const char *word;   /* up to the cursor */
    size_t prefix;      /* bytes of "--option=" in front of the value that is typed */
    const char *awaits; /* argument of the option that the word is a value of, or NULL */
    const struct argp *argp;
    bool after_options; /* "--" was there */
    size_t n_arguments; /* how many are in front of the word */
    const char *given;  /* a flag that was given and that begins a line of args_doc, or NULL */
};

/* ---- answers --------------------------------------------------------------------------------- */

/* Prints the first clause of a help text. */
static void put_description(const char *doc) {
    size_t n = strcspn(doc, ";"), end = strlen(doc);
    const char *sentence = strstr(doc, ". ");
    if (n == 0 || n > end)
        n = end;
    if (sentence && (size_t)(sentence - doc) < n)
        n = (size_t)(sentence - doc);
    if (n >= DESCRIPTION_BYTES) {
        n = DESCRIPTION_BYTES;
        while (n && doc[n] != ' ')
            n--;
        while (n && strchr(" ,(", doc[n - 1]))
            n--;
    }
    printf("\t%.*s", (int)n, doc);
}

/* Prints a word of length bytes if it begins with what was typed. doc may be NULL. */
static void offer(const struct place *place, const char *word, size_t length, const char *doc) {
    const char *typed = place->word + place->prefix;
    size_t n_typed = strlen(typed);
    if (n_typed > length || strncmp(word, typed, n_typed) != 0)
        return;
    printf("%.*s%.*s", (int)place->prefix, place->word, (int)length, word);
    if (doc && *doc)
        put_description(doc);
    putchar('\n');
}

static void offer_pid(const struct place *place, const struct mt_listed *item) {
    char pid[16], live[MT_FORMAT_BYTES], line[DESCRIPTION_BYTES] = "";
    const char *exe = item->exe ? item->exe : "";
    const char *const *word = item->command;
    size_t n = 0;
    snprintf(pid, sizeof pid, "%u", item->pid);
    n += (size_t)snprintf(line, sizeof line, "%s live, ",
                          mt_format_size(live, item->live_bytes, false));
    if (!word || !*word)
        snprintf(line + n, sizeof line - n, "%s", exe);
    for (; word && *word && n < sizeof line; word++)
        n += (size_t)snprintf(line + n, sizeof line - n, "%s ", *word);
    char *visible = mt_format_visible(line, true);
    for (char *c = visible; c && *c; c++)
        *c = *c == ';' ? ',' : *c; /* at a semicolon, the description would end */
    offer(place, pid, strlen(pid), visible);
    free(visible);
}

static void offer_pids(const struct place *place) {
    struct mt_list_entries entries = {0};
    if (mt_list_entries_running(&entries) == 0)
        for (size_t i = 0; i < entries.n; i++)
            if (!entries.items[i].listed.why[0])
                offer_pid(place, &entries.items[i].listed);
    mt_list_entries_free(&entries);
}

/* ---- kinds of things ------------------------------------------------------------------------- */

static void offer_alternatives(const struct place *place, const char *text);

static void offer_profiles(const struct place *place) {
    (void)place;
    puts(":files " PROFILE_PATTERNS);
}
static void offer_profiles_and_pids(const struct place *place) {
    offer_pids(place);
    offer_profiles(place);
}
static void offer_ledgers(const struct place *place) {
    (void)place;
    puts(":files *.ledger");
}
static void offer_json(const struct place *place) {
    (void)place;
    puts(":files *.json");
}
static void offer_directories(const struct place *place) {
    (void)place;
    puts(":directories");
}
static void offer_programs(const struct place *place) {
    (void)place;
    puts(":programs");
}
/* What an option names may have any name, and is often not there yet; what a command reads is a
 * profile. */
static void offer_files(const struct place *place) {
    if (place->awaits)
        puts(":files");
    else
        offer_profiles(place);
}

static void offer_columns(const struct place *place) {
    offer_alternatives(place, mt_sort_list); /* too long for a line of the help; so are the next */
}
static void offer_statistics(const struct place *place) {
    offer_alternatives(place, mt_scopes_sort_list);
}

static void offer_formats(const struct place *place) {
    offer_alternatives(place, mt_profile_format_list);
}

static const struct kind {
    const char *name;
    void (*offer)(const struct place *place);
} kinds[] = {
    {"FILE", offer_files},       {"PROFILE", offer_profiles},      {"PID", offer_pids},
    {"DIR", offer_directories},  {"LEDGER", offer_ledgers},        {"OLD", offer_profiles_and_pids},
    {"PROGRAM", offer_programs}, {"NEW", offer_profiles_and_pids}, {"COMMAND", offer_programs},
    {"COLUMN", offer_columns},   {"STATISTIC", offer_statistics},  {"FORMAT", offer_formats},
    {"OLD.json", offer_json},    {"NEW.json", offer_json},
};

static void offer_alternative(const struct place *place, const char *text, size_t length) {
    size_t n = 0;
    if (islower((unsigned char)*text)) {
        while (n < length && !isupper((unsigned char)text[n]))
            n++;
        offer(place, text, n, NULL);
        return;
    }
    while (n < length && isupper((unsigned char)text[n]))
        n++;
    if (n + 5 == length && strncmp(text + n, ".json", 5) == 0)
        n = length;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i].name) == n && strncmp(kinds[i].name, text, n) == 0)
            kinds[i].offer(place);
}

/* Offers each of "[FILE|PID|DIR]" or "yes|no", up to a blank. */
static void offer_alternatives(const struct place *place, const char *text) {
    const char *end = text + strcspn(text, " \n");
    while (text < end) {
        text += *text == '[';
        size_t length = strcspn(text, "| \n]");
        if (length)
            offer_alternative(place, text, length);
        text += length ? length : 1;
        text += strspn(text, "|].");
    }
}

/* ---- options --------------------------------------------------------------------------------- */

struct search {
    const char *text; /* with its dashes */
    size_t length;
    const char *argument; /* what was found; NULL: it takes none, or there is no such option */
};

static void offer_option(void *context, const struct mt_collect_option *row) {
    const struct place *place = context;
    char text[64];
    if (row->heading)
        return;
    if (row->letter && !(place->word[0] == '-' && place->word[1] == '-'))
        offer(place, text, (size_t)snprintf(text, sizeof text, "-%c", row->letter), row->doc);
    if (row->name)
        offer(place, text, (size_t)snprintf(text, sizeof text, "--%s", row->name), row->doc);
}

static void offer_options(const struct place *place) {
    mt_collect_options(place->argp, offer_option, (void *)place);
    offer(place, "--help", 6, "Print the common options; with all, every option");
    offer(place, "--usage", 7, "Print the names of the options");
    offer(place, "--version", 9, "Print the version");
}

static void match_option(void *context, const struct mt_collect_option *row) {
    struct search *s = context;
    bool by_letter = row->letter && s->length == 2 && s->text[1] == row->letter;
    bool by_name = row->name && s->length > 2 && s->text[1] == '-' &&
                   strlen(row->name) == s->length - 2 &&
                   strncmp(row->name, s->text + 2, s->length - 2) == 0;
    if (row->heading || (!by_letter && !by_name))
        return;
    s->argument = row->argument;
}

/* Returns the argument of "--by" or "-n" that comes as the next word; NULL when there is none. */
static const char *next_word_of(const struct argp *argp, const char *option) {
    struct search s = {.text = option, .length = strlen(option)};
    mt_collect_options(argp, match_option, &s);
    return s.argument;
}

/* Finds out whether a value is being typed, as in "--by=li". */
static void find_value(struct place *place) {
    const char *equals = strchr(place->word, '=');
    if (place->awaits || place->after_options || strncmp(place->word, "--", 2) != 0 || !equals)
        return;
    struct search s = {.text = place->word, .length = (size_t)(equals - place->word)};
    mt_collect_options(place->argp, match_option, &s);
    place->awaits = s.argument;
    place->prefix = s.argument ? s.length + 1 : 0;
}

/* ---- arguments ------------------------------------------------------------------------------- */

/* Tell whether a command line begins at the first argument, or only behind "--". */
static bool begins_program(const char *arguments) {
    return strncmp(arguments, "PROGRAM", 7) == 0 || strncmp(arguments, "[--] PROGRAM", 12) == 0;
}
static bool begins_program_behind_dashes(const char *arguments) {
    return strncmp(arguments, "-- ", 3) == 0;
}

/* Returns, of "FILE...\n--run [--] PROGRAM [ARGUMENT...]", the line that holds with the options
 * that were given, from behind the option on; and of "-- COMMAND...\nOLD NEW" the second one when
 * an argument came without dashes. */
static const char *arguments_of(const struct place *place) {
    const char *doc = place->argp->args_doc, *line = doc;
    if (doc && begins_program_behind_dashes(doc) && place->n_arguments && strchr(doc, '\n'))
        return strchr(doc, '\n') + 1;
    for (; doc && line; line = strchr(line, '\n')) {
        line += *line == '\n';
        size_t length = place->given ? strlen(place->given) : 0;
        if (length && strncmp(line, place->given, length) == 0 && line[length] == ' ')
            return line + length + 1;
    }
    return doc ? doc : "";
}

static void offer_argument(const struct place *place) {
    const char *text = arguments_of(place);
    for (size_t i = 0; i < place->n_arguments; i++) {
        size_t length = strcspn(text, " \n");
        bool repeats = length > 3 && memmem(text, length, "...", 3);
        if (text[length] == ' ')
            text += length + 1;
        else if (!repeats)
            return;
    }
    if (begins_program_behind_dashes(text)) {
        offer(place, "--", 2, "A command line follows");
        text = strchr(text, '\n') ? strchr(text, '\n') + 1 : "";
    }
    offer_alternatives(place, text);
}

static int print_command(size_t n) {
    printf(":command %zu\n", n);
    return MT_EXIT_OK;
}

/* Takes note of a word in front of the cursor. Returns true when a command line begins with it, or
 * behind it where *behind is set. */
static bool pass_word(struct place *place, const char *word, bool *behind) {
    const char *arguments = arguments_of(place);
    *behind = false;
    if (place->awaits) {
        place->awaits = NULL;
    } else if (!place->after_options && strcmp(word, "--") == 0) {
        *behind = begins_program(arguments) || begins_program_behind_dashes(arguments);
        place->after_options = true;
        return *behind;
    } else if (!place->after_options && word[0] == '-' && word[1]) {
        place->awaits = next_word_of(place->argp, word);
        if (place->argp->args_doc && strstr(place->argp->args_doc, word))
            place->given = word;
    } else {
        place->n_arguments++;
        return begins_program(arguments);
    }
    return false;
}

/* Completes a line of which the words from first on are those of a command. */
static int complete_command(const struct mt_command *command, char **words, size_t first,
                            size_t n_words) {
    struct place place = {.word = words[n_words - 1], .argp = command->argp};
    for (size_t i = first; i + 1 < n_words; i++) {
        bool behind;
        if (!pass_word(&place, words[i], &behind))
            continue;
        size_t program = i + behind;
        for (size_t k = program;
             begins_program_behind_dashes(arguments_of(&place)) && k + 1 < n_words; k++)
            program = strcmp(words[k], "--") == 0 ? k + 1 : program;
        return print_command(program);
    }
    find_value(&place);
    if (place.awaits)
        offer_alternatives(&place, place.awaits);
    else if (place.word[0] == '-' && !place.after_options)
        offer_options(&place);
    else if (begins_program(arguments_of(&place)))
        return print_command(n_words - 1);
    else
        offer_argument(&place);
    if (strcmp(place.word, "--") == 0 && begins_program_behind_dashes(arguments_of(&place)))
        offer(&place, "--", 2, "A command line follows");
    return MT_EXIT_OK;
}

static const struct mt_command *find(const struct mt_command *commands, size_t n,
                                     const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static void offer_commands(const struct place *place, const struct mt_command *commands, size_t n) {
    for (size_t i = 0; i < n; i++)
        offer(place, commands[i].name, strlen(commands[i].name), commands[i].summary);
}

static int complete_first(const struct mt_command *commands, size_t n, const char *word) {
    struct place place = {.word = word, .argp = commands[0].argp};
    offer_commands(&place, commands, n);
    offer(&place, HELP, strlen(HELP), "show the options of a command");
    if (word[0] == '-')
        offer_options(&place);
    else
        puts(":programs");
    return MT_EXIT_OK;
}

/* memtrack help COMMAND [all] */
static void complete_help(const struct mt_command *commands, size_t n, const char *word,
                          size_t n_words) {
    const struct place place = {.word = word};
    if (n_words == 2)
        offer_commands(&place, commands, n);
    else if (n_words == 3)
        offer(&place, "all", 3, "every option");
}

int mt_completion_complete(const struct mt_command *commands, size_t n, char **words,
                           size_t n_words) {
    int rc = MT_EXIT_OK;
    if (n_words <= 1) {
        rc = complete_first(commands, n, n_words ? words[0] : "");
    } else {
        const struct mt_command *command = find(commands, n, words[0]);
        bool is_bare = !command && words[0][0] == '-'; /* options without a command are run's */
        if (command || is_bare)
            rc =
                complete_command(command ? command : &commands[0], words, is_bare ? 0 : 1, n_words);
        else if (strcmp(words[0], HELP) == 0)
            complete_help(commands, n, words[n_words - 1], n_words);
        else
            rc = print_command(0);
    }
    return fflush(stdout) == 0 ? rc : MT_EXIT_UNREADABLE;
}

/* ---- the list -------------------------------------------------------------------------------- */

static void print_row(void *context, const struct mt_collect_option *row) {
    (void)context;
    if (row->heading)
        printf("%d\theading\t\t\t\t%s\n", row->group, row->heading);
    else
        printf("%d\toption\t%.1s\t%s\t%s\t%s\n", row->group, row->letter ? &row->letter : "",
               row->name ? row->name : "", row->argument ? row->argument : "",
               row->doc ? row->doc : "");
}

int mt_completion_complete_list(const struct mt_command *commands, size_t n, const char *name) {
    const struct mt_command *command = find(commands, n, name);
    if (!command) {
        mt_terminal_print_problem("memtrack", "memtrack help lists the commands.",
                                  "there is no command %s", name);
        return MT_EXIT_USAGE;
    }
    mt_collect_options(command->argp, print_row, NULL);
    return fflush(stdout) == 0 ? MT_EXIT_OK : MT_EXIT_UNREADABLE;
}
