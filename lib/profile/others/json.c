/* SPDX-License-Identifier: MIT */
/*
 * A reader of JSON that keeps one string. jansson, which writes JSON here, reads a file as a tree
 * of some twenty times its size, which is more than a file may cost (limits.h) before a limit could
 * be asked about; and a page in a browser would have to carry it. What is not of the shape that the
 * caller asks for is damage: there is no tree to look at.
 *
 * Strings become UTF-8; half of a surrogate pair becomes U+FFFD. A string may have as many bytes as
 * a line (MT_INFLATE_LINE).
 */
#include "profile/others/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { CHUNK = 1 << 14, MOST_DEPTH = 256, END = -1, REPLACEMENT = 0xFFFD };

void mt_others_json_free(struct mt_others_json *json) {
    free(json->text);
    json->text = NULL;
}

int mt_others_json_damaged(const struct mt_others_json *json, const char *what) {
    uint64_t at = mt_inflate_taken(json->in) - (uint64_t)(json->end - json->at);
    return mt_error_set(json->error, MEMTRACK_EFORMAT, "Record or copy it again.",
                        "%s is damaged at byte %llu: no %s is there", json->name,
                        (unsigned long long)at, what);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* Returns 0, also at the end of the stream, where nothing is there afterwards; or an error. */
static int fill(struct mt_others_json *json) {
    const uint8_t *bytes;
    size_t n;
    int status = mt_inflate_peek(json->in, CHUNK, &bytes, &n);
    if (status == 0)
        status = mt_inflate_take(json->in, n, &bytes);
    json->at = status == 0 ? (const char *)bytes : NULL;
    json->end = status == 0 ? (const char *)bytes + n : NULL;
    return status;
}

/* Returns the next byte, which stays there, END, or an error. */
static int peek(struct mt_others_json *json, int *status) {
    *status = json->at < json->end ? 0 : fill(json);
    return *status == 0 && json->at < json->end ? (unsigned char)*json->at : END;
}

/* The same for what is not a blank. */
static int peek_value(struct mt_others_json *json, int *status) {
    int c;
    while ((c = peek(json, status)) == ' ' || c == '\n' || c == '\t' || c == '\r')
        json->at++;
    return c;
}

static int expect(struct mt_others_json *json, char wanted) {
    const char what[] = {'"', wanted, '"', '\0'};
    int status, c = peek_value(json, &status);
    if (status < 0)
        return status;
    if (c != wanted)
        return mt_others_json_damaged(json, wanted == '"' ? "text" : what);
    json->at++;
    return 0;
}

/* ---- structure ------------------------------------------------------------------------------- */

int mt_others_json_open(struct mt_others_json *json, char bracket) {
    json->is_first = true;
    return expect(json, bracket);
}

int mt_others_json_more(struct mt_others_json *json, char bracket) {
    int status, c = peek_value(json, &status);
    bool was_first = json->is_first;
    if (status < 0)
        return status;
    json->is_first = false;
    if (c == bracket) {
        json->at++;
        return 0;
    }
    if (!was_first)
        status = expect(json, ',');
    return status < 0 ? status : 1;
}

int mt_others_json_key(struct mt_others_json *json) {
    int status = mt_others_json_string(json);
    return status < 0 ? status : expect(json, ':');
}

/* ---- strings --------------------------------------------------------------------------------- */

static int append(struct mt_others_json *json, int c) {
    if (json->n_text == MT_INFLATE_LINE)
        return mt_error_set(json->error, MEMTRACK_ELIMIT, "No known profiler writes such files.",
                            "%s is refused: a text in it has more than %d bytes", json->name,
                            MT_INFLATE_LINE);
    if (!mt_array_reserve(&json->text, &json->capacity, json->n_text + 2, 1))
        return mt_error_set(json->error, MEMTRACK_ENOMEM, "", "%s: out of memory while reading",
                            json->name);
    json->text[json->n_text++] = (char)c;
    json->text[json->n_text] = '\0';
    return 0;
}

static int append_utf8(struct mt_others_json *json, unsigned c) {
    int status;
    if (c < 0x80)
        return append(json, (int)c);
    if (c < 0x800) {
        status = append(json, (int)(0xC0 | c >> 6));
    } else {
        status =
            c < 0x10000 ? append(json, (int)(0xE0 | c >> 12)) : append(json, (int)(0xF0 | c >> 18));
        if (status == 0 && c >= 0x10000)
            status = append(json, (int)(0x80 | (c >> 12 & 0x3F)));
        if (status == 0)
            status = append(json, (int)(0x80 | (c >> 6 & 0x3F)));
    }
    return status < 0 ? status : append(json, (int)(0x80 | (c & 0x3F)));
}

/* Takes four digits of base 16. */
static int take_hex(struct mt_others_json *json, unsigned *value) {
    static const char digits[] = "0123456789abcdef";
    *value = 0;
    for (int i = 0; i < 4; i++) {
        int status, c = peek(json, &status);
        const char *digit = c > 0 ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
        if (!digit)
            return status < 0 ? status : mt_others_json_damaged(json, "code of a character");
        *value = *value << 4 | (unsigned)(digit - digits);
        json->at++;
    }
    return 0;
}

/* Takes what follows "\u". The half of a pair that is already read is *high, 0: none. */
static int take_code(struct mt_others_json *json, unsigned *high) {
    unsigned code, first = *high;
    int status = take_hex(json, &code);
    *high = 0;
    if (status < 0)
        return status;
    bool is_low = code >= 0xDC00 && code < 0xE000, is_high = code >= 0xD800 && code < 0xDC00;
    if (first && is_low)
        return append_utf8(json, 0x10000 + ((first - 0xD800) << 10) + (code - 0xDC00));
    if (first)
        status = append_utf8(json, REPLACEMENT);
    if (is_high)
        *high = code;
    else if (status == 0)
        status = append_utf8(json, is_low ? REPLACEMENT : code);
    return status;
}

static int take_escape(struct mt_others_json *json, unsigned *high) {
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    int status, c = peek(json, &status);
    if (c == END)
        return status < 0 ? status : mt_others_json_damaged(json, "end of a text");
    json->at++;
    if (c == 'u')
        return take_code(json, high);
    const char *name = c ? strchr(names, c) : NULL;
    return name ? append(json, meanings[name - names])
                : mt_others_json_damaged(json, "character with such a name");
}

int mt_others_json_string(struct mt_others_json *json) {
    unsigned high = 0;
    int status = expect(json, '"');
    json->n_text = 0;
    if (status == 0 && mt_array_reserve(&json->text, &json->capacity, 1, 1))
        json->text[0] = '\0';
    while (status == 0) {
        int c = peek(json, &status);
        if (c == END)
            return status < 0 ? status : mt_others_json_damaged(json, "end of a text");
        json->at++;
        if (high && c != '\\') {
            status = append_utf8(json, REPLACEMENT);
            high = 0;
        }
        if (c == '"')
            return status;
        if (status == 0)
            status = c == '\\' ? take_escape(json, &high) : append(json, c);
    }
    return status;
}

/* ---- other values ---------------------------------------------------------------------------- */

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

/* Takes the digits that follow. Returns how many, or an error. */
static int take_digits(struct mt_others_json *json, int64_t *value, bool *is_beyond) {
    int status, c, n = 0;
    for (; is_digit(c = peek(json, &status)); json->at++, n += n < CHUNK)
        *is_beyond |= __builtin_mul_overflow(*value, 10, value) ||
                      __builtin_add_overflow(*value, c - '0', value);
    return status < 0 ? status : n;
}

/* Takes a sign, if there is one. */
static int take_sign(struct mt_others_json *json, bool *is_negative) {
    int status, c = peek_value(json, &status);
    *is_negative = c == '-';
    json->at += c == '-' || c == '+';
    return status;
}

/* Takes ".5" and "e+3", of which nothing is kept. */
static int skip_fraction(struct mt_others_json *json, bool *has_exponent) {
    int64_t ignored = 0;
    bool is_ignored = false;
    int status, c = peek(json, &status);
    if (c == '.') {
        json->at++;
        status = take_digits(json, &ignored, &is_ignored);
        c = status < 0 ? END : peek(json, &status);
    }
    *has_exponent = c == 'e' || c == 'E';
    if (*has_exponent) {
        json->at++;
        status = take_sign(json, &is_ignored);
        if (status == 0)
            status = take_digits(json, &ignored, &is_ignored);
    }
    return status < 0 ? status : 0;
}

static int take_number(struct mt_others_json *json, int64_t *value, bool *is_exact) {
    bool is_negative = false, is_beyond = false, has_exponent = false;
    int status = take_sign(json, &is_negative);
    *value = 0;
    if (status == 0)
        status = take_digits(json, value, &is_beyond);
    if (status == 0)
        return mt_others_json_damaged(json, "number");
    if (status > 0)
        status = skip_fraction(json, &has_exponent);
    *value = is_negative ? -*value : *value;
    *is_exact = !is_beyond && !has_exponent;
    return status;
}

int mt_others_json_integer(struct mt_others_json *json, int64_t *value) {
    bool is_exact = false;
    int status = take_number(json, value, &is_exact);
    return status < 0 || is_exact ? status : mt_others_json_damaged(json, "number of 64 bits");
}

static int take_word(struct mt_others_json *json, const char *word) {
    int status = 0;
    for (; *word && status == 0; word++) {
        int c = peek(json, &status);
        if (status == 0 && c != *word)
            return mt_others_json_damaged(json, "value");
        json->at += status == 0;
    }
    return status;
}

int mt_others_json_bool(struct mt_others_json *json, bool *value) {
    int status, c = peek_value(json, &status);
    *value = c == 't';
    return status < 0 ? status : take_word(json, c == 't' ? "true" : "false");
}

/* Takes a value that has no parts, or the opening bracket of one that has. */
static int skip_begin(struct mt_others_json *json, char *bracket) {
    int64_t number;
    bool is_exact = false;
    int status, c = peek_value(json, &status);
    *bracket = c == '{' ? '}' : c == '[' ? ']' : '\0';
    if (status < 0)
        return status;
    switch (c) {
    case '{':
    case '[':
        return mt_others_json_open(json, (char)c);
    case '"':
        return mt_others_json_string(json);
    case 't':
        return take_word(json, "true");
    case 'f':
        return take_word(json, "false");
    case 'n':
        return take_word(json, "null");
    default:
        return take_number(json, &number, &is_exact);
    }
}

int mt_others_json_skip(struct mt_others_json *json) {
    char open[MOST_DEPTH] = ""; /* closing brackets of what is open */
    size_t depth = 0;
    do {
        int status = 0;
        bool has_element = depth == 0;
        if (depth) {
            status = mt_others_json_more(json, open[depth - 1]);
            has_element = status > 0;
            depth -= status == 0;
        }
        if (has_element && depth && open[depth - 1] == '}')
            status = mt_others_json_key(json);
        char bracket = '\0';
        if (has_element && status >= 0)
            status = skip_begin(json, &bracket);
        if (status < 0)
            return status;
        if (bracket && depth == MOST_DEPTH)
            return mt_others_json_damaged(json, "value, but brackets in brackets");
        if (bracket)
            open[depth++] = bracket;
    } while (depth);
    json->is_first = false;
    return 0;
}
