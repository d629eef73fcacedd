/* SPDX-License-Identifier: MIT */
/* What is said of a process: each figure with its meaning, estimates marked, gaps in coverage never
 * left out. */
#include "profile-fixture.h"
#include "view/summary/anonymous.h"
#include "view/summary/summary.h"

static struct mt_profile *profile(void) {
    struct mt_profile *p = build_empty();
    uint32_t frame = build_frame(p, build_mapping(p, "/bin/app", 0), "f", "a.c", 1);
    build_sample(p, 2048, 1, &frame);
    mt_profile_sum_totals(p);
    p->info.exit_known = true;
    p->info.exe = mt_profile_intern(p, "/bin/app");
    return p;
}

enum part { PROCESS, LINE, TOTALS, ALLOCATOR, COVERAGE, BRIEF, HEAD, SELF, NOTES };
enum { COLUMNS = 60 };

/* The facts as lines "label|text". */
static char *facts_of(const struct mt_profile *p, enum part part, struct mt_at at) {
    struct mt_view_options view = {.at = at};
    struct mt_summary_format options = {.verbose = part != LINE && part != BRIEF && part != HEAD,
                                        .columns = COLUMNS};
    struct mt_summary facts = {0};
    struct mt_rows *rows;
    assert_int_equal(mt_rows_build(p, &view, &rows, NULL), 0);
    switch (part) {
    case PROCESS:
    case LINE:
        mt_summary_process(p, &options, &facts);
        break;
    case TOTALS:
        mt_summary_totals(rows, &options, &facts);
        break;
    case ALLOCATOR:
        mt_summary_allocator(p, &options, &facts);
        break;
    case COVERAGE:
    case BRIEF:
        mt_summary_coverage(rows, &options, &facts);
        break;
    case HEAD:
        mt_summary_head(rows, &options, &facts);
        break;
    case SELF:
        mt_summary_head_self(p, &options, &facts);
        break;
    case NOTES:
        mt_summary_coverage_notes(rows, &facts);
    }
    assert_false(facts.failed);
    char *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    for (size_t i = 0; i < facts.n; i++)
        fprintf(stream, "%s|%s\n", facts.items[i].label, facts.items[i].text);
    fclose(stream);
    mt_summary_free(&facts);
    mt_rows_free(rows);
    return text;
}

static void assert_facts(struct mt_profile *p, enum part part, const char *expected) {
    char *text = facts_of(p, part, (struct mt_at){.kind = MT_AT_END});
    assert_string_equal(text, expected);
    free(text);
}

static void assert_fact(struct mt_profile *p, enum part part, const char *expected) {
    char *text = facts_of(p, part, (struct mt_at){.kind = MT_AT_END});
    if (!strstr(text, expected))
        fail_msg("no \"%s\" in:\n%s", expected, text);
    free(text);
}

static void how_it_ended(void **state) {
    (void)state;
    struct mt_profile *p = profile();
    p->info.exit_code = 3;
    assert_fact(p, PROCESS, ", exit status 3\n");
    p->info.exit_signal = 11;
    assert_fact(p, PROCESS, ", killed by signal 11 (SIGSEGV)\n");
    p->info.exit_signal = 4711; /* from a hostile file */
    assert_fact(p, PROCESS, ", killed by signal 4711 (SIG?)\n");
    p->info.exit_known = false;
    assert_fact(p, PROCESS, ", its end was not seen\n");
    assert_fact(p, TOTALS, "live|2.0 KiB in 1 block at the end of the recording\n");
    p->info.is_memtrack = false;
    assert_fact(p, PROCESS, "program|/bin/app (recorded by another tool)\n");
    mt_profile_free(p);
}

static void commands_are_quoted(void **state) {
    (void)state;
    struct mt_profile *p = profile();
    static const char *const words[] = {"./a.out", "--x=1", "two words", "", "it's", "$HOME", "*"};
    p->info.command = calloc(7, sizeof *p->info.command);
    for (size_t i = 0; i < 7; i++)
        p->info.command[p->info.n_command++] = mt_profile_intern(p, words[i]);
    assert_fact(p, PROCESS, "command|./a.out --x=1 'two words' '' 'it'\\''s' '$HOME' '*'\n");
    mt_profile_free(p);
}

