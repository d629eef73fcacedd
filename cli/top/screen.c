/* SPDX-License-Identifier: MIT */
/*
 * The loop of the screen: a tick reads, names and groups what is due and draws; a key acts and
 * draws at once. What a tick costs is measured, and the next one comes no sooner than COST_FACTOR
 * times that later, so that looking at a program of a million call paths does not become a load of
 * its own. Grouping and naming anew have the same rule, but for the first time, when somebody waits
 * for it.
 */
#include "top/screen_state.h"

#include <ctype.h>
#include <curses.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/command.h"
#include "top/curses.h"
#include "top/draw.h"
#include "top/filter.h"
#include "view/format/format.h"

enum {
    COST_FACTOR = 60,
    LONGEST_TICK_MS = 3000,
    READ_MS = 2,
    FIRST_READ_MS = 60,
    NAME_MS = 30,
    MESSAGE_S = 5,
    SORTED_AHEAD = 200,
    KEY_ESC = 27
};
#define NS_PER_MS UINT64_C(1000000)

struct loop {
    struct mt_top_screen screen;
    struct mt_filter filter;              /* as it was typed */
    uint64_t next_tick_ns, next_group_ns; /* CLOCK_MONOTONIC */
    uint64_t next_name_ns;
    uint64_t sum_cost_ns; /* what the last sum took: reading may take as much in a tick */
    uint64_t draw_cost_ns;
    int snapshot_fd, snapshot_pid;
    unsigned n_programs;
    bool must_sum, is_done;
    size_t level_before_frames;
};

