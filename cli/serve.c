/* SPDX-License-Identifier: MIT */
/*
 * memtrack serve: what is to be shown, where, and who is told of it. The server itself is in
 * lib/serve, which prints nothing.
 *
 * The address is the only thing on standard output, and is there when the server answers, so that a
 * script can wait for the line and use it.
 */
#include <argp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/array.h"
#include "command/charged.h"
#include "command/command.h"
#include "command/help.h"
#include "command/html.h"
#include "command/input.h"
#include "command/options.h"
#include "serve/listen.h"
#include "serve/served.h"
#include "serve/server.h"
#include "text/terminal.h"
#include "view/subject.h"

enum key { KEY_LISTEN = 512, KEY_HOST, KEY_INTERVAL, KEY_UNTIL_END, KEY_ANY_USER };

#define NS_PER_MS UINT64_C(1000000)

static const struct argp_option options[] = {
    {"listen", KEY_LISTEN, "ADDR:PORT", MT_HELP_COMMON,
     "Listen on this address (default: 127.0.0.1 and ::1) and port (default: a free one). With "
     "another address than those of the loopback device, other machines may read the profile",
     1},
    {"host", KEY_HOST, "NAME", MT_HELP_COMMON,
     "Answer requests for this name of the machine too, such as those of a scraper (repeatable)",
     1},
    {"any-user", KEY_ANY_USER, NULL, MT_HELP_COMMON,
     "Answer other users of this machine too, such as a scraper (default: you and root)", 1},
    {"until-end", KEY_UNTIL_END, NULL, MT_HELP_COMMON, "End when the process has ended", 1},
    {"interval", KEY_INTERVAL, "DUR", MT_HELP_COMMON,
     "Read totals and memory every DUR for the time axis (default: 100ms, and longer in long runs)",
     1},
    {"quiet", MT_KEY_QUIET, NULL, MT_HELP_COMMON, "Print the address, and only problems", 1},
    {NULL, 0, NULL, 0, "Charging, here and in later views of the profile:", 4},
    MT_CHARGED_OPTIONS(4, 0),
    {NULL, 0, NULL, 0, "Names:", 5},
    MT_SYMBOL_OPTIONS(5),
    {0},
};

struct request {
    struct mt_options_shared shared;
    struct mt_charged charged;
    const char *what, *listen;
    char *path; /* what was chosen: a file, a directory of a run, or a pid */
    const char **hosts;
    size_t n_hosts, host_capacity;
    uint64_t interval_ns;
    bool until_end, any_user;
};

/* ---- options --------------------------------------------------------------------------------- */

static void add_host(struct argp_state *state, struct request *r, const char *name) {
    if (!*name || strpbrk(name, ":/ "))
        argp_error(state, "--host %s: needs a name without a port", name);
    if (!mt_array_reserve(&r->hosts, &r->host_capacity, r->n_hosts + 1, sizeof *r->hosts))
        argp_failure(state, MT_EXIT_UNREADABLE, 0, "out of memory");
    r->hosts[r->n_hosts++] = name;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case KEY_LISTEN:
        r->listen = text;
        return 0;
    case KEY_HOST:
        add_host(state, r, text);
        return 0;
    case KEY_ANY_USER:
        r->any_user = true;
        return 0;
    case KEY_UNTIL_END:
        r->until_end = true;
        return 0;
    case KEY_INTERVAL:
        r->interval_ns = mt_options_duration(state, "--interval", text, 0, 10 * NS_PER_MS, "100ms");
        return 0;
    case ARGP_KEY_ARG:
        mt_options_profile(state, text, &r->what);
        return 0;
    default:
        return mt_options_parse(key, text, state, &r->shared) ||
                       mt_charged_parse(key, text, state, &r->charged)
                   ? 0
                   : ARGP_ERR_UNKNOWN;
    }
}

const struct argp mt_serve_argp = {
    .options = options,
    .parser = parse_option,
    .args_doc = "[PID|FILE|DIR]",
    .doc =
        "Show a running process, or a profile, in a browser.\vExample: memtrack serve 1234\n\n"
        "Prints the address of a page that shows the process as it is now, and renews itself. "
        "The process is only read: it is not stopped, and gets no signal. When it ends, its last "
        "profile stays, until Ctrl-C ends the server. FILE and DIR are those of memtrack "
        "report.\n\nUnder the address are also profile.pb.gz, debug/pprof/heap and "
        "debug/pprof/allocs for go tool pprof, and metrics for Prometheus. Other users are "
        "refused.\n\nExit status: 0, 2 wrong usage, 3 the process or profile "
        "cannot be read, or the address cannot be had.",
};

/* ---- what is shown --------------------------------------------------------------------------- */

static int load(const struct request *r, struct mt_served_options *how, struct mt_processes *run,
                struct mt_served **out, struct mt_error *error) {
    struct mt_profile *profile = NULL;
    const struct mt_input_wanted wanted = {.keep = mt_html_keep};
    int rc = mt_input_read_run(r->path, &wanted, run, &profile, error);
    if (rc != 0)
        return rc;
    rc = mt_symbols_resolve(profile, &r->shared.symbols, error);
    how->about.file = r->path;
    how->about.processes = run->n ? run : NULL;
    if (rc == 0)
        return mt_served_profile(profile, how, out, error);
    mt_profile_free(profile);
    return rc;
}

