/* SPDX-License-Identifier: MIT */
/* Figures of memtrack/usage.h, a line each: usage of PID | peak | nested | wait. */
// libs: -lpthread
#include <memtrack/usage.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static void print(const char *name, const memtrack_usage *u) {
    printf("%s %llu %llu %llu %llu %llu %u\n", name, (unsigned long long)u->rss_bytes,
           (unsigned long long)u->pss_bytes, (unsigned long long)u->uss_bytes,
           (unsigned long long)u->swap_bytes, (unsigned long long)u->peak_rss_bytes, u->known);
}

static void print_peak(const char *name, int rc, const memtrack_peak *p) {
    printf("%s %d %llu %llu %llu %d\n", name, rc, (unsigned long long)p->before.rss_bytes,
           (unsigned long long)p->peak_rss_bytes, (unsigned long long)p->after.rss_bytes,
           p->is_exact);
}

/* Has so many MiB for a moment. */
static void touch(void *mebibytes) {
    size_t bytes = *(size_t *)mebibytes * MIB;
    char *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(block, 1, bytes);
    munmap(block, bytes);
}

static void *touch_in_thread(void *mebibytes) {
    memtrack_peak peak;
    memtrack_usage_peak(touch, mebibytes, MEMTRACK_PEAK_RESET, &peak);
    return NULL;
}

/* The peak is before another thread makes the kernel forget it. */
static void forgotten(void *unused) {
    size_t much = 96, little = 8;
    pthread_t thread;
    (void)unused;
    touch(&much);
    pthread_create(&thread, NULL, touch_in_thread, &little);
    pthread_join(thread, NULL);
}

static int wait_for_child(void) {
    memtrack_usage usage;
    size_t mebibytes = 80;
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        touch(&mebibytes);
        _exit(7);
    }
    int rc = memtrack_usage_wait(child, &status, &usage);
    print("wait", &usage);
    printf("status %d %d again %d\n", rc, status >> 8, memtrack_usage_wait(child, NULL, NULL));
    return 0;
}

int main(int argc, char **argv) {
    memtrack_usage usage;
    memtrack_peak peak;
    size_t large = 64, small = 32, largest = 128;
    if (argc > 2) {
        int rc = memtrack_usage_of(atoi(argv[2]), &usage);
        print("of", &usage);
        memtrack_usage_quick(atoi(argv[2]), &usage);
        print("quick", &usage);
        return rc ? 1 : 0;
    }
    if (argc > 1 && strcmp(argv[1], "wait") == 0)
        return wait_for_child();
    print_peak("first", memtrack_usage_peak(touch, &large, 0, &peak), &peak);
    print_peak("below", memtrack_usage_peak(touch, &small, 0, &peak), &peak);
    print_peak("above", memtrack_usage_peak(touch, &largest, 0, &peak), &peak);
    print_peak("reset", memtrack_usage_peak(touch, &small, MEMTRACK_PEAK_RESET, &peak), &peak);
    print_peak("outer", memtrack_usage_peak(forgotten, NULL, MEMTRACK_PEAK_RESET, &peak), &peak);
    print_peak("wrong", memtrack_usage_peak(NULL, NULL, 0, &peak), &peak);
    return 0;
}
