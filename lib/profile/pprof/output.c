/* SPDX-License-Identifier: MIT */
/*
 * A profile is written to a temporary file in the directory it is meant for, and then given its
 * name in one step (base/new_file.h). When the name is taken it gets a number.
 *
 * Devices, FIFOs and the like (-o /dev/null) are written to as they are.
 */
#include "profile/pprof/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/new_file.h"
#include "profile/pprof/pprof.h"

enum {
    NAME_BYTES = 200,
    MAX_NUMBER = 10000
}; /* file systems end at 255 bytes; leave some for suffixes */

/* ---- names ----------------------------------------------------------------------------------- */

bool mt_output_has(const char *pattern, char placeholder) {
    for (const char *p = pattern; *p; p++)
        if (*p == '%' && *++p == placeholder)
            return true;
        else if (!*p)
            break;
    return false;
}

int mt_output_check_pattern(const char *pattern, struct mt_error *error) {
    for (const char *p = pattern; (p = strchr(p, '%')) != NULL; p += 2)
        if (p[1] == 0 || !strchr("peht%", p[1]))
            return mt_error_set(error, MEMTRACK_EUSAGE,
                                "Give %p (pid), %e (program), %h (host), %t (start time) or %%.",
                                "-o %s: %%%c is not a placeholder", pattern, p[1] ? p[1] : ' ');
    size_t n = strlen(pattern);
    if (n == 0 || pattern[n - 1] == '/')
        return mt_error_set(error, MEMTRACK_EUSAGE, "Add a file name, e.g. " MT_OUTPUT_DEFAULT ".",
                            "-o %s: needs the name of a file", pattern);
    return 0;
}

/* Of a title that a server has given itself ("nginx: worker process"), the program stands in front. */
static void put_program(FILE *out, const char *program) {
    const char *title = strstr(program, ": ");
    size_t n = strnlen(program, NAME_BYTES);
    if (title && title > program && (size_t)(title - program) < n)
        n = (size_t)(title - program);
    if (n == 0)
        fputs("unknown", out);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)program[i];
        putc(c <= ' ' || c == '/' || c == 127 ? '_' : c, out);
    }
}

static void put_host(FILE *out) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    put_program(out, host);
}

static void put_time(FILE *out, uint64_t ns) {
    char text[32];
    struct tm tm;
    time_t seconds = (time_t)(ns / 1000000000u);
    if (gmtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &tm))
        fputs(text, out);
}

static void put_placeholder(FILE *out, char placeholder, const struct mt_output_fields *fields) {
    switch (placeholder) {
    case 'p':
        fprintf(out, "%" PRIu32, fields->pid);
        break;
    case 'e':
        put_program(out, fields->program);
        break;
    case 'h':
        put_host(out);
        break;
    case 't':
        put_time(out, fields->start_time_ns);
        break;
    default:
        putc(placeholder, out);
    }
}

/* Where what tells names apart is put: before ".pb.gz", or before the last extension of the file
 * name. */
static size_t suffix_of(const char *path) {
    size_t n = strlen(path), suffix = strlen(MT_OUTPUT_SUFFIX);
    if (n > suffix && strcmp(path + n - suffix, MT_OUTPUT_SUFFIX) == 0)
        return n - suffix;
    const char *base = basename(path), *dot = strrchr(base, '.');
    return dot && dot != base ? (size_t)(dot - path) : n;
}

static char *with_insert(const char *path, const char *insert) {
    char *name;
    size_t at = suffix_of(path);
    return asprintf(&name, "%.*s%s%s", (int)at, path, insert, path + at) < 0 ? NULL : name;
}

char *mt_output_number(const char *pattern, const char *number, bool *found) {
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    *found = false;
    for (const char *p = pattern; out && *p; p++) {
        if (p[0] == '%' && p[1] == 'n') {
            fputs(number, out);
            *found = true;
            p++;
        } else {
            fputc(*p, out);
            if (p[0] == '%' && p[1])
                fputc(*++p, out);
        }
    }
    return out && fclose(out) == 0 ? text : NULL;
}

char *mt_output_name(const char *pattern, const struct mt_output_fields *fields,
                     const char *insert) {
    char *plain = NULL;
    size_t bytes;
    FILE *out = open_memstream(&plain, &bytes);
    if (!out)
        return NULL;
    for (const char *p = pattern; *p; p++)
        if (*p == '%' && p[1])
            put_placeholder(out, *++p, fields);
        else
            putc(*p, out);
    if (fclose(out) != 0)
        return NULL;
    char *name = with_insert(plain, insert);
    free(plain);
    return name;
}

/* Permissions are not all there is (root, read-only file systems, /proc): make a file. 0 or
 * errno. */
