/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -mno-red-zone
/*
 * Signal handlers that fork, wherever they have interrupted the program: in the allocator, half of
 * the time in the recorder. In the child the handler (having allocated, every other time) returns,
 * what it interrupted goes on, and the child allocates before it ends. Allowed only on an allocator
 * without state to tear (bump.c).
 *
 * `fork_in_handler HOW storm FORKS [threads]`: a timer, at random. `fork_in_handler HOW EVENT
 * STEP`: one event, and a fork after each STEP-th instruction of the recorder's in it. HOW the
 * handler forks: fork, _Fork or syscall.
 *
 * Right: each child ends with status 0, and so does the parent, which counts its own allocations.
 * With "within" for HOW the child ends in the handler.
 */
#include "stepping.h"
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { N_BLOCKS = 64, CHILD_BLOCKS = 20, CHILD_BYTES = 7777, STEPPED = 100, MORE = 300 };

static const char *how;
static volatile sig_atomic_t n_forks, n_failed, is_child;
static long most;
static void *volatile stepped;
static volatile long countdown;

static pid_t fork_now(void) {
    if (!strcmp(how, "_Fork"))
        return _Fork();
    if (!strcmp(how, "syscall"))
        return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    return fork();
}

/* What a child does that has come back from the handler. */
__attribute__((noinline)) static void live(void) {
    static void *block[CHILD_BLOCKS];
    for (int i = 0; i < CHILD_BLOCKS; i++)
        block[i] = need(malloc(CHILD_BYTES));
    for (int i = 0; i < CHILD_BLOCKS; i += 2)
        free(block[i]);
    _exit(0);
}

static void fork_here(void) {
    int status = 0;
    pid_t pid = fork_now();
    if (pid == 0) {
        is_child = 1;
        alarm(20);
        int is_within = !strcmp(how, "within");
        if (n_forks % 2 || is_within)
            free(need(malloc(10)));
        if (is_within)
            _exit(0);
        return;
    }
    n_forks++;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        if (n_failed++ == 0)
            fprintf(stderr, "fork %d: pid %d, status %x\n", (int)n_forks, (int)pid,
                    (unsigned)status);
    }
}

static void on_alarm(int signal) {
    (void)signal;
    if (!is_child && n_forks < most)
        fork_here();
}

static void churn(void **block, uint64_t *state) {
    uint32_t random = next_random(state);
    void **slot = &block[random % N_BLOCKS];
    if (random & 1024) {
        *slot = need(realloc(*slot, random % 500 + 1));
    } else {
        free(*slot);
        *slot = need(malloc(random % 300));
    }
}

static void *other(void *stop) {
    static void *block[N_BLOCKS];
    uint64_t state = 7;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    for (int i = 0; !*(volatile sig_atomic_t *)stop; i++) {
        churn(block, &state);
        if (i % 4 == 0) /* memory is not given back */
            nanosleep(&(struct timespec){0, 20000}, NULL);
    }
    return NULL;
}

static void storm(int with_threads) {
    static void *block[N_BLOCKS];
    static volatile sig_atomic_t stop;
    uint64_t state = 1;
    pthread_t id;
    if (with_threads && pthread_create(&id, NULL, other, (void *)&stop))
        die("pthread_create");
    signal(SIGALRM, on_alarm);
    while (n_forks < most) {
        setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 60 + (long)(state >> 33) % 90}},
                  NULL);
        for (int i = 0; i < 2000 && !is_child; i++)
            churn(block, &state);
        if (is_child)
            live();
    }
    stop = 1;
    if (with_threads)
        pthread_join(id, NULL);
}

/* ---- at each instruction --------------------------------------------------------------------- */

static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)info;
    if (!is_in_recorder(context) || countdown-- > 0)
        return;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~0x100L; /* no more steps */
    fork_here();
}

__attribute__((noinline)) static void stepped_malloc(void) {
    trap_on();
    stepped = malloc(STEPPED);
    trap_off();
}

__attribute__((noinline)) static void stepped_free(void) {
    trap_on();
    free(stepped);
    trap_off();
}

__attribute__((noinline)) static void stepped_realloc(void) {
    trap_on();
    stepped = realloc(stepped, MORE);
    trap_off();
}

static const struct {
    const char *name;
    void (*event)(void);
} kinds[] = {{"malloc", stepped_malloc}, {"free", stepped_free}, {"realloc", stepped_realloc}};

/* False: the event ended before its k-th instruction. */
static int fork_at(void (*event)(void), long k) {
    int before = n_forks;
    stepped = event == stepped_malloc ? NULL : need(malloc(STEPPED));
    countdown = k;
    event();
    if (is_child)
        live();
    return n_forks != before;
}

static void *first_of_thread(void *k) {
    return (void *)(long)fork_at(stepped_malloc, (long)k);
}

static int fork_in_thread(long k) {
    pthread_t id;
    void *forked;
    if (pthread_create(&id, NULL, first_of_thread, (void *)k))
        die("pthread_create");
    pthread_join(id, &forked);
    return (int)(long)forked;
}

static void steps(const char *name, long step_by) {
    find_recorder();
    if (text_end == 0)
        return;
    handle_traps(on_trap);
    if (!strcmp(name, "thread"))
        for (long k = 0; fork_in_thread(k); k += step_by)
            ;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (long k = 0; !strcmp(name, kinds[i].name) && fork_at(kinds[i].event, k); k += step_by)
            ;
}

int main(int argc, char **argv) {
    if (argc < 4)
        die("usage: fork_in_handler HOW EVENT NUMBER [threads]");
    how = argv[1];
    most = atol(argv[3]);
    if (!strcmp(argv[2], "storm"))
        storm(argc > 4);
    else
        steps(argv[2], most);
    printf("%d forks, %d failed\n", (int)n_forks, (int)n_failed);
    return n_failed != 0;
}
