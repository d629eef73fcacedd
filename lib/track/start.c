/* SPDX-License-Identifier: MIT */
/*
 * Starting to record. The first hook of a process gets here with nothing initialised, possibly
 * before any constructor has run, inside the dynamic loader. So: raw system calls only, no libc
 * state, every failure ends in "not recording" and never in the target's way.
 */
#include "track/start.h"

#include "base/atomic.h"
#include "base/loader.h"
#include "base/text.h"
#include "track/clear.h"
#include "track/fork.h"
#include "track/ground/left.h"
#include "track/ground/state.h"
#include "track/lines/records.h"
#include "track/live/live.h"
#include "track/mappings/ranges.h"
#include "track/process/confinement.h"
#include "track/process/memory_limit.h"
#include "track/process/only.h"
#include "track/process/program.h"
#include "track/request.h"
#include "track/scopes/hooks.h"
#include "track/scopes/scopes.h"
#include "track/scopes/tallies.h"
#include "track/tables/codes.h"
#include "track/tables/identities.h"
#include "track/tables/metadata.h"
#include "track/tables/modules.h"
#include "track/tables/names.h"
#include "track/tables/paths.h"
#include "track/tables/saved.h"
#include "track/tables/sites.h"
#include "track/thread/ceiling.h"
#include "track/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

/* Makes the directory if need be, and tells whether it is this user's and nobody else can put files
 * into it. */
static bool is_private_directory(const char *path) {
    struct stat st = {0};
    mt_os_call(SYS_mkdirat, AT_FDCWD, (long)path, 0700, 0, 0, 0);
    long fd = mt_os_call(SYS_openat, AT_FDCWD, (long)path,
                         O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, 0, 0);
    if (mt_os_failed(fd))
        return false;
    long r = mt_os_call(SYS_fstat, fd, (long)&st, 0, 0, 0, 0);
    mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return r == 0 && st.st_uid == (uid_t)mt_os_call(SYS_geteuid, 0, 0, 0, 0, 0, 0) &&
           (st.st_mode & 077) == 0;
}

/* Makes PARENT/memtrack-UID, and a ledger in it. Returns 0 or -errno. */
static int create_below(const char *parent) {
    static char path[MT_DIRECTORY_BYTES + 32]; /* one thread starts at a time */
    if (parent[0] != '/')
        return -ENOENT;
    const char *end = path + sizeof path - 1;
    char *p = mt_text_put(mt_text_put(path, end, parent), end, "/memtrack-");
    mt_text_put_number(p, end, (uint32_t)mt_os_call(SYS_geteuid, 0, 0, 0, 0, 0, 0));
    return is_private_directory(path) ? mt_writer_create(&mt_state.ledger, path) : -EACCES;
}

/* Makes a ledger in the first directory that will do. Returns 0 or -errno. */
static int create_ledger(void) {
    const struct mt_options *o = &mt_state.options;
    const char *const parents[] = {o->runtime_directory, "/dev/shm", o->temporary_directory,
                                   "/tmp"};
    if (o->directory[0])
        return mt_writer_create(&mt_state.ledger, o->directory);
    int error = -ENOENT;
    for (size_t i = 0; i < sizeof parents / sizeof *parents && error != 0; i++)
        error = create_below(parents[i]);
    return error;
}

static uint32_t flags(bool forked, bool off) {
    const struct mt_options *o = &mt_state.options;
    uint32_t usable = mt_state.usable_size != NULL ? MT_FLAG_USABLE : MT_FLAG_NO_USABLE;
    return (o->usable ? usable : 0u) | (o->exact_peak ? MT_FLAG_EXACT_PEAK : 0u) |
           (o->lines ? MT_FLAG_LINES : 0u) | (o->check_unwind ? MT_FLAG_CHECK_UNWIND : 0u) |
           (forked ? MT_FLAG_FORKED : 0u) | (mt_state.preceding != NULL ? MT_FLAG_PRECEDED : 0u) |
           (off ? MT_FLAG_DORMANT : 0u) | (mt_state.ledger.is_in_forks ? MT_FLAG_IN_FORKS : 0u) |
           (!forked && !off ? MT_FLAG_COMPLETE : 0u);
}

static void fill_header(bool forked, bool off) {
    const struct mt_options *o = &mt_state.options;
    struct mt_ledger_header *h = mt_state.header;
    mt_state.unusual = off || mt_options_are_unusual(o);
    mt_program_name(h);
    h->flags = flags(forked, off);
    h->sample_bytes = o->sample_bytes;
    h->max_frames = (uint32_t)o->frames;
    h->bounds.limit_bytes = o->limit_bytes;
    h->bounds.aborts = o->limit_aborts;
    h->bounds.until_ns = o->until_ns;
    h->allocator = mt_state.allocator;
    h->allocator_answer = o->allocator_stats ? MT_ANSWER_PENDING : MT_ANSWER_NOT_ASKED;
    __builtin_memcpy(h->ignored_options, o->ignored, sizeof h->ignored_options);
    h->control.epoch = 1; /* sites begin with at_peak.epoch 0, which says that nothing is saved */
    if (mt_state.preceding != NULL)
        for (size_t i = 0; mt_state.preceding[i] && i + 1 < sizeof h->preceding; i++)
            h->preceding[i] = mt_state.preceding[i];
    if (mt_state.allocator_path != NULL) {
        size_t n = mt_text_bytes(mt_state.allocator_path);
        h->allocator_path = mt_writer_put_text(&mt_state.ledger, mt_state.allocator_path, n);
    }
}

