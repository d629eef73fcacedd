/* SPDX-License-Identifier: MIT */
/* The reader believes nothing: whole ledgers are read exactly, all others give an error or damage,
 * never a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ledger-fixture.h"
#include "ledger/ledger.h"

/* Everything that a reader can be asked for. Returns the result of the open. */
static int read_all(const char *path, uint64_t *damage) {
    struct mt_ledger *ledger;
    struct mt_error error = {{0}, {0}};
    int rc = mt_ledger_open(path, &ledger, &error);
    if (rc != 0) {
        assert_true(error.message[0] != 0);
        return rc;
    }
    struct mt_ledger_totals totals;
    mt_ledger_totals(ledger, &totals);
    for (int kind = MT_EXTENT_NODES; kind <= MT_EXTENT_MODULES; kind++) {
        if (kind == MT_EXTENT_REGIONS || kind == MT_EXTENT_BIG)
            continue;
        size_t n;
        void *items = mt_ledger_load_items(ledger, (enum mt_extent_kind)kind, &n);
        assert_non_null(items);
        free(items);
    }
    *damage = mt_ledger_damage(ledger);
    mt_ledger_close(ledger);
    return 0;
}

/* The ledger, of which these modules were read: the second is where the fixture has put it. */
static struct mt_ledger *open_modules(const struct fixture *f, struct mt_module modules[3]) {
    struct mt_ledger *ledger;
    assert_int_equal(mt_ledger_open(f->path, &ledger, NULL), 0);
    assert_int_equal(mt_ledger_read_items(ledger, MT_EXTENT_MODULES, 0, 3, modules), 3);
    assert_int_equal(modules[1].start, 0x400000);
    return ledger;
}

static void reads_totals(void **state) {
    struct fixture *f = *state;
    f->banks[1].counters.live_bytes = 100;
    f->banks[1].counters.allocated_blocks = 7;
    f->banks[2].counters.live_bytes = -30;
    f->banks[2].rare.failed = 2;
    f->banks[2].rare.unknown_frees = 3;
    f->banks[2].rare.dropped = 4;
    f->banks[2].rare.lossy_blocks = 5;
    f->header->control = (struct mt_control){.epoch = 9, .current_bytes = 70, .peak_bytes = 90};
    fixture_write(f);
    struct mt_ledger *ledger;
    assert_int_equal(mt_ledger_open(f->path, &ledger, NULL), 0);
    struct mt_ledger_totals t;
    assert_int_equal(mt_ledger_totals(ledger, &t), 0);
    assert_int_equal(t.live_bytes, 70);
    assert_int_equal(t.allocated_blocks, 7);
    assert_int_equal(t.failed, 2);
    assert_int_equal(t.unknown_frees, 3);
    assert_int_equal(t.dropped, 4);
    assert_int_equal(t.lossy_blocks, 5);
    assert_int_equal(t.epoch, 9);
    assert_int_equal(t.peak_bytes, 90);
    assert_int_equal(t.file_bytes, f->bytes);
    assert_int_equal(mt_ledger_damage(ledger), 0);
    assert_false(mt_ledger_is_live(ledger));
    mt_ledger_close(ledger);
}

static void follows_growth(void **state) {
    struct fixture *f = *state;
    f->header->n_extents = 2; /* banks and modules not yet there */
    f->header->n_banks = 0;
    fixture_write(f);
    struct mt_ledger *ledger;
    struct mt_ledger_totals t;
    assert_int_equal(mt_ledger_open(f->path, &ledger, NULL), 0);
    assert_int_equal(mt_ledger_totals(ledger, &t), 0);
    assert_int_equal(t.live_bytes, 0);
    f->header->n_extents = 4;
    f->header->n_banks = 2;
    f->banks[1].counters.live_bytes = 12;
    fixture_write(f);
    assert_int_equal(mt_ledger_totals(ledger, &t), 0);
    assert_int_equal(t.live_bytes, 12);
    mt_ledger_close(ledger);
}

