/* SPDX-License-Identifier: MIT */
/*
 * argp knows options as a table of each command, and tables of children that several commands
 * share. Here they become one list of rows, so that whatever shows options, be it a completion or a
 * manual page, shows those that the parser takes. Groups are numbered as argp numbers them: an
 * entry without a number stands in the group of the one above, a heading without a number opens the
 * next.
 */
#include "command/collect.h"

#include <stddef.h>

#include "command/options.h"

struct walk {
    void (*visit)(void *context, const struct mt_collect_option *row);
    void *context;
};

static void visit_heading(const struct walk *walk, int group, const char *text) {
    struct mt_collect_option row = {.group = group, .heading = text};
    walk->visit(walk->context, &row);
}

static void visit_option(const struct walk *walk, int group, const struct argp_option *option) {
    struct mt_collect_option row = {
        .group = group,
        .name = option->name,
        .letter = option->key > ' ' && option->key < 127 ? (char)option->key : 0,
        .argument = option->arg,
        .doc = option->doc,
        .is_common = (option->flags & MT_HELP_COMMON) != 0};
    walk->visit(walk->context, &row);
}

static bool is_end(const struct argp_option *option) {
    return !option->name && !option->key && !option->doc && !option->group;
}

/* in_group is the group of a child that stands under a heading of its parent's; with 0 groups are
 * as the table says. */
static void walk_options(const struct walk *walk, const struct argp_option *option, int in_group) {
    int group = 0;
    for (; option && !is_end(option); option++) {
        bool is_heading = !option->name && !option->key;
        group = option->group ? option->group : group + (is_heading ? 1 : 0);
        if (is_heading)
            visit_heading(walk, in_group ? in_group : group, option->doc);
        else if (!(option->flags & OPTION_HIDDEN))
            visit_option(walk, in_group ? in_group : group, option);
    }
}

static void walk_argp(const struct walk *walk, const struct argp *argp, int in_group) {
    walk_options(walk, argp->options, in_group);
    for (const struct argp_child *child = argp->children; child && child->argp; child++) {
        int group = child->header ? child->group : in_group;
        if (child->header)
            visit_heading(walk, child->group, child->header);
        walk_argp(walk, child->argp, group);
    }
}

void mt_collect_options(const struct argp *argp,
                        void (*visit)(void *context, const struct mt_collect_option *row),
                        void *context) {
    struct walk walk = {visit, context};
    walk_argp(&walk, argp, 0);
}
