/* SPDX-License-Identifier: MIT */
/* Which files are of the working tree, and how they are named from its root. */
#include "view/worktree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "directory-fixture.h"

static char root[DIRECTORY_BYTES];

static void make(const char *name) {
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    directory_write_text(path, "");
}

static void is(const char *expected, const char *file) {
    char *name = mt_worktree_relative(root, file);
    if (expected)
        assert_string_equal(expected, name ? name : "(none)");
    else if (name)
        fail_msg("%s is %s", file, name);
    free(name);
}

static void below(const char *expected, const char *file) {
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", root, file);
    is(expected, path);
}

static void files_are_named_from_the_root(void **state) {
    (void)state;
    below("src/a.c", "src/a.c");
    below("src/a.c", "build/../src/./a.c");
    below("gone/b.c", "gone/b.c"); /* removed since */
    below("src/a.c", "gone/../src/a.c");
    is("src/a.c", "src/a.c");
    is("src/a.c", "./src/a.c");
    is("src/a.c", "../src/a.c");
    is("src/a.c", "/builds/group/project/src/a.c"); /* compiled in a container */
    is(NULL, "/builds/group/project/src/c.c");
    is(NULL, "/etc/passwd");
    is(NULL, "../../../../../../etc/passwd");
    is(NULL, "");
    is(NULL, "/");
    is(NULL, "..");
    assert_null(mt_worktree_relative(NULL, "src/a.c"));
}

static void links_are_resolved(void **state) {
    (void)state;
    char from[8192], to[8192];
    snprintf(from, sizeof from, "%s/link", root);
    snprintf(to, sizeof to, "%s/src", root);
    assert_int_equal(symlink(to, from), 0);
    below("src/a.c", "link/a.c");
}

static void the_root_is_where_version_control_is(void **state) {
    (void)state;
    char here[4096], path[8192];
    assert_non_null(getcwd(here, sizeof here));
    snprintf(path, sizeof path, "%s/src/deep", root);
    mkdir(path, 0700);
    assert_int_equal(chdir(path), 0);
    char *found = mt_worktree_find();
    assert_string_equal(found, path); /* nothing keeps it yet */
    free(found);
    make(".git"); /* a file, as in a linked working tree */
    found = mt_worktree_find();
    assert_string_equal(found, root);
    free(found);
    assert_int_equal(chdir(here), 0);
}

static int set_up(void **state) {
    (void)state;
    directory_make(root);
    make("src/a.c");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    return directory_remove(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_named_from_the_root),
        cmocka_unit_test(links_are_resolved),
        cmocka_unit_test(the_root_is_where_version_control_is),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