static void follows_the_directory(void **state) {
    struct fixture *f = *state;
    struct mt_directory *block;
    f->bytes += fixture_pages(sizeof *block);
    f->image = realloc(f->image, f->bytes);
    f->header = (struct mt_ledger_header *)f->image;
    block = (struct mt_directory *)(f->image + f->bytes - fixture_pages(sizeof *block));
    memset(block, 0, sizeof *block);
    block->extent[0] = f->header->extent[3]; /* the modules */
    for (uint32_t i = 3; i < MT_FIRST_EXTENTS; i++)
        f->header->extent[i] = (struct mt_extent){
            .address = FIXTURE_BASE, .bytes = 24, .kind = MT_EXTENT_BIG, .index = i};
    f->header->n_extents = MT_FIRST_EXTENTS + 1;
    f->header->directory = FIXTURE_BASE + f->bytes - fixture_pages(sizeof *block);
    f->header->segment[0].bytes = f->bytes;
    fixture_write(f);
    struct mt_module modules[3];
    struct mt_ledger *ledger = open_modules(f, modules);
    assert_int_equal(mt_ledger_damage(ledger), 0);
    mt_ledger_close(ledger);

    block->next = f->header->directory; /* a cycle, and a count that would follow it for long */
    f->header->n_extents = UINT32_MAX;
    fixture_write(f);
    uint64_t damage = 0;
    assert_int_equal(read_all(f->path, &damage), 0);
    assert_true(damage > 0);
}

static void refuses_what_is_no_ledger(void **state) {
    struct fixture *f = *state;
    uint64_t damage;
    assert_int_equal(read_all("/nonexistent/x.ledger", &damage), -MEMTRACK_ENOTFOUND);
    assert_int_equal(read_all("/tmp", &damage), -MEMTRACK_EFORMAT);
    assert_int_equal(read_all("/dev/null", &damage), -MEMTRACK_EFORMAT);
    fixture_write_part(f, 0);
    assert_int_equal(read_all(f->path, &damage), -MEMTRACK_EFORMAT);
    assert_false(mt_ledger_is_one(f->path));
    f->header->version = MT_LEDGER_VERSION + 1;
    fixture_write(f);
    assert_int_equal(read_all(f->path, &damage), -MEMTRACK_EVERSION);
    assert_true(mt_ledger_is_one(f->path));
    f->header->version = MT_LEDGER_VERSION;
    f->header->header_bytes--;
    fixture_write(f);
    assert_int_equal(read_all(f->path, &damage), -MEMTRACK_EFORMAT);
}

static void follows_no_link_and_waits_for_no_fifo(void **state) {
    struct fixture *f = *state;
    uint64_t damage;
    fixture_write(f);
    char other[160];
    snprintf(other, sizeof other, "%s/link", f->directory);
    assert_int_equal(symlink(f->path, other), 0);
    assert_int_equal(read_all(other, &damage), -MEMTRACK_EIO);
    unlink(other);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(read_all(other, &damage), -MEMTRACK_EFORMAT);
    unlink(other);
}

static void refuses_the_ledgers_of_others(void **state) {
    struct fixture *f = *state;
    if (geteuid() != 0)
        skip();
    fixture_write(f);
    chmod(f->directory, 0755);
    chmod(f->path, 0644);
    assert_int_equal(seteuid(65534), 0);
    uint64_t damage;
    int rc = read_all(f->path, &damage);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(rc, -MEMTRACK_EIO);
}

static void survives_every_truncation(void **state) {
    struct fixture *f = *state;
    for (size_t cut = 0; cut < f->bytes; cut += cut < 512 ? 1 : 1 + f->bytes / 61) {
        fixture_write_part(f, cut);
        uint64_t damage = 0;
        int rc = read_all(f->path, &damage);
        assert_true(rc == -MEMTRACK_EFORMAT || (rc == 0 && cut >= sizeof *f->header));
        assert_true(rc != 0 || damage > 0);
    }
}

