/* SPDX-License-Identifier: MIT */
/*
 * The reader's half of a cut (ledger/layout.h tells the whole):
 *
 *   lock ── odd number into request.cut ── barrier ── wait for the events under way
 *        ── read ── even number ── unlock
 *
 * The barrier is the kernel's (membarrier): a thread that began an event just before the number was
 * stored may have the odd sequence that says so still in its store buffer, where nobody sees it.
 * After the barrier it is seen.
 *
 * Threads are waited for one by one. One that is ready to run will leave its event as soon as it
 * gets a processor, which on a crowded machine takes longer than any event; one that is stopped
 * will not leave it, and then there is nothing to wait for and the cut goes through the middle of
 * that event.
 *
 * A reader that dies within a cut leaves an odd number and no lock: the next one goes on with the
 * next odd number.
 *
 * Rejected: stopping the process (SIGSTOP is seen by its parent, ptrace needs rights and breaks
 * debuggers); reading twice until nothing has changed (a busy process never stands still).
 */
#include "ledger/cut.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "ledger/control.h"
#include "ledger/ledger-local.h"

#define LOCK_WAIT_NS  UINT64_C(2000000000)
#define EVENT_WAIT_NS UINT64_C(50000000)
#define READY_WAIT_NS UINT64_C(1000000000) /* for a thread that waits for a processor */
#define PAUSE_NS      200000

/* ---- small things ---------------------------------------------------------------------------- */

static void pause_for(long ns) {
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static int take_lock(const struct mt_ledger *ledger, int fd, struct mt_error *error) {
    uint64_t give_up = mt_clock_now_ns() + LOCK_WAIT_NS;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return mt_ledger_control_failed(ledger, error);
        if (mt_clock_now_ns() > give_up)
            return mt_error_set(error, MEMTRACK_EIO, "Try again, with fewer readers at once.",
                                "process %u: its ledger is busy: others have read it for 2 seconds",
                                mt_ledger_process(ledger));
        pause_for(PAUSE_NS);
    }
    return 0;
}

/* Waits until every store that a thread of the process did before now can be seen. */
static void store_barrier(void) {
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0)
        pause_for(1000000); /* no store stays in a processor's buffer for so long */
}

/* Returns whether the thread of a bank will not leave its event however long one waits. */
static bool is_hopeless(const struct mt_ledger *ledger, const struct mt_bank *bank,
                        uint64_t waited_ns) {
    if (waited_ns < 2 * PAUSE_NS)
        return false;
    switch (mt_process_thread_state(mt_ledger_process(ledger), bank->tid)) {
    case 'R':
    case 'D': /* the thread is in a page fault, or its ledger grows */
        return waited_ns > READY_WAIT_NS;
    case 'T':
    case 't':
    case 'Z':
    case 'X':
        return true;
    default: /* 0, because in another pid namespace it has another number */
        return waited_ns > EVENT_WAIT_NS;
    }
}

/* Returns false when the thread of the bank is inside an event that it may leave half done. */
static bool wait_for_bank(struct mt_ledger *ledger, size_t id, const struct mt_bank *seen) {
    uint64_t begin = mt_clock_now_ns();
    struct mt_bank bank = *seen;
    for (bool is_last = false;;) {
        if (bank.sequence != seen->sequence)
            return true;
        if (is_last)
            return false;
        /* It may have left the event just before it went to sleep. */
        is_last = is_hopeless(ledger, &bank, mt_clock_now_ns() - begin);
        if (!is_last)
            pause_for(PAUSE_NS);
        if (!mt_ledger_file_read_chunk(&ledger->file, MT_EXTENT_BANKS, id / MT_BANKS_PER_CHUNK,
                                       id % MT_BANKS_PER_CHUNK, 1, &bank))
            return false;
    }
}

/* A thread that has ended left its last event, unless the whole process ended inside of that
 * event. */
static bool is_inside(const struct mt_ledger *ledger, const struct mt_bank *bank, bool is_live) {
    if (!(bank->sequence & 1))
        return false;
    bool same_names = mt_ledger_process(ledger) == ledger->info.pid;
    return !is_live || !same_names ||
           mt_process_thread_state(mt_ledger_process(ledger), bank->tid) != 0;
}

