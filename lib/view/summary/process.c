/* SPDX-License-Identifier: MIT */
/*
 * Which process it was. One line is enough to know one's own run again: the command, as much of it
 * as fits, how long it took, how it ended and the pid. Whole paths, the whole command and the
 * moment are for --verbose.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/called.h"
#include "view/format/format.h"
#include "view/summary/summary.h"

enum {
    COMMAND_BYTES = 400
}; /* of a command line, and of a word of it, are shown; the last word may go beyond */

/* Returns as much of it as somebody will read; --json has all. name: what the first word is called
 * instead; NULL: as it is. malloc'ed; NULL: out of memory. */
static char *command_line(const struct mt_profile *profile, const char *name,
                          const char *ellipsis) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    if (!stream)
        return NULL;
    for (size_t i = 0; i < profile->info.n_command; i++) {
        if (bytes >= COMMAND_BYTES) {
            fprintf(stream, " %s", ellipsis); /* how many more is not known: the recorder has its
                                                 limit, too */
            break;
        }
        if (i)
            fputc(' ', stream);
        mt_format_word_put(
            stream, i == 0 && name ? name : mt_profile_text(profile, profile->info.command[i]),
            COMMAND_BYTES, ellipsis);
        fflush(stream); /* which brings bytes up to date */
    }
    fclose(stream);
    return text;
}

/* In the words of the line that has all of it. */
static const char *how_it_ended(const struct mt_profile_info *info, char *buffer, size_t bytes) {
    if (info->running)
        return "running";
    if (!info->exit_known)
        return "its end was not seen";
    if (info->exit_signal)
        snprintf(buffer, bytes, "killed by signal %d (SIG%s)", info->exit_signal,
                 sigabbrev_np(info->exit_signal) ? sigabbrev_np(info->exit_signal) : "?");
    else
        snprintf(buffer, bytes, "exit status %d", info->exit_code);
    return buffer;
}

static void format_times(const struct mt_profile_info *info, char when[MT_FORMAT_BYTES],
                         char lasted[MT_FORMAT_BYTES]) {
    mt_format_rfc3339(when, info->start_time_ns);
    when[10] = ' ';
    when[19] = '\0'; /* to the second */
    mt_format_duration(lasted, info->duration_ns);
}

static void add_times(const struct mt_profile_info *info, struct mt_summary *lines) {
    char when[MT_FORMAT_BYTES], lasted[MT_FORMAT_BYTES], end[64];
    format_times(info, when, lasted);
    if (info->is_memtrack)
        mt_summary_add(lines, "ran", false, "%s%sfrom %s UTC, %s", info->duration_ns ? lasted : "",
                       info->duration_ns ? " " : "", when, how_it_ended(info, end, sizeof end));
    else if (info->start_time_ns)
        mt_summary_add(lines, "recorded", false, "%s UTC%s%s", when,
                       info->duration_ns ? ", over " : "", info->duration_ns ? lasted : "");
}

/* ---- in one line ----------------------------------------------------------------------------- */

static const char *ellipsis_of(const struct mt_summary_format *format) {
    return format->utf8 ? "…" : "...";
}

/* The same in as few words as it can be said: "exit 0", "SIGKILL". */
static const char *short_end(const struct mt_profile_info *info, char *buffer, size_t bytes) {
    if (info->running)
        return "running";
    if (!info->exit_known)
        return "end not seen";
    if (info->exit_signal)
        snprintf(buffer, bytes, "killed by SIG%s",
                 sigabbrev_np(info->exit_signal) ? sigabbrev_np(info->exit_signal) : "?");
    else
        snprintf(buffer, bytes, "exit %d", info->exit_code);
    return buffer;
}

/* name: of the program, when it is not called as it was; malloc'ed; NULL: out of memory. */
static char *visible_command(const struct mt_profile *profile, const char *name,
                             const struct mt_summary_format *format) {
    const struct mt_profile_info *info = &profile->info;
    char *line = info->n_command ? command_line(profile, name, ellipsis_of(format))
                                 : strdup(name ? name : mt_profile_text(profile, info->exe)),
         *visible = line ? mt_format_visible(line, format->utf8) : NULL;
    free(line);
    return visible;
}

/* Returns the command in so many columns: the directory of the program goes first, then the end of
 * the line. malloc'ed; NULL: out of memory. */
static char *fitting_command(const struct mt_profile *profile,
                             const struct mt_summary_format *format, size_t columns) {
    const struct mt_profile_info *info = &profile->info;
    const char *path = mt_profile_text(profile, info->n_command ? info->command[0] : info->exe);
    char *line = visible_command(profile, NULL, format);
    if (line && mt_format_width(line) > columns) {
        free(line);
        line = visible_command(profile, mt_called_base(path), format);
    }
    char *shortened = line ? mt_format_shorten_end(line, columns, ellipsis_of(format)) : NULL;
    free(line);
    return shortened;
}

