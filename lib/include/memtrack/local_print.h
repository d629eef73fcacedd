/* SPDX-License-Identifier: MIT */
/*
 * The table of scopes of a process that is not recorded: a part of memtrack/timers.h.
 *
 *     COUNT     TIME     SELF     MEAN      P50      P95      MAX  SCOPE
 *
 * There are no columns of memory: nobody has measured it, and 0 would be a figure. Numbers are
 * written without stdio, which allocates and is not for signal handlers.
 */
#ifndef MEMTRACK_LOCAL_PRINT_H
#define MEMTRACK_LOCAL_PRINT_H

#include "memtrack/local_counters.h"

#ifdef __cplusplus
extern "C" {
#endif

struct memtrack_local_text_ {
    int fd, failed;
    size_t used;
    char text[1024];
};

struct memtrack_local_cell_ {
    char text[32];
};

enum { MEMTRACK_LOCAL_COLUMNS_ = 9 };

/* ---- texts ----------------------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_flush_(struct memtrack_local_text_ *t) {
    if (memtrack_system_write_(t->fd, t->text, t->used) != 0)
        t->failed = 1;
    t->used = 0;
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_put_(struct memtrack_local_text_ *t, char c) {
    if (t->used == sizeof t->text)
        memtrack_local_flush_(t);
    t->text[t->used++] = c;
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_say_(struct memtrack_local_text_ *t,
                                                   const char *text) {
    while (*text)
        memtrack_local_put_(t, *text++);
}

/* Says what a program has given: what would move the cursor is not passed on. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_name_(struct memtrack_local_text_ *t,
                                                    const char *text) {
    for (; *text; text++)
        memtrack_local_put_(t, (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

/* Appends a number in decimal digits, at least so many, with commas if it is a count. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_digits_(struct memtrack_local_cell_ *cell,
                                                      uint64_t number, int least, int is_count) {
    char digits[24];
    size_t n = 0, used = strlen(cell->text);
    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number || (int)n < least);
    while (n--) {
        cell->text[used++] = digits[n];
        if (is_count && n && n % 3 == 0)
            cell->text[used++] = ',';
    }
    cell->text[used] = 0;
}

MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_cell_ memtrack_local_count_text_(uint64_t count) {
    struct memtrack_local_cell_ cell = {{0}};
    memtrack_local_digits_(&cell, count, 1, 1);
    return cell;
}

/* Appends three digits of a number of thousandths below 999.5, without zeros at the end if they are
 * to go, and its unit. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_three_(struct memtrack_local_cell_ *cell,
                                                     double value, int is_short, const char *unit) {
    int places = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    uint64_t scale = places == 2 ? 100 : places == 1 ? 10 : 1;
    uint64_t number = (uint64_t)(value * (double)scale + 0.5);
    for (; is_short && places && number % 10 == 0; places--) {
        number /= 10;
        scale /= 10;
    }
    memtrack_local_digits_(cell, number / scale, 1, 0);
    if (places) {
        memcpy(cell->text + strlen(cell->text), ".", 2);
        memtrack_local_digits_(cell, number % scale, places, 0);
    }
    memcpy(cell->text + strlen(cell->text), unit, strlen(unit) + 1);
}

/* Returns "189 ns", "3.1 us", "16.6 ms", "1.50 s", "2 min 5 s", as memtrack scopes does. */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_cell_ memtrack_local_time_text_(double ns) {
    struct memtrack_local_cell_ cell = {{0}};
    uint64_t seconds = (uint64_t)(ns / 1e9 + 0.5);
    if (ns < 999.5) {
        memtrack_local_digits_(&cell, (uint64_t)(ns + 0.5), 1, 0);
        memcpy(cell.text + strlen(cell.text), " ns", 4);
    } else if (ns < 999500) {
        memtrack_local_three_(&cell, ns / 1e3, 1, " us");
    } else if (ns < 999500000) {
        memtrack_local_three_(&cell, ns / 1e6, 1, " ms");
    } else if (ns < 59.95e9) {
        memtrack_local_three_(&cell, ns / 1e9, 0, " s");
    } else if (seconds < 3600) {
        memtrack_local_digits_(&cell, seconds / 60, 1, 0);
        memcpy(cell.text + strlen(cell.text), " min ", 6);
        memtrack_local_digits_(&cell, seconds % 60, 1, 0);
        memcpy(cell.text + strlen(cell.text), " s", 3);
    } else {
        memtrack_local_digits_(&cell, seconds / 3600, 1, 0);
        memcpy(cell.text + strlen(cell.text), " h ", 4);
        memtrack_local_digits_(&cell, seconds % 3600 / 60, 1, 0);
        memcpy(cell.text + strlen(cell.text), " min", 5);
    }
    return cell;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Returns what a row is sorted by, or -1 when there is no such order. */
MEMTRACK_SYSTEM_FUNCTION_ double memtrack_local_order_(const memtrack_scope_row *row,
                                                       const char *sort) {
    static const char *const nothing[] = {"peak",  "net",  "allocated", "blocks",
                                          "freed", "self", "name"};
    if (strcmp(sort, "time") == 0)
        return row->duration_ns.sum;
    if (strcmp(sort, "self-time") == 0)
        return (double)row->own_duration_ns;
    if (strcmp(sort, "cpu") == 0)
        return row->cpu_ns.sum;
    if (strcmp(sort, "count") == 0)
        return (double)row->count;
    if (strcmp(sort, "errors") == 0)
        return (double)row->errors;
    if (strcmp(sort, "misuses") == 0)
        return (double)row->misuses;
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        if (strcmp(sort, nothing[i]) == 0)
            return 0;
    return -1;
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_is_before_(const memtrack_scope_row *a,
                                                        const memtrack_scope_row *b,
                                                        const char *sort) {
    double x = memtrack_local_order_(a, sort), y = memtrack_local_order_(b, sort);
    int by_name;
    if (x > y || x < y)
        return x > y;
    by_name = strcmp(a->name, b->name);
    return by_name ? by_name < 0 : a->is_process < b->is_process;
}

/* Sorts in place: Shell's method, which needs no memory. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_sort_(memtrack_scope_row *rows, size_t n,
                                                    const char *sort) {
    for (size_t gap = n / 2; gap; gap /= 2)
        for (size_t i = gap; i < n; i++) {
            memtrack_scope_row row = rows[i];
            size_t at = i;
            for (; at >= gap && memtrack_local_is_before_(&row, &rows[at - gap], sort); at -= gap)
                rows[at] = rows[at - gap];
            rows[at] = row;
        }
}

MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_cell_
memtrack_local_cell_of_(const memtrack_scope_row *row, int column) {
    double mean = row->duration_ns.mean;
    switch (column) {
    case 0:
        return memtrack_local_count_text_(row->count);
    case 1:
        return memtrack_local_count_text_(row->errors);
    case 2:
        return memtrack_local_count_text_(row->misuses);
    case 3:
        return memtrack_local_time_text_(row->duration_ns.sum);
    case 4:
        return memtrack_local_time_text_((double)row->own_duration_ns);
    case 5:
        return memtrack_local_time_text_(mean);
    case 6:
        return memtrack_local_time_text_(row->duration_ns.p50);
    case 7:
        return memtrack_local_time_text_(row->duration_ns.p95);
    default:
        return memtrack_local_time_text_(row->duration_ns.max);
    }
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_pad_(struct memtrack_local_text_ *t, size_t width,
                                                   const char *text) {
    for (size_t length = strlen(text); length < width; length++)
        memtrack_local_put_(t, ' ');
    memtrack_local_say_(t, text);
}

/* Returns the title of a column, which marks an estimate: counts and the longest are none. */
MEMTRACK_SYSTEM_FUNCTION_ const char *memtrack_local_title_(int column, int are_estimates) {
    static const char *const titles[] = {"COUNT", "ERRORS", "MISUSES", "~TIME", "~SELF",
                                         "~MEAN", "~P50",   "~P95",    "MAX"};
    const char *title = titles[column];
    return title + (*title == '~' && !are_estimates);
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_are_estimates_(const memtrack_scope_row *rows,
                                                            size_t n) {
    while (n && !rows[n - 1].unmeasured)
        n--;
    return n != 0;
}

/* Writes the rows below a head. Columns that would say nothing are left out: those of errors. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_print_table_(struct memtrack_local_text_ *t,
                                                           const memtrack_scope_row *rows,
                                                           size_t n) {
    const char *title[MEMTRACK_LOCAL_COLUMNS_];
    size_t width[MEMTRACK_LOCAL_COLUMNS_] = {0};
    for (int c = 0; c < MEMTRACK_LOCAL_COLUMNS_; c++) {
        title[c] = memtrack_local_title_(c, memtrack_local_are_estimates_(rows, n));
        for (size_t i = 0; i < n; i++) {
            size_t length = strlen(memtrack_local_cell_of_(&rows[i], c).text);
            uint64_t wrong = c == 1 ? rows[i].errors : rows[i].misuses;
            length = length > strlen(title[c]) ? length : strlen(title[c]);
            if ((c != 1 && c != 2) || wrong)
                width[c] = length > width[c] ? length : width[c];
        }
    }
    for (size_t i = 0; i <= n; i++) {
        for (int c = 0; c < MEMTRACK_LOCAL_COLUMNS_; c++) {
            if (!width[c])
                continue;
            memtrack_local_say_(t, c ? "  " : " ");
            memtrack_local_pad_(t, width[c],
                                i ? memtrack_local_cell_of_(&rows[i - 1], c).text : title[c]);
        }
        memtrack_local_say_(t, "  ");
        memtrack_local_name_(t, i ? rows[i - 1].name : "SCOPE");
        memtrack_local_say_(t, i && rows[i - 1].is_process ? " (process)\n" : "\n");
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_print_rows_(struct memtrack_local_text_ *t,
                                                          memtrack_scope_row *rows, size_t n,
                                                          const char *sort, size_t most) {
    uint64_t dropped = MEMTRACK_LOCAL_GET_(memtrack_local_current_()->dropped);
    if (!n)
        memtrack_local_say_(t, "no scope has ended\n");
    memtrack_local_sort_(rows, n, sort);
    if (n)
        memtrack_local_print_table_(t, rows, most && most < n ? most : n);
    if (most && most < n) {
        memtrack_local_say_(t, " ... and ");
        memtrack_local_say_(t, memtrack_local_count_text_(n - most).text);
        memtrack_local_say_(t, n - most == 1 ? " more scope\n" : " more scopes\n");
    }
    if (dropped) {
        memtrack_local_say_(t, " not counted, for want of memory: ");
        memtrack_local_say_(t, memtrack_local_count_text_(dropped).text);
        memtrack_local_say_(t, dropped == 1 ? " figure\n" : " figures\n");
    }
    memtrack_local_flush_(t);
}

MEMTRACK_LOCAL_ int memtrack_local_group_print(uint32_t group, int fd, const char *sort,
                                               uint32_t most) {
    struct memtrack_local_text_ text;
    memtrack_scope_row none, *rows;
    int n = memtrack_local_group_read(group, NULL, 0), room = n;
    memset(&none, 0, sizeof none);
    sort = sort ? sort : "time";
    if (memtrack_local_order_(&none, sort) < 0)
        return -MEMTRACK_EUSAGE;
    if (n < 0)
        return n;
    rows = (memtrack_scope_row *)memtrack_system_pages_((size_t)(room + 1) * sizeof *rows);
    if (!rows)
        return -MEMTRACK_ENOMEM;
    n = memtrack_local_group_read(group, rows, (uint32_t)room);
    n = n < room ? n : room; /* a name may have come meanwhile */
    text.fd = fd;
    text.failed = 0;
    text.used = 0;
    if (n >= 0)
        memtrack_local_print_rows_(&text, rows, (size_t)n, sort, most);
    memtrack_system_free_(rows, (size_t)(room + 1) * sizeof *rows);
    return n < 0 ? n : text.failed ? -MEMTRACK_EIO : 0;
}

MEMTRACK_LOCAL_ int memtrack_local_scopes_print(int fd, const char *sort, uint32_t most) {
    return memtrack_local_group_print(0, fd, sort, most);
}

#ifdef __cplusplus
}
#endif

#endif
