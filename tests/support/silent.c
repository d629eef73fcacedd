/* SPDX-License-Identifier: MIT */
/* An allocator's statistics that never come: the call waits for a lock that nobody will ever give
 * back. */
#include <malloc.h>
#include <unistd.h>

struct mallinfo2 mallinfo2(void) {
    for (;;)
        pause();
}
