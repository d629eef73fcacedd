/* SPDX-License-Identifier: MIT */
/*
 * A program that frees everything still ends with live blocks: printf has a buffer, a thread that
 * was joined has left its table of thread-local storage in the C library's cache. A test that
 * counts them can never pass, and a test that tolerates "a few" passes with real leaks. So a block
 * is the runtime's own when its call path says so:
 *
 *   no frame of the path is the program's              start-up of libstdc++, of the dynamic
 *                                                      linker, of Rust's std
 *   the innermost frame is in the dynamic linker       thread-local storage, loaded libraries
 *   the runtime was entered by a function of the list  it keeps a result for the next call and
 *                                                      never frees it
 *
 * A path that is missing or cut says nothing: its blocks count. Rejected: reachability from the
 * data of the process (it is gone when a profile is read, and memory that is merely reachable is
 * what most growing programs lose).
 */
#include "view/budget/leaks.h"

#include <stdlib.h>
#include <string.h>

#include "view/format/format.h"
#include "view/rows/wrappers.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/*
 * These are functions by which the runtime is entered, or which it calls for nothing else, where
 * the memory is kept for the process. The C library knows its functions by further names, which
 * differ at the beginning: underscores and GI. For glibc the authority is its own __libc_freeres,
 * which gives back what the library keeps on purpose, and which only leak checkers call.
 */
static const char *const keepers[] = {
    /* stdio, locales, character sets, messages */
    "IO_file_doallocate",
    "IO_wfile_doallocate",
    "setlocale",
    "nl_find_locale",
    "nl_load_locale",
    "nl_load_locale_from_archive",
    "nl_intern_locale_data",
    "nl_make_l10nflist",
    "nl_find_domain",
    "nl_load_domain",
    "wcsmbs_load_conv",
    "gconv_load_cache",
    "gconv_load_conf",
    "gconv_read_conf",
    "textdomain",
    "bindtextdomain",
    "bind_textdomain_codeset",
    "gettext",
    "dgettext",
    "dcgettext",
    "ngettext",
    "strerror",
    "strerror_l",
    "strsignal",
    /* time */
    "tzset",
    "tz_convert",
    "ctime",
    "ctime_r",
    "gmtime",
    "localtime",
    "localtime_r",
    "mktime",
    "strftime",
    /* databases: users, hosts, mounts, terminals */
    "getpwnam",
    "getpwuid",
    "getpwent",
    "fgetpwent",
    "getgrnam",
    "getgrgid",
    "getgrent",
    "fgetgrent",
    "getspnam",
    "getspent",
    "fgetspent",
    "gethostbyname",
    "gethostbyname2",
    "gethostbyaddr",
    "gethostent",
    "getservbyname",
    "getservbyport",
    "getservent",
    "getprotobyname",
    "getprotobynumber",
    "getprotoent",
    "getnetbyname",
    "getnetent",
    "getaliasbyname",
    "nss_database_get",
    "nss_module_allocate",
    "nss_module_load",
    "nss_action_parse",
    "resolv_context_get",
    "resolv_conf_allocate",
    "resolv_conf_attach",
    "res_vinit",
    "getmntent",
    "getfsent",
    "getfsspec",
    "getfsfile",
    "ttyname",
    "getlogin",
    "getpass",
    "openlog",
    "syslog",
    /* the process */
    "atexit",
    "on_exit",
    "cxa_atexit",
    "cxa_thread_atexit_impl",
    "pthread_setspecific",
    "dlerror_run",
    "setenv",
    "add_to_environ",
    "putenv",
    /* C++: standard streams, the memory for exceptions when there is none */
    "std::ios_base::sync_with_stdio",
    "std::ios_base::Init::Init",
    "std::locale::classic",
    "std::locale::global",
    "cxa_get_globals",
    /* Rust: buffers of the standard streams, the main thread's name */
    "std::io::stdio::stdin",
    "std::io::stdio::stdout",
    "std::io::stdio::print_to",
    "std::io::stdio::_print",
    "std::io::stdio::_eprint",
};

/* This is the same for Rust, where generic functions have names without end: how these begin. */
static const char *const keeper_beginnings[] = {
    "std::thread::current::",         /* the handle of the main thread */
    "std::backtrace_rs::symbolize::", /* debug information of the program, once a panic has shown
                                         its path */
    "std::sys::thread_local::destructors::",
    "std::sys::pal::unix::stack_overflow::",
};

/* These are types of which the runtime has one value and keeps it, wherever they stand in a
 * name. */
static const char *const kept_types[] = {"std::io::stdio::StdinRaw", "std::io::stdio::StdoutRaw"};

/* Whatever these call is the runtime's. Of libstdc++, which may be linked into the program, it
 * is the constructor of the memory for exceptions. */
static const char *const constructors[] = {"_GLOBAL__sub_I__ZN9__gnu_cxx9__freeresEv",
                                           "_GLOBAL__sub_I_eh_alloc.cc"};

/* Rust's std has a copy of these crates for itself, under their own names. */
static const char *const std_crates[] = {
    "gimli::", "addr2line::", "miniz_oxide::", "rustc_demangle::", "object::"};

static bool is_dynamic_linker(const char *module) {
    const char *name = basename(module);
    return strncmp(name, "ld-linux", 8) == 0 || strncmp(name, "ld-2.", 5) == 0 ||
           strncmp(name, "ld64.so", 7) == 0 || strcmp(name, "ld.so.1") == 0;
}

