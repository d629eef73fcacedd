/* SPDX-License-Identifier: MIT */
/*
 * A name's id, address and length come from another process: what is not there is no name, and no
 * name is longer than MT_NAME_MAX_BYTES. NUL bytes end it.
 *
 *   site ──node──► [scope] ──► [domain] ──► innermost frame ──► …     at most one of each
 */
#include "profile/ledger/labels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { FUNCTION_BYTES = 320 };

/* Writes "0x1136 (prog)", as reports print an address without a symbol. */
static mt_string function_text(struct mt_ledger_labels *names, const struct mt_name *name) {
    struct mt_profile *profile = names->paths->profile;
    int64_t location = mt_ledger_paths_location(names->paths, name->address, name->module);
    if (location < 0)
        return UINT32_MAX;
    uint32_t mapping = profile->locations[location].mapping;
    char text[FUNCTION_BYTES];
    if (mapping)
        snprintf(text, sizeof text, "0x%" PRIx64 " (%.255s)",
                 name->address - profile->mappings[mapping - 1].bias,
                 basename(mt_profile_text(profile, profile->mappings[mapping - 1].path)));
    else
        snprintf(text, sizeof text, "0x%" PRIx64, name->address);
    struct mt_scope_function function = {.name = mt_profile_intern(profile, text),
                                         .location = (uint32_t)location};
    if (function.name == UINT32_MAX ||
        mt_profile_scopes_add_function(&profile->info.scopes, &function) != 0)
        return UINT32_MAX;
    return function.name;
}

/* Returns the length of a name that the recorder has cut, without the first bytes of the
 * character in which it was cut. */
static size_t without_part(const char *text, size_t bytes) {
    for (size_t back = 1; bytes == MT_NAME_MAX_BYTES && back < 4; back++) {
        unsigned char c = (unsigned char)text[bytes - back];
        size_t character = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        if ((c & 0xc0) != 0x80)
            return character > back ? bytes - back : bytes;
    }
    return bytes;
}

static mt_string read_text(struct mt_ledger_labels *names, mt_name_id id) {
    struct mt_ledger *ledger = names->paths->ledger;
    struct mt_name name;
    char text[MT_NAME_MAX_BYTES];
    if (mt_ledger_read_items(ledger, MT_EXTENT_NAMES, id, 1, &name) == 0)
        return 0;
    if (name.text == 0)
        return name.address ? function_text(names, &name) : 0;
    size_t bytes = name.bytes < sizeof text ? name.bytes : sizeof text;
    bytes = mt_ledger_read_address(ledger, name.text, text, bytes);
    return mt_profile_intern_n(names->paths->profile, text,
                               without_part(text, strnlen(text, bytes)));
}

/* Makes room for the names that the ledger has by now. */
static int grow(struct mt_ledger_labels *names) {
    size_t n = mt_ledger_info(names->paths->ledger)->n_names;
    if (n <= names->n)
        return 0;
    if (!mt_array_resize(&names->texts, n, sizeof *names->texts))
        return -MEMTRACK_ENOMEM;
    memset(names->texts + names->n, 0xff, (n - names->n) * sizeof *names->texts);
    names->n = n;
    return 0;
}

mt_string mt_ledger_labels_text(struct mt_ledger_labels *names, mt_name_id id) {
    if (id == 0)
        return 0;
    if (id >= names->n && grow(names) != 0)
        return UINT32_MAX;
    if (id >= names->n)
        return 0;
    if (names->texts[id] == UINT32_MAX)
        names->texts[id] = read_text(names, id);
    return names->texts[id];
}

void mt_ledger_labels_free(struct mt_ledger_labels *names) {
    free(names->texts);
    *names = (struct mt_ledger_labels){0};
}

int mt_ledger_labels_of(struct mt_ledger_labels *names, mt_node_id node, struct mt_sample *sample) {
    mt_name_id id;
    mt_node_id parent;
    if (mt_ledger_paths_label(names->paths, node, MT_NODE_MODULE_SCOPE, &id, &parent)) {
        sample->scope = mt_ledger_labels_text(names, id);
        node = parent;
    }
    if (mt_ledger_paths_label(names->paths, node, MT_NODE_MODULE_DOMAIN, &id, &parent))
        sample->domain = mt_ledger_labels_text(names, id);
    if (!sample->domain)
        sample->domain = mt_profile_intern(names->paths->profile, "malloc");
    return sample->scope == UINT32_MAX || sample->domain == UINT32_MAX ? -MEMTRACK_ENOMEM : 0;
}
