/* SPDX-License-Identifier: MIT */
/*
 * The counting oracle: a preload object that counts what a program asks of its allocator, by means
 * that share nothing with the tracker: one lock around everything, one table of live blocks, no
 * call paths, no threads' banks, no epochs. It is slow and simple enough to be believed by reading
 * it.
 *
 * Its counters live in a shared file, COUNT_DIR/PID.N, so that they survive every way to end; a
 * fork begins a new one. The definitions are the tracker's: requested bytes of successful calls, a
 * realloc is a free and an allocation, a block is temporary when the next event of its thread frees
 * it. Calls inside calls (operator new calling malloc) count once.
 *
 * It forwards to the next object that defines a symbol, so it can stand alone, behind the tracker
 * or before an allocator.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Read by counting.py: keep both in step. */
struct counters {
    uint64_t blocks, bytes, freed_blocks, freed_bytes, temporary, failed, unknown, live_bytes,
        peak_bytes, live_blocks, peak_blocks, usable_bytes, live_usable_bytes, threads;
};

struct entry {
    uintptr_t address; /* 0: empty, 1: deleted */
    uint64_t bytes, usable;
};

static struct counters *total;
static struct entry *table;
static size_t capacity, used; /* used counts deleted entries too */
static atomic_flag lock = ATOMIC_FLAG_INIT;
static _Thread_local int depth __attribute__((tls_model("initial-exec")));
static _Thread_local uintptr_t last __attribute__((tls_model("initial-exec")));
static _Thread_local bool seen __attribute__((tls_model("initial-exec")));
static bool measure_usable;

/* ---- the real functions ---------------------------------------------------------------------- */

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    void *(*memalign)(size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    size_t (*malloc_usable_size)(void *);
} real;

/* dlsym may allocate while it looks: it gets memory from here, which is never freed. */
static char bootstrap[65536] __attribute__((aligned(64)));
static atomic_size_t bootstrap_used;

static bool is_bootstrap(const void *block) {
    return (uintptr_t)block - (uintptr_t)bootstrap < sizeof bootstrap;
}

static void *bootstrap_take(size_t bytes) {
    size_t at = atomic_fetch_add(&bootstrap_used, (bytes + 63) & ~(size_t)63);
    return at + bytes <= sizeof bootstrap ? bootstrap + at : NULL;
}

static void *next(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

/* Debian's jemalloc has no pvalloc. The next one is libc's, whose blocks jemalloc cannot free. */
static void *next_of_the_same(const char *name, void *other) {
    Dl_info a, b;
    void *found = next(name);
    return found && dladdr(found, &a) && dladdr(other, &b) && a.dli_fbase == b.dli_fbase ? found
                                                                                         : NULL;
}

/* From here on the counters are shared with the outside; what they held stays. */
static void share_counters(void) {
    char path[4096];
    const char *directory = getenv("COUNT_DIR");
    for (int i = 0; directory && i < 10000; i++) {
        snprintf(path, sizeof path, "%s/%d.%d", directory, (int)getpid(), i);
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd >= 0 && !ftruncate(fd, 4096) && pwrite(fd, total, sizeof *total, 0) == sizeof *total)
            total = mmap(total, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
        if (fd >= 0)
            close(fd);
        break;
    }
}

static void private_counters(void) {
    total = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void grow(void) {
    struct entry *old = table;
    size_t old_capacity = capacity;
    capacity = total->live_blocks * 4 + 65536;
    table = mmap(NULL, capacity * sizeof *table, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (table == MAP_FAILED)
        abort();
    used = 0;
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].address <= 1)
            continue;
        size_t at = (old[i].address >> 4) % capacity;
        while (table[at].address)
            at = (at + 1) % capacity;
        table[at] = old[i];
        used++;
    }
    if (old)
        munmap(old, old_capacity * sizeof *old);
}

static void before_fork(void) {
    while (atomic_flag_test_and_set(&lock))
        ;
}

static void after_fork_parent(void) {
    atomic_flag_clear(&lock);
}

static void after_fork_child(void) {
    munmap(table, capacity * sizeof *table);
    munmap(total, 4096);
    table = NULL;
    capacity = used = 0;
    last = 0;
    private_counters();
    total->threads = 1;
    share_counters();
    atomic_flag_clear(&lock);
}

static void initialise(void) {
    static atomic_int state;
    if (atomic_load(&state) == 2)
        return;
    if (atomic_exchange(&state, 1) == 1)
        return; /* re-entered by dlsym */
    depth++;
    real.free = next("free");
    real.malloc_usable_size = next("malloc_usable_size");
    real.memalign = next("memalign");
    real.aligned_alloc = next("aligned_alloc");
    real.posix_memalign = next("posix_memalign");
    real.valloc = next("valloc");
    real.pvalloc = next_of_the_same("pvalloc", (void *)real.free);
    real.realloc = next("realloc");
    real.calloc = next("calloc");
    real.malloc = next("malloc");
    private_counters();
    depth--;
    atomic_store(&state, 2);
}

