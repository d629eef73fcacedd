/* SPDX-License-Identifier: MIT */
/*
 * An object counts as what it should be when its type is that type's one object and its sizes are
 * sane. Then its texts and its table of lines are read, once for each instruction that is met.
 *
 * The table of lines (co_linetable, CPython 3.11 and later: Objects/locations.md) is a row of
 * entries; each begins with a byte that has bit 7 set, and covers some instructions:
 *
 *   1 │ kind (4) │ instructions - 1 (3)    the bytes behind it depend on the kind:
 *   0 … 9    the line of the entry before, and columns     10 … 12  a line 0 to 2 further, columns
 *   13, 14   a signed number to add to the line, and more  15       no line at all
 */
#include "track/python/code.h"

#include "track/tables/codes.h"

enum {
    OBJECT_TYPE = 8,
    OBJECT_SIZE = 16,
    TEXT_LENGTH = 16,
    TEXT_STATE = 32,
    BYTES_TEXT = 32,
    MOST_INSTRUCTIONS = 1 << 24,
    INSTRUCTION_BYTES = 2,
    HASHED_BYTES = 4096 /* of the beginning and of the end of an object */
};

struct span {
    uint64_t address, bytes; /* all of it can be read */
};

static bool is_object(struct mt_python_part *p, uint64_t object, uint64_t type, uint64_t bytes) {
    uint64_t its_type;
    return mt_python_memory_load(p, object + OBJECT_TYPE, &its_type) && its_type == type &&
           mt_python_memory_is_there(p, object, bytes);
}

/* ---- texts ----------------------------------------------------------------------------------- */

struct text {
    struct span data;
    uint32_t width; /* bytes of a character */
};

/* Finds the characters of a str. Returns false when it is none. */
static bool find_text(struct mt_python_part *p, uint64_t object, struct text *out) {
    if (!is_object(p, object, mt_python.text_type, TEXT_STATE + 4))
        return false;
    uint64_t length = mt_python_memory_word(object + TEXT_LENGTH);
    uint32_t state = mt_python_memory_int(object + TEXT_STATE), width = state >> 2 & 7;
    bool is_compact = state >> 5 & 1, is_ascii = state >> 6 & 1;
    if (!is_compact || (width != 1 && width != 2 && width != 4))
        return false;
    /* What is too long is cut; no line is lost by that. */
    uint64_t n = length < MT_CODE_MAX_BYTES ? length : MT_CODE_MAX_BYTES;
    uint64_t data = object + (is_ascii ? mt_python.at.ascii_text : mt_python.at.other_text);
    *out = (struct text){{data, n * width}, width};
    return n == 0 || mt_python_memory_is_there(p, data, n * width);
}

static uint32_t character_at(const struct text *text, uint64_t i) {
    const void *data = (const void *)text->data.address;
    return text->width == 1   ? ((const uint8_t *)data)[i]
           : text->width == 2 ? ((const uint16_t *)data)[i]
                              : ((const uint32_t *)data)[i];
}

/* Writes a character in UTF-8, and returns how many bytes that are. A byte of a file name that is
 * no UTF-8, which Python keeps as a surrogate, becomes that byte again. */
static uint32_t put_character(uint32_t c, char *out) {
    if (c < 0x80 || (c >= 0xdc80 && c < 0xdd00)) {
        out[0] = (char)c;
        return 1;
    }
    uint32_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (uint32_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf0 << (4 - n) & 0xff) | c);
    return n;
}

