/* SPDX-License-Identifier: MIT */
/*
 * The page has the file that was given, byte for byte, so that it can be taken out again; unless
 * there is none (a process, a ledger, a run of several), it is in a format that pages do not read,
 * names were found for it here, or it is redacted. Then the profile is written anew.
 */
#include "command/html.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/options.h"
#include "profile/inflate.h"
#include "profile/pprof/pprof.h"
#include "text/file.h"
#include "view/redact/redact.h"
#include "view/rows/patterns.h"

/* Of the first field of a profile, its columns. */
#define PPROF_FIRST_BYTE 0x0a

const struct mt_merge_keep mt_html_keep = {
    .processes = true, .threads = true, .times = true, .scopes = true};

bool mt_html_parse(int key, const char *text, struct mt_html *html) {
    switch (key) {
    case MT_KEY_HTML:
        html->file = text;
        return true;
    case MT_KEY_SOURCE:
        return html->source = true;
    case MT_KEY_SOURCE_PATH:
        if (html->n_places < MT_HTML_PLACES)
            html->places[html->n_places] = text;
        html->n_places++;
        return true;
    case MT_KEY_REDACT:
        return html->redact = true;
    default:
        return false;
    }
}

void mt_html_check_places(const struct argp_state *state, const struct mt_html *html) {
    if (html->n_places && !html->source)
        argp_error(state, "--source-path needs --source");
    if (html->n_places > MT_HTML_PLACES)
        argp_error(state,
                   "--source-path is given %zu times, and %d is the most: join them by colons",
                   html->n_places, MT_HTML_PLACES);
}

void mt_html_check(const struct argp_state *state, const struct mt_html *html, bool force) {
    if (!html->file && (html->source || html->redact || force))
        argp_error(state, "%s needs --html FILE",
                   html->source   ? "--source"
                   : html->redact ? "--redact"
                                  : "--force");
    mt_html_check_places(state, html);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

size_t mt_html_weigh(const struct mt_profile *profile) {
    return profile->n_lines + profile->n_functions;
}

static int read_all(int fd, struct mt_html_side *side, struct mt_error *error) {
    struct stat status;
    size_t n = 0;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        side->bytes = malloc((size_t)status.st_size);
    if (!side->bytes)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "%s: out of memory", side->name);
    while (n < (size_t)status.st_size) {
        ssize_t got = pread(fd, (char *)side->bytes + n, (size_t)status.st_size - n, (off_t)n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    side->n_bytes = n;
    return 0;
}

/* Returns whether the bytes are pprof as a browser can unpack it. */
static bool is_for_pages(const struct mt_html_side *side) {
    const uint8_t *bytes = side->bytes, *head;
    size_t n = 0;
    bool is = false;
    if (side->n_bytes < 2 || (bytes[0] != PPROF_FIRST_BYTE && memcmp(bytes, "\x1f\x8b", 2) != 0))
        return false;
    struct mt_error ignored;
    struct mt_inflate *in = mt_inflate_new(-1, side->bytes, side->n_bytes, side->name, &ignored);
    if (in && mt_inflate_peek(in, 1, &head, &n) == 0)
        is = n == 1 && *head == PPROF_FIRST_BYTE;
    mt_inflate_free(in);
    return is;
}

static bool take_file(struct mt_html_side *side) {
    struct mt_error ignored;
    int fd = open(side->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool taken = fd >= 0 && read_all(fd, side, &ignored) == 0 && is_for_pages(side);
    if (fd >= 0)
        close(fd);
    if (!taken)
        mt_html_free(side);
    return taken;
}

int mt_html_take(struct mt_html_side *side, const struct mt_profile *profile, bool is_merged,
                 bool redact, struct mt_error *error) {
    if (redact)
        side->name = basename(side->name);
    bool is_the_file = !is_merged && !redact && mt_html_weigh(profile) == side->n_read;
    if (is_the_file && take_file(side))
        return 0;
    int fd = memfd_create("page", MFD_CLOEXEC);
    if (fd < 0)
        return mt_error_set(error, MEMTRACK_EIO, "", "cannot write the page's profile: %m");
    int status = mt_pprof_write(profile, fd, error);
    if (status == 0)
        status = read_all(fd, side, error);
    close(fd);
    return status;
}

void mt_html_free(struct mt_html_side *side) {
    free(side->bytes);
    side->bytes = NULL;
    side->n_bytes = 0;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static int collect(const struct mt_html *html, const struct mt_profile *profile,
                   const struct mt_view_options *view, struct mt_sources *sources,
                   struct mt_error *error) {
    struct mt_source *source = mt_source_new(mt_profile_text(profile, profile->info.cwd));
    int status = source ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < html->n_places && status == 0; i++)
        status = mt_source_add_places(source, html->places[i]);
    status = status == 0 ? mt_sources_collect(profile, view, source, sources, error)
                         : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    mt_source_free(source);
    return status;
}

int mt_html_prepare(const struct mt_html *html, struct mt_profile *profile,
                    const struct mt_view_options *view, struct mt_sources *sources,
                    struct mt_error *error) {
    int status = html->source ? collect(html, profile, view, sources, error) : 0;
    if (status == 0 && html->redact)
        status = mt_patterns_store(profile, &view->wrappers) == -MEMTRACK_ENOMEM
                     ? mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory")
                     : mt_redact(profile, sources, error);
    return status;
}

int mt_html_write(const char *program, const struct mt_html *html, bool force,
                  const struct mt_page_data *page, struct mt_error *error) {
    struct mt_file file;
    int status = mt_file_create(&file, html->file, force, error);
    if (status < 0)
        return status;
    status = mt_file_finish(&file, mt_page_write(file.stream, page, error), error);
    if (status == 0 && strcmp(html->file, "-") != 0 && !html->is_quiet)
        fprintf(stderr, "%s: %s, to be opened in a browser\n", program, html->file);
    return status;
}
