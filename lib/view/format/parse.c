/* SPDX-License-Identifier: MIT */
/* What people write for sizes and durations, read back. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/format/format.h"

/* Reads a plain decimal number (strtod alone would take "nan", "0x10" and "-1"). Returns its
 * end, or NULL. */
static const char *parse_number(const char *text, double *value) {
    size_t digits = strspn(text, "0123456789.");
    if (!isdigit((unsigned char)*text))
        return NULL;
    char *end;
    *value = strtod(text, &end);
    return end == text + digits ? end : NULL;
}

static bool scale(double value, double factor, uint64_t *result) {
    double scaled = value * factor;
    if (!(scaled < 18446744073709549568.0)) /* the largest double below 2^64 */
        return false;
    *result = (uint64_t)(scaled + 0.5);
    return true;
}

bool mt_format_parse_size(const char *text, uint64_t *bytes) {
    static const char letters[] = "KMGTPE";
    double value, factor = 1;
    const char *unit = parse_number(text, &value);
    if (!unit)
        return false;
    if (*unit == ' ')
        unit++;
    const char *letter = *unit ? strchr(letters, toupper((unsigned char)*unit)) : NULL;
    if (letter) {
        factor = ldexp(1, 10 * (int)(letter - letters + 1));
        unit++;
        if (*unit == 'i')
            unit++;
    }
    if (*unit == 'B' || *unit == 'b')
        unit++;
    return *unit == '\0' && scale(value, factor, bytes);
}

bool mt_format_parse_duration(const char *text, uint64_t bare_ns, uint64_t *ns) {
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ns", 1},   {"us", 1e3},   {"ms", 1e6},  {"s", 1e9},
                 {"m", 6e10}, {"min", 6e10}, {"h", 3.6e12}};
    double value;
    const char *unit = parse_number(text, &value);
    if (!unit)
        return false;
    if (*unit == ' ')
        unit++;
    if (*unit == '\0')
        return bare_ns != 0 && scale(value, (double)bare_ns, ns);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].unit) == 0)
            return scale(value, units[i].ns, ns);
    return false;
}
