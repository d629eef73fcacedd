/* SPDX-License-Identifier: MIT */
/*
 * A profile's texts are numbers in a dozen arrays, and a file holds the whole table of texts,
 * whether or not something refers to one. So a text that must go cannot be overwritten where it is
 * used: a new table is filled from what is used, and takes the place of the old one.
 *
 *   old index ──(role)──► new index      found once, kept in an array for each role that occurs
 *
 * Whoever adds a text to the model has to add it here: the unit test of lib/view/redact looks at
 * the bytes that are written, and a text that was forgotten would be another one of the new table.
 */
#include "profile/texts.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "profile/line_texts.h"
#include "profile/strings.h"

struct replacing {
    struct mt_strings *from, *to;
    mt_texts_rename *rename;
    void *context;
    uint32_t *new_index[MT_TEXTS_N_ROLES]; /* + 1 of each old one; 0: not asked for yet */
    int status;
};

static mt_string replaced(struct replacing *r, enum mt_texts_role role, mt_string old) {
    const char *text = mt_strings_text(r->from, old);
    if (!*text || r->status < 0)
        return 0;
    if (!r->new_index[role])
        r->new_index[role] = calloc(mt_strings_count(r->from), sizeof *r->new_index[role]);
    uint32_t *known = r->new_index[role] ? &r->new_index[role][old] : NULL;
    if (known && *known)
        return *known - 1;
    const char *renamed = known ? r->rename(r->context, role, text) : NULL;
    mt_string index =
        renamed ? mt_strings_intern(r->to, renamed, strlen(renamed)) : (mt_string)UINT32_MAX;
    if (index == UINT32_MAX) {
        r->status = -MEMTRACK_ENOMEM;
        return 0;
    }
    *known = index + 1;
    return index;
}

static void replace(struct replacing *r, enum mt_texts_role role, mt_string *text) {
    *text = replaced(r, role, *text);
}

static void replace_all(struct replacing *r, enum mt_texts_role role, mt_string *texts, size_t n) {
    for (size_t i = 0; i < n; i++)
        replace(r, role, &texts[i]);
}

/* ---- where there are texts ------------------------------------------------------------------- */

static void replace_code(struct replacing *r, struct mt_profile *profile) {
    for (size_t i = 0; i < profile->n_mappings; i++) {
        replace(r, MT_TEXTS_MODULE, &profile->mappings[i].path);
        replace(r, MT_TEXTS_PLAIN, &profile->mappings[i].build_id);
    }
    for (size_t i = 0; i < profile->n_functions; i++) {
        struct mt_function *function = &profile->functions[i];
        replace(r, MT_TEXTS_FUNCTION, &function->name);
        replace(r, MT_TEXTS_FUNCTION, &function->system_name);
        replace(r, MT_TEXTS_FILE, &function->file);
    }
    for (size_t i = 0; i < profile->line_texts.n; i++)
        replace(r, MT_TEXTS_FILE, &profile->line_texts.items[i].file);
    mt_line_texts_sort(profile);
}

static void replace_samples(struct replacing *r, struct mt_profile *profile) {
    for (size_t i = 0; i < profile->n_samples; i++) {
        struct mt_sample *sample = &profile->samples[i];
        replace(r, MT_TEXTS_LABEL, &sample->thread);
        replace(r, MT_TEXTS_PROCESS, &sample->process);
        replace(r, MT_TEXTS_LABEL, &sample->scope);
        replace(r, MT_TEXTS_LABEL, &sample->domain);
    }
}

static void replace_scopes(struct replacing *r, struct mt_scopes *scopes) {
    for (size_t i = 0; i < scopes->n_totals; i++) {
        replace(r, MT_TEXTS_LABEL, &scopes->totals[i].name);
        replace(r, MT_TEXTS_LABEL, &scopes->totals[i].thread);
        replace(r, MT_TEXTS_LABEL, &scopes->totals[i].group);
        replace(r, MT_TEXTS_FILE, &scopes->totals[i].file);
        replace(r, MT_TEXTS_VALUE, &scopes->totals[i].error);
    }
    for (size_t i = 0; i < scopes->n_events; i++)
        replace(r, MT_TEXTS_LABEL, &scopes->events[i].name);
    for (size_t i = 0; i < scopes->n_keys; i++) {
        replace(r, MT_TEXTS_LABEL, &scopes->keys[i].key);
        replace(r, MT_TEXTS_VALUE, &scopes->keys[i].value);
    }
    for (size_t i = 0; i < scopes->n_counters; i++)
        replace(r, MT_TEXTS_LABEL, &scopes->counters[i].name);
    for (size_t i = 0; i < scopes->n_tallies; i++)
        replace(r, MT_TEXTS_LABEL, &scopes->tallies[i].name);
    for (size_t i = 0; i < scopes->n_open; i++) {
        replace(r, MT_TEXTS_LABEL, &scopes->open[i].name);
        replace(r, MT_TEXTS_LABEL, &scopes->open[i].thread);
    }
    for (size_t i = 0; i < scopes->n_functions; i++)
        replace(r, MT_TEXTS_LABEL, &scopes->functions[i].name);
    for (size_t i = 0; i < scopes->n_calls; i++)
        replace(r, MT_TEXTS_LABEL, &scopes->calls[i].name);
}

static void replace_info(struct replacing *r, struct mt_profile_info *info) {
    replace(r, MT_TEXTS_PLAIN, &info->tool);
    replace(r, MT_TEXTS_MODULE, &info->exe);
    replace(r, MT_TEXTS_FOLDER, &info->cwd);
    replace_all(r, MT_TEXTS_WORD, info->command, info->n_command);
    for (size_t i = 0; i < info->n_metadata; i++) {
        replace(r, MT_TEXTS_LABEL, &info->metadata[i].key);
        replace(r, MT_TEXTS_VALUE, &info->metadata[i].value);
    }
    replace_all(r, MT_TEXTS_SENTENCE, info->notes, info->n_notes);
    replace_all(r, MT_TEXTS_PATTERN, info->wrappers, info->n_wrappers);
    replace(r, MT_TEXTS_PLAIN, &info->allocator);
    replace(r, MT_TEXTS_MODULE, &info->allocator_path);
    for (size_t i = 0; i < info->n_allocator_stats; i++)
        replace(r, MT_TEXTS_PLAIN, &info->allocator_stats[i].name);
    for (size_t i = 0; i < info->n_threads; i++)
        replace(r, MT_TEXTS_LABEL, &info->threads[i].name);
    for (size_t i = 0; i < info->n_marks; i++)
        replace(r, MT_TEXTS_SENTENCE, &info->marks[i].name);
    replace_scopes(r, &info->scopes);
}

int mt_texts_replace(struct mt_profile *profile, mt_texts_rename *rename, void *context) {
    struct replacing r = {
        .from = profile->strings, .to = mt_strings_new(), .rename = rename, .context = context};
    if (!r.to)
        return -MEMTRACK_ENOMEM;
    replace_code(&r, profile);
    replace_samples(&r, profile);
    replace_info(&r, &profile->info);
    for (size_t i = 0; i < profile->n_members; i++) {
        replace_info(&r, &profile->members[i]->info);
        profile->members[i]->strings = r.to;
    }
    for (size_t i = 0; i < MT_TEXTS_N_ROLES; i++)
        free(r.new_index[i]);
    mt_strings_free(r.from);
    profile->strings = r.to;
    if (r.status == 0)
        r.status = mt_profile_index_functions(profile);
    return r.status;
}
