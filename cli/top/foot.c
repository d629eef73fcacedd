/* SPDX-License-Identifier: MIT */
/*
 * Keys that do nothing in the list at hand are not shown; of the others, those that fit.
 */
#include "top/foot.h"

#include <curses.h>
#include <string.h>

#include "top/pen.h"

static void draw_keys(const struct mt_top_screen *s, struct mt_top_pen *pen) {
    static const struct {
        const char *key, *does;
        unsigned levels; /* in which of the lists the key does something, as bits */
    } keys[] = {{"Enter", "open", 3}, {"b", "back", 6}, {"<>", "sort", 3},     {"/", "filter", 3},
                {"g", "group", 1},    {"m", "mark", 7}, {"space", "pause", 7}, {"w", "write", 7},
                {"h", "help", 7},     {"q", "quit", 7}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int width = (int)(strlen(keys[i].key) + strlen(keys[i].does)) + 3;
        if (!(keys[i].levels >> s->level & 1) || pen->x + width > pen->end)
            continue;
        mt_top_pen_put(pen, MT_PAINT_BOLD, keys[i].key);
        mt_top_pen_print(pen, MT_PAINT_DIM, " %s  ", keys[i].does);
    }
}

void mt_top_foot_draw(const struct mt_top_screen *s, int y) {
    struct mt_top_pen pen = mt_top_pen_at(&s->labels, y, 1);
    if (s->mode == MT_TOP_SCREEN_FILTER) {
        mt_top_pen_print(&pen, MT_PAINT_BOLD, "filter: ");
        size_t room = pen.end - pen.x > 1 ? (size_t)(pen.end - pen.x - 1) : 0,
               length = strlen(s->edited);
        mt_top_pen_put(&pen, MT_PAINT_PLAIN, s->edited + (length > room ? length - room : 0));
        attron(A_REVERSE);
        mt_top_pen_put(&pen, MT_PAINT_PLAIN, " ");
        attroff(A_REVERSE);
        mt_top_pen_put(&pen, MT_PAINT_DIM, "  words match anywhere, !word excludes; Enter, Esc");
    } else if (s->mode == MT_TOP_SCREEN_GROUP) {
        mt_top_pen_put(&pen, MT_PAINT_BOLD, "group by: ");
        mt_top_pen_put(
            &pen, MT_PAINT_PLAIN,
            s->top->is_tree
                ? "l line  f function  i file  m module  s stack  p process  t thread  c scope  z d"
                : "l line  f function  i file  m module  s stack  t thread  c scope  z size  "
                  "d domain");
    } else if (*s->message) {
        mt_top_pen_put(&pen, MT_PAINT_WARN, s->message);
    } else {
        draw_keys(s, &pen);
    }
}

void mt_top_foot_draw_help(const struct mt_top_screen *s) {
    static const char *const text[] = {
        "up down PgUp PgDn Home End   move; also j and k",
        "Enter                        open: row, call path, frames",
        "b, Esc                       back",
        "< >                          sort by the column to the left, right",
        "L C R A B T                  sort by live, change, bytes/s, allocs/s, blocks, total",
        "/                            filter: words match anywhere in file, function, module;",
        "                             a*c is a pattern, a.c:12 a line, !word excludes",
        "g                            group by line, function, file, module, stack, others",
        "m                            mark: changes count from now",
        "space                        pause",
        "w                            write a snapshot: a profile, for memtrack report and diff",
        "q                            quit",
        "",
        "CHANGE is what has become live since the mark. BYTES/S and ALLOCS/S are what was",
        "allocated in the last second, freed again or not.",
        "",
        "any key goes on",
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        struct mt_top_pen pen = mt_top_pen_at(&s->labels, (int)i, 1);
        mt_top_pen_put(&pen, i < 12 ? MT_PAINT_PLAIN : MT_PAINT_DIM, text[i]);
    }
}
