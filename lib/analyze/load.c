/* SPDX-License-Identifier: MIT */
/*
 * Where profiles come from and go to. Names are told apart by what is there: a file of that name is
 * that file, whatever it is called; then "@" begins a moment; then digits are a process.
 *
 * Looking names up in debug information is done by one thread of the process at a time, for libdw's
 * sake.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyze/analyze-local.h"
#include "profile/ledger/live.h"
#include "profile/pprof/pprof.h"
#include "view/subject.h"
#include "view/symbols/symbols.h"

static pthread_mutex_t symbols_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- loading --------------------------------------------------------------------------------- */

static int resolve(struct mt_profile *model, const memtrack_load_options *options,
                   struct mt_error *error) {
    if (options->no_symbols)
        return 0;
    const struct mt_symbols_options symbols = {.debuginfod = options->debuginfod != 0,
                                               .debug_path = options->debug_path,
                                               .sysroot = options->sysroot};
    pthread_mutex_lock(&symbols_lock);
    int status = mt_symbols_resolve(model, &symbols, error);
    pthread_mutex_unlock(&symbols_lock);
    return status;
}

int mt_analyze_load_adopt(struct mt_profile *model, const memtrack_load_options *options,
                          memtrack_profile **out, struct mt_error *error) {
    memtrack_profile *profile = calloc(1, sizeof *profile);
    int status = resolve(model, options, error);
    if (status == 0 && !profile)
        status = mt_analyze_error_no_memory();
    if (status < 0 || !profile) {
        free(profile);
        mt_profile_free(model);
        return status;
    }
    atomic_init(&profile->references, 1);
    profile->owned = model;
    *out = profile;
    return 0;
}

static int check_options(const memtrack_load_options *options, memtrack_load_options *checked,
                         memtrack_profile **out) {
    *out = NULL;
    *checked = memtrack_load_options_init();
    mt_analyze_error();
    return options ? mt_analyze_options_copy(options, checked, sizeof *checked) : 0;
}

static int load_moment(const char *what, const char *sign, const memtrack_load_options *options,
                       memtrack_profile **out) {
    char *name = strndup(what, (size_t)(sign - what));
    memtrack_profile *whole = NULL;
    int status = name ? memtrack_profile_load(name, options, &whole) : mt_analyze_error_no_memory();
    if (status == 0)
        status = memtrack_profile_at(whole, sign + 1, out);
    mt_analyze_profile_release(whole);
    free(name);
    return status;
}

int memtrack_profile_load(const char *what, const memtrack_load_options *options,
                          memtrack_profile **out) {
    MT_ANALYZE_PAUSED;
    if (!what || !out)
        return mt_analyze_error_null(__func__);
    memtrack_load_options checked;
    int status = check_options(options, &checked, out);
    if (status < 0)
        return status;
    const char *sign = mt_subject_at(what);
    if (sign)
        return load_moment(what, sign, options, out);
    struct mt_error *error = mt_analyze_error();
    struct mt_profile *model = NULL;
    status = mt_subject_load(what, &model, error);
    return status < 0 ? status : mt_analyze_load_adopt(model, &checked, out, error);
}

int memtrack_profile_load_process(int64_t pid, const memtrack_load_options *options,
                                  memtrack_profile **out) {
    MT_ANALYZE_PAUSED;
    if (!out)
        return mt_analyze_error_null(__func__);
    memtrack_load_options checked;
    int status = check_options(options, &checked, out);
    if (status < 0)
        return status;
    struct mt_error *error = mt_analyze_error();
    struct mt_profile *model = NULL;
    if (pid <= 0 || pid > INT32_MAX)
        return mt_error_set(error, MEMTRACK_ENOTFOUND, "", "%lld is not a process", (long long)pid);
    status = mt_ledger_live_profile((pid_t)pid, &model, error);
    return status < 0 ? status : mt_analyze_load_adopt(model, &checked, out, error);
}

int memtrack_profile_take(const memtrack_load_options *options, memtrack_profile **out) {
    return memtrack_profile_load_process(getpid(), options, out);
}

int memtrack_profile_load_memory(const void *data, size_t bytes,
                                 const memtrack_load_options *options, memtrack_profile **out) {
    MT_ANALYZE_PAUSED;
    if (!data || !out)
        return mt_analyze_error_null(__func__);
    memtrack_load_options checked;
    int status = check_options(options, &checked, out);
    if (status < 0)
        return status;
    struct mt_error *error = mt_analyze_error();
    struct mt_profile *model = NULL;
    status = mt_pprof_read_memory(data, bytes, &model, error);
    return status < 0 ? status : mt_analyze_load_adopt(model, &checked, out, error);
}

/* ---- saving ---------------------------------------------------------------------------------- */

int memtrack_profile_write(const memtrack_profile *profile, int fd) {
    MT_ANALYZE_PAUSED;
    if (!profile)
        return mt_analyze_error_null(__func__);
    return mt_pprof_write(mt_analyze_model(profile), fd, mt_analyze_error());
}

static int cannot_write(const char *path, struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_EIO, "Make the directory, or give another name.",
                        "%s: the profile could not be written: %m", path);
}

/* Writes the file under a name that nobody looks for, and gives it its own name when it is
 * whole. */
static int write_beside(const memtrack_profile *profile, const char *path, const char *temporary,
                        bool replace, struct mt_error *error) {
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return cannot_write(path, error);
    int status = mt_pprof_write(mt_analyze_model(profile), fd, error);
    if (close(fd) != 0 && status == 0)
        status = cannot_write(path, error);
    if (status == 0 && (replace ? rename(temporary, path) : link(temporary, path)) != 0) {
        bool is_taken = errno == EEXIST;
        status = is_taken ? mt_error_set(error, MEMTRACK_EUSAGE,
                                         "Give another name, or ask for it to be replaced.",
                                         "%s: the file exists", path)
                          : cannot_write(path, error);
    }
    if (status < 0 || !replace)
        unlink(temporary);
    return status;
}

int memtrack_profile_save(const memtrack_profile *profile, const char *path, int replace) {
    MT_ANALYZE_PAUSED;
    if (!profile || !path)
        return mt_analyze_error_null(__func__);
    static atomic_uint serial;
    struct mt_error *error = mt_analyze_error();
    const char *slash = strrchr(path, '/');
    char *temporary;
    /* It may be relaxed: all that counts is that no two are equal. */
    unsigned number = atomic_fetch_add_explicit(&serial, 1, memory_order_relaxed);
    if (asprintf(&temporary, "%.*s.memtrack-%d-%u", slash ? (int)(slash + 1 - path) : 0, path,
                 (int)getpid(), number) < 0)
        return mt_analyze_error_no_memory();
    int status = write_beside(profile, path, temporary, replace != 0, error);
    free(temporary);
    return status;
}
