/* SPDX-License-Identifier: MIT */
/* What a ledger says of scopes and domains, through the profile and its file, up to rows. */
#include "pprof-fixture.h"

#include "profile/ledger/convert.h"
#include "scopes-fixture.h"
#include "statistics-fixture.h"
#include "view/rows/rows.h"
#include "view/scopes/rows.h"
#include "view/symbols/scopes.h"

static int setup(void **state) {
    struct scopes_fixture *s = calloc(1, sizeof *s);
    scopes_fixture_setup(s);
    *state = s;
    return 0;
}

static int teardown(void **state) {
    struct scopes_fixture *s = *state;
    fixture_teardown(&s->ledger);
    free(s);
    return 0;
}

static struct mt_profile *convert(struct scopes_fixture *s) {
    struct mt_ledger *ledger = NULL;
    struct mt_profile *profile = NULL;
    struct mt_error error = {{0}, {0}};
    fixture_write(&s->ledger);
    if (mt_ledger_open(s->ledger.path, &ledger, &error) != 0 ||
        mt_ledger_convert(ledger, &profile, &error) != 0)
        fail_msg("%s", error.message);
    mt_ledger_close(ledger);
    return profile;
}

static struct mt_scopes_rows *rows_of(const struct mt_profile *p, enum mt_scopes_sort sort) {
    struct mt_scopes_rows *rows;
    struct mt_error error;
    assert_int_equal(mt_scopes_rows_build(p, sort, &rows, &error), 0);
    return rows;
}

/* ---- labels ---------------------------------------------------------------------------------- */

static void labels_come_off_the_path(void **state) {
    struct scopes_fixture *s = *state;
    struct fixture *f = &s->ledger;
    mt_name_id load = fixture_name(s, "load"), gpu = fixture_name(s, "gpu");
    mt_node_id outer = fixture_node(f, MT_NODE_ROOT, 0x401000, 1),
               inner = fixture_node(f, outer, 0x401010, 1);
    mt_node_id in_gpu = fixture_label(s, inner, MT_NODE_MODULE_DOMAIN, gpu);
    fixture_site(f, fixture_label(s, inner, MT_NODE_MODULE_SCOPE, load), 1, 10);
    fixture_site(f, inner, 1, 20);
    fixture_site(f, in_gpu, 1, 40);
    fixture_site(f, fixture_label(s, in_gpu, MT_NODE_MODULE_SCOPE, load), 1, 80);
    struct mt_profile *p = convert(s);
    static const struct {
        int64_t bytes;
        const char *scope, *domain;
    } expected[] = {
        {20, "", "malloc"}, {10, "load", "malloc"}, {40, "", "gpu"}, {80, "load", "gpu"}};
    assert_int_equal(p->n_samples, 4);
    assert_int_equal(p->n_frames, 2); /* shared by all */
    assert_int_equal(p->n_locations, 2);
    for (size_t i = 0; i < 4; i++) {
        const struct mt_sample *sample = NULL;
        for (size_t k = 0; k < 4; k++)
            if (p->samples[k].value[MT_VALUE_LIVE_BYTES] == expected[i].bytes)
                sample = &p->samples[k];
        assert_non_null(sample);
        assert_string_equal(mt_profile_text(p, sample->scope), expected[i].scope);
        assert_string_equal(mt_profile_text(p, sample->domain), expected[i].domain);
        assert_int_equal(sample->n_frames, 2);
        assert_int_equal(p->locations[p->frames[sample->first_frame]].address, 0x401010);
    }
    assert_false(p->info.approximate);
    mt_profile_free(p);
}

static void labels_filter(void **state) {
    struct scopes_fixture *s = *state;
    struct fixture *f = &s->ledger;
    mt_name_id load = fixture_name(s, "load:fast"), gpu = fixture_name(s, "gpu");
    mt_node_id node = fixture_node(f, MT_NODE_ROOT, 0x401000, 1);
    fixture_site(f, fixture_label(s, node, MT_NODE_MODULE_SCOPE, load), 1, 10);
    fixture_site(f, node, 1, 20);
    fixture_site(f, fixture_label(s, node, MT_NODE_MODULE_DOMAIN, gpu), 1, 40);
    struct mt_profile *p = convert(s);
    static const struct {
        const char *include, *exclude;
        int64_t bytes;
    } cases[] = {
        {"scope:load*", NULL, 10},   {"scope:load", NULL, 0},     {"scope:", NULL, 60},
        {"domain:gpu", NULL, 40},    {NULL, "domain:gpu", 30},    {NULL, "scope:load:*", 60},
        {"domain:malloc", NULL, 30}, {"scope::load*", NULL, 0},   {"*", "domain:*", 0},
        {"scope:*", "scope:?*", 60}, {"domain:[gx]pu", NULL, 40}, {NULL, "scope::load", 70}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mt_view_options options = {.by = MT_BY_SCOPE, .sort = MT_VALUE_LIVE_BYTES};
        struct mt_rows *rows;
        options.filter.include = &cases[i].include;
        options.filter.n_include = cases[i].include != NULL;
        options.filter.exclude = &cases[i].exclude;
        options.filter.n_exclude = cases[i].exclude != NULL;
        assert_int_equal(mt_rows_build(p, &options, &rows, NULL), 0);
        if (mt_rows_passed(rows)->value[MT_VALUE_LIVE_BYTES] != cases[i].bytes)
            fail_msg("case %zu: %lld", i,
                     (long long)mt_rows_passed(rows)->value[MT_VALUE_LIVE_BYTES]);
        mt_rows_free(rows);
    }
    mt_profile_free(p);
}

