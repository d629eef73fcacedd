/* SPDX-License-Identifier: MIT */
/*
 * A condition is one comparison. Its grammar fits a regular expression, and is read by hand so that
 * a message can point at the place:
 *
 *   NAME [ '(' DURATION ')' ] OPERATOR NUMBER [UNIT] [ '/' TIME ]        blanks anywhere between
 *                                                                        them
 *
 * Growth is where naive triggers lie: the difference of two ticks takes every buffer that comes and
 * goes for a leak. The median of the slopes between all pairs of samples in a window (Theil 1950,
 * Sen 1968) stays put until more than a quarter of the samples is off. A step that stays is no
 * growth either, but up to 51 % of the pairs lie across it: so the 40th percentile is taken instead
 * of the median. It says nothing before the window is full. Rejected: least squares (one spike
 * moves it), the difference of two minima (a single dip at the old end moves it).
 */
#include "watch/condition.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/format/format.h"

#define NS_PER_S          1e9
#define DEFAULT_WINDOW_NS UINT64_C(10000000000)
#define LEAST_WINDOW_NS   UINT64_C(100000000)

enum { PERCENT_OF_HYSTERESIS = 5, QUANTILE_PERCENT = 40, LEAST_SAMPLES = 4, VALUE_BYTES = 64 };

enum unit { UNIT_SIZE, UNIT_RATE, UNIT_COUNT, UNIT_TIME };

static const struct quantity {
    const char *name;
    enum unit unit;
    bool takes_percent;
} quantities[] = {
    [MT_QUANTITY_LIVE] = {"live", UNIT_SIZE, true},
    [MT_QUANTITY_PEAK] = {"peak", UNIT_SIZE, true},
    [MT_QUANTITY_RSS] = {"rss", UNIT_SIZE, true},
    [MT_QUANTITY_PSS] = {"pss", UNIT_SIZE, true},
    [MT_QUANTITY_SWAP] = {"swap", UNIT_SIZE, true},
    [MT_QUANTITY_GROWTH] = {"growth", UNIT_RATE, false},
    [MT_QUANTITY_BLOCKS] = {"blocks", UNIT_COUNT, false},
    [MT_QUANTITY_UNKNOWN_FREES] = {"unknown_frees", UNIT_COUNT, false},
    [MT_QUANTITY_FAILED] = {"failed", UNIT_COUNT, false},
    [MT_QUANTITY_DROPPED] = {"dropped", UNIT_COUNT, false},
    [MT_QUANTITY_TIME] = {"time", UNIT_TIME, false},
};
enum { N_QUANTITIES = sizeof quantities / sizeof *quantities };

/* ---- parsing --------------------------------------------------------------------------------- */

struct parser {
    const char *text, *at;
    struct mt_error *error;
};

static const char *skip_blanks(const char *at) {
    return at + strspn(at, " \t");
}

