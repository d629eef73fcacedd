/* SPDX-License-Identifier: MIT */
/* What is a leak and what breaks a budget, at the edges: profiles built by hand, one property
 * each. */
#include "profile-fixture.h"
#include "view/budget/budget.h"
#include "view/budget/leaks.h"

struct modules {
    struct mt_profile *profile;
    uint32_t app, libc, linker, libx;
};

static struct modules begin(void) {
    struct modules m = {.profile = build_empty()};
    m.app = build_mapping(m.profile, "/bin/app", 0x1000);
    m.libc = build_mapping(m.profile, "/lib/libc.so.6", 0x200000);
    m.linker = build_mapping(m.profile, "/lib64/ld-linux-x86-64.so.2", 0x400000);
    m.libx = build_mapping(m.profile, "/lib/libx.so", 0x600000);
    return m;
}

/* ---- leaks ----------------------------------------------------------------------------------- */

static void what_the_runtime_keeps_is_no_leak(void **state) {
    (void)state;
    struct modules m = begin();
    struct mt_profile *p = m.profile;
    const uint32_t user = build_frame(p, m.app, "main", "src/a.c", 3),
                   other = build_frame(p, m.libx, "grow", "x.c", 9);
    const uint32_t start = build_frame(p, m.libc, "__libc_start_main", "", 0);
    const uint32_t inside = build_frame(p, m.libc, "some_helper", "", 0);
    const uint32_t locale = build_frame(p, m.libc, "__GI_setlocale", "", 0);
    const uint32_t loader = build_frame(p, m.linker, "allocate_dtv", "", 0);
    const uint32_t rs_init =
        build_frame(p, m.app, "std::rt::init", "/rustc/1/library/std/src/rt.rs", 9);
    const uint32_t rs_start =
        build_frame(p, m.app, "std::rt::lang_start", "/rustc/1/library/std/src/rt.rs", 20);
    const uint32_t rs_main = build_frame(p, m.app, "main", "", 0),
                   c_main = build_frame(p, m.app, "main", "", 0);
    const uint32_t rs_user = build_frame(p, m.app, "app::main", "src/main.rs", 3);
    const uint32_t rs_stdin = build_frame(
        p, m.app,
        "<std::sync::once_lock::OnceLock<std::sync::poison::mutex::Mutex<std::io::buffered::"
        "bufreader::BufReader<std::io::stdio::StdinRaw>>>>::initialize::<F, !>",
        "/rustc/1/library/std/src/sync/once_lock.rs", 1);
    const uint32_t rs_line = build_frame(p, m.app, "std::io::stdio::Stdin::read_line",
                                         "/rustc/1/library/std/src/io/stdio.rs", 1);
    const uint32_t rs_gimli = build_frame(p, m.app, "<gimli::read::Abbreviations>::insert", "", 0);
    const uint32_t rs_trace =
        build_frame(p, m.app, "std::backtrace_rs::symbolize::gimli::resolve",
                    "/rustc/1/library/std/src/../../backtrace/src/symbolize/gimli.rs", 1);
    const uint32_t streams = build_frame(p, m.app, "std::ios_base::sync_with_stdio(bool)", "", 0);
    const uint32_t pool = build_frame(p, m.app, "_GLOBAL__sub_I__ZN9__gnu_cxx9__freeresEv", "", 0);
    const struct {
        uint32_t path[4];
        size_t n;
        bool truncated, leaks;
    } cases[] = {
        {{user, start}, 2, false, true},
        {{inside, user, start}, 3, false, true},
        {{other, start}, 2, false, true},
        {{locale, user, start}, 3, false, false},
        {{inside, locale, user, start}, 4, false, false},
        {{user, locale, start}, 3, false, true}, /* called back by what keeps: its own */
        {{loader, user, start}, 3, false, false},
        {{inside, start}, 2, false, false},
        {{inside}, 1, true, true}, /* what called it is not known */
        {{locale}, 1, true, false},
        {{0}, 0, false, true},
        {{rs_init, rs_start, rs_main, start},
         4,
         false,
         false}, /* what rustc makes is not the program's */
        {{rs_user, rs_start, rs_main, start}, 4, false, true},
        {{c_main, start}, 2, false, true},
        {{rs_stdin, rs_user, rs_start, rs_main}, 4, false, false},
        {{rs_line, rs_user, rs_start, rs_main}, 4, false, true}, /* the program's own text */
        {{rs_gimli, rs_trace, rs_user, start}, 4, false, false},
        {{rs_gimli, rs_user, start}, 3, false, true}, /* of a program that uses the crate itself */
        {{streams, user, start}, 3, false, false},
        {{pool, start}, 2, false, false},
    };
    enum { N = sizeof cases / sizeof *cases };
    for (size_t i = 0; i < N; i++) {
        build_sample(p, 100, cases[i].n, cases[i].path);
        p->samples[i].truncated = cases[i].truncated;
    }
    build_sample(p, 100, 2, cases[0].path);
    p->samples[N].value[MT_VALUE_LIVE_BLOCKS] = 0;
    uint32_t *marks;
    assert_int_equal(mt_leaks_mark(p, false, &marks, NULL), 0);
    for (size_t i = 0; i < N; i++)
        if (marks[i] != (cases[i].leaks ? MT_LEAKED : MT_KEPT_BY_RUNTIME))
            fail_msg("case %zu: %u", i, marks[i]);
    assert_int_equal(marks[N], MT_NOTHING_LIVE);
    free(marks);
    assert_int_equal(mt_leaks_mark(p, true, &marks, NULL), 0);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(marks[i], MT_LEAKED);
    free(marks);
    mt_profile_free(p);
}

