/* SPDX-License-Identifier: MIT */
/* For preload objects: the function of this name that stands behind them. Successful look-ups of
 * dlsym do not allocate in glibc. */
#ifndef MT_TESTS_NEXT_H
#define MT_TESTS_NEXT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>

#define NEXT(function)                                                                             \
    ({                                                                                             \
        static __typeof__(&function) next_;                                                        \
        if (!next_)                                                                                \
            next_ = (__typeof__(&function))dlsym(RTLD_NEXT, #function);                            \
        next_;                                                                                     \
    })

#endif