/* Makes a message such as "live>>1G: at character 6 (>1G): a size is expected". */
__attribute__((format(printf, 3, 4))) static int refuse(const struct parser *p, const char *hint,
                                                        const char *format, ...) {
    char what[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    size_t position = (size_t)(p->at - p->text) + 1;
    if (!*p->at)
        return mt_error_set(p->error, MEMTRACK_EUSAGE, hint, "'%.100s': at the end: %s", p->text,
                            what);
    return mt_error_set(p->error, MEMTRACK_EUSAGE, hint, "'%.100s': at character %zu (%.40s): %s",
                        p->text, position, p->at, what);
}

static int parse_name(struct parser *p, struct mt_condition *condition) {
    size_t length = 0;
    while (isalpha((unsigned char)p->at[length]) || p->at[length] == '_')
        length++;
    for (size_t i = 0; i < N_QUANTITIES; i++)
        if (strlen(quantities[i].name) == length &&
            strncmp(p->at, quantities[i].name, length) == 0) {
            condition->quantity = (enum mt_quantity)i;
            p->at = skip_blanks(p->at + length);
            return 0;
        }
    return refuse(p, "For example: live>1G, rss>80%, growth>1M/s.",
                  "needs one of live, peak, rss, pss, swap, growth, blocks, unknown_frees, failed, "
                  "dropped, time");
}

/* Copies length bytes of the text, without the blanks at their end. Returns false when they are
 * more than any value has. */
static bool copy_until(const char *from, size_t length, char out[VALUE_BYTES]) {
    while (length && (from[length - 1] == ' ' || from[length - 1] == '\t'))
        length--;
    if (length >= VALUE_BYTES)
        return false;
    memcpy(out, from, length);
    out[length] = '\0';
    return true;
}

static int parse_window(struct parser *p, struct mt_condition *condition) {
    char text[VALUE_BYTES];
    condition->window_ns = DEFAULT_WINDOW_NS;
    if (*p->at != '(')
        return 0;
    if (condition->quantity != MT_QUANTITY_GROWTH)
        return refuse(p, "", "only growth takes a window");
    p->at = skip_blanks(p->at + 1);
    size_t length = strcspn(p->at, ")");
    if (p->at[length] != ')' || !copy_until(p->at, length, text) ||
        !mt_format_parse_duration(text, 0, &condition->window_ns) ||
        condition->window_ns < LEAST_WINDOW_NS)
        return refuse(p, "For example: growth(60s)>1M/s. The default is 10s.",
                      "needs a window of at least 100ms and a )");
    p->at = skip_blanks(p->at + length + 1);
    return 0;
}

static int parse_operator(struct parser *p, struct mt_condition *condition) {
    if (*p->at != '>' && *p->at != '<')
        return refuse(p, "", "needs >, >=, < or <=");
    condition->is_below = *p->at++ == '<';
    if (*p->at == '=') {
        condition->is_inclusive = true;
        p->at++;
    }
    p->at = skip_blanks(p->at);
    return 0;
}

/* Reads 3, 1.5K or 20M: K is a thousand, as blocks are counted and not measured. */
static bool parse_count(const char *text, double *count) {
    static const char letters[] = "KMGT";
    char *end;
    if (!isdigit((unsigned char)*text))
        return false;
    *count = strtod(text, &end);
    if (strcspn(text, "xXpPnN") < (size_t)(end - text)) /* hexadecimal */
        return false;
    const char *letter = *end ? strchr(letters, toupper((unsigned char)*end)) : NULL;
    if (letter) {
        *count *= pow(1000, (double)(letter - letters + 1));
        end++;
    }
    return *end == '\0' && isfinite(*count);
}

/* Reads SIZE/s, SIZE/m or SIZE/h. */
static bool parse_rate(char *text, double *rate) {
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"s", 1}, {"sec", 1}, {"m", 60}, {"min", 60}, {"h", 3600}};
    char *slash = strchr(text, '/');
    uint64_t bytes;
    if (!slash)
        return false;
    const char *unit = skip_blanks(slash + 1);
    while (slash > text && slash[-1] == ' ')
        slash--;
    *slash = '\0';
    if (!mt_format_parse_size(text, &bytes))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].unit) == 0) {
            *rate = (double)bytes / units[i].seconds;
            return true;
        }
    return false;
}

static bool parse_percent(char *text, double *percent) {
    size_t length = strlen(text);
    if (length < 2 || text[length - 1] != '%')
        return false;
    while (length > 1 && text[length - 2] == ' ')
        length--;
    text[length - 1] = '\0';
    return parse_count(text, percent) && *percent > 0 && *percent <= 1000;
}

static bool parse_value(char *text, struct mt_condition *condition) {
    const struct quantity *quantity = &quantities[condition->quantity];
    uint64_t value = 0;
    bool is_valid = false;
    if (quantity->takes_percent && strchr(text, '%')) {
        condition->is_percent = true;
        return parse_percent(text, &condition->bound);
    }
    switch (quantity->unit) {
    case UNIT_COUNT:
        return parse_count(text, &condition->bound);
    case UNIT_RATE:
        return parse_rate(text, &condition->bound);
    case UNIT_SIZE:
        is_valid = mt_format_parse_size(text, &value);
        break;
    case UNIT_TIME:
        is_valid = mt_format_parse_duration(text, 0, &value);
        break;
    }
    condition->bound = (double)value;
    return is_valid;
}

