/* SPDX-License-Identifier: MIT */
/*
 * The engine's modules against plain models: random operations, and after each the same answer as
 * from an array. After every round the walkers go through all of it.
 */
#include "engine-fixture.h"

#include <sys/mman.h>

#include "ledger/writer/check.h"
#include "track/ground/index.h"
#include "track/live/count.h"
#include "track/live/live.h"
#include "track/tables/identities.h"
#include "track/tables/modules.h"
#include "track/tables/names.h"
#include "track/tables/paths.h"
#include "track/tables/sites.h"

/* ---- index ----------------------------------------------------------------------------------- */

enum { IDS = 60000 };
static uint64_t hashes[IDS + 1];

static uint32_t n_hashed;

static uint64_t hash_of(uint32_t id) {
    n_hashed++;
    return hashes[id];
}

static bool is_in(const struct mt_index *x, uint64_t hash, uint32_t wanted) {
    uint32_t at = mt_index_home(x->table, hash), id;
    while ((id = mt_index_candidate(x->table, hash, &at)) != 0)
        if (id == wanted)
            return true;
    return false;
}

/* Hashes that differ in few bits, many of them equal: the worst that can come. */
static void index_finds_every_id(void **state) {
    (void)state;
    struct mt_index x = {0};
    uint64_t random = 1;
    for (uint32_t round = 0; round < 3; round++) {
        assert_true(mt_index_start(&x, hash_of));
        for (uint32_t id = 1; id <= IDS; id++) {
            uint64_t r = engine_random(&random);
            hashes[id] = round == 0 ? r << 33 | r : round == 1 ? (r % 512) << 55 : r << 40 | r % 16;
            if (round == 1 && id > 4096)
                break; /* runs of thousands: each look-up goes through one */
            assert_true(mt_index_reserve(&x));
            mt_index_insert(&x, hashes[id], id);
            uint32_t old = 1 + (uint32_t)(r % id);
            assert_true(is_in(&x, hashes[old], old));
            assert_false(is_in(&x, hashes[old], IDS + 1));
        }
        assert_null(mt_index_check(&x, IDS + 1));
    }
    x.table->slot[mt_index_home(x.table, hashes[7])] = 0;
    assert_non_null(mt_index_check(&x, IDS + 1)); /* a walker that finds nothing is none */
}

/* Threads wait for the one that adds an id: what it does is bounded, however many there are. */
static void an_index_grows_by_a_few_ids_at_a_time(void **state) {
    (void)state;
    struct mt_index x = {0};
    uint64_t random = 7;
    uint32_t n_moves = 0, most = 0;
    assert_true(mt_index_start(&x, hash_of));
    for (uint32_t id = 1; id <= IDS; id++) {
        const struct mt_index_table *table = x.table;
        uint32_t moved = x.next != NULL ? x.n_moved : 0;
        size_t given_back = x.former != NULL ? x.given_back : MT_OS_PAGE;
        hashes[id] = engine_random(&random) << 33 | engine_random(&random);
        n_hashed = 0;
        assert_true(mt_index_reserve(&x));
        mt_index_insert(&x, hashes[id], id);
        most = n_hashed > most ? n_hashed : most;
        if (x.next != NULL)
            assert_in_range(x.n_moved, moved, moved + MT_INDEX_STEP);
        if (x.former != NULL)
            assert_in_range(x.given_back, given_back, given_back + MT_INDEX_PIECE);
        if (x.table != table) {
            n_moves++;
            assert_true(moved + MT_INDEX_STEP >=
                        1u << table->bits); /* the last step, and no more */
        }
        assert_true(x.used <= (1u << x.table->bits) / 16 * 10);
        if (id % 1009 == 0)
            assert_null(mt_index_check(&x, id + 1)); /* half moved, too */
    }
    assert_int_equal(n_moves, 5); /* 4096 slots, and in the end 131072 */
    assert_in_range(most, 1, MT_INDEX_STEP);
    assert_null(x.next);
    assert_null(x.former);
}

/* ---- call paths ------------------------------------------------------------------------------ */

enum { PATHS = 40000, MOST_DEPTH = 24 };
static struct {
    mt_node_id parent, id;
    uint64_t pc;
} path[PATHS];