static void bad_labels_lose_no_bytes(void **state) {
    struct scopes_fixture *s = *state;
    struct fixture *f = &s->ledger;
    mt_name_id name = fixture_name(s, "x");
    mt_node_id frame = fixture_node(f, MT_NODE_ROOT, 0x401000, 1);
    mt_node_id label = fixture_label(s, frame, MT_NODE_MODULE_SCOPE, name);
    fixture_site(f, fixture_node(f, label, 0x401010, 1), 1, 1); /* a frame below a label */
    fixture_site(f, fixture_label(s, frame, MT_NODE_MODULE_SCOPE, 400), 1, 2);  /* no such name */
    fixture_site(f, fixture_label(s, label, MT_NODE_MODULE_SCOPE, name), 1, 4); /* two of a kind */
    fixture_site(f, fixture_label(s, MT_NODE_ROOT, MT_NODE_MODULE_SCOPE, name), 1,
                 8); /* no frames at all */
    fixture_site(f, fixture_label(s, MT_NODE_LOSSY, MT_NODE_MODULE_DOMAIN, name), 1,
                 16); /* of a path with no room */
    mt_node_id loop = fixture_label(s, 0, MT_NODE_MODULE_SCOPE, name);
    f->nodes[loop].parent = loop;
    fixture_site(f, loop, 1, 32);
    struct mt_profile *p = convert(s);
    assert_int_equal(p->info.totals.live_bytes, 63);
    for (size_t i = 0; i < p->n_samples; i++) {
        const struct mt_sample *sample = &p->samples[i];
        int64_t bytes = sample->value[MT_VALUE_LIVE_BYTES];
        assert_int_equal(sample->lossy, bytes == 1 || bytes == 16 || bytes == 32);
        if (bytes == 2)
            assert_string_equal(mt_profile_text(p, sample->scope), "");
        if (bytes == 8 || bytes == 32)
            assert_string_equal(mt_profile_text(p, sample->scope), "x");
        if (bytes == 16)
            assert_string_equal(mt_profile_text(p, sample->domain), "x");
    }
    mt_profile_free(p);
}

