/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -ldl
/* C23's free_sized and free_aligned_sized, for a libc or a tracker that has them: without them
 * plain free. */
#include "target.h"
#include <dlfcn.h>

int main(void) {
    void (*sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
    void (*aligned)(void *, size_t, size_t) =
        (void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT, "free_aligned_sized");
    for (int i = 0; i < 100; i++) {
        void *block = need(malloc(70)), *wide = need(aligned_alloc(64, 128));
        if (sized)
            sized(block, 70);
        else
            free(block);
        if (aligned)
            aligned(wide, 64, 128);
        else
            free(wide);
        if (sized)
            sized(NULL, 0);
    }
    return 0;
}
