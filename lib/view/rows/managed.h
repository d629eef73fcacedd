/* SPDX-License-Identifier: MIT */
/*
 * Managed code: what a virtual machine or an interpreter runs. Its functions are charged rather
 * than the native code of the machine through which they allocate. Private to lib/view.
 */
#ifndef MT_VIEW_ROWS_MANAGED_H
#define MT_VIEW_ROWS_MANAGED_H

#include <stdbool.h>

enum mt_managed_place { /* what the code of a module is */
                        MT_MANAGED_NATIVE,
                        MT_MANAGED_MACHINE, /* native, of a virtual machine or an interpreter */
                        MT_MANAGED_CODE,
                        MT_MANAGED_JIT /* managed code that was generated: its addresses mean nothing in another run */
};

enum mt_managed_place mt_managed_place_of(const char *module);

/* Does this function of managed code come with its language, or has nobody written it? */
bool mt_managed_is_library(const char *function, const char *system_name, const char *file);

#endif