/* The recorder copies 255 bytes of a name, wherever that may be in a character. */
static void cut_names_end_with_a_character(void **state) {
    static const struct {
        const char *end; /* fills up the 255 bytes, and what is left of it */
        const char *kept;
    } cases[] = {{"abcd", "abcd"},
                 {"abc\xc3", "abc"},
                 {"ab\xc3\xa9", "ab\xc3\xa9"},
                 {"ab\xe2\x82", "ab"},
                 {"a\xe2\x82\xac", "a\xe2\x82\xac"},
                 {"a\xf0\x9f\x98", "a"},
                 {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
                 {"\x80\x80\x80\x80", "\x80\x80\x80\x80"}};
    struct scopes_fixture *s = *state;
    enum { N = sizeof cases / sizeof *cases, BEGIN = MT_NAME_MAX_BYTES - 4 };
    char text[MT_NAME_MAX_BYTES + 1];
    for (size_t i = 0; i < N; i++) {
        snprintf(text, sizeof text, "%0*zu%s", BEGIN, i, cases[i].end);
        assert_int_equal(strlen(text), MT_NAME_MAX_BYTES);
        fixture_scope(s, fixture_name(s, text), 1, 8)->count = 1;
    }
    fixture_scope(s, fixture_name(s, "whole \xc3"), 1, 8)->count = 1;
    struct mt_profile *p = convert(s);
    struct mt_scopes_rows *rows = rows_of(p, MT_SCOPE_BY_NAME);
    assert_int_equal(rows->n, N + 1);
    for (size_t i = 0; i < N; i++)
        assert_string_equal(mt_profile_text(p, rows->items[i].name) + BEGIN, cases[i].kept);
    assert_string_equal(mt_profile_text(p, rows->items[N].name), "whole \xc3");
    mt_scopes_rows_free(rows);
    mt_profile_free(p);
}

/* ---- totals ---------------------------------------------------------------------------------- */

enum { VALUES = 999 };

static int compare_numbers(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void close_to(int64_t found, int64_t exact) {
    int64_t error = found > exact ? found - exact : exact - found,
            magnitude = exact < 0 ? -exact : exact;
    if (error * 100 > magnitude * 3)
        fail_msg("found %lld, exactly it is %lld", (long long)found, (long long)exact);
}

static void percentiles_are_close(void **state) {
    struct scopes_fixture *s = *state;
    struct mt_scope_totals *t[2];
    mt_name_id name = fixture_name(s, "work");
    int64_t net[VALUES], time[VALUES];
    uint64_t seed = 5;
    for (uint16_t bank = 1; bank <= 2; bank++)
        t[bank - 1] = fixture_scope(s, name, bank, 4096);
    t[1]->n_threads = 5; /* one after the other; of the first's, nothing is said: it is one */
    for (size_t i = 0; i < VALUES; i++) {
        struct mt_scope_totals *to = t[i % 2];
        bool is_idle = i % 5 == 0;
        net[i] = is_idle ? 0 : (int64_t)build_random(&seed, 1u << (i % 30 + 1)) - (1 << 12);
        time[i] = 50 + (int64_t)build_random(&seed, 1u << (i % 20 + 1));
        to->count++;
        to->idle += is_idle;
        if (!is_idle)
            fixture_count(s, to, MT_SCOPE_NET_BYTES, net[i]);
        fixture_count(s, to, MT_SCOPE_DURATION_NS, time[i]);
    }
    struct mt_profile *p = convert(s);
    struct mt_scopes_rows *rows = rows_of(p, MT_SCOPE_BY_PEAK);
    assert_int_equal(rows->n, 1);
    const struct mt_scope_row *row = &rows->items[0];
    qsort(net, VALUES, sizeof *net, compare_numbers);
    qsort(time, VALUES, sizeof *time, compare_numbers);
    assert_int_equal(row->count, VALUES);
    assert_int_equal(row->n_threads, 1 + 5);
    close_to(row->value[MT_SCOPE_NET_BYTES].p50, net[VALUES / 2]);
    close_to(row->value[MT_SCOPE_NET_BYTES].p95, net[VALUES * 95 / 100]);
    close_to(row->value[MT_SCOPE_DURATION_NS].p50, time[VALUES / 2]);
    close_to(row->value[MT_SCOPE_DURATION_NS].p95, time[VALUES * 95 / 100]);
    assert_int_equal(row->value[MT_SCOPE_DURATION_NS].max, time[VALUES - 1]);
    assert_int_equal(row->value[MT_SCOPE_NET_BYTES].max, net[VALUES - 1]);
    int64_t sum = 0;
    for (size_t i = 0; i < VALUES; i++)
        sum += net[i];
    assert_int_equal(row->value[MT_SCOPE_NET_BYTES].sum, sum);
    assert_true(row->value[MT_SCOPE_NET_BYTES].mean == (double)sum / VALUES);
    assert_int_equal(row->value[MT_SCOPE_DURATION_NS].min, time[0]);
    deviates_by(row->value[MT_SCOPE_NET_BYTES].stddev, net, VALUES);
    deviates_by(row->value[MT_SCOPE_DURATION_NS].stddev, time, VALUES);
    mt_scopes_rows_free(rows);
    mt_profile_free(p);
}

/* Buckets say less than a single value does. */
static void one_value_is_itself(void **state) {
    struct scopes_fixture *s = *state;
    static const int64_t values[] = {0,  1,   31,   32, 33, 1000, 123456789, INT64_MAX / 4096,
                                     -1, -31, -1000};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char name[16];
        snprintf(name, sizeof name, "%02zu", i);
        struct mt_scope_totals *t = fixture_scope(s, fixture_name(s, name), 1, 8);
        t->count = 1;
        fixture_count(s, t, MT_SCOPE_NET_BYTES, values[i]);
    }
    struct mt_profile *p = convert(s);
    struct mt_scopes_rows *rows = rows_of(p, MT_SCOPE_BY_NAME);
    for (size_t i = 0; i < rows->n; i++) {
        const struct mt_scope_statistic *net = &rows->items[i].value[MT_SCOPE_NET_BYTES];
        assert_int_equal(net->max, values[i]);
        assert_int_equal(net->sum, values[i]);
        assert_int_equal(net->p50, values[i]);
        assert_int_equal(net->p95, values[i]);
    }
    mt_scopes_rows_free(rows);
    mt_profile_free(p);
}

/* Hours in a function that calls itself a thousand times: more than any single value may be. */
static void large_sums_stay(void **state) {
    struct scopes_fixture *s = *state;
    static const int64_t sum = INT64_C(3600) * 1000000000 * 1000 * 10;
    for (uint16_t bank = 1; bank <= 2; bank++) {
        struct mt_scope_totals *t = fixture_scope(s, fixture_name(s, "deep"), bank, 8);
        t->count = 1000;
        t->value[MT_SCOPE_DURATION_NS].sum = sum;
        t->value[MT_SCOPE_NET_BYTES].own = bank == 1 ? INT64_MIN : -1;
    }
    struct mt_profile *p = convert(s);
    struct mt_scopes_rows *rows = rows_of(p, MT_SCOPE_BY_TIME);
    assert_int_equal(rows->n, 1);
    assert_int_equal(rows->items[0].value[MT_SCOPE_DURATION_NS].sum, 2 * sum);
    assert_int_equal(rows->items[0].own[MT_SCOPE_NET_BYTES], INT64_MIN);
    mt_scopes_rows_free(rows);
    mt_profile_free(p);
}

static void has_open(const struct mt_profile *p, size_t i, const char *name, int64_t net,
                     int64_t peak, uint64_t blocks) {
    const struct mt_scope_open *o = &p->info.scopes.open[i];
    assert_string_equal(mt_profile_text(p, o->name), name);
    assert_int_equal(o->net_bytes, net);
    assert_int_equal(o->peak_bytes, peak);
    assert_int_equal(o->allocated_blocks, blocks);
    assert_int_equal(o->time_ns, 1000000000);
}

static void open_scopes_know_what_they_have(void **state) {
    struct scopes_fixture *s = *state;
    struct mt_bank *one = &s->ledger.banks[1], *two = &s->ledger.banks[2];
    s->ledger.header->n_banks = 3;
    *one = (struct mt_bank){
        .counters = {.live_bytes = 500, .allocated_bytes = 9000, .allocated_blocks = 90},
        .tid = 101};
    *two = (struct mt_bank){
        .counters = {.live_bytes = -100, .allocated_bytes = 100, .allocated_blocks = 10},
        .tid = 102};
    mt_name_id outer = fixture_name(s, "outer"), inner = fixture_name(s, "inner"),
               whole = fixture_name(s, "whole");
    fixture_open(s, 5, inner, 1, 2)->begin =
        (struct mt_counters){.live_bytes = 400, .allocated_bytes = 8000, .allocated_blocks = 80};
    s->open[5].high_bytes = 2000;
    fixture_open(s, 3, outer, 1, 1)->begin =
        (struct mt_counters){.live_bytes = 100, .allocated_bytes = 1000, .allocated_blocks = 10};
    fixture_open(s, 0, outer, 2, 7);
    s->open[0].is_attached = 1;
    s->open[0].taken[MT_SCOPE_PEAK_BYTES] = 77;
    fixture_open(s, 1, whole, 0, 4)->begin =
        (struct mt_counters){.live_bytes = 0, .allocated_bytes = 50, .allocated_blocks = 5};
    fixture_open(s, 2, whole, 1, 9)->begin_ns = 0; /* about to begin */
    struct mt_profile *p = convert(s), *q = read_back(p);
    for (int i = 0; i < 2; i++, p = q) {
        assert_int_equal(p->info.scopes.n_open, 4);
        has_open(p, 0, "whole", 400, 400, 95);
        assert_true(p->info.scopes.open[0].is_process);
        has_open(p, 1, "outer", 400, 1900, 80);
        has_open(p, 2, "inner", 100, 1600, 10);
        assert_int_equal(p->info.scopes.open[2].allocated_bytes, 1000);
        assert_false(p->info.scopes.open[2].is_process);
        has_open(p, 3, "outer", -100, 77, 10);
        if (i == 0)
            mt_profile_free(p);
    }
    mt_profile_free(q);
}

static void rows_are_by_name_and_kind(void **state) {
    struct scopes_fixture *s = *state;
    mt_name_id a = fixture_name(s, "a"), b = fixture_name(s, "b"), never = fixture_name(s, "never");
    struct mt_scope_totals *first = fixture_scope(s, b, 1, 8), *second = fixture_scope(s, a, 1, 8);
    struct mt_scope_totals *third = fixture_scope(s, b, 2, 8), *whole = fixture_scope(s, b, 1, 8);
    fixture_scope(s, never, 1, 8); /* begun, not ended */
    first->count = 2, second->count = 3, third->count = 4, whole->count = 5;
    third->errors = 1;
    whole->is_process = 1;
    first->value[MT_SCOPE_PEAK_BYTES].sum = 10, first->value[MT_SCOPE_PEAK_BYTES].max = 7;
    second->value[MT_SCOPE_PEAK_BYTES].sum = 30, second->value[MT_SCOPE_PEAK_BYTES].max = 9;
    third->value[MT_SCOPE_PEAK_BYTES].sum = 20, third->value[MT_SCOPE_PEAK_BYTES].max = 8;
    whole->value[MT_SCOPE_PEAK_BYTES].sum = 5, whole->value[MT_SCOPE_PEAK_BYTES].max = 5;
    first->value[MT_SCOPE_ALLOCATED_BYTES].own = 1, third->value[MT_SCOPE_ALLOCATED_BYTES].own = 2;
    struct mt_profile *p = convert(s);
    struct mt_scopes_rows *rows = rows_of(p, MT_SCOPE_BY_PEAK);
    static const struct {
        const char *name;
        uint64_t count, errors;
        int64_t peak, own;
        uint32_t threads;
    } expected[] = {{"a", 3, 0, 9, 0, 1}, {"b", 6, 1, 8, 3, 2}, {"b", 5, 0, 5, 0, 1}};
    assert_int_equal(rows->n, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct mt_scope_row *row = &rows->items[i];
        assert_string_equal(mt_profile_text(p, row->name), expected[i].name);
        assert_int_equal(row->count, expected[i].count);
        assert_int_equal(row->errors, expected[i].errors);
        assert_int_equal(row->value[MT_SCOPE_PEAK_BYTES].max, expected[i].peak);
        assert_int_equal(row->own[MT_SCOPE_ALLOCATED_BYTES], expected[i].own);
        assert_int_equal(row->n_threads, expected[i].threads);
        assert_int_equal(row->is_process, i == 2);
    }
    mt_scopes_rows_free(rows);
    rows = rows_of(p, MT_SCOPE_BY_COUNT);
    assert_int_equal(rows->items[0].count, 6);
    assert_int_equal(rows->items[1].count, 5);
    mt_scopes_rows_free(rows);
    mt_profile_free(p);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void events_know_their_keys(void **state) {
    struct scopes_fixture *s = *state;
    mt_name_id work = fixture_name(s, "work"), key = fixture_name(s, "url"),
               value = fixture_name(s, "/index");
    struct mt_event *e = fixture_event(s, MT_EVENT_SET, key);
    e->scope = 7, e->text = value;
    e = fixture_event(s, MT_EVENT_SET, key); /* of a scope that is still open */
    e->scope = 8, e->text = work;
    e = fixture_event(s, MT_EVENT_SET, value);
    e->scope = 7, e->text = key;
    fixture_event(s, MT_EVENT_MARK, fixture_name(s, "warm"));
    e = fixture_event(s, MT_EVENT_COUNTER, fixture_name(s, "cache"));
    e->value = -42;
    e = fixture_event(s, MT_EVENT_SCOPE, work);
    e->scope = 7, e->value = -100, e->peak_bytes = 300, e->duration_ns = 12;
    fixture_event(s, MT_EVENT_SCOPE, work)->number = 0; /* being written */
    struct mt_profile *p = convert(s);
    const struct mt_scopes *scopes = &p->info.scopes;
    assert_int_equal(scopes->events_seen, 7);
    assert_int_equal(scopes->n_events, 1);
    const struct mt_scope_event *event = &scopes->events[0];
    assert_int_equal(event->serial, 7);
    assert_int_equal(event->net_bytes, -100);
    assert_int_equal(event->peak_bytes, 300);
    assert_int_equal(event->time_ns, 5000);
    assert_int_equal(event->duration_ns, 12);
    assert_int_equal(event->tid, 101);
    assert_int_equal(event->n_keys, 2);
    assert_string_equal(mt_profile_text(p, scopes->keys[event->first_key].key), "url");
    assert_string_equal(mt_profile_text(p, scopes->keys[event->first_key].value), "/index");
    assert_string_equal(mt_profile_text(p, scopes->keys[event->first_key + 1].key), "/index");
    assert_int_equal(p->info.n_marks, 1);
    assert_string_equal(mt_profile_text(p, p->info.marks[0].name), "warm");
    assert_int_equal(p->info.marks[0].kind, MT_MARK_PROGRAM);
    assert_int_equal(p->info.marks[0].time_ns, 3000);
    assert_int_equal(scopes->n_counters, 1);
    assert_int_equal(scopes->counters[0].value, -42);
    mt_profile_free(p);
}

static void keys_have_their_last_values(void **state) {
    enum { KEYS = 8, EACH = 6 };
    struct scopes_fixture *s = *state;
    mt_name_id work = fixture_name(s, "work"), key[KEYS], value[EACH];
    char text[16];
    for (int k = 0; k < KEYS; k++) {
        snprintf(text, sizeof text, "key%d", k);
        key[k] = fixture_name(s, text);
    }
    for (int i = 0; i < EACH; i++) {
        snprintf(text, sizeof text, "value%d", i);
        value[i] = fixture_name(s, text);
    }
    for (int i = 0; i < KEYS * EACH; i++) {
        struct mt_event *e = fixture_event(s, MT_EVENT_SET, key[i % KEYS]);
        e->scope = 7, e->text = value[i / KEYS];
    }
    fixture_event(s, MT_EVENT_SCOPE, work)->scope = 7;
    struct mt_profile *p = convert(s);
    const struct mt_scopes *scopes = &p->info.scopes;
    assert_int_equal(scopes->n_events, 1);
    assert_int_equal(scopes->events[0].n_keys, KEYS);
    for (uint32_t k = 0; k < KEYS; k++) {
        snprintf(text, sizeof text, "key%u", k);
        assert_string_equal(mt_profile_text(p, scopes->keys[k].key), text);
        assert_string_equal(mt_profile_text(p, scopes->keys[k].value), "value5");
    }
    mt_profile_free(p);
}

static void the_ring_keeps_the_latest(void **state) {
    struct scopes_fixture *s = *state;
    mt_name_id work = fixture_name(s, "work");
    for (uint64_t i = 0; i < FIXTURE_EVENTS * 2 + 10; i++)
        fixture_event(s, MT_EVENT_SCOPE, work)->scope = i;
    struct mt_profile *p = convert(s);
    assert_int_equal(p->info.scopes.n_events, FIXTURE_EVENTS);
    for (uint64_t i = 0; i < FIXTURE_EVENTS; i++)
        assert_int_equal(p->info.scopes.events[i].serial, FIXTURE_EVENTS + 10 + i);
    assert_int_equal(p->info.scopes.events_seen, FIXTURE_EVENTS * 2 + 10);
    mt_profile_free(p);
}

/* ---- functions ------------------------------------------------------------------------------- */

static void functions_get_their_names(void **state) {
    struct scopes_fixture *s = *state;
    struct fixture *f = &s->ledger;
    mt_name_id id = f->header->n_names++;
    s->names[id] = (struct mt_name){.address = 0x701234, .module = 2};
    mt_name_id other = f->header->n_names++;
    s->names[other] = (struct mt_name){.address = 0x123456, .module = 0};
    mt_node_id node = fixture_node(f, MT_NODE_ROOT, 0x401000, 1);
    fixture_site(f, fixture_label(s, node, MT_NODE_MODULE_SCOPE, id), 1, 10);
    fixture_site(f, fixture_label(s, node, MT_NODE_MODULE_SCOPE, other), 1, 20);
    fixture_scope(s, id, 1, 8)->count = 1;
    fixture_event(s, MT_EVENT_SCOPE, id);
    struct mt_profile *p = convert(s);
    struct mt_scopes *scopes = &p->info.scopes;
    assert_int_equal(scopes->n_functions, 2);
    assert_string_equal(mt_profile_text(p, scopes->totals[0].name), "0x1234 (libx.so)");
    uint32_t l = scopes->functions[0].location;
    if (p->locations[l].address != 0x701234)
        l = scopes->functions[1].location;
    assert_int_equal(p->locations[l].address, 0x701234);
    assert_true(p->locations[l].exact);
    struct mt_line lines[] = {{build_function(p, "inlined", "x.h"), 1},
                              {build_function(p, "parse(int)", "x.c"), 2}};
    p->locations[l].first_line = (uint32_t)mt_profile_add_lines(p, lines, 2);
    p->locations[l].n_lines = 2;
    assert_int_equal(mt_symbols_scopes_resolve(p), 0);
    assert_string_equal(mt_profile_text(p, scopes->totals[0].name), "parse(int)");
    assert_string_equal(mt_profile_text(p, scopes->events[0].name), "parse(int)");
    for (size_t i = 0; i < p->n_samples; i++)
        assert_string_equal(mt_profile_text(p, p->samples[i].scope),
                            p->samples[i].value[MT_VALUE_LIVE_BYTES] == 10 ? "parse(int)"
                                                                           : "0x123456");
    mt_profile_free(p);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void same_scopes(const struct mt_profile *a, const struct mt_profile *b) {
    const struct mt_scopes *x = &a->info.scopes, *y = &b->info.scopes;
    assert_int_equal(x->n_totals, y->n_totals);
    assert_int_equal(x->n_buckets, y->n_buckets);
    assert_int_equal(x->n_events, y->n_events);
    assert_int_equal(x->n_keys, y->n_keys);
    assert_int_equal(x->n_counters, y->n_counters);
    assert_int_equal(x->events_seen, y->events_seen);
    assert_int_equal(x->event_sample, y->event_sample);
    assert_int_equal(x->has_cpu, y->has_cpu);
    for (size_t i = 0; i < x->n_totals; i++) {
        const struct mt_scope *m = &x->totals[i], *n = &y->totals[i];
        same_text(a, m->name, b, n->name);
        same_text(a, m->thread, b, n->thread);
        assert_true(m->is_process == n->is_process && m->count == n->count &&
                    m->errors == n->errors && m->misuses == n->misuses &&
                    m->recursive == n->recursive && m->line == n->line);
        same_text(a, m->group, b, n->group);
        same_text(a, m->file, b, n->file);
        same_text(a, m->error, b, n->error);
        assert_true(m->has_spread == n->has_spread && m->latest_ns == n->latest_ns &&
                    m->latest_before_bytes == n->latest_before_bytes &&
                    m->latest_after_bytes == n->latest_after_bytes && m->error_ns == n->error_ns);
        assert_memory_equal(m->min, n->min, sizeof m->min);
        assert_memory_equal(m->squares, n->squares, sizeof m->squares);
        assert_true(m->idle == n->idle && m->first_bucket == n->first_bucket &&
                    m->n_buckets == n->n_buckets);
        assert_memory_equal(m->sum, n->sum, sizeof m->sum);
        assert_memory_equal(m->max, n->max, sizeof m->max);
        assert_memory_equal(m->own, n->own, sizeof m->own);
    }
    for (size_t i = 0; i < x->n_buckets; i++)
        assert_memory_equal(&x->buckets[i], &y->buckets[i],
                            offsetof(struct mt_scope_bucket, is_negative) + 1);
    for (size_t i = 0; i < x->n_events; i++) {
        const struct mt_scope_event *m = &x->events[i], *n = &y->events[i];
        same_text(a, m->name, b, n->name);
        assert_memory_equal(m, n, offsetof(struct mt_scope_event, name));
        assert_true(m->tid == n->tid && m->first_key == n->first_key && m->n_keys == n->n_keys);
    }
    for (size_t i = 0; i < x->n_keys; i++) {
        same_text(a, x->keys[i].key, b, y->keys[i].key);
        same_text(a, x->keys[i].value, b, y->keys[i].value);
    }
    for (size_t i = 0; i < x->n_counters; i++) {
        same_text(a, x->counters[i].name, b, y->counters[i].name);
        assert_memory_equal(&x->counters[i], &y->counters[i], offsetof(struct mt_counter, name));
        assert_int_equal(x->counters[i].tid, y->counters[i].tid);
    }
}

static void build_scopes(struct mt_profile *p, uint64_t seed, size_t n) {
    struct mt_scopes *scopes = &p->info.scopes;
    scopes->events_seen = 99999, scopes->event_sample = 10, scopes->has_cpu = true;
    for (size_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "name %u", build_random(&seed, 50));
        struct mt_scope t = {.name = mt_profile_intern(p, name),
                             .thread = mt_profile_intern(p, "1 main")};
        t.is_process = build_random(&seed, 2), t.count = build_random(&seed, 1000), t.errors = i,
        t.idle = 3;
        fixture_context(p, &t, i);
        for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++)
            t.sum[v] = -(int64_t)build_random(&seed, 9999), t.max[v] = INT64_MAX,
            t.own[v] = INT64_MIN;
        assert_int_equal(mt_profile_scopes_add_totals(scopes, &t), 0);
        for (uint32_t k = build_random(&seed, 40); k > 0; k--) {
            struct mt_scope_bucket bucket = {.count = build_random(&seed, 99),
                                             .bucket = (uint16_t)(k * 50)};
            bucket.value = (uint8_t)(k % MT_N_SCOPE_VALUES), bucket.is_negative = k % 3 == 0;
            assert_int_equal(mt_profile_scopes_add_bucket(scopes, &bucket), 0);
        }
        struct mt_scope_event event = {i,  i * 7, UINT64_MAX, -(int64_t)i, INT64_MAX, t.name,
                                       17, 0,     0};
        assert_int_equal(mt_profile_scopes_add_event(scopes, &event), 0);
        for (uint32_t k = build_random(&seed, 4); k > 0; k--)
            assert_int_equal(
                mt_profile_scopes_add_key(scopes, &(struct mt_scope_key){t.name, t.thread}), 0);
        struct mt_counter counter = {i, -(int64_t)i, t.name, 18};
        assert_int_equal(mt_profile_scopes_add_counter(scopes, &counter), 0);
    }
}

static void files_hold_all_of_it(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 50, 5000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct mt_profile *p = build_full(i + 1, 20);
        build_scopes(p, i, sizes[i]);
        struct mt_profile *q = read_back(p);
        same_scopes(p, q);
        same_info(p, q);
        struct mt_scopes_rows *rows = rows_of(q, (enum mt_scopes_sort)(i % MT_N_SCOPE_SORTS));
        assert_int_equal(rows->n > 0, sizes[i] > 0);
        mt_scopes_rows_free(rows);
        mt_profile_free(p);
        mt_profile_free(q);
    }
}

