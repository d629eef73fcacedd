/* SPDX-License-Identifier: MIT */
/*
 * Objects of up to 512 bytes are most of a Python program's, and come from pools that pymalloc maps
 * by the piece: malloc never hears of them. Whoever looks for them needs to be told the one
 * variable that changes that, in the command that was typed, to be copied.
 */
#include "profile/ledger/python_notes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { TEXT_BYTES = 1024, COMMAND_BYTES = 512 };

static void put(char *text, size_t *n, char c) {
    if (*n + 1 < COMMAND_BYTES)
        text[(*n)++] = c;
}

/* Appends an argument as a shell reads it back. */
static void put_argument(char *text, size_t *n, const char *argument) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_@%+=:,./-";
    bool is_plain = *argument && argument[strspn(argument, plain)] == '\0';
    if (!is_plain)
        put(text, n, '\'');
    for (; *argument; argument++) {
        if (*argument == '\'')
            for (const char *c = "'\\'"; *c; c++)
                put(text, n, *c);
        put(text, n, *argument);
    }
    if (!is_plain)
        put(text, n, '\'');
}

/* Writes the command line, " COMMAND ARGUMENT…"; what is too long for a sentence ends with "…". */
static void write_command(const struct mt_profile *profile, char text[COMMAND_BYTES]) {
    size_t n = 0;
    for (size_t i = 0; i < profile->info.n_command; i++) {
        const char *argument = mt_profile_text(profile, profile->info.command[i]);
        if (n + 4 * strlen(argument) + 8 > COMMAND_BYTES) {
            n += (size_t)snprintf(text + n, COMMAND_BYTES - n, " …");
            break;
        }
        put(text, &n, ' ');
        put_argument(text, &n, argument);
    }
    text[n] = '\0';
}

static int say_where_objects_are(struct mt_profile *profile) {
    char text[TEXT_BYTES], command[COMMAND_BYTES];
    write_command(profile, command);
    snprintf(text, sizeof text,
             "To see Python's small objects, which are in pools of its own: PYTHONMALLOC=malloc "
             "memtrack%s",
             command);
    return mt_profile_add_note(profile, text);
}

static int say_what_is_not_read(struct mt_profile *profile, uint32_t version) {
    char text[TEXT_BYTES];
    uint32_t major = version >> 24, minor = version >> 16 & 0xff;
    if (version == 0)
        snprintf(text, sizeof text,
                 "Lines of Python were not read: CPython 3.11 to 3.13 is known, "
                 "and this one is older.");
    else if (major == 3 && minor >= 11 && minor <= 13)
        snprintf(text, sizeof text,
                 "Lines of Python were not read: this build of CPython 3.%" PRIu32 " is not known.",
                 minor);
    else
        snprintf(text, sizeof text,
                 "Lines of Python were not read: CPython 3.11 to 3.13 is known, and this is "
                 "%" PRIu32 ".%" PRIu32 ".",
                 major, minor);
    return mt_profile_add_note(profile, text);
}

static int say_what_is_cut(struct mt_profile *profile, uint64_t n) {
    char text[TEXT_BYTES];
    snprintf(text, sizeof text,
             n == 1 ? "%" PRIu64 " allocation by Python code is without some of its lines: they "
                      "could not be read."
                    : "%" PRIu64 " allocations by Python code are without some of their lines: "
                      "they could not be read.",
             n);
    return mt_profile_add_note(profile, text);
}

int mt_ledger_python_notes_add(const struct mt_ledger *ledger,
                               const struct mt_ledger_totals *counts, struct mt_profile *profile) {
    const struct mt_ledger_info *info = mt_ledger_info(ledger);
    uint32_t state = info->python_state & ~(uint32_t)MT_PYTHON_POOLS;
    int rc = 0;
    if (counts->unread_code)
        rc = say_what_is_cut(profile, counts->unread_code);
    if (rc == 0 && state == MT_PYTHON_UNKNOWN)
        rc = say_what_is_not_read(profile, info->python_version);
    if (rc == 0 && (info->python_state & MT_PYTHON_POOLS))
        rc = say_where_objects_are(profile);
    return rc;
}