/* Writes as much of a text as there is room for, whole characters, and returns its bytes. */
static uint16_t copy_text(const struct text *text, char *out) {
    uint32_t n = 0;
    for (uint64_t i = 0; i < text->data.bytes / text->width && n + 4 <= MT_CODE_MAX_BYTES; i++)
        n += put_character(character_at(text, i), out + n);
    return (uint16_t)n;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool find_bytes(struct mt_python_part *p, uint64_t object, struct span *out) {
    if (!is_object(p, object, mt_python.bytes_type, BYTES_TEXT + 1))
        return false;
    *out = (struct span){object + BYTES_TEXT, mt_python_memory_word(object + OBJECT_SIZE)};
    return out->bytes == 0 || mt_python_memory_is_there(p, out->address, out->bytes);
}

/* Reads the signed number that an entry begins with: 6 bits a byte, of which bit 6 says that more
 * follow; bit 0 of the number is its sign. */
static int64_t read_signed(const uint8_t *at, const uint8_t *end) {
    uint64_t value = 0;
    for (uint32_t shift = 0; at != end && shift < 60; shift += 6) {
        value |= (uint64_t)(*at & 0x3f) << shift;
        if (!(*at++ & 0x40))
            break;
    }
    return value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
}

static int64_t line_change(const uint8_t *entry, const uint8_t *end) {
    uint32_t kind = *entry >> 3 & 15;
    if (kind >= 10 && kind <= 12)
        return kind - 10;
    return kind == 13 || kind == 14 ? read_signed(entry + 1, end) : 0;
}

/* Returns the line of an instruction (its number; -1: before the first one); 0: it has none. */
static uint32_t line_of(struct span table, int64_t line, int64_t instruction) {
    const uint8_t *at = (const uint8_t *)table.address, *end = at + table.bytes;
    int64_t n = 0;
    bool has_line = true;
    while (at != end && instruction >= n) {
        line += line_change(at, end);
        n += (*at & 7) + 1;
        has_line = (*at >> 3 & 15) != 15;
        do
            at++;
        while (at != end && !(*at & 0x80));
    }
    if (!has_line || line < 0)
        return 0;
    return line < MT_NODE_MOST_LINES ? (uint32_t)line : MT_NODE_MOST_LINES;
}

/* ---- codes ----------------------------------------------------------------------------------- */

struct parts {
    struct text function, file;
    struct span lines;
};

static bool find_parts(struct mt_python_part *p, uint64_t code, struct parts *out) {
    const struct mt_python_layout *at = &mt_python.at;
    return is_object(p, code, mt_python.code_type, at->code.instructions) &&
           find_text(p, mt_python_memory_word(code + at->code.function), &out->function) &&
           find_text(p, mt_python_memory_word(code + at->code.file), &out->file) &&
           find_bytes(p, mt_python_memory_word(code + at->code.lines), &out->lines);
}

static uint64_t add_word(uint64_t h, uint64_t word) {
    h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 32;
}

/* The last word overlaps the one before it. */
static uint64_t add_bytes(uint64_t h, struct span s) {
    const uint8_t *at = (const uint8_t *)s.address;
    uint64_t word, i = 0;
    for (; i + sizeof word <= s.bytes; i += sizeof word) {
        if (i == HASHED_BYTES && s.bytes > 2 * HASHED_BYTES)
            i = s.bytes - HASHED_BYTES;
        __builtin_memcpy(&word, at + i, sizeof word);
        h = add_word(h, word);
    }
    if (s.bytes < sizeof word)
        for (word = 0; i < s.bytes; i++)
            word = word << 8 | at[i];
    else
        __builtin_memcpy(&word, at + s.bytes - sizeof word, sizeof word);
    return add_word(add_word(h, word), s.bytes);
}

/* Returns a word that tells a code from another one by its content, where it has no version. */
static uint64_t content_of(uint64_t code, const struct parts *parts) {
    uint64_t h = mt_python_code_identity(code);
    h = add_bytes(add_bytes(h, parts->function.data), parts->file.data);
    return add_bytes(h, parts->lines);
}

static bool has_version(uint64_t identity) {
    return identity <= UINT32_MAX;
}

/* Returns the address of the node of the n-th instruction. */
static uint64_t address_of(struct mt_python_part *p, uint64_t code, const struct parts *parts,
                           int64_t n) {
    uint32_t first = mt_python_memory_int(code + mt_python.at.code.first_line);
    struct mt_code wanted = {.function = (uint64_t)p->function,
                             .file = (uint64_t)p->file,
                             .first_line = first <= MT_NODE_MOST_LINES ? first : 0};
    wanted.function_bytes = copy_text(&parts->function, p->function);
    wanted.file_bytes = copy_text(&parts->file, p->file);
    mt_code_id id = mt_codes_find(&wanted);
    if (id == 0)
        return MT_NODE_UNREAD;
    return (uint64_t)id << MT_NODE_LINE_BITS | line_of(parts->lines, wanted.first_line, n);
}

/* Finds out what mt_python_code_place returns. */
static uint64_t learn(struct mt_python_part *p, uint64_t code, uint64_t instruction,
                      const struct parts *parts) {
    uint64_t first = code + mt_python.at.code.instructions;
    int64_t bytes = (int64_t)((instruction & ~UINT64_C(1)) - first),
            n = (int64_t)mt_python_memory_word(code + OBJECT_SIZE);
    bool is_generator = instruction & 1;
    if (n <= 0 || n > MOST_INSTRUCTIONS || bytes < -INSTRUCTION_BYTES ||
        bytes >= n * INSTRUCTION_BYTES)
        return MT_NODE_UNREAD;
    int64_t number = bytes / INSTRUCTION_BYTES;
    int32_t traceable = (int32_t)mt_python_memory_int(code + mt_python.at.code.first_traceable);
    if (!is_generator && number < traceable)
        return 0;
    return address_of(p, code, parts, number);
}

uint64_t mt_python_code_place(struct mt_python_part *p, uint64_t code, uint64_t instruction) {
    struct parts parts = {.lines = {0, 0}};
    struct mt_python_place *known =
        &p->place[((code ^ instruction << 20) * UINT64_C(0x9E3779B97F4A7C15)) >>
                  (64 - MT_PYTHON_PLACES_BITS)];
    if ((code & 7) != 0 || !is_object(p, code, mt_python.code_type, mt_python.at.code.instructions))
        return MT_NODE_UNREAD;
    uint64_t identity = mt_python_code_identity(code);
    bool is_known = known->code == code && known->instruction == instruction;
    if (mt_likely(is_known && has_version(identity) && known->identity == identity))
        return known->address;
    if (!find_parts(p, code, &parts))
        return MT_NODE_UNREAD;
    if (!has_version(identity))
        identity = content_of(code, &parts);
    if (is_known && known->identity == identity)
        return known->address;
    uint64_t address = learn(p, code, instruction, &parts);
    if (address != MT_NODE_UNREAD)
        *known = (struct mt_python_place){code, instruction, identity, address};
    return address;
}