static int parse_bound(struct parser *p, struct mt_condition *condition) {
    static const char *const expected[] = {
        [UNIT_SIZE] = "needs a size, such as 1G, or a percentage, such as 80%",
        [UNIT_RATE] = "needs a size per time, such as 1M/s or 100M/h",
        [UNIT_COUNT] = "needs a number, such as 1000 or 5M",
        [UNIT_TIME] = "needs a duration, such as 90s or 10m",
    };
    char text[VALUE_BYTES];
    if (!copy_until(p->at, strlen(p->at), text) || !parse_value(text, condition))
        return refuse(p, "", "%s", expected[quantities[condition->quantity].unit]);
    return 0;
}

int mt_condition_parse(const char *text, struct mt_condition *condition, struct mt_error *error) {
    struct parser p = {.text = text, .at = skip_blanks(text), .error = error};
    *condition = (struct mt_condition){.text = text};
    int rc = parse_name(&p, condition);
    if (rc == 0)
        rc = parse_window(&p, condition);
    if (rc == 0)
        rc = parse_operator(&p, condition);
    return rc == 0 ? parse_bound(&p, condition) : rc;
}

/* ---- growth ---------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Returns the index of the sample that is i-th from the newest one. */
static size_t from_newest(const struct mt_growth *growth, size_t i) {
    return (growth->next + 2 * MT_GROWTH_SAMPLES - 1 - i) % MT_GROWTH_SAMPLES;
}

/* Ticks can be further apart than the samples should be: then the ring reaches back further than
 * the window. */
static size_t samples_in_window(const struct mt_growth *growth) {
    size_t n = 0;
    while (n < growth->n &&
           (n < LEAST_SAMPLES ||
            growth->last_ns - growth->time_ns[from_newest(growth, n)] <= growth->window_ns))
        n++;
    return n;
}

static double typical_slope(const struct mt_growth *growth, size_t n_samples) {
    double slopes[MT_GROWTH_SAMPLES * (MT_GROWTH_SAMPLES - 1) / 2];
    size_t n = 0;
    for (size_t i = 0; i < n_samples; i++)
        for (size_t j = i + 1; j < n_samples; j++) {
            size_t newer = from_newest(growth, i), older = from_newest(growth, j);
            double seconds =
                ((double)growth->time_ns[newer] - (double)growth->time_ns[older]) / NS_PER_S;
            if (seconds > 0)
                slopes[n++] =
                    ((double)growth->live_bytes[newer] - (double)growth->live_bytes[older]) /
                    seconds;
        }
    if (n == 0)
        return 0;
    qsort(slopes, n, sizeof *slopes, compare_doubles);
    return slopes[n * QUANTILE_PERCENT / 100];
}

static void add_sample(struct mt_growth *growth, uint64_t time_ns, uint64_t live_bytes) {
    uint64_t gap = growth->window_ns / MT_GROWTH_SAMPLES;
    if (growth->n && time_ns < growth->last_ns + gap)
        return;
    growth->last_ns = time_ns;
    growth->time_ns[growth->next] = time_ns;
    growth->live_bytes[growth->next] = live_bytes;
    growth->next = (growth->next + 1) % MT_GROWTH_SAMPLES;
    if (growth->n < MT_GROWTH_SAMPLES)
        growth->n++;
    uint64_t covered_ns = time_ns - growth->time_ns[from_newest(growth, growth->n - 1)];
    growth->is_known =
        growth->n >= LEAST_SAMPLES && covered_ns >= growth->window_ns - growth->window_ns / 10;
    growth->bytes_per_second =
        growth->is_known ? typical_slope(growth, samples_in_window(growth)) : 0;
}

/* ---- evaluation ------------------------------------------------------------------------------ */

void mt_condition_watch_init(struct mt_condition_watch *watch,
                             const struct mt_condition *condition) {
    *watch = (struct mt_condition_watch){.growth = {.window_ns = condition->window_ns}};
}