static bool is_keeper(const char *function) {
    const char *name;
    size_t bytes = mt_format_qualified_name(function, &name);
    for (size_t i = 0; i < COUNT(keeper_beginnings); i++)
        if (strncmp(name, keeper_beginnings[i], strlen(keeper_beginnings[i])) == 0)
            return true;
    for (size_t i = 0; i < COUNT(kept_types); i++)
        if (memmem(name, bytes, kept_types[i], strlen(kept_types[i])))
            return true;
    for (int round = 0; round < 2;
         round++) { /* as it is, and without what the C library puts before a name */
        for (size_t i = 0; i < COUNT(keepers); i++)
            if (strlen(keepers[i]) == bytes && strncmp(name, keepers[i], bytes) == 0)
                return true;
        size_t before = bytes > 5 && strncmp(name, "__GI_", 5) == 0 ? 5 : 0;
        while (before < bytes && name[before] == '_')
            before++;
        name += before;
        bytes -= before;
    }
    return false;
}

/*
 * The compiler makes main of a Rust program, without a line, to call std::rt::lang_start. What is
 * allocated there before or after the program's own main is the runtime's.
 */
static bool is_rust_main(const struct mt_frame_text *frame, bool is_started) {
    return is_started && !*frame->file && strcmp(frame->function, "main") == 0;
}

/* Returns whether this is a copy that std has of somebody's crate. A program may use the crate
 * as well, and then it has other source files. */
static bool is_in_std(const struct mt_frame_text *frame) {
    const char *name = frame->function + strspn(frame->function, "<&");
    for (size_t i = 0; !*frame->file && i < COUNT(std_crates); i++)
        if (strncmp(name, std_crates[i], strlen(std_crates[i])) == 0)
            return true;
    return false;
}

static const char *module_of(const struct mt_profile *profile, const struct mt_location *location) {
    return location->mapping && location->mapping <= profile->n_mappings
               ? mt_profile_text(profile, profile->mappings[location->mapping - 1].path)
               : "";
}

/* This is what the frames of a path have shown, from the inside. */
struct look {
    bool keeper;     /* one of the runtime's that keeps */
    bool is_started; /* by Rust's runtime */
};

static bool is_users(const struct mt_frame_text *frame, struct look *look) {
    static const struct mt_wrapper_options plain;
    if (mt_wrappers_classify(frame, &plain) == MT_FRAME_USER &&
        !is_rust_main(frame, look->is_started) && !is_in_std(frame))
        return true;
    look->keeper |= is_keeper(frame->function) || is_keeper(frame->system_name);
    look->is_started |=
        strncmp(frame->function, "std::rt::lang_start", strlen("std::rt::lang_start")) == 0;
    return false;
}

/* Returns whether anything in the location, inlined calls included, is the program's. */
static bool has_user_frame(const struct mt_profile *profile, const struct mt_location *location,
                           struct look *look) {
    struct mt_frame_text frame = {"", "", "", module_of(profile, location)};
    if (location->n_lines == 0)
        return is_users(&frame, look);
    for (uint32_t i = 0; i < location->n_lines; i++) {
        const struct mt_function *function =
            &profile->functions[profile->lines[location->first_line + i].function];
        frame.function = mt_profile_text(profile, function->name);
        frame.system_name = mt_profile_text(profile, function->system_name);
        frame.file = mt_profile_text(profile, function->file);
        if (is_users(&frame, look))
            return true;
    }
    return false;
}

static bool is_constructor(const struct mt_profile *profile, const struct mt_location *location) {
    for (uint32_t i = 0; i < location->n_lines; i++) {
        const struct mt_function *function =
            &profile->functions[profile->lines[location->first_line + i].function];
        for (size_t k = 0; k < COUNT(constructors); k++)
            if (strcmp(mt_profile_text(profile, function->system_name), constructors[k]) == 0 ||
                strcmp(mt_profile_text(profile, function->name), constructors[k]) == 0)
                return true;
    }
    return false;
}

static bool is_of_runtime(const struct mt_profile *profile, const struct mt_sample *sample) {
    const uint32_t *frames = profile->frames + sample->first_frame;
    struct look look = {false, false};
    if (sample->n_frames == 0 || sample->lossy)
        return false;
    if (is_dynamic_linker(module_of(profile, &profile->locations[frames[0]])))
        return true;
    for (uint32_t i = 0; i < sample->n_frames; i++)
        if (is_constructor(profile, &profile->locations[frames[i]]))
            return true;
    for (uint32_t i = 0; i < sample->n_frames; i++)
        if (has_user_frame(profile, &profile->locations[frames[i]], &look))
            return look.keeper;
    return look.keeper || !sample->truncated;
}

int mt_leaks_mark(const struct mt_profile *profile, bool count_runtime, uint32_t **out,
                  struct mt_error *error) {
    uint32_t *marks = calloc(profile->n_samples + 1, sizeof *marks);
    if (!marks)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    for (size_t i = 0; i < profile->n_samples; i++) {
        const struct mt_sample *sample = &profile->samples[i];
        if (sample->value[MT_VALUE_LIVE_BLOCKS] > 0)
            marks[i] =
                count_runtime || !is_of_runtime(profile, sample) ? MT_LEAKED : MT_KEPT_BY_RUNTIME;
    }
    *out = marks;
    return 0;
}
