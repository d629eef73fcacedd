/* SPDX-License-Identifier: MIT */
/*
 * Which functions of memtrack.h do something in a process that is not recorded, if a program asks
 * for timers: MEMTRACK_UNTRACKED_(F, arguments, untracked) is what memtrack_F does there. For
 * memtrack.h alone.
 *
 * MEMTRACK_TIMED_F has two arguments where there is a memtrack_local_F, and is a word of no meaning
 * elsewhere; so the third of what follows is one thing or the other.
 */
#ifndef MEMTRACK_LOCAL_API_H
#define MEMTRACK_LOCAL_API_H

#if defined(MEMTRACK_TIMERS) && !defined(MEMTRACK_IMPLEMENTATION) && !defined(MEMTRACK_REQUIRED)
#define MEMTRACK_THIRD_(a, b, c, ...) c
#define MEMTRACK_CHOOSE_(...)         MEMTRACK_THIRD_(__VA_ARGS__)
#define MEMTRACK_UNTRACKED_(name, arguments, untracked)                                            \
    MEMTRACK_CHOOSE_(MEMTRACK_TIMED_##name, memtrack_local_##name arguments, (untracked), 0)

#define MEMTRACK_TIMED_begin            0, 0
#define MEMTRACK_TIMED_begin_at         0, 0
#define MEMTRACK_TIMED_begin_process    0, 0
#define MEMTRACK_TIMED_begin_process_at 0, 0
#define MEMTRACK_TIMED_end              0, 0
#define MEMTRACK_TIMED_scope_detach     0, 0
#define MEMTRACK_TIMED_scope_attach     0, 0
#define MEMTRACK_TIMED_scope_merge      0, 0
#define MEMTRACK_TIMED_scope_set        0, 0
#define MEMTRACK_TIMED_scope_fail       0, 0
#define MEMTRACK_TIMED_record           0, 0
#define MEMTRACK_TIMED_scopes_read      0, 0
#define MEMTRACK_TIMED_scopes_print     0, 0
#define MEMTRACK_TIMED_scopes_reset     0, 0
#define MEMTRACK_TIMED_scopes_slow      0, 0
#define MEMTRACK_TIMED_scopes_large     0, 0
#define MEMTRACK_TIMED_group            0, 0
#define MEMTRACK_TIMED_group_begin_at   0, 0
#define MEMTRACK_TIMED_group_record     0, 0
#define MEMTRACK_TIMED_group_read       0, 0
#define MEMTRACK_TIMED_group_print      0, 0
#define MEMTRACK_TIMED_group_reset      0, 0
#define MEMTRACK_TIMED_counter          0, 0
#define MEMTRACK_TIMED_counter_add      0, 0
#define MEMTRACK_TIMED_cache_hit        0, 0
#define MEMTRACK_TIMED_cache_miss       0, 0
#define MEMTRACK_TIMED_cache_size       0, 0
#define MEMTRACK_TIMED_counters_read    0, 0
#define MEMTRACK_TIMED_caches_read      0, 0
#define MEMTRACK_TIMED_hook_add         0, 0
#define MEMTRACK_TIMED_hook_remove      0, 0

/* They come later in memtrack.h. */
struct memtrack_counter_row;
struct memtrack_cache_row;
struct memtrack_hook_t;

#ifdef __cplusplus
#define MEMTRACK_LOCAL_ MEMTRACK_UNSEEN_ __attribute__((visibility("default"))) inline
extern "C" {
#else
#define MEMTRACK_LOCAL_ MEMTRACK_UNSEEN_ __attribute__((weak, visibility("default")))
#endif
MEMTRACK_LOCAL_ int memtrack_local_begin(memtrack_scope *scope, const char *name);
MEMTRACK_LOCAL_ int memtrack_local_begin_at(memtrack_scope *scope, const char *name,
                                            const char *file, uint32_t line);
MEMTRACK_LOCAL_ int memtrack_local_begin_process(memtrack_scope *scope, const char *name);
MEMTRACK_LOCAL_ int memtrack_local_begin_process_at(memtrack_scope *scope, const char *name,
                                                    const char *file, uint32_t line);
MEMTRACK_LOCAL_ int memtrack_local_end(memtrack_scope *scope, memtrack_delta *out);
MEMTRACK_LOCAL_ int memtrack_local_scope_detach(memtrack_scope *scope);
MEMTRACK_LOCAL_ int memtrack_local_scope_attach(memtrack_scope *scope);
MEMTRACK_LOCAL_ int memtrack_local_scope_merge(memtrack_scope *into, memtrack_scope *from);
MEMTRACK_LOCAL_ int memtrack_local_scope_set(memtrack_scope *scope, const char *key,
                                             const char *value);
MEMTRACK_LOCAL_ int memtrack_local_scope_fail(memtrack_scope *scope, const char *why);
MEMTRACK_LOCAL_ int memtrack_local_record(const char *name, uint64_t duration_ns);
MEMTRACK_LOCAL_ int memtrack_local_scopes_read(memtrack_scope_row *rows, uint32_t capacity);
MEMTRACK_LOCAL_ int memtrack_local_scopes_print(int fd, const char *sort, uint32_t n);
MEMTRACK_LOCAL_ int memtrack_local_scopes_reset(void);
MEMTRACK_LOCAL_ int memtrack_local_scopes_slow(uint64_t threshold_ns, memtrack_scope_event *out,
                                               uint32_t capacity);
MEMTRACK_LOCAL_ int memtrack_local_scopes_large(uint64_t threshold_bytes, memtrack_scope_event *out,
                                                uint32_t capacity);
MEMTRACK_LOCAL_ uint32_t memtrack_local_group(const char *name);
MEMTRACK_LOCAL_ int memtrack_local_group_begin_at(uint32_t group, memtrack_scope *scope,
                                                  const char *name, const char *file,
                                                  uint32_t line);
MEMTRACK_LOCAL_ int memtrack_local_group_record(uint32_t group, const char *name,
                                                uint64_t duration_ns);
MEMTRACK_LOCAL_ int memtrack_local_group_read(uint32_t group, memtrack_scope_row *rows,
                                              uint32_t capacity);
MEMTRACK_LOCAL_ int memtrack_local_group_print(uint32_t group, int fd, const char *sort,
                                               uint32_t n);
MEMTRACK_LOCAL_ int memtrack_local_group_reset(uint32_t group);
MEMTRACK_LOCAL_ int memtrack_local_counter(const char *name, int64_t value);
MEMTRACK_LOCAL_ int memtrack_local_counter_add(const char *name, int64_t by);
MEMTRACK_LOCAL_ int memtrack_local_cache_hit(const char *name, uint64_t duration_ns);
MEMTRACK_LOCAL_ int memtrack_local_cache_miss(const char *name, uint64_t duration_ns);
MEMTRACK_LOCAL_ int memtrack_local_cache_size(const char *name, uint64_t bytes);
MEMTRACK_LOCAL_ int memtrack_local_counters_read(struct memtrack_counter_row *rows,
                                                 uint32_t capacity);
MEMTRACK_LOCAL_ int memtrack_local_caches_read(struct memtrack_cache_row *rows, uint32_t capacity);
MEMTRACK_LOCAL_ int memtrack_local_hook_add(const struct memtrack_hook_t *hook);
MEMTRACK_LOCAL_ int memtrack_local_hook_remove(const struct memtrack_hook_t *hook);
#ifdef __cplusplus
}
#endif
#else
#define MEMTRACK_UNTRACKED_(name, arguments, untracked) (untracked)
#endif

#endif
