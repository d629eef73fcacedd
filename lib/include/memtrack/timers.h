/* SPDX-License-Identifier: MIT */
/*
 * Timers that work everywhere: memtrack.h, whose scopes have times and counts in a process that is
 * not recorded, too.
 *
 *     #include <memtrack/timers.h>        (or: #define MEMTRACK_TIMERS, #include <memtrack.h>)
 *
 *     MEMTRACK_SCOPE("parse") {
 *         parse(text);
 *     }
 *     memtrack_scopes_print(2, "time", 10);
 *
 * When a recorder is there, it is used, and memory is measured as well. When there is none, the
 * functions of scopes, groups, records, counters, caches and hooks in memtrack.h do what is
 * said there, with these differences: figures of memory are 0, and the table has no columns for
 * them; metadata and marks are not kept; a scope that is left by longjmp is noticed when one begins
 * in the same place, or the one around it or its thread ends. All else (memtrack_start, domains,
 * whois, snapshot) answers as it does without this header.
 *
 * Nothing is linked, and nothing runs before the first scope or after the last. A scope costs about
 * 0.1 us, half of it two readings of the clock; a file that includes memtrack.h without this keeps
 * its six instructions, and its scopes are not measured. Memory is some hundred KiB of pages of the
 * system's, which grow with threads and names, and malloc is never called. Objects of a program
 * share their timers (memtrack/local.h says when those do that dlopen has opened).
 *
 * C99 or C++11, gcc or clang, Linux.
 */
#ifndef MEMTRACK_TIMERS_H
#define MEMTRACK_TIMERS_H

#if defined(MEMTRACK_H) && !defined(MEMTRACK_TIMERS)
#error "include memtrack/timers.h before memtrack.h, or define MEMTRACK_TIMERS for the whole file"
#endif
#ifndef MEMTRACK_TIMERS
#define MEMTRACK_TIMERS 1
#endif

#include "../memtrack.h"

#endif