/* ---- hostile --------------------------------------------------------------------------------- */

/* Whatever the ledger says: a profile, with rows, that can be written. */
static void survives(struct scopes_fixture *s) {
    struct mt_ledger *ledger;
    struct mt_profile *p;
    struct mt_error error;
    fixture_write(&s->ledger);
    if (mt_ledger_open(s->ledger.path, &ledger, &error) != 0)
        return;
    if (mt_ledger_convert(ledger, &p, &error) == 0) {
        struct mt_scopes_rows *rows = rows_of(p, MT_SCOPE_BY_TIME);
        for (size_t i = 0; i < rows->n; i++)
            for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++)
                assert_true(rows->items[i].value[v].p95 <= rows->items[i].value[v].max);
        mt_scopes_rows_free(rows);
        struct mt_profile *q = read_back(p);
        assert_int_equal(q->info.scopes.n_totals, p->info.scopes.n_totals);
        mt_profile_free(q);
        mt_profile_free(p);
    }
    mt_ledger_close(ledger);
}

static void survives_lies(void **state) {
    struct scopes_fixture *s = *state;
    struct fixture *f = &s->ledger;
    mt_name_id name = fixture_name(s, "x");
    struct mt_scope_totals *t = fixture_scope(s, name, 1, 32);
    t->count = 1;
    fixture_count(s, t, MT_SCOPE_NET_BYTES, 5);
    fixture_event(s, MT_EVENT_SCOPE, name);
    t->capacity = UINT32_MAX;
    survives(s);
    t->histogram = 8;
    t->bank = UINT16_MAX;
    survives(s);
    s->names[name].bytes = UINT32_MAX;
    survives(s);
    s->names[name].text = FIXTURE_BASE + f->bytes - 3;
    survives(s);
    f->header->n_scopes = f->header->n_names = UINT32_MAX;
    survives(s);
    f->header->max_events = UINT32_MAX;
    f->header->n_events = UINT64_MAX;
    survives(s);
    t->count = t->errors = t->idle = UINT64_MAX;
    for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++)
        t->value[v].sum = t->value[v].max = t->value[v].own = v % 2 ? INT64_MIN : INT64_MAX;
    survives(s);
}

