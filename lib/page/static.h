/* SPDX-License-Identifier: MIT */
/* What a page shows where no script runs. Private to lib/page. */
#ifndef MT_PAGE_STATIC_H
#define MT_PAGE_STATIC_H

#include <stdio.h>

#include "page/data.h"

/* Writes what the page is called, as text in HTML. */
void mt_static_put_title(FILE *stream, const struct mt_page_data *page);
/* Writes the summary and the largest rows. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_static_put(FILE *stream, const struct mt_page_data *page);

#endif
