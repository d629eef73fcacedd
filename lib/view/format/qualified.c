/* SPDX-License-Identifier: MIT */
/*
 * The qualified name inside a demangled name of C++ or Rust. A name is read from the left; brackets
 * are skipped as a whole, so that what is behind the last blank outside of them is the name, up to
 * the parameters. Operators have brackets and blanks of their own.
 */
#include <ctype.h>
#include <string.h>

#include "view/format/format.h"

static bool begins(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* Returns the place behind the bracket that closes the one at text, or the end of the text. "->"
 * closes nothing. */
static const char *skip_bracket(const char *text) {
    size_t depth = 0;
    for (const char *at = text; *at; at++) {
        if (strchr("(<[{", *at))
            depth++;
        else if (strchr(")>]}", *at) && !(*at == '>' && at > text && at[-1] == '-') && --depth == 0)
            return at + 1;
    }
    return text + strlen(text);
}

/* at is behind the word "operator". Returns the place behind the operator's own characters.
 * *conversion: a type follows, which may contain blanks. */
static const char *skip_operator(const char *at, bool *conversion) {
    if (begins(at, "()") || begins(at, "[]"))
        return at + 2;
    if (begins(at, " new") || begins(at, " delete")) {
        at += begins(at, " new") ? 4 : 7;
        return begins(at, "[]") ? at + 2 : at;
    }
    if (*at == ' ' && at[1] != '"') {
        *conversion = true;
        return at + 1;
    }
    size_t symbols = strspn(at, "+-*/%^&|~!=<>,");
    /* operator<<int>: the last '<' opens the template arguments */
    if (symbols > 1 && at[symbols - 1] == '<' && is_word(at[symbols]))
        symbols--;
    return at + symbols;
}

static bool name_goes_on(const char *behind) {
    return begins(behind, "::") || begins(behind, " const::") || *behind == '.';
}

static bool is_operator_word(const char *text, const char *at) {
    return *at == 'o' && begins(at, "operator") && !is_word(at[8]) &&
           (at == text || !is_word(at[-1]));
}

size_t mt_format_qualified_name(const char *demangled, const char **name) {
    const char *at = demangled, *begin = demangled, *end = NULL;
    bool conversion = false;
    while (*at && !end) {
        if (is_operator_word(demangled, at)) {
            at = skip_operator(at + 8, &conversion);
        } else if (*at == '(') {
            const char *behind = skip_bracket(at);
            if (!begins(at, "(anonymous namespace)") && !name_goes_on(behind))
                end = at;
            at = behind;
        } else if (strchr("<[{", *at)) {
            at = skip_bracket(at);
        } else if (*at == ' ' && !conversion) {
            if (begins(at, " [clone"))
                end = at;
            else if (at[1] != '<' && !begins(at, " const::"))
                begin = at + 1;
            at++;
        } else if (*at == '.' &&
                   (begins(at, ".part") || begins(at, ".constprop") || begins(at, ".isra") ||
                    begins(at, ".cold") || begins(at, ".lto_priv") || begins(at, ".localalias"))) {
            end = at;
        } else {
            at++;
        }
    }
    *name = begin;
    return (size_t)((end && end >= begin ? end : at) - begin);
}