static int try_directory(const char *path) {
    char *temporary;
    int fd = mt_new_file_make(path, &temporary);
    if (fd < 0)
        return errno;
    close(fd);
    unlink(temporary);
    free(temporary);
    return 0;
}

int mt_output_check(const char *path, bool force, struct mt_error *error) {
    struct stat st;
    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return mt_error_set(error, MEMTRACK_EUSAGE,
                                "Add a file name, e.g. " MT_OUTPUT_DEFAULT ".",
                                "-o %s: is a directory", path);
        if (S_ISREG(st.st_mode) && !force)
            return mt_error_set(error, MEMTRACK_EUSAGE,
                                "--force replaces it. Or give another name, with %p or %t.",
                                "-o %s: the file exists", path);
        if (!S_ISREG(st.st_mode))
            return 0;
    }
    int why = try_directory(path);
    if (why)
        return mt_error_set(error, MEMTRACK_EIO, "Make the directory, or give another name.",
                            "cannot write to %s (-o): %s", path, strerror(why));
    return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool may_replace(const char *path, uint64_t since_ns) {
    struct stat st;
    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec < since_ns;
}

static int give_free_name(const char *temporary, const char *path, bool force, uint64_t since_ns,
                          char **written) {
    char *name = strdup(path);
    for (int number = 2; name; number++) {
        int rc = mt_new_file_name(temporary, name, force && may_replace(name, since_ns));
        if (rc != -EEXIST || number > MAX_NUMBER) {
            *written = rc == 0 ? name : NULL;
            if (rc != 0)
                free(name);
            return rc;
        }
        char insert[16];
        snprintf(insert, sizeof insert, ".%d", number);
        free(name);
        name = with_insert(path, insert);
    }
    return -ENOMEM;
}

static int cannot_write(const char *path, int why, struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_EIO, "", "%s: the profile could not be written: %s", path,
                        strerror(why));
}

static int write_file(const struct mt_profile *profile, const char *path, bool force,
                      uint64_t since_ns, char **written, struct mt_error *error) {
    char *temporary;
    int fd = mt_new_file_make(path, &temporary);
    if (fd < 0)
        return cannot_write(path, errno, error);
    int rc = mt_pprof_write(profile, fd, error);
    int permitted = rc == 0 ? mt_new_file_permit(fd) : 0;
    if (permitted != 0)
        rc = cannot_write(path, -permitted, error);
    if (close(fd) != 0 && rc == 0)
        rc = cannot_write(path, errno, error);
    int named = rc == 0 ? give_free_name(temporary, path, force, since_ns, written) : 0;
    if (named != 0)
        rc = cannot_write(path, -named, error);
    if (rc != 0)
        unlink(temporary);
    free(temporary);
    return rc;
}

/* A FIFO that nobody reads is an error: the run has ended, and would wait for ever. */
static int open_device(const char *path) {
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0)
        fcntl(fd, F_SETFL, 0);
    return fd;
}

static int write_device(const struct mt_profile *profile, const char *path, char **written,
                        struct mt_error *error) {
    int fd = open_device(path);
    if (fd < 0)
        return errno == ENXIO
                   ? mt_error_set(error, MEMTRACK_EIO, "", "%s: nobody reads from it", path)
                   : cannot_write(path, errno, error);
    int rc = mt_pprof_write(profile, fd, error);
    close(fd);
    if (rc == 0 && !(*written = strdup(path)))
        rc = -MEMTRACK_ENOMEM;
    return rc;
}

int mt_output_write(const struct mt_profile *profile, const char *path, bool force,
                    uint64_t since_ns, char **written, struct mt_error *error) {
    struct stat st;
    bool is_device = stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
    int rc = is_device ? write_device(profile, path, written, error)
                       : write_file(profile, path, force, since_ns, written, error);
    const char *others[] = {getenv("TMPDIR"), "/tmp"};
    for (size_t i = 0; rc == -MEMTRACK_EIO && i < sizeof others / sizeof *others; i++) {
        char *other;
        struct mt_error ignored; /* the first reason is the one to tell */
        if (!others[i] || others[i][0] != '/' ||
            asprintf(&other, "%s/%s", others[i], basename(path)) < 0)
            continue;
        if (write_file(profile, other, false, since_ns, written, &ignored) == 0)
            rc = 0;
        free(other);
    }
    return rc;
}

void mt_output_explain(const char *wanted, const char *written, struct mt_error *why) {
    if (strcmp(wanted, written) == 0)
        *why = (struct mt_error){{0}, {0}};
    else if (!why->message[0])
        mt_error_set(why, MEMTRACK_EUSAGE, "--force replaces what is there.",
                     "%s exists: the profile was written to %s", wanted, written);
    else
        snprintf(why->hint, sizeof why->hint, "It was written to %.220s instead.", written);
}