static void survives_a_file_that_shrinks(void **state) {
    struct fixture *f = *state;
    fixture_write(f);
    struct mt_ledger *ledger;
    assert_int_equal(mt_ledger_open(f->path, &ledger, NULL), 0);
    assert_int_equal(truncate(f->path, (off_t)sizeof *f->header), 0);
    struct mt_node nodes[3] = {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}};
    assert_int_equal(mt_ledger_read_items(ledger, MT_EXTENT_NODES, 0, 3, nodes), 3);
    assert_int_equal(nodes[2].key, 0);
    assert_int_equal(mt_ledger_damage(ledger), 1);
    assert_int_equal(truncate(f->path, 0), 0);
    struct mt_ledger_totals t;
    assert_int_equal(mt_ledger_totals(ledger, &t), -MEMTRACK_EFORMAT);
    mt_ledger_close(ledger);
}

/* Each 4-byte word of header, tables and texts once as all ones, once as a plausible large
 * number. */
static void survives_every_corrupt_word(void **state) {
    struct fixture *f = *state;
    const size_t skip_from = offsetof(struct mt_ledger_header, exe) + 64;
    const size_t skip_to = offsetof(struct mt_ledger_header, segment);
    const size_t end = offsetof(struct mt_ledger_header, extent) + 8 * sizeof(struct mt_extent);
    fixture_write(f);
    int fd = open(f->path, O_RDWR | O_CLOEXEC);
    for (size_t at = 0; at < end; at += 4) {
        if (at == skip_from)
            at = skip_to;
        if (at > skip_to + 256 && at < offsetof(struct mt_ledger_header, extent))
            continue;
        for (uint32_t bad = UINT32_MAX;; bad = 0x00ffff00) {
            uint64_t damage;
            assert_int_equal(pwrite(fd, &bad, 4, (off_t)at), 4);
            read_all(f->path, &damage);
            if (bad != UINT32_MAX)
                break;
        }
        assert_int_equal(pwrite(fd, f->image + at, 4, (off_t)at), 4);
    }
    close(fd);
    uint64_t damage = 1;
    assert_int_equal(read_all(f->path, &damage), 0);
    assert_int_equal(damage, 0);
}

/* Extents that all name the same bytes ask for more memory than the file has. */
static void many_extents_cannot_ask_for_much(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 4; i < MT_FIRST_EXTENTS; i++) {
        f->header->extent[i] = f->header->extent[0];
        f->header->extent[i].index = i;
    }
    f->header->n_extents = MT_FIRST_EXTENTS;
    f->header->n_nodes = UINT32_MAX;
    fixture_write(f);
    struct mt_ledger *ledger;
    assert_int_equal(mt_ledger_open(f->path, &ledger, NULL), 0);
    size_t n;
    void *nodes = mt_ledger_load_items(ledger, MT_EXTENT_NODES, &n);
    assert_non_null(nodes);
    assert_true(n * sizeof(struct mt_node) <= f->bytes);
    free(nodes);
    mt_ledger_close(ledger);
}

/* What lies behind the end of a segment belongs to something else, even where the file goes on. */
static void a_chunk_ends_with_its_segment(void **state) {
    struct fixture *f = *state;
    f->header->segment[0].bytes = (uint64_t)((char *)&f->modules[2] - f->image);
    fixture_write(f);
    struct mt_module modules[3];
    struct mt_ledger *ledger = open_modules(f, modules);
    assert_int_equal(modules[2].start, 0);
    assert_true(mt_ledger_damage(ledger) > 0);
    mt_ledger_close(ledger);
}