static void survives_scribbling(void **state) {
    struct scopes_fixture *s = *state;
    struct fixture *f = &s->ledger;
    uint64_t seed = 77;
    mt_name_id names[4];
    for (size_t i = 0; i < 4; i++)
        names[i] = fixture_name(s, "name");
    for (size_t i = 0; i < 20; i++) {
        struct mt_scope_totals *t = fixture_scope(s, names[i % 4], (uint16_t)i, 64);
        t->count = i + 1;
        for (int64_t k = 0; k < 20; k++)
            fixture_count(s, t, MT_SCOPE_DURATION_NS, k * k * k);
        fixture_event(s, (enum mt_event_kind)(i % 4 + 1), names[i % 4])->scope = i / 4;
    }
    char *areas[] = {(char *)s->names, (char *)s->scopes, (char *)s->events, (char *)s->words};
    char *kept = malloc(f->bytes);
    memcpy(kept, f->image, f->bytes);
    for (int round = 0; round < 60; round++) {
        for (uint32_t i = build_random(&seed, 12) + 1; i > 0; i--)
            areas[build_random(&seed, 4)][build_random(&seed, 4096)] =
                (char)build_random(&seed, 256);
        survives(s);
        memcpy(f->image, kept, f->bytes);
    }
    free(kept);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(labels_come_off_the_path),
        TEST(labels_filter),
        TEST(bad_labels_lose_no_bytes),
        TEST(cut_names_end_with_a_character),
        TEST(percentiles_are_close),
        TEST(one_value_is_itself),
        TEST(open_scopes_know_what_they_have),
        TEST(rows_are_by_name_and_kind),
        TEST(events_know_their_keys),
        TEST(keys_have_their_last_values),
        TEST(large_sums_stay),
        TEST(the_ring_keeps_the_latest),
        TEST(functions_get_their_names),
        cmocka_unit_test(files_hold_all_of_it),
        TEST(survives_lies),
        TEST(survives_scribbling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
