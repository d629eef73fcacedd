/* SPDX-License-Identifier: MIT */
/* A ledger of a process that measured itself: names, scope totals with histograms, events. */
#ifndef TESTS_UNIT_SCOPES_FIXTURE_H
#define TESTS_UNIT_SCOPES_FIXTURE_H

#include "ledger-fixture.h"
#include "memtrack/histogram.h"

enum { FIXTURE_EVENTS = 64, FIXTURE_TEXT_BYTES = 1 << 16, FIXTURE_WORDS = 1 << 15 };

struct scopes_fixture {
    struct fixture ledger;
    struct mt_name *names;
    struct mt_scope_totals *scopes;
    struct mt_event *events;
    struct mt_open_scope *open;
    char *texts;
    size_t text_bytes;
    uint64_t *words; /* of histograms */
    size_t n_words;
};

/* Makes room behind the image; the pointers into it move along. */
static inline void scopes_fixture_enlarge(struct fixture *f, size_t more) {
    char *old = f->image, *image = aligned_alloc(4096, f->bytes + more);
    memcpy(image, old, f->bytes);
    memset(image + f->bytes, 0, more);
    f->header = (struct mt_ledger_header *)image;
    f->nodes = (struct mt_node *)(image + ((char *)f->nodes - old));
    f->sites = (struct mt_site *)(image + ((char *)f->sites - old));
    f->banks = (struct mt_bank *)(image + ((char *)f->banks - old));
    f->threads = (struct mt_thread_row *)(image + ((char *)f->threads - old));
    f->modules = (struct mt_module *)(image + ((char *)f->modules - old));
    f->image = image;
    f->bytes += more;
    f->header->file_bytes = f->header->segment[0].bytes = f->bytes;
    free(old);
}

/* Adds scopes to a ledger that has been set up. */
static inline void scopes_fixture_add(struct scopes_fixture *s) {
    struct fixture *f = &s->ledger;
    size_t names = sizeof(struct mt_name) * MT_NAMES_PER_CHUNK,
           events = sizeof(struct mt_event) * FIXTURE_EVENTS;
    size_t scopes = sizeof(struct mt_scope_totals) * MT_SCOPES_PER_CHUNK, used = f->bytes;
    size_t open = sizeof(struct mt_open_scope) * MT_OPEN_PER_CHUNK;
    scopes_fixture_enlarge(f, fixture_pages(names) + fixture_pages(scopes) + fixture_pages(events) +
                                  fixture_pages(open) + FIXTURE_TEXT_BYTES +
                                  FIXTURE_WORDS * sizeof *s->words);
    s->names = fixture_extent(f, MT_EXTENT_NAMES, &used, names);
    s->scopes = fixture_extent(f, MT_EXTENT_SCOPES, &used, scopes);
    s->events = fixture_extent(f, MT_EXTENT_EVENTS, &used, events);
    s->open = fixture_extent(f, MT_EXTENT_OPEN, &used, open);
    s->texts = f->image + used;
    s->words = (uint64_t *)(s->texts + FIXTURE_TEXT_BYTES);
    f->header->n_names = f->header->n_scopes = 1;
    f->header->max_events = FIXTURE_EVENTS;
    f->header->n_open = MT_OPEN_PER_CHUNK;
    f->header->event_sample = 1;
}

static inline void scopes_fixture_setup(struct scopes_fixture *s) {
    fixture_setup(&s->ledger);
    scopes_fixture_add(s);
}

static inline mt_name_id fixture_name(struct scopes_fixture *s, const char *text) {
    mt_name_id id = s->ledger.header->n_names++;
    size_t bytes = strlen(text);
    memcpy(s->texts + s->text_bytes, text, bytes);
    s->names[id] = (struct mt_name){.text = fixture_address(&s->ledger, s->texts + s->text_bytes),
                                    .bytes = (uint32_t)bytes};
    s->text_bytes += bytes;
    return id;
}

static inline mt_node_id fixture_label(struct scopes_fixture *s, mt_node_id parent, uint64_t kind,
                                       mt_name_id name) {
    return fixture_node(&s->ledger, parent, name, kind);
}

