/* SPDX-License-Identifier: MIT */
/*
 * The allocator's own figures, for those who ask for them (--allocator-stats). mallinfo2, mallctl
 * and their like take the allocator's locks and walk its lists. In the process itself they would
 * wait for a thread that is parked inside malloc for good, and abort on a heap that the program has
 * scribbled on: exit would hang, or end with another status. So they are called in a copy of the
 * process, which may hang or die as it likes:
 *
 *   process                                    copy: its memory is the process's at this instant,
 *                                              copied on write
 *   shared page, clone without an exit signal ─► no handlers, files, terminal, core dump; a timer
 *                                                that ends it
 *   looks for it every few ms                    asks the allocator, writes into the shared page,
 *                                                ends
 *   takes the figures, or the reason     ◄───── (killed when the time is over)
 *
 * The copy is made by the system call, so that no atfork handler runs, and without an exit signal,
 * so that neither a handler for SIGCHLD nor a wait() of the program sees it. It is not allowed to
 * record: the ledger is not mapped there, and the page that says so is wiped, hence the state is
 * set at once.
 *
 * Rejected: asking here when it seems safe (which nobody can know), and fork() (handlers, the lock
 * of stdio). vfork or a thread would share the memory that is to be looked at, and so the locks.
 */
#include "interpose/figures.h"

#include "base/pages.h"
#include "base/text.h"
#include "interpose/next.h"
#include "track/ground/state.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

enum { LIMIT_MS = 2000, LAST_WORD_MS = 200, FIRST_NAP_NS = 50000, LONGEST_NAP_NS = 4000000 };
#define NS_PER_MS       UINT64_C(1000000)
#define ALL_SIGNALS     (~UINT64_C(0))
#define BIT_OF(signal_) (UINT64_C(1) << ((signal_)-1))

/* What the copy hands over. */
struct page {
    uint32_t n;
    uint32_t is_done; /* stored last */
    struct mt_allocator_stat stat[MT_MAX_ALLOCATOR_STATS];
};

static void add(struct page *page, const char *name, uint64_t value) {
    if (page->n >= MT_MAX_ALLOCATOR_STATS)
        return;
    struct mt_allocator_stat *s = &page->stat[page->n++];
    mt_text_put(s->name, s->name + sizeof s->name - 1, name);
    s->value = value;
}

/* ---- what to ask, in the copy ---------------------------------------------------------------- */

static void ask_glibc(struct page *page) {
    struct mallinfo2 (*ask)(void) = (struct mallinfo2(*)(void))mt_next_symbol("mallinfo2");
    if (ask == NULL)
        return;
    struct mallinfo2 m = ask();
    add(page, "arena", m.arena);
    add(page, "uordblks", m.uordblks);
    add(page, "fordblks", m.fordblks);
    add(page, "hblkhd", m.hblkhd);
    add(page, "keepcost", m.keepcost);
}

static void ask_jemalloc(struct page *page) {
    static const char *const name[] = {"stats.allocated", "stats.active", "stats.metadata",
                                       "stats.resident",  "stats.mapped", "stats.retained"};
    int (*ask)(const char *, void *, size_t *, void *, size_t) =
        (int (*)(const char *, void *, size_t *, void *, size_t))mt_next_symbol("mallctl");
    uint64_t epoch = 1;
    size_t bytes = sizeof epoch;
    if (ask == NULL || ask("epoch", &epoch, &bytes, &epoch, bytes) != 0)
        return;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        size_t value = 0;
        bytes = sizeof value;
        if (ask(name[i], &value, &bytes, NULL, 0) == 0)
            add(page, name[i], value);
    }
}

static void ask_tcmalloc(struct page *page) {
    static const char *const name[] = {"generic.current_allocated_bytes", "generic.heap_size",
                                       "tcmalloc.pageheap_free_bytes",
                                       "tcmalloc.pageheap_unmapped_bytes"};
    int (*ask)(const char *, size_t *) =
        (int (*)(const char *, size_t *))mt_next_symbol("MallocExtension_GetNumericProperty");
    for (size_t i = 0; ask != NULL && i < sizeof name / sizeof *name; i++) {
        size_t value = 0;
        if (ask(name[i], &value) != 0)
            add(page, name[i], value);
    }
}

static void ask(struct page *page) {
    if (mt_state.allocator == MT_ALLOCATOR_GLIBC)
        ask_glibc(page);
    else if (mt_state.allocator == MT_ALLOCATOR_JEMALLOC)
        ask_jemalloc(page);
    else
        ask_tcmalloc(page);
    mt_store_release(&page->is_done, 1); /* whoever sees it sees all figures */
}

/* ---- the copy -------------------------------------------------------------------------------- */

/* Cuts the copy off, so that nobody notices what happens in it from here on: no handler of the
 * program prints where it crashed, no message of the allocator comes to standard error or the
 * terminal, and no core file is written. */
static void cut_off(void) {
    static const uint64_t by_default[4] = {0}; /* the kernel's struct sigaction */
    for (int i = 1; i <= 64; i++)
        mt_os_call(SYS_rt_sigaction, i, (long)by_default, 0, sizeof(uint64_t), 0, 0);
    mt_os_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
    mt_os_call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0, 0);
    const struct rlimit none = {0, 0};
    mt_os_call(SYS_prlimit64, 0, RLIMIT_CORE, (long)&none, 0, 0, 0);
    mt_os_call(SYS_setsid, 0, 0, 0, 0, 0, 0);
    if (mt_os_call(SYS_close_range, 0, UINT32_MAX, 0, 0, 0, 0) != 0) /* Linux 5.9 */
        for (int fd = 0; fd <= 2; fd++)
            mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

