/* SPDX-License-Identifier: MIT */
/* Binary search in what is sorted by any kind of key. */
#ifndef MT_BASE_SEARCH_H
#define MT_BASE_SEARCH_H

#include <stddef.h>

/*
 * The first i, a size_t, of 0 … n - 1 for which the condition does not hold, or n when it holds for
 * all of them. It has to hold up to some i, and for none from there on (std::partition_point). So
 * "items[i].at < wanted" gives the first item at or above the one that is wanted, and
 * "items[i].at <= wanted" the first one above it.
 */
#define MT_PARTITION_POINT(i, n, condition)                                                        \
    ({                                                                                             \
        size_t mt_low_ = 0, mt_high_ = (n);                                                        \
        while (mt_low_ < mt_high_) {                                                               \
            size_t i = mt_low_ + (mt_high_ - mt_low_) / 2;                                         \
            if (condition)                                                                         \
                mt_low_ = i + 1;                                                                   \
            else                                                                                   \
                mt_high_ = i;                                                                      \
        }                                                                                          \
        mt_low_;                                                                                   \
    })

#endif
