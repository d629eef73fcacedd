/* SPDX-License-Identifier: MIT */
/*
 * Which file counts is decided as git decides for its directories: the nearest one upwards, up to
 * the root or to where another file system begins, and only if it is the user's own or root's (for
 * root under sudo: also of who called sudo) and not everybody may write it. A file that fails this
 * is told of and hides those above it: what the user sees must not depend on who else wrote where.
 * Groups may write, as a umask of 002 lets them, where a user's group is his own.
 *
 * A line is a word and its value, to the end of the line: names in C++ have blanks. What begins
 * with # is a comment, at the start of a line or behind a blank. Rejected: quotes, and a library
 * for INI or TOML, for the sake of one kind of line.
 */
#include "command/project.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text/terminal.h"

enum { MOST_BYTES = 64 << 10, MOST_PROBLEMS = 5 };
#define BLANKS " \t\r\v\f"

static bool has_told; /* a run that check begins reads the same file again */

/* ---- finding --------------------------------------------------------------------------------- */

static bool is_trusted(uid_t owner) {
    const char *caller = geteuid() == 0 ? getenv("SUDO_UID") : NULL;
    return owner == geteuid() || owner == 0 ||
           (caller && *caller && owner == (uid_t)strtoul(caller, NULL, 10));
}

static void refuse(const char *program, const char *path, const char *why, const char *hint) {
    if (!has_told)
        mt_terminal_print_problem(program, hint, "%.300s is not read: %s", path, why);
    has_told = true;
}

/* Returns whether the file is one to be read; link is what its name is, a symbolic link or not. */
static bool is_ours(const char *program, const char *path, const struct stat *link,
                    const struct stat *file) {
    if (!S_ISREG(file->st_mode))
        refuse(program, path, S_ISDIR(file->st_mode) ? "it is a directory" : "it is not a file",
               "A file of this name has the settings of a project: call it otherwise.");
    else if (!is_trusted(link->st_uid) || !is_trusted(file->st_uid))
        refuse(program, path, "it is another user's",
               "If you trust it, copy it to be yours, or name its patterns in MEMTRACK_WRAPPERS.");
    else if (file->st_mode & S_IWOTH)
        refuse(program, path, "everybody may write it", "Run chmod o-w on it.");
    else if (file->st_size > MOST_BYTES)
        refuse(program, path, "it is larger than 64 KiB",
               "It is for settings such as: wrapper my_alloc*");
    else
        return true;
    return false;
}

static char *read_all(int fd, size_t *bytes) {
    char *text = malloc(MOST_BYTES + 1);
    ssize_t n = -1;
    *bytes = 0;
    while (text && *bytes < MOST_BYTES &&
           ((n = read(fd, text + *bytes, MOST_BYTES - *bytes)) > 0 || (n < 0 && errno == EINTR)))
        *bytes += n > 0 ? (size_t)n : 0;
    if (text && n >= 0) {
        text[*bytes] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

static void load(const char *program, const char *path, const struct stat *link,
                 struct mt_project *project) {
    struct stat file;
    /* NONBLOCK: a pipe of this name is not waited for */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &file) != 0)
        refuse(program, path, strerror(errno), "Make it readable, or move it away.");
    else if (is_ours(program, path, link, &file)) {
        project->text = read_all(fd, &project->bytes);
        project->path = project->text ? strdup(path) : NULL;
        if (!project->path)
            refuse(program, path, strerror(errno), "Make it readable, or move it away.");
    }
    if (fd >= 0)
        close(fd);
}

/* Cuts the last part of a path. Returns false when it was the root. */
static bool go_up(char *directory) {
    char *slash = strrchr(directory, '/');
    if (!slash || !slash[1])
        return false;
    slash[slash == directory] = '\0';
    return true;
}

/* Returns whether there is something of this name in the directory, good or bad. */
static bool look_in(const char *program, const char *directory, struct mt_project *project) {
    struct stat link;
    char *path;
    if (asprintf(&path, "%s/" MT_PROJECT_FILE, directory[1] ? directory : "") < 0)
        return false;
    bool found = lstat(path, &link) == 0;
    if (found)
        load(program, path, &link, project);
    free(path);
    return found;
}

void mt_project_read(const char *program, struct mt_project *project) {
    struct stat here, start;
    char *directory = getcwd(NULL, 0);
    *project = (struct mt_project){.path = NULL};
    bool more = directory && *directory == '/' && stat(directory, &start) == 0;
    while (more && stat(directory, &here) == 0 && here.st_dev == start.st_dev)
        more = !look_in(program, directory, project) && go_up(directory);
    free(directory);
}

void mt_project_free(struct mt_project *project) {
    free(project->path);
    free(project->text);
    *project = (struct mt_project){.path = NULL};
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Cuts a comment and the blanks around what is said. Returns where it begins. */
static char *strip(char *line) {
    line += strspn(line, BLANKS);
    for (char *p = line; (p = strchr(p, '#')); p++)
        if (p == line || strchr(BLANKS, p[-1])) {
            *p = '\0';
            break;
        }
    size_t n = strlen(line);
    while (n > 0 && strchr(BLANKS, line[n - 1]))
        line[--n] = '\0';
    return line;
}

/* Returns what is wrong with the value of a setting, or NULL. */
static const char *problem_of(const char *word, const char *value) {
    if (strcmp(word, "wrapper") != 0)
        return "no such setting";
    if (!*value || *value == ':')
        return "a wrapper is a pattern of functions, files or modules";
    if (*value == '"' || *value == '\'')
        return "a pattern stands without quotes";
    return NULL;
}

static void tell(const char *program, const struct mt_project *project, size_t line,
                 const char *word, const char *problem) {
    if (!has_told)
        mt_terminal_print_problem(program, "A line is, for instance, wrapper my_alloc*.",
                                  "%.300s:%zu: %.40s: %s", project->path, line, word, problem);
}

void mt_project_each(const char *program, struct mt_project *project,
                     void (*take)(void *context, const struct mt_project_setting *wrapper),
                     void *context) {
    size_t number = 0, n_problems = 0;
    char *line = project->text, *end = line ? line + project->bytes : NULL, *next;
    if (line && strncmp(line, "\xef\xbb\xbf", 3) == 0) /* how some editors begin UTF-8 */
        line += 3;
    for (; line && line < end; line = next) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        next = (stop ? stop : end) + 1;
        *(next - 1) = '\0';
        number++;
        bool is_text = strlen(line) == (size_t)(next - 1 - line);
        char *word = strip(line), *value = word + strcspn(word, BLANKS);
        if (is_text && !*word)
            continue;
        if (*value)
            *value++ = '\0';
        value += strspn(value, BLANKS);
        const char *problem =
            is_text ? problem_of(word, value) : "a line of text has no zero bytes";
        if (!problem)
            take(context, &(struct mt_project_setting){value, project->path, number});
        else if (n_problems++ < MOST_PROBLEMS)
            tell(program, project, number, word, problem);
    }
    if (n_problems > MOST_PROBLEMS && !has_told)
        mt_terminal_print_problem(program, NULL, "%.300s: %zu more line%s like these",
                                  project->path, n_problems - MOST_PROBLEMS,
                                  n_problems - MOST_PROBLEMS == 1 ? "" : "s");
    has_told |= n_problems > 0;
}