static void long_commands_are_cut(void **state) {
    (void)state;
    char word[500], expected[600];
    struct mt_profile *p = profile();
    p->info.command = calloc(50, sizeof *p->info.command);
    for (size_t i = 0; i < 50; i++)
        p->info.command[p->info.n_command++] = mt_profile_intern(p, "ninechars");
    memset(expected, 0, sizeof expected);
    strcpy(expected, "command|ninechars");
    for (size_t i = 1; i < 41; i++)
        strcat(expected, " ninechars");
    strcat(expected, " ...\n");
    assert_fact(p, PROCESS, expected);

    p->info.n_command = 1; /* within a word, not within a character */
    memset(word, 'x', sizeof word);
    strcpy(word + 399, "ü and so on"); /* its second byte is the 401st */
    p->info.command[0] = mt_profile_intern(p, word);
    snprintf(expected, sizeof expected, "command|%.399s...\n", word);
    assert_fact(p, PROCESS, expected);
    mt_profile_free(p);
}

static void set_command(struct mt_profile *p, size_t n, const char *const *words) {
    free(p->info.command);
    p->info.command = calloc(n, sizeof *p->info.command);
    for (p->info.n_command = 0; p->info.n_command < n; p->info.n_command++)
        p->info.command[p->info.n_command] = mt_profile_intern(p, words[p->info.n_command]);
}

/* The directory of the program goes first, then the end of the command; how it ended never. */
static void one_line(void **state) {
    (void)state;
    struct mt_profile *p = profile();
    p->info.pid = 12;
    p->info.duration_ns = 1830000000;
    assert_facts(p, LINE, "program|/bin/app (1.83 s, exit 0, pid 12)\n");
    set_command(p, 2, (const char *[]){"/opt/app/bin/app", "--all"});
    assert_facts(p, LINE, "program|/opt/app/bin/app --all (1.83 s, exit 0, pid 12)\n");
    set_command(p, 2, (const char *[]){"/opt/app/bin/app", "--input=12345678901234"});
    assert_facts(p, LINE, "program|app --input=12345678901234 (1.83 s, exit 0, pid 12)\n");
    set_command(p, 2, (const char *[]){"/opt/app/bin/app", "--input=123456789012345678901234"});
    assert_facts(p, LINE, "program|app --input=12345678901234567890... (1.83 s, exit 0, pid 12)\n");
    p->info.exit_signal = 9;
    p->info.duration_ns = 0;
    set_command(p, 1, (const char *[]){"app"});
    assert_facts(p, LINE, "program|app (killed by SIGKILL, pid 12)\n");
    p->info.exit_known = false;
    assert_facts(p, LINE, "program|app (end not seen, pid 12)\n");
    p->info.running = true;
    assert_facts(p, LINE, "program|app (running, pid 12)\n");
    p->info.is_memtrack = false;
    assert_facts(p, LINE, "program|app (recorded by another tool)\n");
    mt_profile_free(p);
}