/* *run is filled when it is one of several processes. */
static int open_served(const struct request *r, struct mt_processes *run, struct mt_served **out,
                       struct mt_error *error) {
    struct mt_served_options how = {
        .interval_ns = r->interval_ns,
        .symbols = r->shared.symbols,
        .about.wrappers = mt_charged_wrappers(&r->charged),
    };
    pid_t pid;
    return mt_subject_is_process(r->path, &pid) ? mt_served_process(pid, &how, out, error)
                                                : load(r, &how, run, out, error);
}

/* ---- serving --------------------------------------------------------------------------------- */

#ifdef MEMTRACK_HAS_MICROHTTPD

struct told { /* to the person who started it */
    const struct request *request;
    struct mt_served *served;
};

static void say_end(void *context) {
    const struct told *told = context;
    struct mt_export_served state;
    mt_served_state(told->served, &state);
    if (told->request->shared.quiet || strcmp(state.state, "profile") == 0)
        return;
    bool is_replaced = strcmp(state.state, "replaced") == 0;
    fprintf(stderr, "%s: process %u %s; %s\n", told->request->shared.program, (unsigned)state.pid,
            is_replaced ? "has executed a program that is not tracked" : "has ended",
            told->request->until_end ? "so does the server"
                                     : "its last profile stays until Ctrl-C");
}

static void warn(const struct request *r, const struct mt_listen *listen,
                 const struct mt_served *served) {
    if (!listen->is_loopback)
        mt_terminal_print_problem(
            r->shared.program, "Without --listen, only this machine can.",
            "whoever can reach %s port %u can read the profile of %s: functions, paths, command",
            listen->is_any ? "this machine's" : listen->host, (unsigned)listen->port,
            mt_served_name(served));
}

static void say_address(const struct request *r, const struct mt_listen *listen,
                        const struct mt_served *served) {
    char url[MT_LISTEN_URL];
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stderr, MT_COLOR_AUTO);
    warn(r, listen, served);
    if (!r->shared.quiet) {
        fprintf(stderr, "%s: ", r->shared.program);
        mt_terminal_put(&terminal, MT_STYLE_NONE, mt_served_name(served));
        fputs("; Ctrl-C ends the server\n", stderr);
    }
    printf("%s\n", mt_listen_url(listen, url));
    fflush(stdout);
}

/* Returns a descriptor that becomes readable when the server is to end; -1 with errno. */
static int catch_signals(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int load_server(struct mt_error *error) {
    return mt_server_load(error);
}

static int run(const struct request *r, struct mt_listen *listen, struct mt_served *served,
               struct mt_error *error) {
    struct told told = {r, served};
    const struct mt_server_options how = {
        .listen = listen,
        .names = r->hosts,
        .n_names = r->n_hosts,
        .until_end = r->until_end,
        .any_user = r->any_user,
        .ended = say_end,
        .context = &told,
    };
    struct mt_server *server;
    int stop_fd = catch_signals();
    if (stop_fd < 0)
        return mt_error_set(error, MEMTRACK_EIO, "", "cannot wait for signals: %m");
    int rc = mt_server_new(served, &how, &server, error);
    if (rc == 0) {
        say_address(r, listen, served);
        rc = mt_server_run(server, stop_fd, error);
        mt_server_free(server);
    }
    close(stop_fd);
    return rc;
}

#else

static int load_server(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_EUSAGE,
                        "Install libmicrohttpd-dev and build again; until then: memtrack report.",
                        "this memtrack was built without a server");
}

/* Not reached. */
static int run(const struct request *r, struct mt_listen *listen, struct mt_served *served,
               struct mt_error *error) {
    (void)r;
    (void)listen;
    (void)served;
    return load_server(error);
}

#endif

/* The address is had before the process is read, which may take a while; that nothing can be served
 * is said before that too. */
static int serve(const struct request *r, struct mt_error *error) {
    struct mt_listen listen;
    struct mt_processes run_of_several = {0};
    struct mt_served *served = NULL;
    int rc = mt_listen_parse(r->listen, &listen, error);
    if (rc == 0)
        rc = load_server(error);
    if (rc == 0)
        rc = mt_listen_open(&listen, error);
    if (rc != 0)
        return rc;
    rc = open_served(r, &run_of_several, &served, error);
    if (rc == 0)
        rc = run(r, &listen, served, error);
    mt_listen_close(&listen);
    mt_served_free(served);
    mt_processes_free(&run_of_several);
    return rc;
}

int mt_serve_command(int argc, char **argv) {
    struct request r = {.shared.program = argv[0], .interval_ns = 100 * NS_PER_MS};
    struct mt_error error = {0};
    struct mt_at none;
    int status = MT_EXIT_OK;
    mt_help_parse(&mt_serve_argp, argc, argv, 0, &r);
    mt_charged_complete(r.shared.program, &r.charged);
    r.path = mt_input_choose_at(r.shared.program, r.what, false, &none, &status);
    if (r.path)
        status = mt_command_end(r.shared.program, serve(&r, &error), &error);
    mt_charged_free(&r.charged);
    free(r.hosts);
    free(r.path);
    return status;
}
