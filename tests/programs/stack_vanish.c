/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -fno-optimize-sibling-calls
// libs: -lpthread
/*
 * `stack_vanish THREADS ROUNDS SEED libc|raw|honest`: coroutines on stacks that are mapped,
 * unmapped, cut short, moved and protected at random between two runs, always around the same
 * addresses, so that what a stack was before its memory went is still remembered by who remembers
 * stacks. They are entered by makecontext and by hand: then what lies above the first frame is what
 * some other coroutine has left there, return addresses among it, up to the very end of the
 * mapping. Some frames have no unwind tables and an rbp that points into what has gone. Natively
 * nothing of this is ever read. raw: without libc's functions; honest: without the lies, so that
 * every path can be followed to its end.
 *
 * Pages that are unmapped belong to whoever asks first, the recorder too: they are mapped again
 * only where nobody has.
 */
#include "../support/raw_syscall.h"
#include "lying_frame.h"
#include "target.h"
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { PAGE = 4096, ARENA_PAGES = 192, MOST_PAGES = 64 };

struct worker {
    char *arena;
    bool is_mapped[ARENA_PAGES];
    uint64_t random;
    char *low, *high; /* the stack of the present coroutine */
    ucontext_t home, context;
    void *home_sp;
    int depth;
};

static __thread struct worker *me;
static bool raw, honest;

static void must(long result) {
    if (result < 0 && result > -4096)
        die("system call: %ld", result);
}

static bool map_page(char *at) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, rw = PROT_READ | PROT_WRITE;
    if (raw)
        return raw_syscall(9, (long)at, PAGE, rw, flags, -1, 0) == (long)at;
    return mmap(at, PAGE, rw, flags, -1, 0) == at;
}

static void protect_page(char *at, int protection) {
    if (raw)
        must(raw_syscall(10, (long)at, PAGE, protection, 0, 0, 0));
    else if (mprotect(at, PAGE, protection))
        die("mprotect");
}

/* All of them can be used, or not all can be had. */
static bool map_pages(char *at, size_t pages) {
    bool *is_mapped = &me->is_mapped[(at - me->arena) / PAGE];
    for (size_t i = 0; i < pages; i++, at += PAGE) {
        if (is_mapped[i])
            protect_page(at, PROT_READ | PROT_WRITE);
        else if (!map_page(at))
            return false;
        is_mapped[i] = true;
    }
    return true;
}

static void unmap_pages(char *at, size_t pages) {
    bool *is_mapped = &me->is_mapped[(at - me->arena) / PAGE];
    for (size_t i = 0; i < pages; i++, at += PAGE) {
        if (is_mapped[i] && raw)
            must(raw_syscall(11, (long)at, PAGE, 0, 0, 0, 0));
        else if (is_mapped[i] && munmap(at, PAGE))
            die("munmap");
        is_mapped[i] = false;
    }
}

static void protect_pages(char *at, size_t pages) {
    for (size_t i = 0; i < pages; i++, at += PAGE)
        if (me->is_mapped[(at - me->arena) / PAGE])
            protect_page(at, PROT_NONE);
}

static unsigned below(unsigned n) {
    return (unsigned)(next_random(&me->random) % n);
}

static void leaf(void) {
    free(need(malloc(1 + below(300))));
}

/* void enter(void *top, void **save): goes on in body at the very top of another stack, with
 * garbage in rbp. */
__asm__(".text\n"
        ".globl enter\n"
        ".type enter,@function\n"
        "enter:\n"
        "  push %rbx\n"
        "  push %rbp\n"
        "  push %r12\n"
        "  push %r13\n"
        "  push %r14\n"
        "  push %r15\n"
        "  mov %rsp, (%rsi)\n"
        "  mov %rdi, %rsp\n"
        "  mov %rdx, %rbp\n"
        "  jmp body\n"
        ".size enter,.-enter\n"
        ".globl leave_to\n"
        ".type leave_to,@function\n"
        "leave_to:\n"
        "  mov %rdi, %rsp\n"
        "  pop %r15\n"
        "  pop %r14\n"
        "  pop %r13\n"
        "  pop %r12\n"
        "  pop %rbp\n"
        "  pop %rbx\n"
        "  ret\n"
        ".size leave_to,.-leave_to\n");
void enter(void *top, void **save, void *rbp);
_Noreturn void leave_to(void *sp);
void body(void);