__attribute__((format(printf, 2, 3))) static void say(struct loop *l, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(l->screen.message, sizeof l->screen.message, format, arguments);
    va_end(arguments);
    l->screen.message_until_ns = mt_clock_now_ns() + MESSAGE_S * UINT64_C(1000000000);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Returns how long the present list is. */
static size_t list_length(const struct mt_top_screen *s) {
    bool truncated;
    if (s->level < 2)
        return mt_top_model_count(s->top->model);
    const struct mt_row *row = mt_top_screen_path(s);
    return row ? mt_rows_stack(mt_top_model_rows(s->top->model), row, NULL, 0, &truncated) : 0;
}

static void reset_list(struct mt_top_screen *s, size_t level) {
    s->lists[level] = (struct mt_top_screen_list){.sample = UINT32_MAX};
}

/* Returns one of the samples of the row that is selected; UINT32_MAX: none is. */
static uint32_t selected_sample(const struct mt_top_screen *s) {
    size_t at = s->lists[s->level].selected;
    if (s->level == 2 || at >= mt_top_model_count(s->top->model))
        return UINT32_MAX;
    return mt_rows_at(mt_top_model_rows(s->top->model), mt_top_model_line(s->top->model, at)->row)
        ->sample;
}

static void move_to(struct mt_top_screen *s, size_t at) {
    struct mt_top_screen_list *list = mt_top_screen_list(s);
    size_t n = list_length(s);
    list->selected = at < n ? at : n ? n - 1 : 0;
    list->sample =
        list->selected ? selected_sample(s) : UINT32_MAX; /* at the top, one stays at the top */
}

static void move_by(struct mt_top_screen *s, long by) {
    size_t at = mt_top_screen_list(s)->selected;
    move_to(s, by < 0 && (size_t)-by > at ? 0 : at + (size_t)by);
}

/* ---- a tick ---------------------------------------------------------------------------------- */

/* Makes the lines from what is known now; the selection goes where its row went. */
static void sum(struct loop *l) {
    struct mt_top_screen *s = &l->screen;
    struct mt_top_screen_list *list = &s->lists[s->level < 2 ? s->level : l->level_before_frames];
    size_t n_sorted = list->first + s->n_rows + SORTED_AHEAD;
    mt_top_model_sum(s->top->model, n_sorted);
    size_t at =
        list->sample == UINT32_MAX ? SIZE_MAX : mt_top_model_find(s->top->model, list->sample);
    if (at != SIZE_MAX && at >= n_sorted) {
        mt_top_model_sum(s->top->model, 0);
        at = mt_top_model_find(s->top->model, list->sample);
    }
    if (at != SIZE_MAX)
        list->selected = at;
    l->must_sum = false;
}

static void group(struct loop *l) {
    struct mt_error error = {{0}, {0}};
    if (mt_top_model_group(l->screen.top->model, &error) != 0)
        say(l, "%s", error.message);
    l->screen.labels.profile = mt_top_model_profile(l->screen.top->model);
    l->must_sum = true;
}

static void group_if_due(struct loop *l, uint64_t now_ns) {
    if (!mt_top_model_is_stale(l->screen.top->model) ||
        (now_ns < l->next_group_ns && mt_top_model_rows(l->screen.top->model)))
        return;
    uint64_t began = mt_clock_cpu_ns();
    group(l);
    uint64_t cost = mt_clock_cpu_ns() - began;
    l->next_group_ns = now_ns + cost * (l->screen.is_naming ? 10 : 2 * COST_FACTOR);
}

/* At the beginning names come as fast as the screen stays alive; later they are new call paths, a
 * few at a time. */
static void name_if_due(struct loop *l, uint64_t now_ns) {
    int rc;
    if (now_ns < l->next_name_ns)
        return;
    uint64_t began = mt_clock_cpu_ns();
    bool had_all = !l->screen.is_naming;
    l->screen.is_naming = mt_top_model_name(l->screen.top->model, NAME_MS * NS_PER_MS, &rc);
    if (rc != 0)
        say(l, "out of memory: addresses stay without names");
    uint64_t cost = mt_clock_cpu_ns() - began;
    l->next_name_ns = now_ns + (had_all ? cost * 2 * COST_FACTOR : cost);
}

static void begin_program(struct loop *l) {
    struct mt_top_screen *s = &l->screen;
    l->n_programs = s->top->n_programs;
    s->level = 0;
    for (size_t i = 0; i < 3; i++)
        reset_list(s, i);
    s->is_naming = true;
    l->next_name_ns = l->next_group_ns = 0;
    const struct mt_profile *profile = mt_top_model_profile(s->top->model);
    s->labels.profile = profile;
}

/* The last picture of a process that has ended gets everything that can be had. */
static void finish_picture(struct loop *l) {
    int rc;
    mt_top_model_name(l->screen.top->model, 0, &rc);
    l->screen.is_naming = false;
    l->next_group_ns = 0;
}

static void tick(struct loop *l, uint64_t now_ns) {
    struct mt_top_screen *s = &l->screen;
    struct mt_error error = {{0}, {0}};
    uint64_t began = mt_clock_cpu_ns();
    bool had_all = s->top->has_all;
    if (!had_all)
        s->now_ns = now_ns;
    bool is_first = mt_top_model_marked_ns(s->top->model) ==
                    0; /* not all has been read yet: somebody waits for it */
    uint64_t budget = is_first                               ? FIRST_READ_MS * NS_PER_MS
                      : l->sum_cost_ns > READ_MS * NS_PER_MS ? l->sum_cost_ns
                                                             : READ_MS * NS_PER_MS;
    if (mt_top_look(s->top, now_ns, budget, &error) != 0) {
        say(l, "%s", error.message);
        s->top->has_all = true; /* what is known stays on the screen */
    }
    if (s->top->n_programs != l->n_programs) {
        begin_program(l);
        say(l, "the process executed another program");
    }
    if (s->top->has_all && !had_all)
        finish_picture(l);
    name_if_due(l, now_ns);
    group_if_due(l, now_ns);
    uint64_t before = mt_clock_cpu_ns();
    if (!had_all || l->must_sum)
        sum(l);
    l->sum_cost_ns = mt_clock_cpu_ns() - before;
    uint64_t cost = mt_clock_cpu_ns() - began + l->draw_cost_ns, gap = cost * COST_FACTOR,
             longest = LONGEST_TICK_MS * NS_PER_MS;
    if (s->is_naming || is_first)
        gap = 0;
    gap = gap > longest ? longest : gap;
    l->next_tick_ns = now_ns + (gap > s->top->delay_ns ? gap : s->top->delay_ns);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void open_frames(struct loop *l) {
    struct mt_top_screen *s = &l->screen;
    s->path_sample = selected_sample(s);
    if (s->path_sample == UINT32_MAX)
        return;
    l->level_before_frames = s->level;
    s->level = 2;
    reset_list(s, 2);
}

static void open_row(struct loop *l) {
    struct mt_top_screen *s = &l->screen;
    uint32_t sample = selected_sample(s);
    if (s->level == 2 || sample == UINT32_MAX)
        return;
    if (s->level == 1 || mt_top_model_by(s->top->model) == MT_BY_STACK) {
        open_frames(l);
        return;
    }
    s->lists[0].sample = sample;
    mt_top_model_open(s->top->model, sample);
    group(l);
    s->level = 1;
    reset_list(s, 1);
}

static void go_back(struct loop *l) {
    struct mt_top_screen *s = &l->screen;
    if (s->level == 2) {
        s->level = l->level_before_frames;
    } else if (s->level == 1) {
        s->level = 0;
        mt_top_model_open(s->top->model, UINT32_MAX);
        group(l);
    }
}

static void sort_by(struct loop *l, int column) {
    struct mt_top_screen *s = &l->screen;
    column = column < 0 ? MT_TOP_N_COLUMNS - 1 : column >= MT_TOP_N_COLUMNS ? 0 : column;
    mt_top_model_set_sort(s->top->model, (enum mt_top_column)column);
    if (s->level < 2)
        reset_list(s, s->level);
    l->must_sum = true;
}

static void begin_snapshot(struct loop *l) {
    if (l->snapshot_fd >= 0)
        return;
    l->snapshot_fd = mt_top_snapshot_begin(l->screen.top, &l->snapshot_pid);
    if (l->snapshot_fd < 0)
        say(l, "no snapshot: cannot start a process for it");
    else
        say(l, "writing a snapshot");
}

static void end_snapshot(struct loop *l) {
    char *text = mt_top_snapshot_end(l->snapshot_fd, l->snapshot_pid);
    l->snapshot_fd = -1;
    say(l, "%s", text ? text : "out of memory");
    free(text);
}

static void apply_filter(struct loop *l) {
    struct mt_top_screen *s = &l->screen;
    struct mt_filter filter;
    if (!mt_top_filter_parse(s->edited, &filter)) {
        say(l, "out of memory");
        return;
    }
    filter.all_frames = mt_top_model_options(s->top->model)->filter.all_frames;
    mt_top_model_set_filter(s->top->model, &filter);
    mt_top_filter_free(&l->filter);
    l->filter = filter;
    memcpy(s->filter, s->edited, sizeof s->filter);
    for (size_t i = 0; i < 2; i++)
        reset_list(s, i);
    if (s->level == 2)
        s->level = l->level_before_frames;
    group(l);
    if (s->level == 1 && !mt_top_model_is_open(s->top->model))
        s->level = 0;
}

static void filter_key(struct loop *l, int key) {
    struct mt_top_screen *s = &l->screen;
    size_t n = strlen(s->edited);
    if (key == KEY_ESC) {
        s->mode = MT_TOP_SCREEN_ROWS;
    } else if (key == '\n' || key == '\r' || key == KEY_ENTER) {
        s->mode = MT_TOP_SCREEN_ROWS;
        apply_filter(l);
    } else if (key == KEY_BACKSPACE || key == 127 || key == '\b') {
        while (n && ((unsigned char)s->edited[n - 1] & 0xC0) == 0x80) /* the rest of a character */
            s->edited[--n] = 0;
        s->edited[n ? n - 1 : 0] = 0;
    } else if (key == 'U' - '@') {
        s->edited[0] = 0;
    } else if (key >= ' ' && key < 256 && n + 1 < sizeof s->edited) {
        s->edited[n] = (char)key;
        s->edited[n + 1] = 0;
    }
}

static void group_key(struct loop *l, int key) {
    static const char keys[] = "lfimstzcdp";
    static const enum mt_group_by groups[] = {
        MT_BY_LINE,   MT_BY_FUNCTION, MT_BY_FILE,  MT_BY_MODULE, MT_BY_STACK,
        MT_BY_THREAD, MT_BY_SIZE,     MT_BY_SCOPE, MT_BY_DOMAIN, MT_BY_PROCESS};
    struct mt_top_screen *s = &l->screen;
    const char *at = key > 0 && key < 128 ? strchr(keys, key) : NULL;
    s->mode = MT_TOP_SCREEN_ROWS;
    if (!at || (groups[at - keys] == MT_BY_PROCESS && !s->top->is_tree))
        return;
    mt_top_model_set_by(s->top->model, groups[at - keys]);
    s->level = 0;
    reset_list(s, 0);
    group(l);
}

static bool movement_key(struct mt_top_screen *s, int key) {
    long page = s->n_rows > 1 ? (long)s->n_rows - 1 : 1;
    switch (key) {
    case KEY_UP:
    case 'k':
        move_by(s, -1);
        return true;
    case KEY_DOWN:
    case 'j':
        move_by(s, 1);
        return true;
    case KEY_PPAGE:
        move_by(s, -page);
        return true;
    case KEY_NPAGE:
        move_by(s, page);
        return true;
    case KEY_HOME:
        move_to(s, 0);
        return true;
    case KEY_END:
        move_to(s, SIZE_MAX);
        return true;
    default:
        return false;
    }
}

static bool sort_key(struct loop *l, int key) {
    static const char keys[] = "LCRABT"; /* in the order of enum mt_top_column */
    const char *at = key > 0 && key < 128 ? strchr(keys, key) : NULL;
    int now = (int)mt_top_model_options(l->screen.top->model)->sort;
    if (key == '<' || key == '>' || key == KEY_LEFT || key == KEY_RIGHT)
        sort_by(l, key == '<' || key == KEY_LEFT ? now - 1 : now + 1);
    else if (at)
        sort_by(l, (int)(at - keys));
    else
        return false;
    return true;
}

static void mark(struct loop *l) {
    mt_top_model_mark(l->screen.top->model, l->screen.now_ns);
    l->must_sum = true;
    say(l, "marked: changes count from now");
}

static void command_key(struct loop *l, int key) {
    struct mt_top_screen *s = &l->screen;
    switch (key) {
    case 'q':
        l->is_done = true;
        break;
    case 'h':
    case '?':
        s->mode = MT_TOP_SCREEN_HELP;
        break;
    case '/':
        s->mode = MT_TOP_SCREEN_FILTER;
        memcpy(s->edited, s->filter, sizeof s->edited);
        break;
    case 'g':
        s->mode = MT_TOP_SCREEN_GROUP;
        break;
    case 'm':
        mark(l);
        break;
    case ' ':
        s->is_paused = !s->is_paused;
        break;
    case 'w':
        begin_snapshot(l);
        break;
    case 'b':
    case KEY_ESC:
    case KEY_BACKSPACE:
        go_back(l);
        break;
    case '\n':
    case '\r':
    case KEY_ENTER:
        open_row(l);
        break;
    default:
        break;
    }
}

static void act(struct loop *l, int key) {
    struct mt_top_screen *s = &l->screen;
    if (key == KEY_RESIZE)
        return; /* drawing finds out the new size */
    if (s->mode == MT_TOP_SCREEN_HELP)
        s->mode = MT_TOP_SCREEN_ROWS;
    else if (s->mode == MT_TOP_SCREEN_FILTER)
        filter_key(l, key);
    else if (s->mode == MT_TOP_SCREEN_GROUP)
        group_key(l, key);
    else if (!movement_key(s, key) && !sort_key(l, key))
        command_key(l, key);
    if (l->must_sum)
        sum(l);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static int wait_ms(const struct loop *l, uint64_t now_ns) {
    if (l->screen.is_paused)
        return 1000;
    return l->next_tick_ns > now_ns ? (int)((l->next_tick_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS)
                                    : 0;
}

static void run(struct loop *l) {
    bool is_gone = false;
    while (!l->is_done && !is_gone && !mt_top_curses_asked_to_leave()) {
        uint64_t now = mt_clock_now_ns();
        if (!l->screen.is_paused && now >= l->next_tick_ns)
            tick(l, now);
        if (*l->screen.message && now >= l->screen.message_until_ns && l->snapshot_fd < 0)
            l->screen.message[0] = 0;
        uint64_t before = mt_clock_cpu_ns();
        mt_top_draw(&l->screen);
        l->draw_cost_ns = mt_clock_cpu_ns() - before;
        int key = mt_top_curses_key(wait_ms(l, mt_clock_now_ns()), l->snapshot_fd, &is_gone);
        for (; key != ERR && !l->is_done;
             key = mt_top_curses_key(0, -1, &is_gone)) /* a burst of keys is drawn once */
            act(l, key);
        if (l->snapshot_fd >= 0 && mt_top_snapshot_is_ready(l->snapshot_fd))
            end_snapshot(l);
    }
}

int mt_top_screen(struct mt_top *top) {
    struct mt_error error = {{0}, {0}};
    struct mt_terminal terminal;
    char current[4096];
    mt_terminal_init(&terminal, stdout, top->color);
    struct loop l = {.screen = {.top = top}, .snapshot_fd = -1, .n_programs = top->n_programs};
    l.screen.labels = (struct mt_labels){.utf8 = terminal.utf8, .ellipsis = terminal.ellipsis};
    l.screen.labels.folder = getcwd(current, sizeof current) ? current : "";
    begin_program(&l);
    if (mt_top_curses_begin(terminal.color, &error) != 0) {
        mt_terminal_print_error(top->program, &error);
        return MT_EXIT_USAGE;
    }
    run(&l);
    mt_top_curses_end();
    if (l.snapshot_fd >= 0) {
        char *text = mt_top_snapshot_end(l.snapshot_fd, l.snapshot_pid);
        fprintf(stderr, "%s: %s\n", top->program, text ? text : "");
        free(text);
    }
    if (mt_top_curses_asked_to_leave())
        mt_top_curses_leave(mt_top_curses_asked_to_leave());
    mt_top_filter_free(&l.filter);
    return MT_EXIT_OK;
}
