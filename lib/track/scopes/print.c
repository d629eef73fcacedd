/* SPDX-License-Identifier: MIT */
/*
 * The table of memtrack scopes, printed by the program itself: the columns that fit into 80
 * characters there, with numbers in the same units. A line is as long as its name. What the rows are
 * sorted by is always shown: in the place of SELF, if it has no column otherwise.
 *
 *     COUNT      PEAK  NET  ALLOCATED     SELF     P50      P95     MAX  SCOPE
 *       100  68.3 KiB  0 B    6.2 MiB  6.2 MiB  1.3 us  4.42 us  188 us  request
 *
 * Nothing of libc: printf allocates, and takes locks. Compiled with floating point, as read.c.
 */
#include "base/pages.h"
#include "base/text.h"
#include "ledger/order.h"
#include "memtrack/error.h"
#include "track/ground/state.h"
#include "track/scopes/read.h"

#include <errno.h>

enum { CELL = 32, GAP = 2, BUFFER = 4096 };

enum unit { NUMBER, BYTES, TIME };
enum figure {
    COUNT,
    ERRORS,
    MISUSES,
    PEAK,
    NET,
    ALLOCATED,
    SELF,
    FREED,
    BLOCKS,
    P50,
    P95,
    MAX,
    ALL_TIME,
    SELF_TIME,
    CPU,
    N_FIGURES
};
static const struct {
    char title[10];
    uint8_t unit;
    uint8_t sort; /* a column for rows that are sorted by it alone: this order; 0: for all */
} columns[N_FIGURES] = {
    {"COUNT", NUMBER, 0},
    {"ERRORS", NUMBER, 0},
    {"MISUSES", NUMBER, 0},
    {"PEAK", BYTES, 0},
    {"NET", BYTES, 0},
    {"ALLOCATED", BYTES, 0},
    {"SELF", BYTES, 0},
    {"FREED", BYTES, MT_SCOPE_BY_FREED},
    {"BLOCKS", NUMBER, MT_SCOPE_BY_BLOCKS},
    {"P50", TIME, 0},
    {"P95", TIME, 0},
    {"MAX", TIME, 0},
    {"TIME", TIME, MT_SCOPE_BY_TIME},
    {"SELF TIME", TIME, MT_SCOPE_BY_SELF_TIME},
    {"CPU", TIME, MT_SCOPE_BY_CPU},
};

struct table {
    const memtrack_scope_row **rows;
    uint32_t n;
    enum mt_scopes_sort sort;
    uint32_t width[N_FIGURES]; /* 0: not shown */
    bool are_estimates;        /* one scope in several was measured */
    int fd, status;
    uint32_t used;
    char buffer[BUFFER];
};

/* ---- numbers --------------------------------------------------------------------------------- */

static char *put_grouped(char *out, const char *end, uint64_t number) {
    if (number < 1000)
        return mt_text_put_number(out, end, number);
    out = put_grouped(out, end, number / 1000);
    number %= 1000;
    out = mt_text_put(out, end, number < 10 ? ",00" : number < 100 ? ",0" : ",");
    return mt_text_put_number(out, end, number);
}

/* Writes a number of tenths (1 digit) or hundredths (2). */
static char *put_decimal(char *out, const char *end, uint64_t number, int digits) {
    uint64_t unit = digits == 2 ? 100 : 10, rest = number % unit;
    out = mt_text_put_number(out, end, number / unit);
    out = mt_text_put(out, end, digits == 2 && rest < 10 ? ".0" : ".");
    return mt_text_put_number(out, end, rest);
}

/* Returns 1/2 <= x < 2^52 times a small factor as the nearest whole number, of two the even one, which
 * is how printf rounds: of the number that x is, not of the one that it was meant to be. */
