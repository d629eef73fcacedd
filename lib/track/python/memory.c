/* SPDX-License-Identifier: MIT */
#include "track/python/memory.h"

enum { MOST_BYTES = 1 << 22 }; /* of one object: more is no text and no table of lines */

#define END_OF_USER_MEMORY (UINT64_C(1) << 47)

static bool is_page_there(struct mt_python_part *p, uint64_t page) {
    uint64_t *known = mt_python_memory_known(p, page), entry = page | MT_PYTHON_PAGE_IS_THERE;
    uint32_t i = 0;
    while (i < MT_PYTHON_PAGE_WAYS - 1 && known[i] != entry)
        i++;
    if (known[i] != entry && !mt_os_is_readable(page * MT_OS_PAGE, (page + 1) * MT_OS_PAGE))
        return false;
    for (; i > 0; i--)
        known[i] = known[i - 1];
    known[0] = entry;
    return true;
}

bool mt_python_memory_ask(struct mt_python_part *p, uint64_t address, uint64_t bytes) {
    if (address < MT_OS_PAGE || address >= END_OF_USER_MEMORY - MOST_BYTES || bytes == 0 ||
        bytes > MOST_BYTES)
        return false;
    uint64_t last = (address + bytes - 1) / MT_OS_PAGE;
    for (uint64_t page = address / MT_OS_PAGE; page <= last; page++)
        if (!is_page_there(p, page))
            return false;
    return true;
}