/* Returns true when no event that began before now is still under way. */
static bool settle(struct mt_ledger *ledger, bool is_live) {
    struct mt_bank banks[MT_BANKS_PER_CHUNK];
    bool all_out = true;
    for (size_t i = 0; i < ledger->file.arrays[MT_EXTENT_BANKS].n_chunks; i++) {
        size_t n = mt_ledger_file_read_chunk(&ledger->file, MT_EXTENT_BANKS, i, 0,
                                             MT_BANKS_PER_CHUNK, banks);
        for (size_t j = 0; j < n; j++) {
            size_t id = i * MT_BANKS_PER_CHUNK + j;
            if (id == 0 || id >= ledger->info.n_banks || !is_inside(ledger, &banks[j], is_live))
                continue;
            if (!is_live || !all_out || !wait_for_bank(ledger, id, &banks[j]))
                all_out = false; /* one is enough; there may be hundreds that never leave */
        }
    }
    return all_out;
}

/* ---- cuts ------------------------------------------------------------------------------------ */

static int begin(struct mt_ledger *ledger, struct mt_error *error) {
    union mt_request request;
    off_t offset = MT_HEADER_OFFSET(control.request);
    if (pread(ledger->cut.fd, &request, sizeof request, offset) != (ssize_t)sizeof request)
        return mt_ledger_control_failed(ledger, error);
    uint32_t number = (request.cut | 1) + (request.cut & 1) * 2;
    if (!mt_ledger_file_pwrite(ledger->cut.fd, MT_REQUEST_OFFSET(cut), &number, sizeof number))
        return mt_ledger_control_failed(ledger, error);
    ledger->cut.number = number;
    store_barrier();
    return 0;
}

int mt_ledger_cut_begin(struct mt_ledger *ledger, struct mt_error *error) {
    mt_ledger_cut_end(ledger);
    ledger->cut.is_begun = true;
    ledger->cut.is_exact = false;
    bool is_live = mt_ledger_is_live(ledger);
    int rc = 0;
    if (is_live) {
        int fd = mt_ledger_control_open(ledger, error);
        if (fd < 0)
            return fd;
        ledger->cut.fd = fd;
        rc = take_lock(ledger, fd, error);
        if (rc == 0)
            rc = begin(ledger, error);
    }
    if (rc == 0)
        rc = mt_ledger_refresh(ledger, error); /* the threads whose banks are waited for */
    if (rc == 0) {
        ledger->cut.is_exact = settle(ledger, is_live);
        rc = mt_ledger_refresh(ledger, error); /* acquire: what those events have made */
    }
    if (rc != 0) {
        ledger->cut.is_exact = false;
        mt_ledger_cut_end(ledger);
    }
    return rc;
}

/* Returns whether every thread found room for what it had to keep, and the cut is still this
 * reader's. */
static bool is_whole(struct mt_ledger *ledger) {
    struct mt_bank banks[MT_BANKS_PER_CHUNK];
    union mt_request request;
    if (pread(ledger->file.fd, &request, sizeof request, MT_HEADER_OFFSET(control.request)) !=
            (ssize_t)sizeof request ||
        request.cut != ledger->cut.number)
        return false;
    for (size_t i = 0; i < ledger->file.arrays[MT_EXTENT_BANKS].n_chunks; i++) {
        size_t n = mt_ledger_file_read_chunk(&ledger->file, MT_EXTENT_BANKS, i, 0,
                                             MT_BANKS_PER_CHUNK, banks);
        for (size_t j = 0; j < n; j++)
            if (banks[j].saved.cut == ledger->cut.number && banks[j].saved.unsaved != 0)
                return false;
    }
    return true;
}

void mt_ledger_cut_end(struct mt_ledger *ledger) {
    if (ledger->cut.number != 0)
        ledger->cut.is_exact = mt_ledger_cut_is_exact(ledger);
    mt_ledger_saved_release(&ledger->cut);
}

bool mt_ledger_cut_is_exact(const struct mt_ledger *ledger) {
    if (!ledger->cut.is_begun)
        return !mt_ledger_is_live(ledger);
    /* reading counts damage, which belongs to the ledger's past: the cast keeps that out of the
     * interface */
    return ledger->cut.is_exact &&
           (ledger->cut.number == 0 || is_whole((struct mt_ledger *)ledger));
}