static uint64_t rounded(double x, uint32_t factor) {
    const union {
        double value;
        uint64_t bits;
    } is = {x};
    __extension__ typedef unsigned __int128 wide;
    unsigned shift = 1075 - (unsigned)(is.bits >> 52);
    if (shift < 1 || shift > 64)
        return 0; /* no such number is asked for */
    uint64_t mantissa = (is.bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
    wide product = (wide)mantissa * factor, half = (wide)1 << (shift - 1),
         rest = product & (((wide)1 << shift) - 1);
    uint64_t whole = (uint64_t)(product >> shift);
    return whole + (rest > half || (rest == half && whole % 2 != 0));
}

static char *put_size(char *out, const char *end, int64_t bytes) {
    static const char units[][5] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
    uint64_t magnitude = bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes;
    double value = (double)magnitude;
    unsigned unit = 0;
    if (bytes < 0)
        out = mt_text_put(out, end, "-");
    /* 1023.95 would be printed as 1024.0 */
    for (; unit < 6 && value >= (unit != 0 ? 1023.95 : 1024); unit++)
        value /= 1024;
    out = unit == 0 ? mt_text_put_number(out, end, magnitude)
                    : put_decimal(out, end, rounded(value, 10), 1);
    return mt_text_put(out, end, units[unit]);
}

/* Writes three digits of a number from 0.9994 on, without zeros at the end of a fraction. */
static char *put_digits(char *out, const char *end, double value) {
    if (rounded(value, 1000) < 1000)
        return mt_text_put(out, end, "0.999");
    int digits = rounded(value, 100) < 1000 ? 2 : rounded(value, 10) < 1000 ? 1 : 0;
    uint64_t number = rounded(value, digits == 2 ? 100 : digits == 1 ? 10 : 1);
    for (; digits > 0 && number % 10 == 0; digits--)
        number /= 10;
    return digits != 0 ? put_decimal(out, end, number, digits)
                       : mt_text_put_number(out, end, number);
}

static char *put_long(char *out, const char *end, uint64_t seconds) {
    bool is_hours = seconds >= 3600;
    out = mt_text_put_number(out, end, seconds / (is_hours ? 3600 : 60));
    out = mt_text_put(out, end, is_hours ? " h " : " min ");
    out = mt_text_put_number(out, end, is_hours ? seconds % 3600 / 60 : seconds % 60);
    return mt_text_put(out, end, is_hours ? " min" : " s");
}

static char *put_time(char *out, const char *end, uint64_t ns) {
    double seconds = (double)ns / 1e9;
    if (ns < 1000)
        return mt_text_put(mt_text_put_number(out, end, ns), end, " ns");
    if (ns < 999500)
        return mt_text_put(put_digits(out, end, seconds * 1e6), end, " us");
    if (ns < 999500000)
        return mt_text_put(put_digits(out, end, seconds * 1e3), end, " ms");
    if (seconds >= 59.95)
        return put_long(out, end, (ns + 500000000) / 1000000000);
    int digits = seconds < 9.995 ? 2 : 1;
    out =
        put_decimal(out, end, seconds < 1 ? 100 : rounded(seconds, digits == 2 ? 100 : 10), digits);
    return mt_text_put(out, end, " s");
}

/* ---- cells ----------------------------------------------------------------------------------- */

static int64_t figure_of(const memtrack_scope_row *row, enum figure figure) {
    switch (figure) {
    case COUNT:
        return (int64_t)row->count;
    case ERRORS:
        return (int64_t)row->errors;
    case MISUSES:
        return (int64_t)row->misuses;
    case PEAK:
        return (int64_t)row->peak_bytes.max;
    case NET:
        return (int64_t)row->net_bytes.sum;
    case ALLOCATED:
        return (int64_t)row->allocated_bytes.sum;
    case SELF:
        return row->own_allocated_bytes;
    case FREED:
        return (int64_t)row->freed_bytes.sum;
    case BLOCKS:
        return (int64_t)row->allocated_blocks.sum;
    case P50:
        return (int64_t)row->duration_ns.p50;
    case P95:
        return (int64_t)row->duration_ns.p95;
    case MAX:
        return (int64_t)row->duration_ns.max;
    case ALL_TIME:
        return (int64_t)row->duration_ns.sum;
    case SELF_TIME:
        return row->own_duration_ns;
    default:
        return (int64_t)row->cpu_ns.sum;
    }
}

static uint32_t format(char cell[CELL], const memtrack_scope_row *row, enum figure figure) {
    int64_t amount = figure_of(row, figure);
    const char *end = &cell[CELL - 1];
    char *last = columns[figure].unit == BYTES  ? put_size(cell, end, amount)
                 : columns[figure].unit == TIME ? put_time(cell, end, (uint64_t)amount)
                                                : put_grouped(cell, end, (uint64_t)amount);
    return (uint32_t)(last - cell);
}

static bool has_own_column(enum mt_scopes_sort sort) {
    for (enum figure f = COUNT; f < N_FIGURES; f++)
        if (columns[f].sort != 0 && columns[f].sort == sort)
            return true;
    return false;
}

static bool is_wanted_always(enum figure figure, enum mt_scopes_sort sort) {
    switch (figure) {
    case ERRORS: /* columns of nothing but zeros are left out where a zero is the rule */
        return sort == MT_SCOPE_BY_ERRORS;
    case MISUSES:
        return sort == MT_SCOPE_BY_MISUSES;
    case SELF:
        return !has_own_column(sort);
    default:
        return columns[figure].sort == 0 || columns[figure].sort == sort;
    }
}

static bool are_estimates(const struct table *t) {
    uint64_t unmeasured = 0;
    for (uint32_t i = 0; i < t->n; i++)
        unmeasured |= t->rows[i]->unmeasured;
    return unmeasured != 0;
}

/* Tells whether the figures of a column are estimates, as they are when one scope in several was
 * measured. Counts are exact, and the largest are of those that were measured. */
static bool is_estimated(const struct table *t, enum figure f) {
    bool is_exact = columns[f].unit == NUMBER ? f != BLOCKS : f == PEAK || f == MAX;
    return !is_exact && t->are_estimates;
}

static void lay_out(struct table *t) {
    t->are_estimates = are_estimates(t);
    for (enum figure f = COUNT; f < N_FIGURES; f++) {
        bool is_wanted = is_wanted_always(f, t->sort);
        uint32_t width = is_estimated(t, f) + (uint32_t)mt_text_bytes(columns[f].title);
        for (uint32_t i = 0; i < t->n; i++) {
            char cell[CELL];
            uint32_t here = format(cell, t->rows[i], f);
            width = here > width ? here : width;
            is_wanted |= (f == ERRORS || f == MISUSES) && figure_of(t->rows[i], f) != 0;
        }
        t->width[f] = is_wanted ? width : 0;
    }
}

/* ---- output ---------------------------------------------------------------------------------- */

static void flush(struct table *t) {
    for (uint32_t done = 0; t->status == 0 && done < t->used;) {
        long r = mt_os_call(SYS_write, t->fd, (long)(t->buffer + done), t->used - done, 0, 0, 0);
        if (r > 0)
            done += (uint32_t)r;
        else if (r != -EINTR)
            t->status = -MEMTRACK_EIO;
    }
    t->used = 0;
}

static void put_character(struct table *t, char c) {
    if (t->used == BUFFER)
        flush(t);
    t->buffer[t->used++] = c;
}

static void put(struct table *t, const char *text) {
    for (; *text != 0; text++)
        put_character(t, *text);
}

static void put_right(struct table *t, uint32_t width, const char *mark, const char *text) {
    for (uint32_t n = (uint32_t)(mt_text_bytes(mark) + mt_text_bytes(text)); n < width; n++)
        put_character(t, ' ');
    put(t, mark);
    put(t, text);
    for (int i = 0; i < GAP; i++)
        put_character(t, ' ');
}

/* A name is the program's: a line of the table stays one, and a terminal stays as it is. */
static void put_name(struct table *t, const memtrack_scope_row *row) {
    static const char digits[] = "0123456789abcdef";
    for (const char *c = row->name; *c != 0; c++)
        if ((uint8_t)*c < ' ' || *c == 0x7f) {
            char escaped[] = {'\\', 'x', digits[(uint8_t)*c >> 4], digits[*c & 15], 0};
            put(t, escaped);
        } else {
            put_character(t, *c);
        }
    if (row->function != NULL) {
        put(t, "0x");
        for (int shift = 44; shift >= 0; shift -= 4)
            put_character(t, digits[(uint64_t)row->function >> shift & 15]);
    }
    put(t, row->is_process != 0 ? " (process)\n" : "\n");
}

/* A table that is cut says so: it looks like a whole one. */
static void put_rest(struct table *t, uint32_t n) {
    char number[CELL];
    put_grouped(number, &number[CELL - 1], n);
    put(t, " ... and ");
    put(t, number);
    put(t, n == 1 ? " more scope\n" : " more scopes\n");
}

static void put_table(struct table *t) {
    put(t, " ");
    for (enum figure f = COUNT; f < N_FIGURES; f++)
        if (t->width[f] != 0)
            put_right(t, t->width[f], is_estimated(t, f) ? "~" : "", columns[f].title);
    put(t, "SCOPE\n");
    for (uint32_t i = 0; i < t->n; i++) {
        put(t, " ");
        for (enum figure f = COUNT; f < N_FIGURES; f++)
            if (t->width[f] != 0) {
                char cell[CELL];
                format(cell, t->rows[i], f);
                put_right(t, t->width[f], "", cell);
            }
        put_name(t, t->rows[i]);
    }
}

/* ---- order ----------------------------------------------------------------------------------- */

static double key_of(const memtrack_scope_row *row, enum mt_scopes_sort sort) {
    const double keys[MT_N_SCOPE_SORTS] = {
        [MT_SCOPE_BY_PEAK] = row->peak_bytes.max,
        [MT_SCOPE_BY_NET] = row->net_bytes.sum,
        [MT_SCOPE_BY_ALLOCATED] = row->allocated_bytes.sum,
        [MT_SCOPE_BY_BLOCKS] = row->allocated_blocks.sum,
        [MT_SCOPE_BY_FREED] = row->freed_bytes.sum,
        [MT_SCOPE_BY_SELF] = (double)row->own_allocated_bytes,
        [MT_SCOPE_BY_TIME] = row->duration_ns.sum,
        [MT_SCOPE_BY_SELF_TIME] = (double)row->own_duration_ns,
        [MT_SCOPE_BY_CPU] = row->cpu_ns.sum,
        [MT_SCOPE_BY_COUNT] = (double)row->count,
        [MT_SCOPE_BY_ERRORS] = (double)row->errors,
        [MT_SCOPE_BY_MISUSES] = (double)row->misuses,
    };
    return keys[sort];
}

/* Largest first; equal ones and names in alphabetical order. */
static bool is_before(const struct table *t, const memtrack_scope_row *x,
                      const memtrack_scope_row *y) {
    double a = key_of(x, t->sort), b = key_of(y, t->sort);
    const char *p = x->name, *q = y->name;
    if (a != b)
        return a > b;
    for (; *p != 0 && *p == *q; p++)
        q++;
    return (uint8_t)*p < (uint8_t)*q;
}

static void sift(struct table *t, uint32_t i, uint32_t n) {
    const memtrack_scope_row **rows = t->rows, *moved = rows[i];
    for (uint32_t child; (child = 2 * i + 1) < n; i = child) {
        child += child + 1 < n && is_before(t, rows[child], rows[child + 1]);
        if (!is_before(t, moved, rows[child]))
            break;
        rows[i] = rows[child];
    }
    rows[i] = moved;
}

/* Heapsort: nothing to be allocated, and no case in which it is slow. */
static void sort(struct table *t) {
    for (uint32_t i = t->n / 2; i-- > 0;)
        sift(t, i, t->n);
    for (uint32_t end = t->n; end-- > 1;) {
        const memtrack_scope_row *last = t->rows[end];
        t->rows[end] = t->rows[0];
        t->rows[0] = last;
        sift(t, 0, end);
    }
}

static size_t bytes_for(uint32_t capacity) {
    return sizeof(struct table) +
           capacity * (sizeof(memtrack_scope_row) + sizeof(memtrack_scope_row *));
}

/* Takes the rows to behind the table, and their order to behind the rows. Names that are new since
 * there was room for capacity are left out. Returns 0 or an error. */
static int take_rows(struct table *t, uint32_t group, uint32_t capacity) {
    memtrack_scope_row *rows = (memtrack_scope_row *)(t + 1);
    t->rows = (const memtrack_scope_row **)(rows + capacity);
    int found = mt_scopes_read(group, rows, capacity);
    t->n = found < 0 ? 0 : (uint32_t)found < capacity ? (uint32_t)found : capacity;
    for (uint32_t i = 0; i < t->n; i++)
        t->rows[i] = &rows[i];
    sort(t);
    return found < 0 ? found : 0;
}

/* n: rows at most; 0: all. */
static void put_all(struct table *t, uint32_t n) {
    uint32_t all = t->n;
    t->n = n != 0 && n < all ? n : all;
    lay_out(t);
    if (all != 0)
        put_table(t);
    else
        put(t, "no scope has ended\n");
    if (t->n < all)
        put_rest(t, all - t->n);
    flush(t);
}

int mt_scopes_print(uint32_t group, int fd, const char *by, uint32_t n) {
    enum mt_scopes_sort order = MT_SCOPE_BY_PEAK;
    if (by != NULL && !mt_order_parse(by, &order))
        return -MEMTRACK_EUSAGE;
    int found = mt_scopes_read(group, NULL, 0);
    if (found < 0)
        return found;
    struct table *t = mt_pages_new(bytes_for((uint32_t)found));
    if (t == NULL)
        return -MEMTRACK_ENOMEM;
    t->fd = fd;
    t->sort = order;
    int status = take_rows(t, group, (uint32_t)found);
    put_all(t, n);
    status = status != 0 ? status : t->status;
    mt_pages_unmap(t, bytes_for((uint32_t)found));
    return status;
}