/* A count that nothing could have is not believed: readers loop over it at each tick. */
static void counts_are_bounded(void **state) {
    struct fixture *f = *state;
    f->header->n_banks = f->header->n_modules = f->header->n_sites = f->header->n_nodes =
        UINT32_MAX;
    fixture_write(f);
    struct mt_ledger *ledger;
    assert_int_equal(mt_ledger_open(f->path, &ledger, NULL), 0);
    const struct mt_ledger_info *info = mt_ledger_info(ledger);
    assert_int_equal(info->n_banks, MT_MAX_BANKS);
    assert_int_equal(info->n_modules, MT_NODE_MODULE_MASK + 1);
    assert_true(info->n_sites * sizeof(struct mt_site) <= f->bytes);
    assert_true(info->n_nodes * sizeof(struct mt_node) <= f->bytes);
    mt_ledger_close(ledger);
}

/* The program has cleared its traces: what it has not touched since counts as zero, but keeps its
 * place. */
static void what_was_cleared_is_zero(void **state) {
    struct fixture *f = *state;
    mt_node_id node = fixture_node(f, MT_NODE_ROOT, 0x400100, 1);
    fixture_site(f, node, 10, 100)->at_peak.epoch = 4;
    fixture_site(f, node, 3, 20)->at_peak.epoch = 5;
    f->banks[1].counters.live_bytes = 1000;
    f->banks[1].rare.failed = 9;
    f->banks[1].clear_epoch = 4;
    f->banks[2].counters.live_bytes = 60;
    f->banks[2].counters.allocated_blocks = 3;
    f->banks[2].clear_epoch = 5;
    f->header->control = (struct mt_control){.epoch = 6, .clear_epoch = 5, .peak_bytes = 60};
    fixture_write(f);
    struct mt_ledger *ledger;
    struct mt_ledger_totals t;
    struct mt_site sites[3];
    struct mt_bank banks[3];
    assert_int_equal(mt_ledger_open(f->path, &ledger, NULL), 0);
    assert_int_equal(mt_ledger_totals(ledger, &t), 0);
    assert_int_equal(t.live_bytes, 60);
    assert_int_equal(t.allocated_blocks, 3);
    assert_int_equal(t.failed, 0);
    assert_int_equal(mt_ledger_read_items(ledger, MT_EXTENT_SITES, 0, 3, sites), 3);
    assert_int_equal(sites[1].counters.allocated_bytes, 0);
    assert_int_equal(sites[1].node, node);
    assert_int_equal(sites[2].counters.allocated_bytes, 60);
    assert_int_equal(mt_ledger_read_items(ledger, MT_EXTENT_BANKS, 0, 3, banks), 3);
    assert_int_equal(banks[1].tid, 101);
    assert_int_equal(banks[1].thread, 1);
    mt_ledger_close(ledger);
}

static void addresses_outside_read_as_zeros(void **state) {
    struct fixture *f = *state;
    fixture_write(f);
    struct mt_ledger *ledger;
    assert_int_equal(mt_ledger_open(f->path, &ledger, NULL), 0);
    uint64_t word = 5;
    assert_int_equal(mt_ledger_read_address(ledger, FIXTURE_BASE, &word, sizeof word), 8);
    assert_true(word == MT_LEDGER_MAGIC);
    assert_int_equal(mt_ledger_read_address(ledger, FIXTURE_BASE - 1, &word, sizeof word), 0);
    assert_int_equal(word, 0);
    assert_int_equal(
        mt_ledger_read_address(ledger, FIXTURE_BASE + f->bytes - 4, &word, sizeof word), 4);
    assert_int_equal(mt_ledger_read_address(ledger, UINT64_MAX, &word, sizeof word), 0);
    mt_ledger_close(ledger);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(reads_totals),
        TEST(follows_growth),
        TEST(follows_the_directory),
        TEST(refuses_what_is_no_ledger),
        TEST(follows_no_link_and_waits_for_no_fifo),
        TEST(refuses_the_ledgers_of_others),
        TEST(survives_every_truncation),
        TEST(survives_a_file_that_shrinks),
        TEST(survives_every_corrupt_word),
        TEST(many_extents_cannot_ask_for_much),
        TEST(a_chunk_ends_with_its_segment),
        TEST(counts_are_bounded),
        TEST(what_was_cleared_is_zero),
        TEST(addresses_outside_read_as_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
