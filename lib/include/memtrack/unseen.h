/* SPDX-License-Identifier: MIT */
/*
 * MEMTRACK_UNSEEN_ stands before every function that these headers define. Without it,
 * -finstrument-functions makes scopes of them, in the files of the program that include them: they
 * would be listed among the program's functions, and a scope that one of them begins for its caller
 * would end where the function returns, since scopes nest.
 */
#ifndef MEMTRACK_UNSEEN_H
#define MEMTRACK_UNSEEN_H

#define MEMTRACK_UNSEEN_ __attribute__((no_instrument_function))

/* Of a class that can be copied and moved: what the compiler writes itself, where the members of the
 * class are not trivial. */
#define MEMTRACK_UNSEEN_MEMBERS_(type)                                                             \
    MEMTRACK_UNSEEN_ type(const type &) = default;                                                 \
    MEMTRACK_UNSEEN_ type(type &&) = default;                                                      \
    MEMTRACK_UNSEEN_ type &operator=(const type &) = default;                                      \
    MEMTRACK_UNSEEN_ type &operator=(type &&) = default;                                           \
    MEMTRACK_UNSEEN_ ~type() = default;

#endif
