/* SPDX-License-Identifier: MIT */
/*
 * A page has the file that it shows in it, byte by byte, so that it can be turned back:
 *
 *   <script id="memtrack-profile" type="text/plain" data-encoding="base64" …>H4sIAAAA…</script>
 *
 * and a comparison a second one, memtrack-profile-2, which is the new side, and memtrack-lines, what
 * is known of the lines of both, packed (profile/line_texts.h). The sign that a tag
 * begins with stands in no other place of a page (lib/page escapes it everywhere else), so it is
 * enough to look for the tag. Base64 is decoded in place: it only gets shorter.
 *
 * The page is kept whole while its profile is read. Of a packed page the profile inside must not be
 * packed again: what may be unpacked is measured by what was read (inflate.h), and twice would be
 * the square of it.
 */
#include "profile/page.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/array.h"
#include "profile/line_texts.h"

#define TAG "<script id=\"memtrack-"

enum { CHUNK = 1 << 16 };

size_t mt_profile_page_path(const char *path, enum mt_profile_page_part *part) {
    size_t bytes = strlen(path);
    const char *sign = strrchr(path, '#');
    *part = MT_PAGE_ONLY;
    if (!sign || (strcmp(sign, "#old") != 0 && strcmp(sign, "#new") != 0) ||
        access(path, F_OK) == 0)
        return bytes;
    *part = strcmp(sign, "#old") == 0 ? MT_PAGE_OLD : MT_PAGE_NEW;
    return (size_t)(sign - path);
}

