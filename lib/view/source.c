/* SPDX-License-Identifier: MIT */
/*
 * Source lines. A profile names the files and may come from a stranger: a path can be a device that
 * never ends or a pipe that blocks, so only regular files are read, opened without blocking, and
 * their size is bounded. What cannot be shown is simply not shown. A report shows a few dozen lines
 * of a few files: each is read once and searched from its beginning. What is asked for most often
 * is the file that was asked for before.
 *
 * The file at hand need not be the one that was compiled. It is, when it was last changed before
 * the program was built, which was before the program's file was last changed; where it is younger,
 * that has to be said beside what is shown. (A file that was only touched is marked, too. The sums
 * that DWARF 5 may have of sources would tell, where they are.)
 */
#include "view/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error.h"

enum { MAX_FILE_BYTES = 16 << 20, MAX_BYTES = 256 << 20, MAX_LINE_BYTES = 1024, MAX_ENDS = 64 };

struct file {
    char *path, *text; /* text NULL: not readable */
    size_t bytes;
    uint64_t changed_ns; /* since the epoch */
};

struct mt_source {
    char *folder;
    struct file *files;
    size_t n_files, capacity, bytes, last;
    char **places;
    size_t n_places;
};

struct mt_source *mt_source_new(const char *folder) {
    struct mt_source *source = calloc(1, sizeof *source);
    if (source)
        source->folder = strdup(folder);
    if (source && !source->folder) {
        free(source);
        return NULL;
    }
    return source;
}

void mt_source_free(struct mt_source *source) {
    if (!source)
        return;
    for (size_t i = 0; i < source->n_files; i++) {
        free(source->files[i].path);
        free(source->files[i].text);
    }
    for (size_t i = 0; i < source->n_places; i++)
        free(source->places[i]);
    free(source->places);
    free(source->files);
    free(source->folder);
    free(source);
}

int mt_source_add_place(struct mt_source *source, const char *directory) {
    char *place = strdup(directory);
    if (!place || !mt_array_grow(&source->places, source->n_places, sizeof *source->places)) {
        free(place);
        return -MEMTRACK_ENOMEM;
    }
    source->places[source->n_places++] = place;
    return 0;
}

int mt_source_add_places(struct mt_source *source, const char *list) {
    int status = 0;
    while (status == 0 && *list) {
        size_t bytes = strcspn(list, ":");
        char *place = strndup(list, bytes);
        status = !place ? -MEMTRACK_ENOMEM : bytes ? mt_source_add_place(source, place) : 0;
        free(place);
        list += bytes + (list[bytes] == ':');
    }
    return status;
}

static char *read_all(int fd, size_t bytes, size_t *got) {
    char *text = malloc(bytes + 1);
    *got = 0;
    while (text && *got < bytes) {
        ssize_t n = read(fd, text + *got, bytes - *got);
        if (n <= 0)
            break;
        *got += (size_t)n;
    }
    if (text)
        text[*got] = '\0';
    return text;
}

static uint64_t changed_ns(const struct stat *status) {
    return (uint64_t)status->st_mtim.tv_sec * UINT64_C(1000000000) +
           (uint64_t)status->st_mtim.tv_nsec;
}

static char *load(const char *path, size_t *bytes, uint64_t *changed) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct stat status;
    char *text = NULL;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= MAX_FILE_BYTES)
        text = read_all(fd, (size_t)status.st_size, bytes);
    *changed = text ? changed_ns(&status) : 0;
    close(fd);
    return text;
}

/* A tree may have been built elsewhere, or have moved: what was below the folder is looked for
 * below the current one. */
static char *load_from_folders(const char *folder, const char *path, struct file *file) {
    char *text = NULL, *joined = NULL;
    size_t length = strlen(folder);
    if (*path != '/' && *folder && asprintf(&joined, "%s/%s", folder, path) >= 0) {
        text = load(joined, &file->bytes, &file->changed_ns);
        free(joined);
    }
    if (!text)
        text = load(path, &file->bytes, &file->changed_ns);
    if (!text && length > 1 && strncmp(path, folder, length) == 0 && path[length] == '/')
        text = load(path + length + 1, &file->bytes, &file->changed_ns);
    return text;
}

static char *load_from_place(const char *place, const char *path, struct file *file) {
    char *text = NULL;
    size_t n = 0;
    for (const char *end = path; end && !text && n++ < MAX_ENDS; end = strchr(end, '/')) {
        char *joined;
        end += strspn(end, "/");
        if (!*end || asprintf(&joined, "%s/%s", place, end) < 0)
            break;
        text = load(joined, &file->bytes, &file->changed_ns);
        free(joined);
    }
    return text;
}

static void load_file(struct mt_source *source, struct file *file) {
    if (source->bytes > MAX_BYTES)
        return;
    for (size_t i = 0; i < source->n_places && !file->text; i++)
        file->text = load_from_place(source->places[i], file->path, file);
    if (!file->text)
        file->text = load_from_folders(source->folder, file->path, file);
    source->bytes += file->text ? file->bytes : 0;
}

static const struct file *find_file(struct mt_source *source, const char *path) {
    if (source->n_files && strcmp(source->files[source->last].path, path) == 0)
        return &source->files[source->last];
    for (size_t i = 0; i < source->n_files; i++)
        if (strcmp(source->files[i].path, path) == 0) {
            source->last = i;
            return &source->files[i];
        }
    if (!mt_array_reserve(&source->files, &source->capacity, source->n_files + 1,
                          sizeof *source->files))
        return NULL;
    struct file *file = &source->files[source->n_files];
    *file = (struct file){.path = strdup(path)};
    if (!file->path)
        return NULL;
    load_file(source, file);
    source->last = source->n_files++;
    return file;
}

const char *mt_source_text(struct mt_source *source, const char *file, size_t *bytes) {
    const struct file *found = *file ? find_file(source, file) : NULL;
    bool is_text = found && found->text && !memchr(found->text, '\0', found->bytes);
    *bytes = is_text ? found->bytes : 0;
    return is_text ? found->text : NULL;
}

static char *line_of(struct mt_source *source, const char *file, int64_t line, bool is_whole) {
    const struct file *found = *file && line > 0 ? find_file(source, file) : NULL;
    if (!found || !found->text)
        return NULL;
    const char *at = found->text, *end = found->text + found->bytes;
    for (; at && at < end && line > 1; line--) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    if (!at || at >= end)
        return NULL;
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    end = newline ? newline : end;
    while (at < end && !is_whole && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    size_t bytes = (size_t)(end - at) < MAX_LINE_BYTES ? (size_t)(end - at) : MAX_LINE_BYTES;
    return bytes && !memchr(at, '\0', bytes) ? strndup(at, bytes) : NULL;
}

char *mt_source_line(struct mt_source *source, const char *file, int64_t line) {
    return line_of(source, file, line, false);
}

char *mt_source_line_whole(struct mt_source *source, const char *file, int64_t line) {
    return line_of(source, file, line, true);
}

bool mt_source_is_newer(struct mt_source *source, const char *file, uint64_t time_ns) {
    const struct file *found = *file && time_ns ? find_file(source, file) : NULL;
    return found && found->text && found->changed_ns > time_ns;
}

uint64_t mt_source_built_ns(uint64_t start_time_ns, const char *module) {
    struct stat status;
    if (start_time_ns == 0 || stat(module, &status) != 0 || changed_ns(&status) > start_time_ns)
        return start_time_ns;
    return changed_ns(&status);
}