static bool start_all(bool forked, bool off) {
    mt_state.header = mt_state.ledger.header;
    fill_header(forked, off);
    mt_request_start(off);
    mt_clear_start();
    mt_saved_start();
    mt_ceiling_start();
    mt_rules_init(mt_modules_find);
    mt_ranges_start();
    mt_codes_start();
    mt_hooks_start();
    mt_tallies_start();
    mt_metadata_start();
    mt_lines_records_start();
    return mt_modules_start() && mt_names_start() && mt_scopes_start() && mt_paths_start() &&
           mt_identities_start() && mt_sites_start() && mt_live_start() && mt_threads_start();
}

/* Returns how large the ledger may become. If no option says so, that is an eighth of the memory
 * that the process may use, since few programs need theirs to the last byte. */
static uint64_t max_ledger(void) {
    enum { PART = 8, LEAST = 2 << 20 };
    if (mt_state.options.max_ledger != MT_LEDGER_BY_LIMIT)
        return mt_state.options.max_ledger;
    uint64_t bound = mt_memory_limit() / PART;
    return bound != 0 && bound < (uint64_t)LEAST ? (uint64_t)LEAST : bound;
}

void mt_start_read_options(void) {
    if (mt_state.options_read)
        return;
    mt_confinement_look(); /* before any other system call */
    mt_options_read(&mt_state.options);
    mt_state.options_read = true;
}

/* Tells whether recording begins switched off. */
static bool begins_off(bool forked) {
    const struct mt_options *o = &mt_state.options;
    return (forked ? mt_state.off : o->dormant) ||
           (o->until_ns != 0 && mt_os_clock_ns(CLOCK_MONOTONIC) >= o->until_ns);
}

/* Tells whether this process is to be recorded. Under another libc's loader it is not: every call
 * is passed on there, and nothing is recorded. */
static bool is_wanted(int pid) {
    uint64_t only = mt_state.options.only_pid;
    return mt_loader_is_glibc() && (only == 0 || only == (uint64_t)pid) &&
           mt_only_wants(mt_state.options.only, mt_state.options.called);
}

/* Makes the memory of the recorder this process's own, for the first time. Or it does so again,
 * because a handler has left the start by longjmp: then what there was of a ledger goes first. */
static void begin_process(void) {
    if (mt_page.has_begun) {
        mt_state.was_left = true;
        mt_state.header = NULL;
        mt_writer_remove(&mt_state.ledger);
    } else if (mt_state.pid != 0) {
        mt_state.is_forked = true;
        mt_state.was_left = mt_state.is_copied = false;
        mt_writer_forget(&mt_state.ledger); /* the ledger is the parent's */
    }
    mt_page.has_begun = 1;
    mt_state.interrupted = NULL;
    mt_state.n_processes++;
    mt_state.pid = mt_os_pid();
    mt_lock_forked();
    mt_state.growth_lock = (struct mt_lock){0};
    /* Under a limit every change is published, as if there were several threads from the start. */
    mt_state.is_shared = mt_state.options.limit_bytes != 0;
    mt_state.many_threads =
        mt_state.is_shared || !mt_os_may(SYS_membarrier); /* see mt_state_share_early */
    mt_state.missed = 0;
    mt_state.header = NULL;
}

static bool start(void) {
    mt_start_read_options();
    if (mt_state.said_by == mt_os_pid()) /* its ledger says that no call would come */
        mt_writer_remove(&mt_state.ledger);
    mt_state.said_by = 0;
    uint32_t parent = (uint32_t)mt_state.pid;
    struct mt_ledger_header *family = parent != 0 ? mt_state.ledger.family : NULL;
    mt_state.ledger.family = NULL;
    begin_process();
    if (!is_wanted(mt_state.pid) ||
        (mt_state.ledger.is_in_forks && mt_os_is_process(mt_state.pid) != MT_OS_YES))
        return false;
    mt_state.ledger.max_bytes = max_ledger();
    int error = create_ledger();
    /* Otherwise this process has begun anew: see begin_process. */
    bool is_new = parent != 0 && parent != (uint32_t)mt_state.pid;
    if (error != 0) {
        mt_writer_count_unrecorded(&mt_state.ledger, is_new ? family : NULL, -error);
        return false;
    }
    if (family != NULL)
        mt_os_call(SYS_munmap, (long)family, MT_OS_PAGE, 0, 0, 0, 0);
    bool forked = mt_state.is_forked;
    if (is_new) /* the parent may have ended, and the kernel name init instead */
        mt_state.ledger.header->ppid = parent;
    bool started = start_all(forked, begins_off(forked));
    if (!started) {
        /* No ledger, which is noticed, is better than one that says that nothing was allocated. */
        mt_writer_remove(&mt_state.ledger);
        mt_state.header = NULL;
    }
    return started;
}