/* Lets the copy be ended by a timer: perhaps nobody is left to kill it, since the process can be
 * killed itself. */
static void end_by_itself(void) {
    const struct itimerval limit = {.it_value = {.tv_sec = LIMIT_MS / 1000 + 1}};
    const uint64_t blocked = ALL_SIGNALS & ~BIT_OF(SIGALRM);
    mt_os_call(SYS_setitimer, ITIMER_REAL, (long)&limit, 0, 0, 0, 0);
    mt_os_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&blocked, 0, sizeof blocked, 0, 0);
}

_Noreturn static void be_the_copy(struct page *page) {
    mt_page.state = MT_STATE_OFF;
    cut_off();
    end_by_itself();
    ask(page);
    for (;;)
        mt_os_call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

/* ---- the process ----------------------------------------------------------------------------- */

/* Makes the copy, and returns its pid or -errno. Signals are blocked, since no handler of the
 * program may run in the copy before the handlers are gone. */
static long make_copy(struct page *page) {
    const uint64_t all = ALL_SIGNALS;
    uint64_t before = 0;
    mt_os_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, sizeof all, 0, 0);
    long child = mt_os_call(SYS_clone, 0, 0, 0, 0, 0, 0);
    if (child == 0)
        be_the_copy(page);
    mt_os_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before, 0, 0);
    return child;
}

/* Waits for the child. Returns false when it still runs after so many milliseconds. */
static bool has_ended(long child, uint64_t ms, int *status) {
    uint64_t end = mt_os_clock_ns(CLOCK_MONOTONIC) + ms * NS_PER_MS;
    struct timespec nap = {.tv_nsec = FIRST_NAP_NS};
    for (;;) {
        long r = mt_os_call(SYS_wait4, child, (long)status, WNOHANG | __WALL, 0, 0, 0);
        if (r != 0 && r != -EINTR)
            return r == child;
        if (mt_os_clock_ns(CLOCK_MONOTONIC) >= end)
            return false;
        mt_os_call(SYS_nanosleep, (long)&nap, 0, 0, 0, 0, 0);
        if (nap.tv_nsec < LONGEST_NAP_NS)
            nap.tv_nsec *= 2;
    }
}

static uint32_t answer(enum mt_answer why, uint32_t detail) {
    return (uint32_t)why | detail << MT_ANSWER_DETAIL_SHIFT;
}

static void take(const struct page *page) {
    struct mt_ledger_header *h = mt_state.header;
    uint32_t n = page->n < MT_MAX_ALLOCATOR_STATS ? page->n : MT_MAX_ALLOCATOR_STATS;
    for (uint32_t i = 0; i < n; i++)
        h->allocator_stat[i] = page->stat[i];
    mt_store_release(&h->n_allocator_stats, n); /* the figures that it counts are there */
}

static uint32_t ask_a_copy(struct page *page) {
    int status = 0;
    long child = make_copy(page);
    if (mt_os_failed(child))
        return answer(MT_ANSWER_NO_COPY, (uint32_t)-child);
    bool in_time = has_ended(child, LIMIT_MS, &status);
    if (!in_time) { /* once it is dead, init will bury it when this process has ended */
        mt_os_call(SYS_kill, child, SIGKILL, 0, 0, 0, 0);
        has_ended(child, LAST_WORD_MS, &status);
    }
    if (mt_load_acquire(&page->is_done)) { /* the figures of the other process are seen, too */
        take(page);
        return answer(page->n != 0 ? MT_ANSWER_GIVEN : MT_ANSWER_UNKNOWN_ALLOCATOR, 0);
    }
    return in_time ? answer(MT_ANSWER_DIED, WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0)
                   : answer(MT_ANSWER_LATE, 0);
}

/* Tells whether a hook of ours is on the stack. exit() in a signal handler can come while this
 * thread holds the allocator's locks, and then the copy would only waste its time. */
static bool is_inside_a_hook(const struct mt_hook_frame *frame) {
    struct mt_thread *t = mt_self;
    return t != NULL && (mt_thread_is_busy(t) || mt_record_nesting(t, frame) != MT_NESTING_OUTSIDE);
}

static bool is_known(enum mt_allocator allocator) {
    return allocator == MT_ALLOCATOR_GLIBC || allocator == MT_ALLOCATOR_JEMALLOC ||
           allocator == MT_ALLOCATOR_TCMALLOC;
}

static uint32_t ask_for(const struct mt_hook_frame *frame) {
    if (!is_known(mt_state.allocator))
        return answer(MT_ANSWER_UNKNOWN_ALLOCATOR, 0);
    if (!mt_os_may(SYS_clone) || !mt_os_may(SYS_wait4) || !mt_os_may(SYS_kill))
        return answer(MT_ANSWER_CONFINED, 0); /* making a process could be the end of this one */
    if (is_inside_a_hook(frame))
        return answer(MT_ANSWER_IN_HANDLER, 0);
    long r = mt_os_call(SYS_mmap, 0, sizeof(struct page), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mt_os_failed(r))
        return answer(MT_ANSWER_NO_COPY, (uint32_t)-r);
    uint32_t result = ask_a_copy((struct page *)r);
    mt_pages_unmap((void *)r, sizeof(struct page));
    return result;
}

void mt_figures_take(const struct mt_hook_frame *frame) {
    struct mt_ledger_header *h = mt_state.header;
    if (h->allocator_answer == MT_ANSWER_PENDING)
        mt_store_release(&h->allocator_answer, ask_for(frame)); /* the figures are there before */
}