static void a_path_has_one_node(void **state) {
    (void)state;
    struct mt_thread *t = engine_enter();
    uint64_t random = 2;
    uint32_t n = 0;
    while (n < PATHS) {
        uint64_t r = engine_random(&random);
        uint32_t of = n != 0 ? (uint32_t)(r % n) : 0;
        if (n != 0 && r % 3 == 0) { /* one that is there */
            assert_int_equal(mt_paths_find(&t->paths, path[of].parent, path[of].pc, 0),
                             path[of].id);
            continue;
        }
        path[n].parent = n == 0 || r % 5 == 0 ? MT_NODE_ROOT : path[of].id;
        path[n].pc =
            0x400000 + (uint64_t)n * 4 + (r % 2 ? MT_PC_EXACT : 0); /* each its own: a new node */
        path[n].id = mt_paths_find(&t->paths, path[n].parent, path[n].pc, 0);
        assert_int_equal(path[n].id, mt_state.header->n_nodes - 1);
        n++;
    }
    engine_leave(t);
    engine_check();
}

static void a_path_is_its_addresses(void **state) {
    (void)state;
    struct mt_thread *t = engine_enter();
    uint64_t random = 3;
    for (int round = 0; round < 2000; round++) {
        uint64_t pc[MOST_DEPTH], told[MOST_DEPTH + 1];
        uint32_t n = 1 + (uint32_t)(engine_random(&random) % MOST_DEPTH);
        mt_node_id node = MT_NODE_ROOT;
        for (uint32_t i = n; i-- > 0;) {
            pc[i] = 0x900000 + engine_random(&random) % 3;
            node = mt_paths_find(&t->paths, node, pc[i], 0);
        }
        assert_int_equal(mt_paths_addresses(node, told, MOST_DEPTH + 1), n);
        assert_memory_equal(told, pc, n * sizeof *pc);
        assert_true(mt_paths_equal(node, pc, n, 0));
        assert_false(mt_paths_equal(node, pc, n, 1));
        pc[n / 2] += 3;
        assert_false(mt_paths_equal(node, pc, n, 0));
    }
    engine_leave(t);
    engine_check();
}

static struct mt_node *node_of(mt_node_id id) {
    const struct mt_ledger_header *h = mt_state.header;
    for (uint32_t i = 0; i < h->n_extents && i < MT_FIRST_EXTENTS; i++)
        if (h->extent[i].kind == MT_EXTENT_NODES && h->extent[i].index == id / MT_NODES_PER_CHUNK)
            return (struct mt_node *)h->extent[i].address + id % MT_NODES_PER_CHUNK;
    return NULL;
}

/* An event can be left between the two: then the node is found by a guess, and must stay what it
 * is. */
static void a_node_that_is_not_counted_yet_keeps_its_place(void **state) {
    (void)state;
    struct mt_thread *t = engine_enter();
    mt_node_id parent = mt_paths_find(&t->paths, MT_NODE_ROOT, 0xa00000, 0),
               left = mt_state.header->n_nodes;
    uint64_t told[3];
    assert_int_equal(left, parent + 1);
    node_of(left)->parent = parent;
    node_of(left)->key = 0xa00010;
    assert_int_equal(mt_paths_find(&t->paths, parent, 0xa00010, 0), left);
    mt_node_id next = mt_paths_find(&t->paths, parent, 0xa00020, 0);
    assert_int_equal(next, left + 1);
    assert_int_equal(mt_paths_addresses(left, told, 3), 2);
    assert_int_equal(told[0], 0xa00010);
    assert_int_equal(mt_paths_find(&t->paths, parent, 0xa00010, 0), left);
    assert_int_equal(mt_state.header->n_nodes, left + 2);
    engine_leave(t);
    engine_check();
}

/* ---- names ----------------------------------------------------------------------------------- */

enum { NAMES = 3000, NAME_ROOM = 320 };
static char name[NAMES][NAME_ROOM];
static mt_name_id name_id[NAMES];

static void a_text_has_one_name(void **state) {
    (void)state;
    struct mt_thread *t = engine_enter();
    uint64_t random = 4;
    for (int i = 0; i < NAMES; i++) {
        size_t bytes = engine_random(&random) % (NAME_ROOM - 8);
        memset(name[i], 'a' + i % 3, bytes);
        snprintf(name[i], 8, "%d", i); /* distinct in what counts */
        if (bytes > 8)
            name[i][strlen(name[i])] = '-';
        name_id[i] = mt_names_find(&t->names, name[i]);
        assert_int_not_equal(name_id[i], 0);
        for (int k = 0; k < i; k += 1 + i / 50)
            assert_int_not_equal(name_id[k], name_id[i]);
    }
    for (int round = 0; round < 30000; round++) {
        int i = (int)(engine_random(&random) % NAMES);
        char copy[NAME_ROOM]; /* the same text at one address after the other */
        memcpy(copy, name[i], sizeof copy);
        assert_int_equal(mt_names_find(&t->names, copy), name_id[i]);
    }
    engine_leave(t);
    engine_check();
}

