/* SPDX-License-Identifier: MIT */
/*
 * Memory and time in unit tests: what a piece of code may need, checked by the test that runs it.
 *
 *     #include <cmocka.h>              (or gtest/gtest.h, catch2/catch.hpp, criterion/criterion.h,
 *                                      check.h, or none)
 *     #include <memtrack/expect.h>     (after it)
 *
 *     MEMTRACK_EXPECT_MAX(64 * 1024) {
 *         parse(text);
 *     }
 *
 * The block runs once. When its peak is above the budget, the test fails with a line that says by
 * how much:
 *
 *     test_parse.c:12: MEMTRACK_EXPECT_MAX(64 * 1024): the peak is 73.7 KiB (75,432 bytes), 9.7 KiB
 *     (9,896 bytes) above the budget of 64.0 KiB (65,536 bytes)
 *
 *     MEMTRACK_EXPECT_MAX(bytes)         the most that is live at one time, above what was live
 *                                        before
 *     MEMTRACK_EXPECT_MAX_BLOCKS(n)      at most n allocations, freed or not; a realloc is one
 *     MEMTRACK_EXPECT_NO_LEAKS           no more blocks are allocated than freed
 *     MEMTRACK_EXPECT_NO_ALLOCATIONS     nothing is allocated and nothing freed: code that may not
 *                                        wait
 *     MEMTRACK_EXPECT_PROCESS_...        the same four of all threads; the others are of the
 *                                        calling thread. With several threads the peak is within
 *                                        max(64 KiB, 0.1 % of the process's peak)
 *     MEMTRACK_EXPECT_MAX_NS(ns)         it takes at most so many nanoseconds, by the clock: also
 *                                        where nothing is recorded. Other programs take time, too:
 *                                        a budget that is met on a busy machine is several times
 *                                        what the block usually takes
 *
 * A budget is a number of any arithmetic type, evaluated once and before. Blocks nest; several
 * macros, on lines of their own, may stand before one block; and a block may be left by break,
 * continue, return, goto or an exception: what has run is checked. Not by longjmp, the way in which
 * some frameworks leave a test that has failed already. Each is a scope named FILE:LINE in the
 * profile, so memtrack report --include 'scope:test_parse.c:12' shows what it allocated. With
 * memtrack run --sample, figures are estimates.
 *
 * HOW A TEST FAILS depends on the framework whose header came before this one:
 *
 *     GoogleTest   ADD_FAILURE_AT     and the test goes on
 *     Catch2       as FAIL_CHECK      and the test goes on
 *     Criterion    as cr_expect       and the test goes on
 *     cmocka       as assert_true     the test ends
 *     Check        as ck_abort_msg    the test ends
 *     none         a line on standard error, abort()
 *
 * For any other define, before this header, MEMTRACK_EXPECT_FAIL(file, line, message), which may
 * return, throw, longjmp or end the process: file and message are const char *, line is int. While
 * an exception is on its way, it is what arrives: what MEMTRACK_EXPECT_FAIL throws then becomes a
 * line on standard error. (A longjmp drops the exception.)
 *
 * WHERE NOTHING IS RECORDED (no memtrack run, no libmemtrack.so, recording switched off) the block
 * runs at the price of a few instructions, nothing is checked, and the first one in the process
 * says so on standard error.
 *
 *     MEMTRACK_EXPECT_QUIET      says nothing
 *     MEMTRACK_EXPECT_REQUIRE    is a failure: for the run that is to check
 *
 * Either is a macro, to be defined before this header, or a variable of the environment; that is
 * looked at once, and holds for the whole process: 1 switches on, 0 off. A block that ends in a
 * forked child is the parent's to check. One that cannot be measured for another reason (ended by
 * another thread, too many scopes) fails.
 *
 * C11 or C++11, gcc or clang; nothing has to be linked. Failing may allocate, which an outer block
 * sees.
 */
#ifndef MEMTRACK_EXPECT_H
#define MEMTRACK_EXPECT_H

#include <stdio.h>
#include <stdlib.h>

#include "../memtrack.h"
#include "../memtrack/system.h"

