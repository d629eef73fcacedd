/* SPDX-License-Identifier: MIT */
/* Apart from what makes them, which needs the frames, because the frames own them. */
#include "view/rows/parts.h"

#include <stdlib.h>

void mt_parts_free(struct mt_parts *parts) {
    if (!parts)
        return;
    free(parts->parts);
    free(parts->part_of);
    free(parts);
}