/* Every byte of a text counts, at every length, also when another one is at its place by now; and
 * nothing is read behind the page on which a text ends. */
static void a_text_at_the_end_of_a_page_is_read_to_its_end(void **state) {
    (void)state;
    char *page =
             mmap(NULL, 2 * MT_OS_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
         *end = page + MT_OS_PAGE;
    assert_ptr_not_equal(page, MAP_FAILED);
    assert_int_equal(mprotect(end, MT_OS_PAGE, PROT_NONE), 0);
    struct mt_thread *t = engine_enter();
    for (int bytes = 1; bytes <= 40; bytes++) {
        char *text = end - bytes - 1;
        memset(text, 'e', (size_t)bytes);
        text[bytes] = 0;
        mt_name_id id = mt_names_find(&t->names, text);
        for (int at = 0; at < bytes; at++) {
            text[at] = 'x';
            assert_int_not_equal(mt_names_find(&t->names, text), id);
            text[at] = 'e';
            assert_int_equal(mt_names_find(&t->names, text), id);
        }
    }
    assert_int_equal(mprotect(end, MT_OS_PAGE, PROT_READ | PROT_WRITE), 0);
    char *text = memset(end - 20, 'f', 30); /* it goes on on the next page, until that is gone */
    assert_int_equal(mt_names_find(&t->names, text), mt_names_find(&t->names, text));
    assert_int_equal(mprotect(end, MT_OS_PAGE, PROT_NONE), 0);
    text[19] = 0;
    assert_string_equal(mt_names_text(mt_names_find(&t->names, text)), text);
    engine_leave(t);
    munmap(page, 2 * MT_OS_PAGE);
    engine_check();
}

/* ---- sites ----------------------------------------------------------------------------------- */

enum { SITES = 5000 };
static mt_site_id site_of[SITES][4];

static void a_path_and_a_class_have_one_site(void **state) {
    (void)state;
    struct mt_thread *t = engine_enter();
    uint64_t random = 5;
    for (int round = 0; round < 60000; round++) {
        uint64_t r = engine_random(&random);
        uint32_t i = (uint32_t)(r % SITES), c = (uint32_t)(r >> 20) % 4;
        mt_site_id id = mt_count_own(t, path[i].id, (uint8_t)(c * 7));
        const struct mt_site *s = mt_sites_at(id);
        if (site_of[i][c] == 0)
            site_of[i][c] = id;
        assert_int_equal(id, site_of[i][c]);
        assert_int_equal(s->node, path[i].id);
        assert_int_equal(s->size_class, c * 7);
        assert_int_equal(s->bank, t->bank_id);
        assert_int_equal(s->origin, t->thread_id);
    }
    for (uint32_t i = 0; i < SITES; i++)
        for (uint32_t c = 0; c < 4 && site_of[i][c] != 0; c++)
            assert_int_equal(mt_count_foreign(t, site_of[i][c]),
                             site_of[i][c]); /* of its own it is the same one */
    engine_leave(t);
    engine_check();
}

/* ---- live blocks ----------------------------------------------------------------------------- */

enum { PLACES = 20000 };
static struct mt_live_entry live[PLACES];

/* A heap that is dense, one that is sparse, addresses that are odd, those of a domain; sizes on
 * both sides of big. */
static uint64_t address_of(uint32_t i) {
    switch (i % 4) {
    case 0:
        return UINT64_C(0x7f0000000000) + (uint64_t)i * 4;
    case 1:
        return UINT64_C(0x10000000) + (uint64_t)i * 0x9000;
    case 2:
        return UINT64_C(0x7e0000000001) + (uint64_t)i * 48;
    default:
        return mt_live_domain_key(7, UINT64_C(0x20000000) + (uint64_t)i * 16);
    }
}

static bool put(struct mt_thread *t, uint32_t i, struct mt_live_entry entry) {
    struct mt_live_entry there = {0}, again = {0};
    uint64_t address = address_of(i);
    bool done = mt_live_put(t, mt_live_prepare(address), address, entry, &there);
    assert_int_equal(there.site, 0); /* it has been taken out before */
    if (done) {                      /* what is there is told, and left alone */
        assert_int_equal(mt_live_put(t, mt_live_prepare(address), address, entry, &again),
                         MT_PUT_OCCUPIED);
        assert_int_equal(again.site, entry.site);
        assert_int_equal(again.bytes, entry.bytes);
    }
    return done;
}

static void take(struct mt_thread *t, uint32_t i) {
    bool dropped = false;
    struct mt_live_entry found = mt_live_take(t, address_of(i), NULL, &dropped);
    assert_false(dropped);
    assert_int_equal(found.site, live[i].site);
    if (found.site != 0) {
        assert_int_equal(found.bytes, live[i].bytes);
        assert_int_equal(found.era, live[i].era);
    }
    live[i] = (struct mt_live_entry){0};
}

/* A block that is big stays where the big ones are: its address may be put there again, but not
 * among the small ones. */
static void a_block_is_what_it_was_put_as(void **state) {
    (void)state;
    struct mt_thread *t = engine_enter();
    uint64_t random = 6;
    for (uint32_t round = 0; round < 400000; round++) {
        uint64_t r = engine_random(&random);
        uint32_t reach =
            round / 100000 % 2 ? PLACES : 400; /* few, and all: tables that churn, and that grow */
        uint32_t i = (uint32_t)(r % reach);
        if (r >> 20 & 1) {
            bool is_big = (r >> 8) % 64 == 0;
            struct mt_live_entry entry = {is_big ? MT_ENTRY_MAX_BYTES + r : r % 5000,
                                          1 + (uint32_t)(r >> 9) % 100, (uint32_t)r % 99};
            if (live[i].site !=
                0) /* of another kind it would have to be taken out first, as a missed free is */
                take(t, i);
            if (put(t, i, entry))
                live[i] = entry;
        } else {
            take(t, i);
        }
        if (round % 50000 == 0)
            assert_null(mt_live_check());
    }
    assert_null(mt_live_check());
    for (uint32_t i = 0; i < PLACES; i++)
        take(t, i);
    engine_leave(t);
    engine_check();
}

/* A missed free: the same address once more, in the same table. */
static void a_block_is_in_the_way_of_another(void **state) {
    (void)state;
    struct mt_thread *t = engine_enter();
    for (uint32_t i = 0; i < 4000; i++) {
        struct mt_live_entry first = {100 + i, 1 + i % 50, 3}, second = {200 + i, 2 + i % 50, 4},
                             there = {0};
        assert_true(put(t, i, first));
        live[i] = first;
        assert_int_equal(
            mt_live_put(t, mt_live_prepare(address_of(i)), address_of(i), second, &there),
            MT_PUT_OCCUPIED);
        assert_int_equal(there.bytes, first.bytes);
        assert_int_equal(there.site, first.site);
    }
    assert_null(mt_live_check());
    for (uint32_t i = 0; i < 4000; i++)
        take(t, i);
    engine_leave(t);
    engine_check();
}

/* ---- dlclose --------------------------------------------------------------------------------- */

static jmp_buf out_of_dlclose;

static MT_NOINLINE void allocate(int n) {
    for (int i = 0; i < n; i++)
        mt_record_allocation((void *)(UINT64_C(0x30000000) + (uint64_t)i * 64), 10,
                             __builtin_frame_address(0));
    for (int i = 0; i < n; i++)
        mt_record_free((void *)(UINT64_C(0x30000000) + (uint64_t)i * 64));
}

static MT_NOINLINE void unload(bool leave) {
    mt_modules_begin_unloading(__builtin_frame_address(0));
    allocate(1000);
    assert_true(mt_rules_are_unloading()); /* what a destructor allocates: it goes on */
    if (leave)
        longjmp(out_of_dlclose, 1);
    mt_modules_end_unloading(__builtin_frame_address(0));
}

/* The slow way of events while code goes does not stay for ever. */
static void dlclose_can_be_left(void **state) {
    (void)state;
    unload(false);
    assert_false(mt_rules_are_unloading());
    for (int i = 0; i < 3; i++)
        if (setjmp(out_of_dlclose) == 0)
            unload(true);
    assert_true(mt_rules_are_unloading());
    allocate(1000);
    assert_false(mt_rules_are_unloading());
    unload(false);
    assert_false(mt_rules_are_unloading());
}

/* ---- the writer ------------------------------------------------------------------------------ */

enum { PIECES = 3000 };
static struct {
    char *begin;
    size_t bytes;
} piece[PIECES];

static void pieces_of_the_ledger_are_apart_and_zero(void **state) {
    (void)state;
    uint64_t random = 8;
    assert_true(mt_state_lock_growth());
    for (int i = 0; i < PIECES; i++) {
        uint64_t r = engine_random(&random);
        size_t align = (size_t)1 << (r >> 8) % 13,
               bytes = 1 + (r % 37 == 0 ? r % 300000 : r % 3000);
        char *p = mt_writer_allocate(&mt_state.ledger, bytes, align);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p & (align - 1), 0);
        for (size_t k = 0; k < bytes; k += 1 + bytes / 64)
            assert_int_equal(p[k], 0);
        memset(p, i + 1, bytes);
        piece[i].begin = p;
        piece[i].bytes = bytes;
        if (i % 500 == 0)
            assert_null(mt_writer_check(&mt_state.ledger));
    }
    for (int i = 0; i < PIECES; i++)
        for (size_t k = 0; k < piece[i].bytes; k += 1 + piece[i].bytes / 64)
            assert_int_equal(piece[i].begin[k], (char)(i + 1));
    assert_null(mt_writer_check(&mt_state.ledger));
    mt_state_unlock_growth();
    engine_check();
}