#ifdef __cplusplus
#include <exception>
#endif

#define MEMTRACK_EXPECT_MAX(bytes)                                                                 \
    MEMTRACK_EXPECT_(MEMTRACK_EXPECT_PEAK_, bytes, "MEMTRACK_EXPECT_MAX(" #bytes ")")
#define MEMTRACK_EXPECT_MAX_BLOCKS(n)                                                              \
    MEMTRACK_EXPECT_(MEMTRACK_EXPECT_COUNT_, n, "MEMTRACK_EXPECT_MAX_BLOCKS(" #n ")")
#define MEMTRACK_EXPECT_NO_LEAKS                                                                   \
    MEMTRACK_EXPECT_(MEMTRACK_EXPECT_KEPT_, 0, "MEMTRACK_EXPECT_NO_LEAKS")
#define MEMTRACK_EXPECT_NO_ALLOCATIONS                                                             \
    MEMTRACK_EXPECT_(MEMTRACK_EXPECT_NONE_, 0, "MEMTRACK_EXPECT_NO_ALLOCATIONS")

#define MEMTRACK_EXPECT_MAX_NS(ns)                                                                 \
    MEMTRACK_EXPECT_(MEMTRACK_EXPECT_TIME_, ns, "MEMTRACK_EXPECT_MAX_NS(" #ns ")")

#define MEMTRACK_EXPECT_PROCESS_MAX(bytes)                                                         \
    MEMTRACK_EXPECT_(MEMTRACK_EXPECT_PEAK_ | MEMTRACK_EXPECT_ALL_, bytes,                          \
                     "MEMTRACK_EXPECT_PROCESS_MAX(" #bytes ")")
#define MEMTRACK_EXPECT_PROCESS_MAX_BLOCKS(n)                                                      \
    MEMTRACK_EXPECT_(MEMTRACK_EXPECT_COUNT_ | MEMTRACK_EXPECT_ALL_, n,                             \
                     "MEMTRACK_EXPECT_PROCESS_MAX_BLOCKS(" #n ")")
#define MEMTRACK_EXPECT_PROCESS_NO_LEAKS                                                           \
    MEMTRACK_EXPECT_(MEMTRACK_EXPECT_KEPT_ | MEMTRACK_EXPECT_ALL_, 0,                              \
                     "MEMTRACK_EXPECT_PROCESS_NO_LEAKS")
#define MEMTRACK_EXPECT_PROCESS_NO_ALLOCATIONS                                                     \
    MEMTRACK_EXPECT_(MEMTRACK_EXPECT_NONE_ | MEMTRACK_EXPECT_ALL_, 0,                              \
                     "MEMTRACK_EXPECT_PROCESS_NO_ALLOCATIONS")

/* ---- how a test fails ------------------------------------------------------------------------ */

#if defined(MEMTRACK_EXPECT_FAIL)
#elif defined(ADD_FAILURE_AT) /* GoogleTest */
#define MEMTRACK_EXPECT_FAIL(file, line, message) ADD_FAILURE_AT(file, line) << message
#elif defined(CATCH_VERSION_MAJOR) || defined(CATCH_TEST_MACROS_HPP_INCLUDED)
#include <string>
/* FAIL_CHECK would show the place in this header. */
MEMTRACK_UNSEEN_ static inline void memtrack_expect_catch_(const char *file, int line,
                                                           const char *message) {
    Catch::AssertionHandler handler(
        "MEMTRACK_EXPECT", Catch::SourceLineInfo(file, static_cast<std::size_t>(line)),
        Catch::StringRef(), Catch::ResultDisposition::ContinueOnFailure);
    handler.handleMessage(Catch::ResultWas::ExplicitFailure, std::string(message));
    handler.complete();
}
#define MEMTRACK_EXPECT_FAIL(file, line, message) memtrack_expect_catch_(file, line, message)
#elif defined(CRITERION_H_) || defined(CRITERION_ASSERT_H_) || defined(CRITERION_NEW_ASSERT_H_)
#include <criterion/event.h>
/* cr_expect, too, would show the place in this header. */
MEMTRACK_UNSEEN_ static inline void memtrack_expect_criterion_(const char *file, int line,
                                                               const char *message) {
    struct criterion_assert_stats failed;
    memset(&failed, 0, sizeof failed);
    failed.message = message;
    failed.file = file;
    failed.line = (unsigned)line;
    criterion_send_assert(&failed);
}
#define MEMTRACK_EXPECT_FAIL(file, line, message) memtrack_expect_criterion_(file, line, message)
#elif defined(CMOCKA_H_)
#define MEMTRACK_EXPECT_FAIL(file, line, message) _assert_true(0, message, file, line)
#elif defined(CHECK_H)
#define MEMTRACK_EXPECT_FAIL(file, line, message)                                                  \
    _ck_assert_failed(file, line, "Failed", "%s", message)
#else
#define MEMTRACK_EXPECT_FAIL(file, line, message)                                                  \
    (fprintf(stderr, "%s:%d: %s\n", file, line, message), abort())
#endif

/* ---- how a block runs once, and is checked however it is left -------------------------------- */

enum {
    MEMTRACK_EXPECT_PEAK_ = 1,
    MEMTRACK_EXPECT_COUNT_,
    MEMTRACK_EXPECT_KEPT_,
    MEMTRACK_EXPECT_NONE_,
    MEMTRACK_EXPECT_TIME_,
    MEMTRACK_EXPECT_ALL_ = 8 /* of all threads */
};
enum { MEMTRACK_EXPECT_INSIDE_, MEMTRACK_EXPECT_DONE_ };

struct memtrack_expect_ {
    int of, line, state;
    int problem;       /* what memtrack_begin returned */
    double limit;      /* a double, so that neither -1 nor SIZE_MAX becomes something else */
    uint64_t begin_ns; /* of a time, as is pid, of the process in which it began */
    long pid;
    const char *file, *text;
    memtrack_scope scope;
};

#ifdef __cplusplus
#define MEMTRACK_EXPECT_NUMBER_(number) static_cast<double>(number)
#else
#define MEMTRACK_EXPECT_NUMBER_(number) ((double)(number))
#endif

#define MEMTRACK_EXPECT_STRING_2_(tokens) #tokens
#define MEMTRACK_EXPECT_STRING_(tokens)   MEMTRACK_EXPECT_STRING_2_(tokens)

/* The second test of the inner condition is the normal end of the block; leaving early runs the
 * cleanup alone. There is no initialiser: to clear the scope would be most of what a block costs
 * that is not recorded. */
#define MEMTRACK_EXPECT_(of, limit, text)                                                          \
    MEMTRACK_EXPECT_AS_(MEMTRACK_JOIN_(memtrack_expect_once_, __LINE__),                           \
                        MEMTRACK_JOIN_(memtrack_expect_, __LINE__), (of),                          \
                        MEMTRACK_EXPECT_NUMBER_(limit), text)
#define MEMTRACK_EXPECT_AS_(once, e, of, limit, text)                                              \
    for (int once = 1; once; once = 0)                                                             \
        for (struct memtrack_expect_ e __attribute__((cleanup(memtrack_expect_left_)));            \
             once ? (once = 0,                                                                     \
                    memtrack_expect_begin_(&e, of, limit, text, __FILE__, __LINE__,                \
                                           __FILE__ ":" MEMTRACK_EXPECT_STRING_(__LINE__)))        \
                  : memtrack_expect_left_(&e);)

/* ---- where nothing is recorded --------------------------------------------------------------- */

#ifdef MEMTRACK_EXPECT_REQUIRE
#define MEMTRACK_EXPECT_REQUIRED_HERE_ 1
#else
#define MEMTRACK_EXPECT_REQUIRED_HERE_ 0
#endif
#ifdef MEMTRACK_EXPECT_QUIET
#define MEMTRACK_EXPECT_QUIET_HERE_ 1
#else
#define MEMTRACK_EXPECT_QUIET_HERE_ 0
#endif

enum {
    MEMTRACK_EXPECT_LOOKED_ = 1, /* the environment was looked at */
    MEMTRACK_EXPECT_SPOKEN_ = 2,
    MEMTRACK_EXPECT_REQUIRE_ON_ = 4,
    MEMTRACK_EXPECT_REQUIRE_OFF_ = 8,
    MEMTRACK_EXPECT_QUIET_ON_ = 16,
    MEMTRACK_EXPECT_QUIET_OFF_ = 32
};

/* It is weak: all objects of a program share one variable, so that the program speaks once. Bits
 * are only ever added, in any order. */
#ifdef __cplusplus
extern "C" {
#endif
extern int memtrack_expect_policy_ __attribute__((weak, visibility("default")));
int memtrack_expect_policy_ = 0;
#ifdef __cplusplus
}
#endif

MEMTRACK_UNSEEN_ static inline int memtrack_expect_variable_(const char *name, int on, int off) {
    const char *value = getenv(name);
    return !value || !*value ? 0 : strcmp(value, "0") == 0 ? off : on;
}

MEMTRACK_UNSEEN_ static inline int memtrack_expect_look_(void) {
    int policy = __atomic_load_n(&memtrack_expect_policy_, __ATOMIC_RELAXED);
    if (policy & MEMTRACK_EXPECT_LOOKED_)
        return policy;
    policy = MEMTRACK_EXPECT_LOOKED_ |
             memtrack_expect_variable_("MEMTRACK_EXPECT_REQUIRE", MEMTRACK_EXPECT_REQUIRE_ON_,
                                       MEMTRACK_EXPECT_REQUIRE_OFF_) |
             memtrack_expect_variable_("MEMTRACK_EXPECT_QUIET", MEMTRACK_EXPECT_QUIET_ON_,
                                       MEMTRACK_EXPECT_QUIET_OFF_);
    return policy | __atomic_fetch_or(&memtrack_expect_policy_, policy, __ATOMIC_RELAXED);
}

MEMTRACK_UNSEEN_ static inline int memtrack_expect_is_required_(int policy) {
    return (policy & MEMTRACK_EXPECT_REQUIRE_ON_) ||
           (MEMTRACK_EXPECT_REQUIRED_HERE_ && !(policy & MEMTRACK_EXPECT_REQUIRE_OFF_));
}

/* Returns 1 for the one block that is to speak, 0 for all others. */
MEMTRACK_UNSEEN_ static inline int memtrack_expect_speaks_(int policy) {
    if ((policy & (MEMTRACK_EXPECT_SPOKEN_ | MEMTRACK_EXPECT_QUIET_ON_)) ||
        (MEMTRACK_EXPECT_QUIET_HERE_ && !(policy & MEMTRACK_EXPECT_QUIET_OFF_)))
        return 0;
    return !(
        __atomic_fetch_or(&memtrack_expect_policy_, MEMTRACK_EXPECT_SPOKEN_, __ATOMIC_RELAXED) &
        MEMTRACK_EXPECT_SPOKEN_);
}

/* ---- what is said ---------------------------------------------------------------------------- */

struct memtrack_expect_text_ {
    char text[96];
};

/* Returns "75,432", whatever the locale. */
MEMTRACK_UNSEEN_ static inline struct memtrack_expect_text_ memtrack_expect_count_(double number) {
    struct memtrack_expect_text_ out;
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%.0f",
                     number < 0      ? -number
                     : number < 1e20 ? number
                                     : 1e20),
        length = 0;
    if (number < 0)
        out.text[length++] = '-';
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            out.text[length++] = ',';
        out.text[length++] = digits[i];
    }
    out.text[length] = 0;
    return out;
}

/* Returns "3 blocks". */
MEMTRACK_UNSEEN_ static inline struct memtrack_expect_text_ memtrack_expect_of_(double number,
                                                                                const char *unit) {
    struct memtrack_expect_text_ out, count = memtrack_expect_count_(number);
    snprintf(out.text, sizeof out.text, "%.40s %.20s%s", count.text, unit, number == 1 ? "" : "s");
    return out;
}

/* Returns "73.7 KiB (75,432 bytes)" or "512 bytes". */
MEMTRACK_UNSEEN_ static inline struct memtrack_expect_text_ memtrack_expect_size_(double bytes) {
    static const char units[] = "KMGTPE";
    struct memtrack_expect_text_ out, exact = memtrack_expect_of_(bytes, "byte");
    double value = bytes / 1024;
    int unit = 0;
    if (!(bytes >= 1024))
        return exact;
    for (; unit < 5 && value >= 1023.95; unit++)
        value /= 1024;
    int tenths = (int)(value * 10 + 0.5);
    snprintf(out.text, sizeof out.text, "%d.%d %ciB (%.50s)", tenths / 10, tenths % 10, units[unit],
             exact.text);
    return out;
}

/* ---- the check ------------------------------------------------------------------------------- */

/* While an exception is on its way, one that failing throws would end the process: it is caught. */
MEMTRACK_UNSEEN_ static inline void memtrack_expect_fail_(const struct memtrack_expect_ *e,
                                                          const char *what) {
    char message[600];
    snprintf(message, sizeof message, "%.200s%s: %.380s", e->text,
             strlen(e->text) > 200 ? "..." : "", what);
#if defined(__cplusplus) && defined(__EXCEPTIONS)
#ifdef __cpp_lib_uncaught_exceptions
    if (std::uncaught_exceptions() > 0) {
#else
    if (std::uncaught_exception()) {
#endif
        try {
            MEMTRACK_EXPECT_FAIL(e->file, e->line, message);
        } catch (...) {
            fprintf(stderr, "%s:%d: %s\n", e->file, e->line,
                    message); /* it may be the only one to have told */
        }
        return;
    }
#endif
    MEMTRACK_EXPECT_FAIL(e->file, e->line, message);
}

MEMTRACK_UNSEEN_ static inline void memtrack_expect_unrecorded_(const struct memtrack_expect_ *e) {
    int policy = memtrack_expect_look_();
    if (memtrack_expect_is_required_(policy))
        memtrack_expect_fail_(e,
                              "nothing is recorded here: run the test as memtrack run -- PROGRAM");
    else if (memtrack_expect_speaks_(policy))
        fprintf(stderr,
                "%s:%d: note: %.200s and the like are not checked, as nothing is recorded here: "
                "run the test as "
                "memtrack run -- PROGRAM, or set MEMTRACK_EXPECT_QUIET=1\n",
                e->file, e->line, e->text);
}

/* Writes what is wrong, and returns whether something is. */
MEMTRACK_UNSEEN_ static inline int memtrack_expect_judge_(const struct memtrack_expect_ *e,
                                                          const memtrack_delta *d, char what[380]) {
    int of = e->of & ~MEMTRACK_EXPECT_ALL_;
    double actual =
        of == MEMTRACK_EXPECT_PEAK_ ? (double)d->peak_bytes : (double)d->allocated_blocks;
    if (of == MEMTRACK_EXPECT_KEPT_) {
        if (d->net_blocks > 0)
            snprintf(what, 380, "%s of %s %s not freed",
                     memtrack_expect_of_((double)d->net_blocks, "block").text,
                     memtrack_expect_size_((double)d->net_bytes).text,
                     d->net_blocks == 1 ? "was" : "were");
        return d->net_blocks > 0;
    }
    if (of == MEMTRACK_EXPECT_NONE_) {
        if (d->allocated_blocks || d->freed_blocks)
            snprintf(what, 380, "%s of %s %s allocated, %s freed",
                     memtrack_expect_of_(actual, "block").text,
                     memtrack_expect_size_((double)d->allocated_bytes).text,
                     actual == 1 ? "was" : "were",
                     memtrack_expect_of_((double)d->freed_blocks, "block").text);
        return d->allocated_blocks || d->freed_blocks;
    }
    if (actual <= e->limit && e->limit >= 0)
        return 0;
    if (!(e->limit >= 0))
        snprintf(what, 380, "the budget is not a number from 0 on");
    else if (of == MEMTRACK_EXPECT_PEAK_)
        snprintf(what, 380, "the peak is %s, %s above the budget of %s",
                 memtrack_expect_size_(actual).text, memtrack_expect_size_(actual - e->limit).text,
                 memtrack_expect_size_(e->limit).text);
    else
        snprintf(what, 380, "%s %s allocated, %s above the budget of %s",
                 memtrack_expect_of_(actual, "block").text, actual == 1 ? "was" : "were",
                 memtrack_expect_count_(actual - e->limit).text,
                 memtrack_expect_count_(e->limit).text);
    return 1;
}

/* It is a scope as well, where there are scopes: the profile shows it like the others. */
MEMTRACK_UNSEEN_ static inline int memtrack_expect_begin_time_(struct memtrack_expect_ *e,
                                                               const char *place) {
    memtrack_begin_at(&e->scope, place, e->file, (uint32_t)e->line);
    e->pid = (long)getpid();
    e->begin_ns = memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_);
    return 1;
}

MEMTRACK_UNSEEN_ static inline void memtrack_expect_end_time_(struct memtrack_expect_ *e) {
    char what[380];
    double ns = (double)(memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_) - e->begin_ns);
    e->state = MEMTRACK_EXPECT_DONE_;
    memtrack_end(&e->scope, NULL);
    if (e->pid != (long)getpid() || (ns <= e->limit && e->limit >= 0))
        return;
    if (!(e->limit >= 0))
        snprintf(what, sizeof what, "the budget is not a number from 0 on");
    else
        snprintf(what, sizeof what, "it took %s ns, %s ns above the budget of %s ns",
                 memtrack_expect_count_(ns).text, memtrack_expect_count_(ns - e->limit).text,
                 memtrack_expect_count_(e->limit).text);
    memtrack_expect_fail_(e, what);
}

MEMTRACK_UNSEEN_ static inline int memtrack_expect_begin_(struct memtrack_expect_ *e, int of,
                                                          double limit, const char *text,
                                                          const char *file, int line,
                                                          const char *place) {
    const char *slash;
    e->of = of;
    e->limit = limit;
    e->text = text;
    e->file = file;
    e->line = line;
    e->state = MEMTRACK_EXPECT_DONE_;
    if (!memtrack_is_tracing() && of != MEMTRACK_EXPECT_TIME_) {
        memtrack_expect_unrecorded_(e);
        return 1;
    }
    slash = strrchr(place, '/');
    if (slash)
        place = slash + 1;
    e->state = MEMTRACK_EXPECT_INSIDE_;
    if (of == MEMTRACK_EXPECT_TIME_)
        return memtrack_expect_begin_time_(e, place);
    e->problem = of & MEMTRACK_EXPECT_ALL_
                     ? memtrack_begin_process_at(&e->scope, place, file, (uint32_t)line)
                     : memtrack_begin_at(&e->scope, place, file, (uint32_t)line);
    return 1;
}

/* Ends a block, once, whatever failing does: the state is changed first. */
MEMTRACK_UNSEEN_ static inline void memtrack_expect_end_(struct memtrack_expect_ *e) {
    memtrack_delta delta;
    char what[380];
    int rc = memtrack_end(&e->scope, &delta);
    e->state = MEMTRACK_EXPECT_DONE_;
    if (rc == -MEMTRACK_EFORKED)
        return;
    if (e->problem || (rc && rc != -MEMTRACK_EORDER)) {
        snprintf(what, sizeof what,
                 "cannot be measured: memtrack_%s returned %d (memtrack/error.h)",
                 e->problem ? "begin" : "end", e->problem ? e->problem : rc);
        memtrack_expect_fail_(e, what);
    } else if (memtrack_expect_judge_(e, &delta, what))
        memtrack_expect_fail_(e, what);
    else if (!memtrack_is_tracing()) /* it was switched off meanwhile: there may have been more */
        memtrack_expect_unrecorded_(e);
}

/* Returns 0: the block does not run again. */
MEMTRACK_UNSEEN_ static inline int memtrack_expect_left_(struct memtrack_expect_ *e) {
    if (e->state == MEMTRACK_EXPECT_INSIDE_ && e->of == MEMTRACK_EXPECT_TIME_)
        memtrack_expect_end_time_(e);
    else if (e->state == MEMTRACK_EXPECT_INSIDE_)
        memtrack_expect_end_(e);
    return 0;
}

#endif
