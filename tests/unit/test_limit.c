/* SPDX-License-Identifier: MIT */
/* The memory limit of a process, in machines made of files: cgroup v1 and v2, nested, namespaced,
 * absent, broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "directory-fixture.h"
#include "watch/limit.h"

enum { PID = 77 };
static char root[64];

static void write_file(const char *path, const char *content) {
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    directory_write_text(full, content);
}

static int setup(void **state) {
    (void)state;
    directory_make(root);
    write_file("/proc/meminfo", "MemTotal:        8000000 kB\nMemFree:  1 kB\n");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return directory_remove(root);
}

static struct mt_limit look(void) {
    struct mt_limit limit;
    mt_limit_of(root, PID, &limit);
    return limit;
}

#define V2_MOUNT "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

static void nothing_but_the_machine(void **state) {
    (void)state;
    struct mt_limit limit = look();
    assert_int_equal(limit.bytes, UINT64_C(8192000000));
    assert_string_equal(limit.source, "the machine's memory");
    write_file("/proc/meminfo", "nothing of use\n");
    assert_int_equal(look().bytes, 0);
}

static void smallest_of_nested_groups(void **state) {
    (void)state;
    write_file("/proc/77/cgroup", "0::/a.slice/b.service\n");
    write_file("/proc/self/mountinfo", "1 2 0:1 / / rw - ext4 /dev/sda rw\n" V2_MOUNT);
    write_file("/sys/fs/cgroup/a.slice/b.service/memory.max", "max\n");
    assert_string_equal(look().source, "the machine's memory");
    write_file("/sys/fs/cgroup/a.slice/memory.max", "536870912\n");
    struct mt_limit limit = look();
    assert_int_equal(limit.bytes, 536870912);
    assert_string_equal(limit.source, "/sys/fs/cgroup/a.slice/memory.max");
    write_file("/sys/fs/cgroup/a.slice/b.service/memory.max", "1048576\n");
    assert_int_equal(look().bytes, 1048576);
    write_file("/sys/fs/cgroup/a.slice/b.service/memory.max",
               "99999999999999\n"); /* more than there is */
    assert_int_equal(look().bytes, 536870912);
    write_file("/sys/fs/cgroup/a.slice/memory.max", "88888888888888\n");
    assert_string_equal(look().source, "the machine's memory");
    assert_int_equal(look().bytes, UINT64_C(8192000000));
}

static void version_one(void **state) {
    (void)state;
    write_file("/proc/77/cgroup", "10:cpu,cpuacct:/x\n9:memory:/docker/0123\n0::/other\n");
    write_file("/proc/self/mountinfo",
               "35 25 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n" V2_MOUNT
               "36 25 0:32 /docker/0123 /sys/fs/cgroup/memory ro,nosuid master:9 - cgroup cgroup "
               "rw,memory\n");
    write_file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "104857600\n");
    struct mt_limit limit = look();
    assert_int_equal(limit.bytes, 104857600);
    assert_string_equal(limit.source, "/sys/fs/cgroup/memory/memory.limit_in_bytes");
    write_file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    assert_string_equal(look().source, "the machine's memory");
}

static void outside_of_the_namespace(void **state) {
    (void)state;
    write_file("/proc/77/cgroup", "0::/../sibling\n");
    write_file("/proc/self/mountinfo", V2_MOUNT);
    write_file("/sys/fs/cgroup/memory.max", "4096\n");
    assert_int_equal(look().bytes, 4096);
}

static void damaged_files(void **state) {
    (void)state;
    static const char *const cgroups[] = {"",       "\n",       "0",          "0:",          "0:\n",
                                          "::::\n", "memory\n", "9:memory\n", "0::/%s%s%n\n"};
    static const char *const mounts[] = {"", " - ", "a b c d e - cgroup2",
                                         "1 2 3 / /sys/fs/cgroup - \n", V2_MOUNT};
    write_file("/sys/fs/cgroup/memory.max", "-\n");
    for (size_t i = 0; i < sizeof cgroups / sizeof *cgroups; i++)
        for (size_t j = 0; j < sizeof mounts / sizeof *mounts; j++) {
            write_file("/proc/77/cgroup", cgroups[i]);
            write_file("/proc/self/mountinfo", mounts[j]);
            assert_string_equal(look().source, "the machine's memory");
        }
    char *endless = malloc(20000);
    memset(endless, 'x', 19999);
    memcpy(endless, "0::/", 4);
    endless[19999] = '\0';
    write_file("/proc/77/cgroup", endless);
    write_file("/proc/self/mountinfo", V2_MOUNT);
    assert_string_equal(look().source, "the machine's memory");
    free(endless);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(nothing_but_the_machine),
                                       TEST(smallest_of_nested_groups), TEST(version_one),
                                       TEST(outside_of_the_namespace), TEST(damaged_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
