/* SPDX-License-Identifier: MIT */
/*
 * The real functions under the hooks. A block from one allocator must not reach another's free,
 * wherever the recorder stands in the list of objects and whatever defines a part of malloc's
 * family:
 *
 *   before us        a part or all of the family, in the program or a preloaded object: its malloc
 *                    gets the calls, and ours sees what it passes on. What it lacks comes here and
 *                    goes where it would go without us.
 *   the provider     the first object after us that defines malloc: the family comes from there.
 *                    What an allocator lacks is built from what it has (libjemalloc 5.3.0 has no
 *                    pvalloc, and libc's would hand out a block that jemalloc cannot free).
 *   after it         a provider without free, or without any aligned function, is no allocator but
 *                    looks at calls on their way to one (libmemusage): what it lacks is the next
 *                    object's, as without us.
 *
 * Found by walking the loader's list of objects and their hash tables: dlsym allocates, and is not
 * there yet when the loader itself makes the first call.
 */
#ifndef MT_INTERPOSE_NEXT_H
#define MT_INTERPOSE_NEXT_H

#include "base/atomic.h"
#include "base/os.h"

#include <sys/types.h>

/* The functions of malloc's family, from its provider. */
struct mt_next_c {
#define MT_HOOK_FAMILY(how, result, name, parameters, arguments) result(*name) parameters;
#define MT_HOOK_FAMILY_ASKED(result, name, parameters)           result(*name) parameters;
#include "interpose/hooks.def"
};
MT_HIDDEN extern struct mt_next_c mt_next;

/* The functions of libc's own names for its allocator. */
struct mt_next_libc {
#define MT_HOOK_LIBC(how, result, name, parameters, arguments) result(*name) parameters;
#include "interpose/hooks.def"
};
MT_HIDDEN extern struct mt_next_libc mt_next_libc;

/* The functions of other calls of the program; NULL until MT_NEXT_CALL has looked them up. */
struct mt_next_calls {
#define MT_HOOK_CALL(result, name, parameters) result(*name) parameters;
#include "interpose/hooks.def"
};
MT_HIDDEN extern struct mt_next_calls mt_next_calls;

/* Returns the next definition of one of them, or NULL if there is none. */
#define MT_NEXT_CALL(name)                                                                         \
    ({                                                                                             \
        if (mt_next_calls.name == NULL)                                                            \
            mt_next_calls.name = (__typeof__(mt_next_calls.name))mt_next_symbol(#name);            \
        mt_next_calls.name;                                                                        \
    })

/* There are 8 operator new and 12 operator delete. */
enum mt_operator {
#define MT_HOOK_NEW(shape, which, mangled)    MT_OPERATOR_##which,
#define MT_HOOK_DELETE(shape, which, mangled) MT_OPERATOR_##which,
#include "interpose/hooks.def"
    MT_N_OPERATORS
};

/* Where the object that provides malloc lies. What that calls itself is part of a call that is
 * recorded anyway. */
MT_HIDDEN extern uint64_t mt_next_allocator_start, mt_next_allocator_end;
static inline bool mt_next_is_allocator(uint64_t return_address) {
    return return_address - mt_next_allocator_start <
           mt_next_allocator_end - mt_next_allocator_start;
}

/* Fills mt_next, and notes in mt_state which allocator that is and what comes before us. It may be
 * called again, by any thread in any context. */
MT_HIDDEN void mt_next_resolve(void);

/* Resolves the functions at the first call of any hook, which can come before our constructor. */
#define MT_RESOLVE()                                                                               \
    do {                                                                                           \
        if (mt_unlikely(mt_next.malloc == NULL))                                                   \
            mt_next_resolve();                                                                     \
    } while (0)

/*
 * Returns the path of an object that the loader looks at before us and that defines malloc ("": the
 * program itself), or NULL if there is none. It may call ours (a wrapper), or nobody does (an
 * allocator).
 */
MT_HIDDEN const char *mt_next_preceding(void);
/* Tells whether that object is neither another copy of ours, nor the libc after which we were
 * loaded so late that nobody asked for us. */
MT_HIDDEN bool mt_next_is_outranked(void);

/* Says whose the first realloc of the process is. If it is another object's, libc's reallocarray,
 * which the program would call without us, leads to that one, and so must ours. If that one passes
 * the block on, our realloc will see it. */
enum mt_next_realloc { MT_NEXT_REALLOC_UNKNOWN, MT_NEXT_REALLOC_OURS, MT_NEXT_REALLOC_OTHERS };
MT_HIDDEN extern enum mt_next_realloc mt_next_realloc;
MT_HIDDEN enum mt_next_realloc mt_next_first_realloc(void);
static inline bool mt_next_realloc_is_others(void) {
    /* Relaxed: the answer stands alone, and is the same for all. */
    enum mt_next_realloc known = mt_load_relaxed(&mt_next_realloc);
    if (mt_unlikely(known == MT_NEXT_REALLOC_UNKNOWN))
        known = mt_next_first_realloc();
    return known == MT_NEXT_REALLOC_OTHERS;
}
MT_HIDDEN void *mt_next_libc_reallocarray(void *block, size_t count, size_t bytes);

/* Addresses of operators, with the top bit set when their memory comes from malloc. 0: not looked
 * up. */
MT_HIDDEN extern uint64_t mt_next_known_operator[];
#define MT_NEXT_CALLS_MALLOC (UINT64_C(1) << 63)
MT_HIDDEN uint64_t mt_next_find_operator(enum mt_operator which);

/*
 * Returns the operator under ours, or NULL when no object has it. It is looked up at its first use,
 * since libstdc++ may be loaded late. *recorded says that it gets its memory by calling malloc, so
 * that a hook below will see the block; it is false for allocators with operators of their own
 * (libjemalloc, libtcmalloc), which call their internals.
 */
static inline void *mt_next_operator(enum mt_operator which, bool *recorded) {
    /* Relaxed: the address is all that there is to know. */
    uint64_t known = mt_load_relaxed(&mt_next_known_operator[which]);
    if (mt_unlikely(known == 0))
        known = mt_next_find_operator(which);
    *recorded = (known & MT_NEXT_CALLS_MALLOC) != 0;
    return (void *)(known & ~MT_NEXT_CALLS_MALLOC);
}

/* What stands between the hooks and the real functions in a process with a limit (limit.c, which
 * uses this file). In other processes these functions change nothing. */
struct mt_next_limit {
    void (*stand_before)(struct mt_next_c *next);
    void *(*replace_operator)(enum mt_operator which, void *found);
};
MT_HIDDEN extern const struct mt_next_limit mt_next_limit;

/* Forgets operators that have gone, so that they are looked up anew. To be called after a
 * dlclose. */
MT_HIDDEN void mt_next_forget_operators(void);

/* Returns the first definition of name after this object, or NULL if there is none. */
MT_HIDDEN void *mt_next_symbol(const char *name);

#endif