static inline struct mt_scope_totals *fixture_scope(struct scopes_fixture *s, mt_name_id name,
                                                    uint16_t bank, uint32_t capacity) {
    struct mt_scope_totals *t = &s->scopes[s->ledger.header->n_scopes++];
    *t = (struct mt_scope_totals){.name = name, .bank = bank, .capacity = capacity};
    for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++)
        t->value[v] = (struct mt_scope_sums){.max = INT64_MIN, .min = INT64_MAX};
    t->histogram = fixture_address(&s->ledger, s->words + s->n_words);
    s->n_words += capacity;
    return t;
}

/* Counts one value of a scope, in the first word that is free or its own. */
static inline void fixture_count(struct scopes_fixture *s, struct mt_scope_totals *t,
                                 enum mt_scope_value value, int64_t amount) {
    uint64_t magnitude = amount < 0 ? -(uint64_t)amount : (uint64_t)amount;
    uint64_t key = (uint64_t)value << MT_BUCKET_VALUE_SHIFT |
                   (amount < 0 ? MT_BUCKET_NEGATIVE : 0) |
                   (uint64_t)memtrack_histogram_bucket(magnitude) << MT_BUCKET_SHIFT;
    uint64_t *word = (uint64_t *)(s->ledger.image + (t->histogram - FIXTURE_BASE));
    while (*word && (*word ^ key) >> MT_BUCKET_SHIFT)
        word++;
    *word = (*word ? *word : key) + 1;
    struct mt_scope_sums *sums = &t->value[value];
    __extension__ unsigned __int128 square = (unsigned __int128)magnitude * magnitude;
    sums->square_high +=
        (uint64_t)(square >> 64) +
        __builtin_add_overflow(sums->square_low, (uint64_t)square, &sums->square_low);
    sums->sum += amount;
    sums->own += amount;
    sums->max = amount > sums->max ? amount : sums->max;
    sums->min = amount < sums->min ? amount : sums->min;
}

/* Opens a scope at place i: number n of the thread with this bank (0: of the process), a second
 * after the start. */
static inline struct mt_open_scope *fixture_open(struct scopes_fixture *s, size_t i,
                                                 mt_name_id name, uint64_t bank, uint64_t n) {
    struct mt_open_scope *o = &s->open[i];
    *o = (struct mt_open_scope){.serial = bank << MT_SCOPE_SERIAL_BITS | n,
                                .name = name,
                                .begin_ns = s->ledger.header->start_monotonic_ns + 1000000000};
    return o;
}

static inline struct mt_event *fixture_event(struct scopes_fixture *s, enum mt_event_kind kind,
                                             mt_name_id name) {
    uint64_t n = s->ledger.header->n_events++;
    struct mt_event *e = &s->events[n % FIXTURE_EVENTS];
    *e = (struct mt_event){
        .number = n + 1, .kind = kind, .name = name, .time_ns = n * 1000, .tid = 101};
    return e;
}

/* Fills in what is known of scopes besides their sums: something else for each i. */
static inline void fixture_context(struct mt_profile *p, struct mt_scope *t, size_t i) {
    t->has_spread = i % 3 != 0, t->misuses = 5 * i, t->recursive = i % 7;
    t->latest_ns = i + 1, t->latest_before_bytes = -(int64_t)i, t->latest_after_bytes = INT64_MAX;
    t->group = i % 4 == 0 ? mt_profile_intern(p, "a group") : 0;
    t->file = i % 2 == 0 ? t->thread : 0, t->line = (uint32_t)i;
    t->error = i % 3 == 0 ? mt_profile_intern(p, "no file") : 0, t->error_ns = i % 3 == 0;
    for (size_t v = 0; t->has_spread && v < MT_N_SCOPE_VALUES; v++) {
        t->min[v] = INT64_MIN + (int64_t)i;
        t->squares[v] = (struct mt_scope_squares){UINT64_MAX - i, i};
    }
}

#endif
