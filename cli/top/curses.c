/* SPDX-License-Identifier: MIT */
/*
 * Signals that ask to leave set a flag, and the loop leaves in order. Those that come from a fault
 * of our own cannot wait: their handler writes the terminal's own sequences (fetched when it was
 * taken) and settings with calls that are allowed there, and lets the signal do what it would have
 * done. SIGTSTP is curses' own.
 *
 * newterm is used and not initscr, which ends the program when it does not know the terminal.
 */
#include "top/curses.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

static SCREEN *screen;
static struct termios settings; /* as they were before */
static bool has_settings, is_colored;
static char goodbye[256]; /* attributes off, cursor on, the other screen */
static volatile sig_atomic_t wanted, is_taken;

enum { ESCAPE_DELAY_MS = 25 };

/* ---- signals --------------------------------------------------------------------------------- */

static void on_request(int number) {
    wanted = number;
}

static void on_fault(int number) {
    if (is_taken) {
        ssize_t ignored = write(STDOUT_FILENO, goodbye, strlen(goodbye));
        (void)ignored;
        if (has_settings)
            tcsetattr(STDIN_FILENO, TCSANOW, &settings);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void handle_signals(void) {
    static const int requests[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT},
                     faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        handle(requests[i], on_request, 0); /* without SA_RESTART, a wait ends */
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        handle(faults[i], on_fault, (int)SA_RESETHAND);
    handle(SIGPIPE, SIG_IGN, 0);
}

int mt_top_curses_asked_to_leave(void) {
    return wanted;
}

void mt_top_curses_leave(int number) {
    handle(number, SIG_DFL, 0);
    raise(number);
}

/* ---- taking and giving back ------------------------------------------------------------------ */

static void append_capability(const char *name) {
    const char *text = tigetstr((NCURSES_CONST char *)name);
    size_t have = strlen(goodbye);
    if (text && text != (char *)-1 && have + strlen(text) < sizeof goodbye)
        memcpy(goodbye + have, text, strlen(text) + 1);
}

static void start_colors(bool color) {
    static const short foreground[MT_N_PAINTS] = {
        [MT_PAINT_BAR] = COLOR_BLUE,    [MT_PAINT_HEAP] = COLOR_CYAN,
        [MT_PAINT_RSS] = COLOR_MAGENTA, [MT_PAINT_MORE] = COLOR_YELLOW,
        [MT_PAINT_LESS] = COLOR_GREEN,  [MT_PAINT_WARN] = COLOR_YELLOW,
    };
    is_colored = color && has_colors() && start_color() == OK;
    if (!is_colored)
        return;
    use_default_colors();
    for (int i = 1; i < MT_N_PAINTS; i++)
        init_pair((short)i, foreground[i] ? foreground[i] : -1, -1);
}

int mt_top_curses_begin(bool color, struct mt_error *error) {
    has_settings = tcgetattr(STDIN_FILENO, &settings) == 0;
    screen = newterm(NULL, stdout, stdin);
    if (!screen) {
        const char *term = getenv("TERM");
        return mt_error_set(error, MEMTRACK_EIO, "Set TERM to its type, or use --once or --batch.",
                            "the terminal's type (TERM=%s) is not known here", term ? term : "");
    }
    goodbye[0] = 0;
    append_capability("sgr0");
    append_capability("cnorm");
    append_capability("rmcup");
    is_taken = 1;
    handle_signals();
    set_escdelay(ESCAPE_DELAY_MS);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    curs_set(0);
    start_colors(color);
    return 0;
}

void mt_top_curses_end(void) {
    if (!is_taken)
        return;
    endwin();
    is_taken = 0;
    delscreen(screen);
    screen = NULL;
    if (has_settings)
        tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

/* ---- keys and colours ------------------------------------------------------------------------ */

int mt_top_curses_key(int timeout_ms, int fd, bool *is_gone) {
    struct pollfd wait[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    timeout(0);
    int key = getch(); /* gives what curses has taken in already, and a change of size */
    if (key != ERR || wanted)
        return key;
    int n = poll(wait, fd >= 0 ? 2 : 1, timeout_ms);
    if (n <= 0)
        return n < 0 && errno == EINTR ? getch() : ERR;
    *is_gone = (wait[0].revents & (POLLERR | POLLNVAL)) ||
               (wait[0].revents & (POLLHUP | POLLIN)) == POLLHUP;
    if (!(wait[0].revents & POLLIN))
        return ERR;
    errno = 0;
    key = getch();
    if (key == ERR && errno != EINTR && errno != EAGAIN)
        *is_gone = true; /* readable, and nothing to be read: its end */
    return key;
}

unsigned long mt_top_curses_paint(enum mt_paint paint) {
    unsigned long attributes = paint == MT_PAINT_BOLD  ? A_BOLD
                               : paint == MT_PAINT_DIM ? A_DIM
                                                       : A_NORMAL;
    if (paint == MT_PAINT_WARN && !is_colored)
        attributes |= A_BOLD;
    if (is_colored && paint > MT_PAINT_DIM)
        attributes |= (unsigned long)COLOR_PAIR((int)paint);
    return attributes;
}
