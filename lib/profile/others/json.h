/* SPDX-License-Identifier: MIT */
/*
 * JSON from a stream, value by value, for files whose shape is known. Private to lib/profile.
 *
 *   mt_others_json_open(j, '{');
 *   while ((status = mt_others_json_more(j, '}')) > 0) {
 *       status = mt_others_json_key(j);                  j->text is the key
 *       …                                                take or skip the value
 *   }
 */
#ifndef MT_PROFILE_OTHERS_JSON_H
#define MT_PROFILE_OTHERS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/inflate.h"

/* Begins with in, name (of the file, for messages) and error set, and the rest zero. */
struct mt_others_json {
    struct mt_inflate *in;
    const char *name;
    struct mt_error *error;
    char *text; /* of the latest key or string, NUL-terminated; NULs within are left in */
    size_t n_text, capacity;
    const char *at, *end; /* what has been taken from the stream and not yet read */
    bool is_first;        /* no element of the innermost array or object has been read */
};

void mt_others_json_free(struct mt_others_json *json);

/* All return a negative error, which is filled, when what comes next is something else. */
int mt_others_json_open(struct mt_others_json *json, char bracket); /* '{' or '['; 0 */
/* Returns 1 when one more element follows; 0 when the closing bracket was there, and is taken. */
int mt_others_json_more(struct mt_others_json *json, char bracket);
int mt_others_json_key(struct mt_others_json *json);    /* and the colon; 0 */
int mt_others_json_string(struct mt_others_json *json); /* 0 */
/* A number without its fraction; a number beyond 64 bits is damage. */
int mt_others_json_integer(struct mt_others_json *json, int64_t *value);
int mt_others_json_bool(struct mt_others_json *json, bool *value);
int mt_others_json_skip(struct mt_others_json *json); /* a value of any kind */
/* Says that the file is damaged where the stream is: it has no WHAT. Returns -MEMTRACK_EFORMAT. */
int mt_others_json_damaged(const struct mt_others_json *json, const char *what);

#endif
