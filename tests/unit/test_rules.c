/* SPDX-License-Identifier: MIT */
/* The rule cache, with modules that the test makes up: what stays is computed once, what has gone
 * is not found again, and a rule that was computed before code went is not found after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "unwind/rules.h"

#define STAYING UINT64_C(0x100000000)
#define PASSING UINT64_C(0x200000010)
enum { MANY = 50000, SWAPS = 3000, READERS = 2, IDS = 30000 };

static uint32_t asked;
static uint32_t version; /* of the code at PASSING and above: its module is another one each time */
static void (*in_between)(void);

static uint32_t id_of(uint32_t v) {
    return v % IDS + 1;
}

/* Modules without unwind tables: their rules differ by the module alone. */
static uint32_t find_module(uint64_t address, struct mt_cfi *cfi) {
    __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
    cfi->header = NULL;
    uint32_t id = id_of(__atomic_load_n(&version, __ATOMIC_ACQUIRE));
    if (in_between != NULL)
        in_between();
    return address < UINT64_C(0x200000000) ? 7 | MT_MODULE_STAYS : id;
}

static int setup(void **state) {
    (void)state;
    mt_rules_init(find_module);
    mt_rules_forget_all();
    asked = 0;
    return 0;
}

static int whole(void **state) {
    (void)state;
    return mt_rules_check() ? 0 : -1;
}

static void ask(uint64_t pc, uint32_t module, bool wanted_stays) {
    bool stays;
    mt_rule rule = mt_rules_look_up(pc, &stays);
    assert_int_equal(mt_rule_kind_of(rule), MT_RULE_NONE);
    assert_int_equal(mt_rule_module(rule), module);
    assert_int_equal(stays, wanted_stays);
}

static void stays_known(void **state) {
    (void)state;
    for (uint64_t i = 0; i < MANY; i++)
        ask(STAYING + i * 5, 7, true);
    assert_int_equal(asked, MANY);
    mt_rules_forget();
    for (uint64_t i = 0; i < MANY; i++)
        ask(STAYING + i * 5, 7, true);
    assert_int_equal(asked, MANY);
    mt_rules_forget_all();
    ask(STAYING, 7, true);
    assert_int_equal(asked, MANY + 1);
}

static void is_forgotten(void **state) {
    (void)state;
    for (int round = 0; round < 20; round++) {
        version++;
        mt_rules_forget();
        asked = 0;
        for (int twice = 0; twice < 2; twice++)
            for (uint64_t i = 0; i < 1000; i++)
                ask(PASSING + i * 3, id_of(version), false);
        assert_int_equal(asked, 1000);
        assert_true(mt_rules_check());
    }
}

/* Entries are empty when their address is 0, and keep the rule that they had: tables take turns. */
static void nothing_lies_at_address_0(void **state) {
    (void)state;
    for (uint64_t round = 0; round < 20; round++) {
        for (uint64_t i = 0; i < 2000; i++) {
            ask(STAYING + round * 7919 + i * 5, 7, true);
            ask(PASSING + round * 7919 + i * 5, id_of(version), false);
        }
        mt_rules_forget_all();
        ask(STAYING + round, 7, true);
        ask(PASSING + round, id_of(version), false);
        bool stays;
        assert_int_equal(mt_rules_look_up(0, &stays), MT_RULE_NONE);
    }
}

static void is_asked_anew_meanwhile(void **state) {
    (void)state;
    ask(PASSING, id_of(version), false);
    ask(STAYING, 7, true);
    mt_rules_begin_unloading();
    mt_rules_begin_unloading();
    assert_int_equal(asked, 2);
    for (int i = 0; i < 5; i++) {
        version++;
        ask(PASSING, id_of(version), false);
        ask(STAYING, 7, true);
    }
    assert_int_equal(asked, 7);
    mt_rules_end_unloading();
    assert_true(mt_rules_are_unloading());
    mt_rules_end_unloading();
    assert_false(mt_rules_are_unloading());
    mt_rules_end_unloading(); /* of a thread that began in the parent of a fork */
    assert_false(mt_rules_are_unloading());
    ask(PASSING, id_of(version), false);
    ask(PASSING, id_of(version), false);
    assert_int_equal(asked, 8);
}

static void swap(void) {
    mt_rules_begin_unloading();
    __atomic_add_fetch(&version, 1, __ATOMIC_ACQ_REL);
    mt_rules_end_unloading();
}

/* Code goes after its module has been found and before the rule is in the cache. */
static void comes_too_late(void **state) {
    (void)state;
    in_between = swap;
    ask(PASSING, id_of(version), false);
    in_between = NULL;
    ask(PASSING, id_of(version), false);
    assert_int_equal(asked, 2);
}

static void *read_all_the_time(void *failed) {
    for (uint64_t i = 0; __atomic_load_n(&version, __ATOMIC_ACQUIRE) < SWAPS; i++) {
        uint32_t before = __atomic_load_n(&version, __ATOMIC_ACQUIRE);
        uint32_t id = mt_rule_module(mt_rules_find(PASSING + i % 512));
        uint32_t after = __atomic_load_n(&version, __ATOMIC_ACQUIRE);
        if (id < id_of(before) || id > id_of(after))
            __atomic_add_fetch((int *)failed, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* A look-up that begins after a swap never tells of what was there before. */
static void is_never_stale(void **state) {
    (void)state;
    pthread_t reader[READERS];
    int failed = 0;
    version = 0;
    mt_rules_forget();
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&reader[i], NULL, read_all_the_time, &failed), 0);
    while (__atomic_load_n(&version, __ATOMIC_ACQUIRE) < SWAPS) {
        swap();
        for (uint64_t i = 0; i < 100; i++)
            mt_rules_find(PASSING + i);
    }
    for (int i = 0; i < READERS; i++)
        pthread_join(reader[i], NULL);
    assert_int_equal(failed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stays_known, setup, whole),
        cmocka_unit_test_setup_teardown(is_forgotten, setup, whole),
        cmocka_unit_test_setup_teardown(nothing_lies_at_address_0, setup, whole),
        cmocka_unit_test_setup_teardown(is_asked_anew_meanwhile, setup, whole),
        cmocka_unit_test_setup_teardown(comes_too_late, setup, whole),
        cmocka_unit_test_setup_teardown(is_never_stale, setup, whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