__attribute__((constructor)) static void install(void) {
    initialise();
    measure_usable = getenv("COUNT_USABLE") != NULL;
    share_counters(); /* not earlier: libc has no environment before its own constructor */
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* ---- counting -------------------------------------------------------------------------------- */

static struct entry *find(uintptr_t address) {
    if (!capacity)
        return NULL;
    for (size_t at = (address >> 4) % capacity; table[at].address; at = (at + 1) % capacity)
        if (table[at].address == address)
            return &table[at];
    return NULL;
}

static void insert(uintptr_t address, uint64_t bytes, uint64_t usable) {
    if (used * 2 >= capacity)
        grow();
    size_t at = (address >> 4) % capacity;
    while (table[at].address > 1)
        at = (at + 1) % capacity;
    used += table[at].address == 0;
    table[at] = (struct entry){address, bytes, usable};
}

static void take_lock(void) {
    while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
        ;
    if (!seen) {
        seen = true;
        total->threads++;
    }
}

static void give_lock(void) {
    atomic_flag_clear_explicit(&lock, memory_order_release);
}

static void *allocated(void *block, uint64_t bytes) {
    if (depth)
        return block;
    int saved_errno = errno;
    uint64_t usable = block && measure_usable ? real.malloc_usable_size(block) : 0;
    take_lock();
    if (block) {
        insert((uintptr_t)block, bytes, usable);
        total->blocks++;
        total->bytes += bytes;
        total->usable_bytes += usable;
        total->live_usable_bytes += usable;
        total->live_blocks++;
        total->live_bytes += bytes;
        if (total->live_bytes > total->peak_bytes) {
            total->peak_bytes = total->live_bytes;
            total->peak_blocks = total->live_blocks;
        }
        last = (uintptr_t)block;
    } else {
        total->failed++;
    }
    give_lock();
    errno = saved_errno;
    return block;
}

static void *refused(void) {
    if (!depth) {
        take_lock();
        total->failed++;
        give_lock();
    }
    return NULL;
}

/* Takes the block out of the table; was receives what it was, so that a failed realloc can put it
 * back. */
static void freed(void *block, struct entry *was, bool *was_last) {
    was->address = 0;
    if (depth || !block)
        return;
    take_lock();
    struct entry *entry = find((uintptr_t)block);
    *was_last = last == (uintptr_t)block;
    if (entry) {
        *was = *entry;
        entry->address = 1;
        total->freed_blocks++;
        total->freed_bytes += was->bytes;
        total->live_blocks--;
        total->live_bytes -= was->bytes;
        total->live_usable_bytes -= was->usable;
        total->temporary += *was_last;
    } else {
        total->unknown++;
    }
    last = 0;
    give_lock();
}

static void restore(void *block, const struct entry *was, bool was_last) {
    if (!was->address) {
        if (!depth && block) {
            take_lock();
            total->unknown--;
            give_lock();
        }
        return;
    }
    take_lock();
    insert(was->address, was->bytes, was->usable);
    total->freed_blocks--;
    total->freed_bytes -= was->bytes;
    total->live_blocks++;
    total->live_bytes += was->bytes;
    total->live_usable_bytes += was->usable;
    total->temporary -= was_last;
    if (was_last)
        last = (uintptr_t)block;
    give_lock();
}

static void leave(int *unused) {
    (void)unused;
    depth--;
}

/* One call of the real thing; what it calls in turn is not counted. A throwing operator new leaves
 * through here too. */
#define INSIDE(expression)                                                                         \
    ({                                                                                             \
        __attribute__((cleanup(leave))) int inside_ = depth++;                                     \
        (void)inside_;                                                                             \
        (expression);                                                                              \
    })

/* ---- malloc and its family ------------------------------------------------------------------- */

void *malloc(size_t bytes) {
    initialise();
    if (!real.malloc)
        return bootstrap_take(bytes);
    return allocated(INSIDE(real.malloc(bytes)), bytes);
}

static size_t saturated(size_t n, size_t bytes) {
    size_t product;
    return __builtin_mul_overflow(n, bytes, &product) ? SIZE_MAX : product;
}

void *calloc(size_t n, size_t bytes) {
    initialise();
    if (!real.calloc)
        return bootstrap_take(n * bytes);
    return allocated(INSIDE(real.calloc(n, bytes)), saturated(n, bytes));
}

void free(void *block) {
    struct entry was;
    bool was_last;
    initialise();
    if (!block || is_bootstrap(block))
        return;
    freed(block, &was, &was_last);
    depth++;
    real.free(block);
    depth--;
}

void *realloc(void *block, size_t bytes) {
    struct entry was;
    bool was_last = false;
    initialise();
    if (is_bootstrap(block)) {
        void *copy = malloc(bytes);
        return copy ? memcpy(copy, block, bytes) : NULL;
    }
    freed(block, &was, &was_last);
    void *result = INSIDE(real.realloc(block, bytes));
    if (!result && block && bytes) {
        restore(block, &was, was_last);
        return refused();
    }
    return !result && block ? NULL : allocated(result, bytes);
}

/* Not forwarded: libc's own calls realloc by its public name, which belongs to whoever stands in
 * front. */
void *reallocarray(void *block, size_t n, size_t bytes) {
    size_t product;
    initialise();
    if (__builtin_mul_overflow(n, bytes, &product)) {
        errno = ENOMEM;
        return refused();
    }
    return realloc(block, product);
}

void *memalign(size_t alignment, size_t bytes) {
    initialise();
    return allocated(INSIDE(real.memalign(alignment, bytes)), bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    initialise();
    return allocated(INSIDE(real.aligned_alloc(alignment, bytes)), bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
    initialise();
    int code = INSIDE(real.posix_memalign(out, alignment, bytes));
    if (code == 0)
        allocated(*out, bytes);
    else
        refused();
    return code;
}

void *valloc(size_t bytes) {
    initialise();
    return allocated(INSIDE(real.valloc(bytes)), bytes);
}

void *pvalloc(size_t bytes) {
    initialise();
    if (real.pvalloc)
        return allocated(INSIDE(real.pvalloc(bytes)), bytes);
    return allocated(INSIDE(real.memalign(4096, (bytes + 4095) & ~(size_t)4095)), bytes);
}

/* ---- operator new and delete, by their mangled names ----------------------------------------- */

#define NEW(symbol, PARAMETERS, ...)                                                               \
    void *symbol PARAMETERS;                                                                       \
    void *symbol PARAMETERS {                                                                      \
        static void *(*call)PARAMETERS;                                                            \
        initialise();                                                                              \
        if (!call)                                                                                 \
            call = (void *(*)PARAMETERS)next(#symbol);                                             \
        void *block = INSIDE(call(__VA_ARGS__));                                                   \
        return allocated(block, bytes);                                                            \
    }

#define DELETE(symbol, PARAMETERS, ...)                                                            \
    void symbol PARAMETERS;                                                                        \
    void symbol PARAMETERS {                                                                       \
        static void(*call) PARAMETERS;                                                             \
        struct entry was;                                                                          \
        bool was_last;                                                                             \
        initialise();                                                                              \
        if (!call)                                                                                 \
            call = (void(*) PARAMETERS)next(#symbol);                                              \
        freed(block, &was, &was_last);                                                             \
        depth++;                                                                                   \
        call(__VA_ARGS__);                                                                         \
        depth--;                                                                                   \
    }

NEW(_Znwm, (size_t bytes), bytes)
NEW(_Znam, (size_t bytes), bytes)
NEW(_ZnwmRKSt9nothrow_t, (size_t bytes, const void *tag), bytes, tag)
NEW(_ZnamRKSt9nothrow_t, (size_t bytes, const void *tag), bytes, tag)
NEW(_ZnwmSt11align_val_t, (size_t bytes, size_t alignment), bytes, alignment)
NEW(_ZnamSt11align_val_t, (size_t bytes, size_t alignment), bytes, alignment)
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t bytes, size_t alignment, const void *tag), bytes,
    alignment, tag)
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t bytes, size_t alignment, const void *tag), bytes,
    alignment, tag)
DELETE(_ZdlPv, (void *block), block)
DELETE(_ZdaPv, (void *block), block)
DELETE(_ZdlPvm, (void *block, size_t bytes), block, bytes)
DELETE(_ZdaPvm, (void *block, size_t bytes), block, bytes)
DELETE(_ZdlPvRKSt9nothrow_t, (void *block, const void *tag), block, tag)
DELETE(_ZdaPvRKSt9nothrow_t, (void *block, const void *tag), block, tag)
DELETE(_ZdlPvSt11align_val_t, (void *block, size_t alignment), block, alignment)
DELETE(_ZdaPvSt11align_val_t, (void *block, size_t alignment), block, alignment)
DELETE(_ZdlPvmSt11align_val_t, (void *block, size_t bytes, size_t alignment), block, bytes,
       alignment)
DELETE(_ZdaPvmSt11align_val_t, (void *block, size_t bytes, size_t alignment), block, bytes,
       alignment)
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *block, size_t alignment, const void *tag), block,
       alignment, tag)
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *block, size_t alignment, const void *tag), block,
       alignment, tag)