/* ---- a first event that is left --------------------------------------------------------------- */

static MT_NOINLINE uint64_t frame_that_is_gone(void) {
    return (uint64_t)__builtin_frame_address(0);
}

/* As it is in a forked child whose thread has its memory, and a bank since a moment ago. */
static void a_registration_that_was_left_counts_for_nothing(void **state) {
    (void)state;
    struct mt_thread *t = mt_self;
    uint32_t n_banks = mt_state.header->n_banks;
    mt_thread_registering = frame_that_is_gone();
    t->seen = 0;
    assert_true(mt_state_lock_growth());
    allocate(1);
    assert_int_equal(mt_thread_registering, 0);
    assert_ptr_equal(mt_self, t);
    assert_int_equal(mt_state.header->n_banks, n_banks);
    assert_true(mt_state_lock_growth()); /* nobody has it any more */
    mt_state_unlock_growth();
    engine_check();
}

static void the_walkers_find_what_is_wrong(void **state) {
    (void)state;
    struct mt_ledger_header *h = mt_state.header;
    struct mt_site *s = mt_sites_at(site_of[0][0] != 0 ? site_of[0][0] : 2);
    struct mt_site was = *s;
    s->origin = 7;
    assert_non_null(mt_sites_check(true));
    assert_non_null(mt_identities_check());
    *s = was;
    s->size_class ^= 1; /* cannot be found under what it is now */
    assert_non_null(mt_sites_check(false));
    *s = was;
    h->segment[0].bytes += MT_OS_PAGE;
    assert_non_null(mt_writer_check(&mt_state.ledger));
    h->segment[0].bytes -= MT_OS_PAGE;
    struct mt_thread *t = engine_enter();
    uint64_t address = UINT64_C(0x30000000);
    struct mt_live_entry there = {0};
    assert_true(
        mt_live_put(t, mt_live_prepare(address), address, (struct mt_live_entry){8, 1, 1}, &there));
    struct mt_region *r = mt_live_region(address, false);
    r->used++;
    assert_non_null(mt_live_check());
    r->used--;
    bool dropped;
    mt_live_take(t, address, NULL, &dropped);
    engine_leave(t);
    engine_check();
}

int main(int argc, char **argv) {
    (void)argc;
    engine_execute(argv);
    engine_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index_finds_every_id),
        cmocka_unit_test(an_index_grows_by_a_few_ids_at_a_time),
        cmocka_unit_test(a_path_has_one_node),
        cmocka_unit_test(a_path_is_its_addresses),
        cmocka_unit_test(a_node_that_is_not_counted_yet_keeps_its_place),
        cmocka_unit_test(a_text_has_one_name),
        cmocka_unit_test(a_text_at_the_end_of_a_page_is_read_to_its_end),
        cmocka_unit_test(a_path_and_a_class_have_one_site),
        cmocka_unit_test(a_block_is_what_it_was_put_as),
        cmocka_unit_test(a_block_is_in_the_way_of_another),
        cmocka_unit_test(dlclose_can_be_left),
        cmocka_unit_test(pieces_of_the_ledger_are_apart_and_zero),
        cmocka_unit_test(the_walkers_find_what_is_wrong),
        cmocka_unit_test(a_registration_that_was_left_counts_for_nothing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    engine_remove();
    return failed;
}
