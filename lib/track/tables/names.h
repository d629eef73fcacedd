/* SPDX-License-Identifier: MIT */
/* Texts that the program gives, and functions of it, get small numbers here: see struct mt_name.
 * Any thread may ask. */
#ifndef MT_TRACK_NAMES_H
#define MT_TRACK_NAMES_H

#include "base/os.h"
#include "ledger/layout.h"
#include "track/thread/names_part.h"

/* Forgets all names, in a new process. Returns false when there is no memory. */
MT_HIDDEN bool mt_names_start(void);

/* Forgets what a thread remembers of names, which may not be so any more. */
MT_HIDDEN void mt_names_forget(struct mt_names_part *part);

/* ---- by text --------------------------------------------------------------------------------- */

/* Returns the place in which a thread remembers what is at an address. */
static inline struct mt_known_name *mt_names_known(struct mt_names_part *part, uint64_t address) {
    return &part->known[(address * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - MT_KNOWN_NAMES_BITS)];
}

/* The same as the two functions below, of what this thread has not met at this address. */
MT_HIDDEN mt_name_id mt_names_learn_text(struct mt_names_part *part, const char *text);
MT_HIDDEN mt_name_id mt_names_learn_function(struct mt_names_part *part, uint64_t address);
/* Tells whether a, which may be a shorter text, is the n bytes at b. */
MT_HIDDEN bool mt_names_is_same_text(const char *a, const char *b, uint32_t n);
static inline bool mt_names_is_on_page(const char *text, uint32_t bytes) {
    return ((uint64_t)text & (MT_OS_PAGE - 1)) + bytes <= MT_OS_PAGE;
}

#define MT_NAMES_WORD(type, text)                                                                  \
    ({                                                                                             \
        type word_there;                                                                           \
        __builtin_memcpy(&word_there, (text), sizeof word_there);                                  \
        word_there;                                                                                \
    })

/* Tells whether the n bytes, one word at least, at text are those there. The last word that is
 * compared overlaps the one before it. */
static inline __attribute__((always_inline)) bool
mt_names_are_same_words(const char *text, const char *there, uint32_t n) {
    uint32_t i = 0;
    for (; i + sizeof(uint64_t) < n; i += sizeof(uint64_t))
        if (MT_NAMES_WORD(uint64_t, text + i) != MT_NAMES_WORD(uint64_t, there + i))
            return false;
    i = n - (uint32_t)sizeof(uint64_t);
    return MT_NAMES_WORD(uint64_t, text + i) == MT_NAMES_WORD(uint64_t, there + i);
}

/* Tells whether text still holds what has been known there. The one that is there now may be
 * shorter, but what lies behind it on its page can be read. */
static inline __attribute__((always_inline)) bool
mt_names_is_known(const struct mt_known_name *known, const char *text) {
    uint32_t n = known->bytes;
    const char *there = known->text;
    if (mt_unlikely(n < sizeof(uint64_t) || !mt_names_is_on_page(text, n)))
        return mt_names_is_same_text(text, there, n);
    return mt_names_are_same_words(text, there, n);
}

/* Return the one id of a text (its first MT_NAME_MAX_BYTES bytes), or of the function at an
 * address; 0 when there is no room. */
static inline __attribute__((always_inline)) mt_name_id mt_names_find(struct mt_names_part *part,
                                                                      const char *text) {
    /* The compiler is not to know a literal's length: what is known may be longer. */
    __asm__("" : "+r"(text));
    const struct mt_known_name *known = mt_names_known(part, (uint64_t)text);
    if (mt_likely(known->address == (uint64_t)text && mt_names_is_known(known, text)))
        return known->name;
    return mt_names_learn_text(part, text);
}
/* The same without a call: 0, too, where one would be needed to know. */
static inline __attribute__((always_inline)) mt_name_id mt_names_peek(struct mt_names_part *part,
                                                                      const char *text) {
    __asm__("" : "+r"(text)); /* as above */
    const struct mt_known_name *known = mt_names_known(part, (uint64_t)text);
    uint32_t n = known->bytes;
    bool is_same = known->address == (uint64_t)text && mt_names_is_on_page(text, n);
    const char *there = known->text;
    if (mt_likely(n >= sizeof(uint64_t)))
        is_same = is_same && mt_names_are_same_words(text, there, n);
    else
        is_same = is_same && n >= sizeof(uint32_t) &&
                  MT_NAMES_WORD(uint32_t, text) == MT_NAMES_WORD(uint32_t, there) &&
                  MT_NAMES_WORD(uint32_t, text + n - sizeof(uint32_t)) ==
                      MT_NAMES_WORD(uint32_t, there + n - sizeof(uint32_t));
    return mt_likely(is_same) ? known->name : 0;
}
static inline mt_name_id mt_names_find_function(struct mt_names_part *part, uint64_t address) {
    const struct mt_known_name *known = mt_names_known(part, address);
    if (mt_likely(known->address == (address | UINT64_C(1) << 63)))
        return known->name;
    return mt_names_learn_function(part, address);
}

/* ---- by id ----------------------------------------------------------------------------------- */

/* The text of a name that has one, else "". It ends with a NUL, and stays. */
MT_HIDDEN const char *mt_names_text(mt_name_id name);
/* The address of the function that a name stands for, else 0. */
MT_HIDDEN uint64_t mt_names_function(mt_name_id name);
/* When the scopes of a group were forgotten last; see struct mt_name. The lock of growth is taken
 * for setting it. */
MT_HIDDEN uint64_t mt_names_reset_epoch(mt_name_id group);
MT_HIDDEN void mt_names_set_reset_epoch(mt_name_id group, uint64_t epoch);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_names_check(void);
#endif

#endif