/* What is missing of a recording that was off for a time may be malloc's. */
static void what_is_foreign(void **state) {
    (void)state;
    static const struct {
        bool partial, outranked, has_blocks;
    } cases[] = {{false, false, false}, {true, false, true}, {true, true, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct mt_profile_info info = {
            .partial = cases[i].partial,
            .outranked = cases[i].outranked,
            .anonymous = {.bytes = 100 << 20, .recorded_bytes = 10 << 20}};
        assert_int_equal(mt_anonymous_has_blocks(&info), cases[i].has_blocks);
        assert_int_equal(mt_anonymous_is_foreign(&info), !cases[i].has_blocks);
    }
}

static size_t count_lines(const char *text) {
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* What nobody needs each time is not there, what is wrong is. */
static void at_most_six_lines(void **state) {
    (void)state;
    struct mt_profile *p = profile();
    p->info.allocator = mt_profile_intern(p, "glibc");
    p->info.multithreaded = p->info.peak_time_known = true;
    p->info.ledger_bytes = 1 << 20;
    p->info.anonymous = (struct mt_anonymous){.bytes = 100 << 20, .recorded_bytes = 10 << 20};
    mt_profile_add_note(p, "Peak RSS 100.0 MiB, 90% of it not malloc's: V8. For V8 (/x): y.");
    char *text = facts_of(p, HEAD, (struct mt_at){.kind = MT_AT_END});
    if (count_lines(text) > 6 || strstr(text, "glibc") || strstr(text, "ledger"))
        fail_msg("%s", text);
    free(text);
    assert_fact(p, HEAD, "memory|peak RSS 100.0 MiB, 90% of it not malloc's: V8, see -v\n");
    assert_facts(p, COVERAGE,
                 "coverage|Peak RSS 100.0 MiB, 90% of it not malloc's: V8. For V8 (/x): y.\n");
    p->info.coverage.dropped_events = 1;
    assert_fact(p, HEAD, "coverage|1 event could not be recorded\n");
    mt_profile_free(p);
}

/* Advice that makes a note longer than two lines is for --verbose. */
static void notes_are_cut(void **state) {
    (void)state;
    static const char brief[] = "a.out has no names. Build it with -g.",
                      longer[] = "/srv/a.b. c/program cannot be opened here: its functions have no "
                                 "names. Files that gave no names are looked for in DIR as well "
                                 "with --debug-path DIR.";
    struct mt_profile *p = profile();
    mt_profile_add_note(p, brief);
    mt_profile_add_note(p, longer);
    assert_facts(p, BRIEF,
                 "coverage|a.out has no names. Build it with -g.\n"
                 "|/srv/a.b. c/program cannot be opened here: its functions have no names (more: "
                 "-v)\n");
    assert_fact(p, COVERAGE, "with --debug-path DIR.\n");
    mt_profile_free(p);
}

static void totals(void **state) {
    (void)state;
    struct mt_profile *p = profile();
    assert_facts(p, TOTALS,
                 "peak|2.0 KiB in 1 block\n"
                 "total|2.0 KiB in 1 block, 1 of them temporary (100.0%)\n"
                 "live|2.0 KiB in 1 block at exit\n");
    p->info.totals.temporary_blocks = 0;
    p->info.totals.failed_allocations = 1;
    p->info.peak_time_known = p->info.multithreaded = true;
    p->info.peak_time_ns = 1520000000;
    p->info.peak_time_error_ns = 5000000;
    p->info.sample_bytes =
        4096; /* a block of 2 KiB is recorded with 39 %, and stands for 2.54: see margin.c */
    assert_facts(p, TOTALS,
                 "peak|about 2.0 KiB +-12.4 KiB in 1 +-7 block, at 1.52 s +-5 ms\n"
                 "total|about 2.0 KiB +-12.4 KiB in 1 +-7 block\n"
                 "live|about 2.0 KiB +-12.4 KiB in 1 +-7 block at exit\n"
                 "failed|1 allocation got no memory\n");
    p->info.sample_bytes = 0; /* several threads: the bound stands beside the figure */
    assert_fact(p, TOTALS,
                "peak|2.0 KiB +-64.0 KiB in 1 block, at 1.52 s +-5 ms\n"
                "|several threads allocated: the true peak is within 64.0 KiB");
    assert_fact(p, HEAD, "peak|2.0 KiB +-64.0 KiB in 1 block, at 1.52 s +-5 ms\ntotal|");
    p->info.exact_peak = true;
    assert_fact(p, HEAD, "peak|2.0 KiB in 1 block, at 1.52 s +-5 ms\ntotal|");
    mt_profile_free(p);
}

static void coverage(void **state) {
    (void)state;
    struct mt_profile *p = profile();
    assert_facts(p, COVERAGE, "coverage|every allocation was recorded with its whole call path\n");
    p->info.partial = true; /* nothing is claimed then */
    assert_facts(p, COVERAGE, "");
    p->info.partial = false;
    p->info.coverage = (struct mt_coverage){1, 2345, 3, 4};
    assert_facts(p, COVERAGE,
                 "coverage|2,345 events could not be recorded\n"
                 "|3 blocks without call path (row [lossy])\n"
                 "|4 call paths are cut short\n"
                 "|1 free of a block with an unknown allocation\n");
    p->info.coverage = (struct mt_coverage){.dropped_events = 2345};
    mt_profile_add_note(p, "2345 events were lost because of the weather.");
    assert_facts(p, COVERAGE, "coverage|2345 events were lost because of the weather.\n");
    p->info.totals.live_bytes++;
    assert_fact(p, COVERAGE,
                "The live bytes of the rows are 2,048 in sum, and 2,049 in the process");
    mt_profile_free(p);
}

static void notes_of_the_view(void **state) {
    (void)state;
    struct mt_profile *p = profile();
    assert_facts(p, NOTES, "");
    char *text = facts_of(p, NOTES, (struct mt_at){.kind = MT_AT_PEAK});
    assert_string_equal(text,
                        "|Live blocks are those at the peak, not at the end of the recording.\n"
                        "|Waste was not measured at that moment.\n");
    free(text);
    p->info.usable_measured = false;
    assert_facts(p, NOTES, "|Waste was not measured: run with --usable.\n");
    mt_profile_free(p);
}

static void set_figures(struct mt_profile *p, const char *allocator, size_t n,
                        const struct mt_named_value *figures) {
    p->info.allocator = mt_profile_intern(p, allocator);
    p->info.allocator_stats = realloc(p->info.allocator_stats, (n + 1) * sizeof *figures);
    memcpy(p->info.allocator_stats, figures, n * sizeof *figures);
    p->info.n_allocator_stats = n;
}

#define FIGURE(name, value)                                                                        \
    { mt_profile_intern(p, name), value }

static void allocators(void **state) {
    (void)state;
    struct mt_profile *p = profile();
    assert_facts(p, ALLOCATOR, "");
    const struct mt_named_value glibc[] = {FIGURE("arena", 8192), FIGURE("uordblks", 3072),
                                           FIGURE("hblkhd", 2048)};
    set_figures(p, "glibc", 3, glibc);
    p->samples[0].value[MT_VALUE_WASTE_BYTES] = 512;
    assert_facts(p, ALLOCATOR,
                 "allocator|glibc\n"
                 "|requested    2.0 KiB  live, as the program asked for it\n"
                 "|usable       2.5 KiB  512 B more (25.0%) by rounding up\n"
                 "|in use       5.0 KiB  by its own count: uordblks + hblkhd\n"
                 "|held        10.0 KiB  arena + hblkhd; 5.0 KiB (50.0%) of it free\n");
    p->info.usable_measured = false;
    const struct mt_named_value jemalloc[] = {FIGURE("stats.allocated", 4096),
                                              FIGURE("stats.active", 8192),
                                              FIGURE("stats.resident", 16384)};
    set_figures(p, "jemalloc", 3, jemalloc);
    assert_facts(p, ALLOCATOR,
                 "allocator|jemalloc\n"
                 "|requested    2.0 KiB  live, as the program asked for it\n"
                 "|in use       4.0 KiB  by its own count: stats.allocated\n"
                 "|held         8.0 KiB  stats.active; 4.0 KiB (50.0%) of it free\n"
                 "|resident    16.0 KiB  stats.resident: with its metadata and unused pages\n");
    set_figures(p, "glibc", 2, glibc); /* a figure is missing: those that there are */
    assert_facts(p, ALLOCATOR,
                 "allocator|glibc\n"
                 "|requested    2.0 KiB  live, as the program asked for it\n"
                 "|arena 8.0 KiB\n|uordblks 3.0 KiB\n");
    const struct mt_named_value most[] = {FIGURE("arena", UINT64_MAX), FIGURE("uordblks", 1),
                                          FIGURE("hblkhd", 1)};
    set_figures(p, "glibc", 3, most); /* sums that overflow are not made */
    assert_fact(p, ALLOCATOR, "|arena 8.0 EiB\n");
    mt_profile_free(p);
}

static void self(void **state) {
    (void)state;
    struct mt_profile *p = profile();
    p->info.ledger_bytes = 1 << 20;
    assert_facts(p, SELF, "tracker|1.0 MiB of ledger\n");
    mt_profile_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_it_ended),
        cmocka_unit_test(commands_are_quoted),
        cmocka_unit_test(long_commands_are_cut),
        cmocka_unit_test(one_line),
        cmocka_unit_test(what_is_foreign),
        cmocka_unit_test(at_most_six_lines),
        cmocka_unit_test(notes_are_cut),
        cmocka_unit_test(totals),
        cmocka_unit_test(coverage),
        cmocka_unit_test(notes_of_the_view),
        cmocka_unit_test(allocators),
        cmocka_unit_test(self),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
