/* SPDX-License-Identifier: MIT */
/* What a filter's text says about system calls: the answers are those that the kernel would give
 * for every argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/filter.h"

#if defined(__x86_64__)
enum { ARCHITECTURE = (int)AUDIT_ARCH_X86_64 };
#else
enum { ARCHITECTURE = (int)AUDIT_ARCH_AARCH64 };
#endif

#define NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ARGUMENT(n)                                                                                \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * (n))
#define ANSWER(a) BPF_STMT(BPF_RET | BPF_K, (a))
#define DENIES(...)                                                                                \
    ({                                                                                             \
        struct sock_filter code[] = {__VA_ARGS__};                                                 \
        struct sock_fprog program = {sizeof code / sizeof *code, code};                            \
        mt_filter_denies(&program);                                                                \
    })

static bool is_denied(uint64_t denied, long number) {
    return (denied & mt_os_bit(number)) != 0;
}

static void test_one_answer_for_all(void **state) {
    (void)state;
    uint64_t allowed = DENIES(ANSWER(SECCOMP_RET_ALLOW));
    assert_false(is_denied(allowed, SYS_mmap));
    assert_false(is_denied(allowed, SYS_rt_sigaction));
    assert_true(
        is_denied(allowed, SYS_ptrace)); /* not among the recorder's: nobody has asked about it */
    assert_false(is_denied(DENIES(ANSWER(SECCOMP_RET_LOG)), SYS_mmap));
    static const uint32_t refusals[] = {
        SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD,   SECCOMP_RET_TRAP, SECCOMP_RET_TRACE,
        SECCOMP_RET_USER_NOTIF,   SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ERRNO};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        assert_true(DENIES(ANSWER(refusals[i])) == MT_OS_ALL_CALLS);
}

static void test_list(void **state) {
    (void)state;
    uint64_t denied = DENIES(NUMBER, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
                             BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 0, 1),
                             ANSWER(SECCOMP_RET_ALLOW), ANSWER(SECCOMP_RET_KILL_PROCESS));
    assert_false(is_denied(denied, SYS_mmap));
    assert_false(is_denied(denied, SYS_munmap));
    assert_true(is_denied(denied, SYS_mremap));
}

/* As libseccomp writes them: a binary search by JGE, the architecture first. */
static void test_search(void **state) {
    (void)state;
    uint64_t denied =
        DENIES(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
               BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)ARCHITECTURE, 0, 5), NUMBER,
               BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SYS_munmap, 1, 0),
               BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 2),
               BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_munmap, 1, 0), ANSWER(SECCOMP_RET_ALLOW),
               ANSWER(SECCOMP_RET_KILL_PROCESS));
    assert_false(is_denied(denied, SYS_mmap));
    assert_false(is_denied(denied, SYS_munmap));
    assert_true(is_denied(denied, SYS_membarrier));
}

/* mmap is allowed unless it asks for something; munmap whatever it asks for. */
static void test_arguments(void **state) {
    (void)state;
    uint64_t denied = DENIES(NUMBER, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
                             ARGUMENT(2), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 4, 0, 1),
                             ANSWER(SECCOMP_RET_KILL_PROCESS), ANSWER(SECCOMP_RET_ALLOW));
    assert_true(is_denied(denied, SYS_mmap));
    assert_false(is_denied(denied, SYS_munmap));
    denied = DENIES(ARGUMENT(0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1),
                    ANSWER(SECCOMP_RET_ALLOW), ANSWER(SECCOMP_RET_ALLOW));
    assert_false(is_denied(denied, SYS_mmap));
}

/* What has been put into memory and the index register comes back, known or not. */
static void test_memory(void **state) {
    (void)state;
    uint64_t denied =
        DENIES(NUMBER, BPF_STMT(BPF_ST, 3), ARGUMENT(0), BPF_STMT(BPF_MISC | BPF_TAX, 0),
               BPF_STMT(BPF_LD | BPF_MEM, 3), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 1),
               ANSWER(SECCOMP_RET_ALLOW), BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
               BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 0, 1), ANSWER(SECCOMP_RET_ALLOW),
               ANSWER(SECCOMP_RET_KILL_PROCESS));
    assert_false(is_denied(denied, SYS_mmap));
    assert_true(is_denied(denied, SYS_munmap));
}

static void test_what_cannot_be_understood(void **state) {
    (void)state;
    struct sock_fprog nothing = {0, NULL}, nowhere = {4, (struct sock_filter *)4096};
    assert_true(mt_filter_denies(NULL) == MT_OS_ALL_CALLS);
    assert_true(mt_filter_denies((const struct sock_fprog *)8192) == MT_OS_ALL_CALLS);
    assert_true(mt_filter_denies(&nothing) == MT_OS_ALL_CALLS);
    assert_true(mt_filter_denies(&nowhere) == MT_OS_ALL_CALLS);
    assert_true(DENIES(NUMBER) == MT_OS_ALL_CALLS); /* no end */
    assert_true(DENIES(BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX), ANSWER(SECCOMP_RET_ALLOW)) ==
                MT_OS_ALL_CALLS);
    assert_true(DENIES(BPF_STMT(BPF_LD | BPF_MEM, 16), ANSWER(SECCOMP_RET_ALLOW)) ==
                MT_OS_ALL_CALLS);
    assert_true(DENIES(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 1), ANSWER(SECCOMP_RET_ALLOW)) ==
                MT_OS_ALL_CALLS);
}

/* Each unknown jump has two ways: forty of them would be a million million. */
static void test_bounded(void **state) {
    (void)state;
    struct sock_filter code[200];
    unsigned short n = 0;
    code[n++] = (struct sock_filter)ARGUMENT(0);
    for (int i = 0; i < 40; i++) {
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)i, 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_LDX | BPF_IMM, 0);
    }
    code[n++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
    assert_true(mt_filter_denies(&(struct sock_fprog){n, code}) == MT_OS_ALL_CALLS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_answer_for_all),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_what_cannot_be_understood),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