/* A command that is cut to less says nothing: it goes on in the next line then. */
enum { LEAST_COMMAND = 16 };

/* name: what stands before it and a colon; "": nothing does. */
static void add_program_line(const struct mt_profile *profile,
                             const struct mt_summary_format *format, const char *label,
                             const char *name, struct mt_summary *lines) {
    const struct mt_profile_info *info = &profile->info;
    char end[32], lasted[MT_FORMAT_BYTES], others[48] = "", facts[176];
    mt_format_duration(lasted, info->duration_ns);
    if (info->n_processes > 1)
        snprintf(others, sizeof others, ", and %u more profile%s", info->n_processes - 1,
                 info->n_processes == 2 ? "" : "s");
    else if (profile->n_members > 1)
        snprintf(others, sizeof others, ", and %zu more process%s", profile->n_members - 1,
                 profile->n_members == 2 ? "" : "es");
    snprintf(facts, sizeof facts, " (%s%s%s, pid %u%s)", info->duration_ns ? lasted : "",
             info->duration_ns ? ", " : "", short_end(info, end, sizeof end), info->pid, others);
    size_t taken = strlen(facts) + (*name ? mt_format_width(name) + 2 : 0);
    char *command = fitting_command(
        profile, format,
        format->columns > taken + LEAST_COMMAND ? format->columns - taken : LEAST_COMMAND);
    mt_summary_add(lines, label, false, "%s%s%s%s", name, *name ? ": " : "",
                   command ? command : "?", facts);
    free(command);
}

/* ---- whole ----------------------------------------------------------------------------------- */

static const char *recorder(const struct mt_profile *profile) {
    return profile->info.tool ? mt_profile_text(profile, profile->info.tool) : "another tool";
}

/* Returns what another tool's file tells of the program: its command, or else the first mapping.
 * malloc'ed. */
static char *foreign_program(const struct mt_profile *profile,
                             const struct mt_summary_format *format) {
    if (profile->info.n_command)
        return command_line(profile, NULL, ellipsis_of(format));
    return strdup(profile->n_mappings ? mt_profile_text(profile, profile->mappings[0].path)
                                      : "unknown program");
}

static void add_process(const struct mt_profile *profile, const struct mt_summary_format *format,
                        struct mt_summary *lines) {
    const struct mt_profile_info *info = &profile->info;
    if (info->is_memtrack && !format->verbose) {
        add_program_line(profile, format, "program", "", lines);
        return;
    }
    if (info->is_memtrack) {
        mt_summary_add(lines, "program", false, "%s (process %u)",
                       mt_profile_text(profile, info->exe), info->pid);
        char *command = command_line(profile, NULL, ellipsis_of(format));
        if (command && *command)
            mt_summary_add(lines, "command", false, "%s", command);
        free(command);
    } else {
        char *program = foreign_program(profile, format);
        mt_summary_add(lines, "program", false, "%s (recorded by %s)",
                       program ? program : "unknown", recorder(profile));
        free(program);
    }
    if (format->verbose)
        add_times(info, lines);
}

void mt_summary_process(const struct mt_profile *profile, const struct mt_summary_format *format,
                        struct mt_summary *lines) {
    add_process(profile, format, lines);
    mt_summary_metadata(profile, format, lines);
}

void mt_summary_process_side(const struct mt_profile *profile,
                             const struct mt_summary_format *format, const char *label,
                             const char *name, struct mt_summary *lines) {
    const struct mt_profile_info *info = &profile->info;
    char when[MT_FORMAT_BYTES], lasted[MT_FORMAT_BYTES], end[64];
    format_times(info, when, lasted);
    if (info->is_memtrack && !format->verbose) {
        add_program_line(profile, format, label, name, lines);
        return;
    }
    char *command = info->is_memtrack ? command_line(profile, NULL, ellipsis_of(format))
                                      : foreign_program(profile, format);
    if (info->is_memtrack)
        mt_summary_add(lines, label, false, "%s: %s (process %u), %s from %s UTC, %s", name,
                       command && *command ? command : mt_profile_text(profile, info->exe),
                       info->pid, lasted, when, how_it_ended(info, end, sizeof end));
    else
        mt_summary_add(lines, label, false, "%s: %s (recorded by %s)%s%s%s", name,
                       command ? command : "unknown program", recorder(profile),
                       info->start_time_ns ? ", " : "", info->start_time_ns ? when : "",
                       info->start_time_ns ? " UTC" : "");
    free(command);
}
