/* SPDX-License-Identifier: MIT */
/*
 * Which format a file has, by its first bytes when it is unpacked: a name is what people change
 * first. Narrow formats come before wide ones; folded stacks, which have no mark at all, are last.
 */
#include "profile/others/find.h"

#include "profile/heap/text.h"
#include "profile/others/collapsed.h"
#include "profile/others/dhat.h"
#include "profile/others/massif.h"

enum { HEAD_BYTES = 1 << 16 }; /* a command line can be long */

static const struct {
    bool (*is_one)(const uint8_t *head, size_t bytes);
    mt_others_read *read;
} formats[] = {
    {mt_heap_text_is_one, mt_heap_text_read},
    {mt_dhat_is_one, mt_dhat_read},
    {mt_massif_is_one, mt_massif_read},
};

mt_others_read *mt_others_find(struct mt_inflate *in, const char *name) {
    const uint8_t *head;
    size_t bytes;
    if (mt_inflate_peek(in, HEAD_BYTES, &head, &bytes) < 0)
        return NULL;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].is_one(head, bytes))
            return formats[i].read;
    return mt_collapsed_is_one(in, name) ? mt_collapsed_read : NULL;
}