/* ---- budgets --------------------------------------------------------------------------------- */

static struct mt_profile *with_totals(uint64_t bytes, uint64_t blocks) {
    struct modules m = begin();
    const uint32_t path = build_frame(m.profile, m.app, "main", "src/a.c", 3);
    build_sample(m.profile, (int64_t)bytes, 1, &path);
    m.profile->info.totals = (struct mt_totals){.live_bytes = bytes,
                                                .live_blocks = blocks,
                                                .peak_bytes = bytes,
                                                .peak_blocks = blocks,
                                                .total_bytes = bytes,
                                                .total_blocks = blocks};
    return m.profile;
}

static enum mt_outcome judge(const struct mt_profile *p, const struct mt_budgets *budgets,
                             enum mt_budget_of of) {
    struct mt_findings findings;
    enum mt_outcome outcome = MT_OUTCOME_UNKNOWN;
    assert_int_equal(mt_budget_check_all(p, budgets, &findings, NULL), 0);
    for (size_t i = 0; i < findings.n; i++)
        if (findings.items[i].of == of)
            outcome = findings.items[i].outcome;
    mt_finding_free_all(&findings);
    return outcome;
}

static enum mt_outcome against(uint64_t baseline, double tolerance, uint64_t now) {
    struct mt_profile *old = with_totals(1000, baseline), *new = with_totals(1000, now);
    const struct mt_budgets budgets = {.baseline = old, .tolerance_percent = tolerance};
    enum mt_outcome outcome = judge(new, &budgets, MT_BUDGET_TOTAL_BLOCKS);
    mt_profile_free(old);
    mt_profile_free(new);
    return outcome;
}

static void a_tolerance_is_rounded_down(void **state) {
    (void)state;
    assert_int_equal(against(101, 5, 106), MT_OUTCOME_KEPT); /* 106.05 are tolerated */
    assert_int_equal(against(101, 5, 107), MT_OUTCOME_BROKEN);
    assert_int_equal(against(100, 5, 105), MT_OUTCOME_KEPT);
    assert_int_equal(against(100, 0, 101), MT_OUTCOME_BROKEN);
    assert_int_equal(against(100, 0, 100), MT_OUTCOME_KEPT);
    assert_int_equal(against(100, 5, 95), MT_OUTCOME_KEPT);
    assert_int_equal(against(100, 5, 94), MT_OUTCOME_IMPROVED);
    assert_int_equal(against(0, 50, 1), MT_OUTCOME_BROKEN);
    assert_int_equal(against((UINT64_C(1) << 60) + 1, 0, (UINT64_C(1) << 60) + 1), MT_OUTCOME_KEPT);
}