static void *somewhere(void) {
    char *at = me->arena + below(ARENA_PAGES * PAGE / 8) * 8ul;
    return below(4) ? at : me->high - 8 * below(64);
}

__attribute__((noinline)) static int descend(int depth);

__attribute__((noinline)) static int wide(int depth) {
    volatile char pad[2000];
    pad[0] = 1;
    int result = descend(depth - 1) + pad[0];
    pad[1] = 0;
    return result;
}

__attribute__((noinline)) static int descend(int depth) {
    volatile char pad[100];
    pad[0] = 1;
    if (below(8) == 0)
        leaf();
    if (below(16) == 0 && !honest)
        through(somewhere(), leaf);
    if ((char *)__builtin_frame_address(0) - me->low < 3 * PAGE || depth <= 0) {
        leaf();
        return 1;
    }
    return (below(4) ? descend : wide)(depth - 1) + pad[0];
}

void body(void) {
    me->depth = descend(me->depth);
    if (me->home_sp)
        leave_to(me->home_sp);
    swapcontext(&me->context, &me->home);
}

/* What a frame of body would return to: into a function with a large frame, or anything. */
static void litter(char *top) {
    uint64_t *word = (uint64_t *)(void *)top;
    for (int i = 1; i <= 24; i++)
        word[-i] = honest     ? 0
                   : below(2) ? (uint64_t)wide + 20 + below(60)
                   : below(2) ? (uint64_t)somewhere()
                              : 0;
}

static void run_coroutine(void) {
    me->depth = (int)below(300);
    me->home_sp = NULL;
    if (below(2)) {
        getcontext(&me->context);
        me->context.uc_stack.ss_sp = me->low;
        me->context.uc_stack.ss_size = (size_t)(me->high - me->low);
        me->context.uc_link = NULL;
        makecontext(&me->context, body, 0);
        swapcontext(&me->home, &me->context);
    } else {
        char *top = me->high - 8 - 16 * below(8);
        litter(me->high);
        enter(top, &me->home_sp, somewhere());
    }
}

static void change(char *base, size_t pages) {
    size_t some = 1 + below((unsigned)pages);
    switch (below(6)) {
    case 0:
        unmap_pages(base, pages);
        break;
    case 1:
        unmap_pages(base + some * PAGE - PAGE, pages - some + 1);
        break;
    case 2:
        protect_pages(base + below((unsigned)pages) * PAGE, 1);
        break;
    case 3:
        protect_pages(base, pages);
        break;
    case 4:
        madvise(base, pages * PAGE, MADV_DONTNEED);
        break;
    default:
        break;
    }
}

static void *work(void *seed) {
    static struct worker workers[16];
    static int n_workers;
    extern long rounds;
    struct worker *w = me = &workers[__atomic_fetch_add(&n_workers, 1, __ATOMIC_RELAXED)];
    w->random = (uint64_t)seed;
    w->arena = mmap(NULL, ARENA_PAGES * PAGE, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (w->arena == MAP_FAILED)
        die("mmap");
    for (int i = 0; i < ARENA_PAGES; i++)
        w->is_mapped[i] = true;
    for (long i = 0; i < rounds; i++) {
        size_t pages = 8 + below(MOST_PAGES - 8);
        char *base = w->arena + below(4) * 32ul * PAGE;
        if (!map_pages(base, pages))
            continue;
        if (below(2) && base + pages * PAGE < w->arena + ARENA_PAGES * PAGE)
            protect_pages(base + pages * PAGE, 1);
        w->low = base;
        w->high = base + pages * PAGE;
        run_coroutine();
        if (below(3) == 0)
            leaf();
        change(base, pages);
    }
    return NULL;
}

long rounds;

int main(int argc, char **argv) {
    pthread_t thread[16];
    if (argc != 5)
        die("usage: stack_vanish THREADS ROUNDS SEED libc|raw|honest");
    int n = atoi(argv[1]) & 15;
    rounds = atol(argv[2]);
    raw = argv[4][0] == 'r';
    honest = argv[4][0] == 'h';
    uint64_t seed = (uint64_t)atol(argv[3]) * 77;
    for (int i = 1; i < n; i++)
        if (pthread_create(&thread[i], NULL, work, (void *)(seed + (uint64_t)i)))
            die("pthread_create");
    work((void *)seed);
    for (int i = 1; i < n; i++)
        pthread_join(thread[i], NULL);
    puts("still here");
    return 0;
}