/*
 * Tells whether a handler that had interrupted an event has forked this process (fork.c). That
 * event goes on as soon as the handler returns, and until then nothing may begin anew. Meanwhile
 * the process is counted in its parent as one without a ledger: if the handler never returns, it
 * stays one.
 */
static bool is_going_on(const struct mt_hook_frame *frame) {
    const struct mt_thread *interrupted = mt_state.interrupted;
    if (interrupted != NULL && interrupted != mt_self)
        return mt_thread_is_busy(interrupted);
    return mt_state.pid != 0 && mt_fork_is_inside(frame);
}

static void count_as_unrecorded(bool is) {
    struct mt_ledger_header *family = mt_state.ledger.family;
    if (mt_state.is_unrecorded == is || family == NULL)
        return;
    mt_state.is_unrecorded = is;
    if (is)
        mt_writer_count_unrecorded(&mt_state.ledger, family, EINTR);
    else
        mt_add_relaxed(&family->unrecorded_forks, UINT32_MAX); /* this count is read alone */
}

/* Waits for another thread that is starting, and that may have been ended in the middle of it.
 * Returns true when it is up to this thread to start. */
static bool takes_over(uint64_t starter) {
    enum { NAPS = 1000, NAP_NS = 200000 };
    for (int i = 0; i < NAPS && mt_load_relaxed(&mt_page.state) == MT_STATE_UNKNOWN; i++)
        if (!mt_os_nap(NAP_NS))
            return false;
    /* The load may be relaxed: taking starter is what orders. */
    return mt_load_relaxed(&mt_page.state) == MT_STATE_UNKNOWN &&
           mt_replace_acquire(&mt_page.starter, &starter, (uint64_t)&mt_self);
}

/* Tells whether this thread is to start recording: nobody else does, or this one has begun to and
 * has left it. */
static bool may_start(const struct mt_hook_frame *frame) {
    uint64_t starter = 0, me = (uint64_t)&mt_self;
    /* Acquire: what a starter before this one has left is seen. */
    if (mt_replace_acquire(&mt_page.starter, &starter, me))
        return true;
    if (starter != me)
        return takes_over(starter);
    return mt_page.starting == 0 || mt_left_fate(mt_page.starting, frame) == MT_FATE_LEFT;
}

/* Starts with signals blocked. A handler that came in the middle of a start could only make
 * trouble, for itself too; so it is called right afterwards. Signals that come at once or never are
 * let through. */
static bool start_undisturbed(void) {
    static const int at_once[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
    uint64_t mask = UINT64_MAX, before;
    for (size_t i = 0; i < sizeof at_once / sizeof *at_once; i++)
        mask &= ~(UINT64_C(1) << (at_once[i] - 1));
    long r =
        mt_os_call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&mask, (long)&before, sizeof mask, 0, 0);
    bool started = start();
    if (r == 0)
        mt_os_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before, 0, 0);
    return started;
}

void mt_start(const struct mt_hook_frame *frame) {
    if (mt_state.is_bypassed)
        return;
    bool is_interrupted = mt_unlikely(is_going_on(frame));
    count_as_unrecorded(is_interrupted);
    if (is_interrupted || !may_start(frame)) {
        mt_add_relaxed(&mt_state.missed, 1); /* this count is read alone */
        return;
    }
    mt_page.starting = (uint64_t)frame;
    if (mt_load_relaxed(&mt_page.state) != MT_STATE_UNKNOWN)
        return; /* a handler that came in between has started it */
    mt_start_read_options();
    mt_state.ledger.is_in_forks =
        mt_os_call(SYS_madvise, (long)&mt_page, sizeof mt_page, MADV_WIPEONFORK, 0, 0, 0) != 0;
    bool started = start_undisturbed();
    if (started)
        mt_confinement_expect();
    uint64_t state = !started ? MT_STATE_OFF : mt_state.off ? MT_STATE_DORMANT : MT_STATE_FIRST;
    mt_store_release(&mt_page.state, state); /* whoever sees it sees all that was started */
}

void mt_start_say_preceded(void) {
    mt_start_read_options();
    if (!is_wanted(mt_os_pid()) || create_ledger() != 0)
        return;
    mt_state.said_by = mt_os_pid();
    mt_state.header = mt_state.ledger.header;
    fill_header(false, false);
    mt_state.header = NULL;
}