static void limits_are_inclusive(void **state) {
    (void)state;
    struct mt_profile *p = with_totals(1000, 7);
    static const enum mt_budget_of kinds[] = {MT_BUDGET_PEAK, MT_BUDGET_LIVE, MT_BUDGET_TOTAL,
                                              MT_BUDGET_TOTAL_BLOCKS};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const uint64_t exact = kinds[i] == MT_BUDGET_TOTAL_BLOCKS ? 7 : 1000;
        struct mt_budget budget = {.of = kinds[i], .limit = exact};
        const struct mt_budgets budgets = {.items = &budget, .n = 1};
        assert_int_equal(judge(p, &budgets, kinds[i]), MT_OUTCOME_KEPT);
        budget.limit = exact - 1;
        assert_int_equal(judge(p, &budgets, kinds[i]), MT_OUTCOME_BROKEN);
    }
    mt_profile_free(p);
}

static void leaks_of_a_process_that_runs_are_unknown(void **state) {
    (void)state;
    struct mt_profile *p = with_totals(1000, 1);
    const struct mt_budget budget = {.of = MT_BUDGET_LEAKS};
    const struct mt_budgets budgets = {.items = &budget, .n = 1};
    assert_int_equal(judge(p, &budgets, MT_BUDGET_LEAKS), MT_OUTCOME_BROKEN);
    p->info.running = true;
    assert_int_equal(judge(p, &budgets, MT_BUDGET_LEAKS), MT_OUTCOME_UNKNOWN);
    mt_profile_free(p);
}

static void assert_why(const struct mt_profile *p, const char *scope, const char *why) {
    struct mt_budget budget = {.of = MT_BUDGET_PEAK, .limit = 300, .scope = scope};
    const struct mt_budgets budgets = {.items = &budget, .n = 1};
    struct mt_findings findings;
    assert_int_equal(mt_budget_check_all(p, &budgets, &findings, NULL), 0);
    assert_int_equal(findings.items[0].outcome, MT_OUTCOME_UNKNOWN);
    assert_string_equal(findings.items[0].why, why);
    mt_finding_free_all(&findings);
}

static void a_scope_that_goes_on_is_not_missing(void **state) {
    (void)state;
    struct mt_profile *p = with_totals(1000, 1);
    struct mt_scope_open open = {.name = mt_profile_intern(p, "parse")};
    assert_why(p, "parse", "the profile has no scopes");
    assert_int_equal(mt_profile_scopes_add_open(&p->info.scopes, &open), 0);
    assert_why(p, "parse", "no scope of this name has ended");
    mt_profile_free(p);
}

/* The one run that took most, of whichever thread or of the process. */
static void a_scope_is_judged_by_its_largest_run(void **state) {
    (void)state;
    struct mt_profile *p = with_totals(1000, 1);
    static const int64_t peaks[] = {100, 300, 200};
    for (int i = 0; i < 3; i++) {
        struct mt_scope scope = {
            .name = mt_profile_intern(p, "parse"), .count = 1, .is_process = i == 1};
        scope.max[MT_SCOPE_PEAK_BYTES] = peaks[i];
        assert_int_equal(mt_profile_scopes_add_totals(&p->info.scopes, &scope), 0);
    }
    struct mt_budget budget = {.of = MT_BUDGET_PEAK, .limit = 300, .scope = "parse"};
    const struct mt_budgets budgets = {.items = &budget, .n = 1};
    assert_int_equal(judge(p, &budgets, MT_BUDGET_PEAK), MT_OUTCOME_KEPT);
    budget.limit = 299;
    assert_int_equal(judge(p, &budgets, MT_BUDGET_PEAK), MT_OUTCOME_BROKEN);
    budget.scope = "pars";
    assert_int_equal(judge(p, &budgets, MT_BUDGET_PEAK), MT_OUTCOME_UNKNOWN);
    mt_profile_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_runtime_keeps_is_no_leak),
        cmocka_unit_test(a_tolerance_is_rounded_down),
        cmocka_unit_test(limits_are_inclusive),
        cmocka_unit_test(a_scope_that_goes_on_is_not_missing),
        cmocka_unit_test(a_scope_is_judged_by_its_largest_run),
        cmocka_unit_test(leaks_of_a_process_that_runs_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
