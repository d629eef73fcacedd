/* SPDX-License-Identifier: MIT */
/*
 * A lane is a row of the chart's columns. One of scopes says in which columns any of its name ran, one of a counter how
 * high it stood at the end of each, from 0 to its own highest.
 *
 *   request    ▬▬  ▬▬▬▬▬   ▬
 *   cache      ▂▂▂▄▄▄█▂
 */
#include "lanes.h"

#include <stdlib.h>
#include <string.h>

#include "view/format.h"

enum { MOST_LANES = 5 };

struct lane {
    mt_string name;
    uint64_t weight; /* the heaviest are shown */
};

static int by_name(const void *a, const void *b) {
    const struct lane *x = a, *y = b;
    return x->name < y->name ? -1 : x->name > y->name;
}

static int by_weight(const void *a, const void *b) {
    const struct lane *x = a, *y = b;
    return x->weight != y->weight ? (x->weight > y->weight ? -1 : 1) : by_name(a, b);
}

/* Adds up equal names; returns how many lanes there are, at most MOST_LANES, the heaviest first. */
static size_t merge(struct lane *lanes, size_t n) {
    size_t n_merged = 0;
    qsort(lanes, n, sizeof *lanes, by_name);
    for (size_t i = 0; i < n; i++) {
        struct lane *last = n_merged ? &lanes[n_merged - 1] : NULL;
        if (!last || last->name != lanes[i].name)
            lanes[n_merged++] = lanes[i];
        else if (__builtin_add_overflow(last->weight, lanes[i].weight, &last->weight))
            last->weight = UINT64_MAX;
    }
    qsort(lanes, n_merged, sizeof *lanes, by_weight);
    return n_merged < MOST_LANES ? n_merged : MOST_LANES;
}

static size_t column_of(const struct mt_lanes_place *place, uint64_t time_ns) {
    double share = place->to_ns ? ((double)place->start_ns + (double)time_ns) / (double)place->to_ns : 0;
    size_t column = share < 1 ? (size_t)(share * (double)place->columns) : place->columns;
    return column < place->columns ? column : place->columns - 1;
}

static void put_label(const struct mt_terminal *terminal, const struct mt_lanes_place *place, const char *name) {
    char *visible = mt_format_visible(name, terminal->utf8);
    char *fitting = visible ? mt_format_shorten_function(visible, place->label_width, terminal->ellipsis) : NULL;
    size_t width = fitting ? mt_format_width(fitting) : 0;
    fprintf(terminal->stream, "%*s", (int)(width < place->label_width ? place->label_width - width : 0), "");
    mt_put(terminal, MT_STYLE_NONE, fitting);
    fputs("  ", terminal->stream);
    free(visible);
    free(fitting);
}

/* Nothing is printed behind the last column that is not blank. */
static void put_lane(const struct mt_terminal *terminal, const struct mt_lanes_place *place, const char *name,
                     enum mt_style style, const char *const *steps, const size_t *level) {
    size_t n = place->columns;
    while (n > 0 && level[n - 1] == 0)
        n--;
    put_label(terminal, place, name);
    fputs(mt_style(terminal, style), terminal->stream);
    for (size_t x = 0; x < n; x++)
        fputs(steps[level[x]], terminal->stream);
    fprintf(terminal->stream, "%s\n", mt_style(terminal, MT_STYLE_NONE));
}

static void put_scopes(const struct mt_terminal *terminal, const struct mt_profile *profile,
                       const struct mt_lanes_place *place, mt_string name, size_t *level) {
    const struct mt_scopes *scopes = &profile->info.scopes;
    memset(level, 0, place->columns * sizeof *level);
    for (size_t i = 0; i < scopes->n_events; i++) {
        const struct mt_scope_event *event = &scopes->events[i];
        uint64_t end;
        if (event->name != name || __builtin_add_overflow(event->time_ns, event->duration_ns, &end))
            continue;
        for (size_t x = column_of(place, event->time_ns); x <= column_of(place, end); x++)
            level[x] = 1;
    }
    const char *const steps[] = {" ", terminal->utf8 ? "▬" : "="};
    put_lane(terminal, place, mt_profile_text(profile, name), MT_STYLE_SOURCE, steps, level);
}

static void put_counter(const struct mt_terminal *terminal, const struct mt_profile *profile,
                        const struct mt_lanes_place *place, mt_string name, size_t *level) {
    const struct mt_scopes *scopes = &profile->info.scopes;
    int64_t most = 1;
    for (size_t i = 0; i < scopes->n_counters; i++)
        if (scopes->counters[i].name == name && scopes->counters[i].value > most)
            most = scopes->counters[i].value;
    memset(level, 0, place->columns * sizeof *level);
    for (size_t i = 0; i < scopes->n_counters; i++) {
        const struct mt_counter *counter = &scopes->counters[i];
        double share = counter->value > 0 ? (double)counter->value / (double)most : 0;
        size_t step = 1 + (size_t)(share * (double)(place->n_steps - 1) + 0.5);
        for (size_t x = column_of(place, counter->time_ns); counter->name == name && x < place->columns; x++)
            level[x] = step < place->n_steps ? step : place->n_steps;
    }
    put_lane(terminal, place, mt_profile_text(profile, name), MT_STYLE_BAR, place->steps, level);
}

int mt_lanes_print(const struct mt_terminal *terminal, const struct mt_profile *profile,
                   const struct mt_lanes_place *place) {
    const struct mt_scopes *scopes = &profile->info.scopes;
    struct lane *of_scopes = calloc(scopes->n_events + 1, sizeof *of_scopes);
    struct lane *of_counters = calloc(scopes->n_counters + 1, sizeof *of_counters);
    size_t *level = calloc(place->columns + 1, sizeof *level);
    bool made = of_scopes && of_counters && level;
    for (size_t i = 0; made && i < scopes->n_events; i++)
        of_scopes[i] = (struct lane){scopes->events[i].name, scopes->events[i].duration_ns};
    for (size_t i = 0; made && i < scopes->n_counters; i++)
        of_counters[i] = (struct lane){scopes->counters[i].name, 1};
    size_t n_scopes = made ? merge(of_scopes, scopes->n_events) : 0;
    size_t n_counters = made ? merge(of_counters, scopes->n_counters) : 0;
    for (size_t i = 0; i < n_scopes; i++)
        put_scopes(terminal, profile, place, of_scopes[i].name, level);
    for (size_t i = 0; i < n_counters; i++)
        put_counter(terminal, profile, place, of_counters[i].name, level);
    free(of_scopes);
    free(of_counters);
    free(level);
    return made ? 0 : -1;
}