static bool raw_figure(enum mt_quantity quantity, const struct mt_condition_watch *watch,
                       const struct mt_gauge *gauge, double *figure) {
    const struct {
        uint64_t value;
        bool is_known;
    } list[] = {
        [MT_QUANTITY_LIVE] = {gauge->live_bytes, true},
        [MT_QUANTITY_PEAK] = {gauge->peak_bytes, true},
        [MT_QUANTITY_RSS] = {gauge->rss_bytes, gauge->has_rss},
        [MT_QUANTITY_PSS] = {gauge->pss_bytes, gauge->has_pss},
        [MT_QUANTITY_SWAP] = {gauge->swap_bytes, gauge->has_pss},
        [MT_QUANTITY_BLOCKS] = {gauge->total_blocks, true},
        [MT_QUANTITY_UNKNOWN_FREES] = {gauge->unknown_frees, true},
        [MT_QUANTITY_FAILED] = {gauge->failed, true},
        [MT_QUANTITY_DROPPED] = {gauge->dropped, true},
        [MT_QUANTITY_TIME] = {gauge->time_ns, true},
    };
    if (quantity == MT_QUANTITY_GROWTH) {
        *figure = watch->growth.bytes_per_second;
        return watch->growth.is_known;
    }
    *figure = (double)list[quantity].value;
    return list[quantity].is_known;
}

bool mt_condition_figure(const struct mt_condition *condition,
                         const struct mt_condition_watch *watch, const struct mt_gauge *gauge,
                         double *figure, double *bound) {
    *bound = condition->bound;
    if (condition->is_percent)
        *bound = (double)gauge->limit_bytes * condition->bound / 100;
    return raw_figure(condition->quantity, watch, gauge, figure) &&
           (!condition->is_percent || gauge->limit_bytes);
}

static bool compare(const struct mt_condition *condition, double figure, double bound) {
    if (condition->is_below)
        return condition->is_inclusive ? figure <= bound : figure < bound;
    return condition->is_inclusive ? figure >= bound : figure > bound;
}

bool mt_condition_fires(const struct mt_condition *condition, struct mt_condition_watch *watch,
                        const struct mt_gauge *gauge, uint64_t again_ns) {
    double figure, bound;
    if (condition->quantity == MT_QUANTITY_GROWTH)
        add_sample(&watch->growth, gauge->time_ns, gauge->live_bytes);
    if (!mt_condition_figure(condition, watch, gauge, &figure, &bound))
        return false;
    double margin = fabs(bound) * PERCENT_OF_HYSTERESIS / 100;
    if (!compare(condition, figure, bound)) {
        if (!compare(condition, figure, bound + (condition->is_below ? margin : -margin)))
            watch->is_true = false;
        return false;
    }
    if (watch->is_true || (watch->has_fired && gauge->time_ns - watch->fired_ns < again_ns))
        return false;
    watch->is_true = watch->has_fired = true;
    watch->fired_ns = gauge->time_ns;
    return true;
}

/* ---- for people ------------------------------------------------------------------------------ */

static int64_t whole(double value) {
    return value >= 9e18 ? INT64_MAX : value <= -9e18 ? INT64_MIN : (int64_t)value;
}

char *mt_condition_format(const struct mt_condition *condition, double figure, char *buffer,
                          size_t bytes) {
    char text[MT_FORMAT_BYTES];
    switch (quantities[condition->quantity].unit) {
    case UNIT_SIZE:
        snprintf(buffer, bytes, "%s", mt_format_size(text, whole(figure), false));
        break;
    case UNIT_RATE:
        snprintf(buffer, bytes, "%s/s", mt_format_size(text, whole(figure), false));
        break;
    case UNIT_COUNT:
        snprintf(buffer, bytes, "%s", mt_format_count(text, whole(figure)));
        break;
    case UNIT_TIME:
        snprintf(buffer, bytes, "%s", mt_format_duration(text, figure > 0 ? (uint64_t)figure : 0));
        break;
    }
    return buffer;
}