bool mt_profile_page_is_html(const uint8_t *head, size_t bytes) {
    static const char *const tags[] = {"<!doctype html", "<html", "<head", "<body", "<!-- "};
    const char *at = (const char *)head, *end = at + bytes;
    if (bytes >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark */
        at += 3;
    while (at < end && *at && strchr(" \t\r\n", *at))
        at++;
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if ((size_t)(end - at) >= strlen(tags[i]) && strncasecmp(at, tags[i], strlen(tags[i])) == 0)
            return true;
    return false;
}

/* Takes what is left, with room for a NUL behind it. *all is the caller's to free, also after an
 * error. */
static int take_all(struct mt_inflate *in, const char *name, uint8_t **all, size_t *n_all,
                    struct mt_error *error) {
    size_t capacity = 0, n = 1;
    while (n) {
        const uint8_t *bytes;
        int status = mt_inflate_peek(in, CHUNK, &bytes, &n);
        if (status == 0)
            status = mt_inflate_take(in, n, &bytes);
        if (status < 0)
            return status;
        if (!mt_array_reserve(all, &capacity, *n_all + n + 1, 1) || !*all)
            return mt_error_set(error, MEMTRACK_ENOMEM, "", "%s: out of memory while reading",
                                name);
        memcpy(*all + *n_all, bytes, n);
        *n_all += n;
    }
    return 0;
}

/* Returns where the text of the block of this name begins, or NULL; *bytes is how long it is. */
static uint8_t *find_block(const struct mt_profile_page *page, const char *block, size_t *bytes) {
    uint8_t *at = page->html, *end = page->html + page->n_html;
    size_t n_block = strlen(block);
    while ((at = memmem(at, (size_t)(end - at), TAG, sizeof TAG - 1)) != NULL) {
        at += sizeof TAG - 1;
        bool is_it =
            (size_t)(end - at) > n_block && memcmp(at, block, n_block) == 0 && at[n_block] == '"';
        uint8_t *text = memchr(at, '>', (size_t)(end - at));
        uint8_t *after = text ? memchr(text, '<', (size_t)(end - text)) : NULL;
        if (is_it && after) {
            *bytes = (size_t)(after - text) - 1;
            return text + 1;
        }
    }
    return NULL;
}

static int digit(uint8_t c) {
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* Decodes in place. Returns how many bytes it became, or -1: it is no base64. */
static int64_t decode(uint8_t *text, size_t bytes) {
    size_t n = 0, n_digits = 0;
    uint32_t bits = 0;
    while (bytes && strchr("= \r\n\t", text[bytes - 1]) && text[bytes - 1])
        bytes--;
    for (size_t i = 0; i < bytes; i++) {
        int value = digit(text[i]);
        if (value < 0)
            return -1;
        bits = bits << 6 | (uint32_t)value;
        n_digits++;
        if (n_digits % 4 != 1) /* 12, 18 and 24 bits end a byte */
            text[n++] = (uint8_t)(bits >> (4 - n_digits % 4) % 4 * 2);
    }
    return (int64_t)n;
}

static int refuse(struct mt_error *error, const char *hint, const char *name, const char *what) {
    return mt_error_set(error, MEMTRACK_EFORMAT, hint, "%s %s", name, what);
}

/* Finds the block of the part that was asked for; NULL in page->profile when the page has none. */
static int choose(struct mt_profile_page *page, const char *name, enum mt_profile_page_part part,
                  struct mt_error *error) {
    size_t n_first = 0, n_second = 0;
    uint8_t *first = find_block(page, "profile", &n_first),
            *second = find_block(page, "profile-2", &n_second);
    if (first && second && part == MT_PAGE_ONLY)
        return refuse(error, "Add #old or #new to its name, as in 'page.html#new'.", name,
                      "is a page that compares two profiles");
    if (first && !second && part != MT_PAGE_ONLY)
        return refuse(error, "Leave out what is behind the #.", name,
                      "is of a page with one profile, which is neither old nor new");
    static const char part_of_viewer[] = "<script id=\"memtrack-";
    if (!first && memmem(page->html, page->n_html, part_of_viewer, sizeof part_of_viewer - 1))
        return refuse(error, "Copy it again, whole: the profile stands at its end.", name,
                      "is a page of memtrack without a profile: it was cut off, or never had one");
    page->profile = part == MT_PAGE_NEW ? second : first;
    page->n_profile = part == MT_PAGE_NEW ? n_second : n_first;
    return 0;
}

int mt_profile_page_take(struct mt_inflate *in, const char *name, enum mt_profile_page_part part,
                         struct mt_profile_page *page, struct mt_error *error) {
    *page = (struct mt_profile_page){0};
    int status = take_all(in, name, &page->html, &page->n_html, error);
    page->is_packed = mt_inflate_is_packed(in);
    if (status == 0)
        status = choose(page, name, part, error);
    if (status < 0 || !page->profile)
        return status;
    int64_t n = decode(page->profile, page->n_profile);
    if (n < 0)
        return refuse(error, "Write or copy it again.", name,
                      "is damaged: the profile in the page is not base64");
    page->n_profile = (size_t)n;
    return 0;
}

int mt_profile_page_add_lines(const struct mt_profile_page *page, const char *name,
                              enum mt_profile_page_part part, struct mt_profile *profile,
                              struct mt_error *error) {
    size_t n_packed, n = 0;
    uint8_t *packed = part == MT_PAGE_ONLY ? NULL : find_block(page, "lines", &n_packed);
    uint8_t *block = NULL;
    const uint8_t *head;
    if (!packed)
        return 0;
    int64_t n_decoded = decode(packed, n_packed);
    if (n_decoded < 0)
        return refuse(error, "Write or copy it again.", name,
                      "is damaged: what it says of lines is not base64");
    struct mt_inflate *in = mt_inflate_new(-1, packed, (size_t)n_decoded, name, error);
    int status = in ? mt_inflate_peek(in, 1, &head, &n) : -MEMTRACK_ENOMEM;
    if (status == 0 && mt_inflate_is_packed(in) && page->is_packed)
        status = refuse(error, "Unpack it once.", name, "is packed, and a part of it once more");
    n = 0;
    if (status == 0)
        status = take_all(in, name, &block, &n, error);
    if (status == 0 && mt_line_texts_read(profile, part == MT_PAGE_NEW, (const char *)block, n) < 0)
        status = mt_error_set(error, MEMTRACK_ENOMEM, "", "%s: out of memory while reading", name);
    mt_inflate_free(in);
    free(block);
    return status;
}
