/* SPDX-License-Identifier: MIT */
/* For the programs that write profiles which a test knows: NAME KIND FILE. */
#ifndef MT_TESTS_MAKE_H
#define MT_TESTS_MAKE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profile/pprof/pprof.h"
#include "profile/profile.h"

struct kind {
    const char *name;
    void (*fill)(void); /* *profile */
};

/* main's status. *profile is what the kinds fill. */
static int make(int argc, char **argv, const struct kind *kinds, size_t n,
                struct mt_profile **profile) {
    struct mt_error error = {0};
    *profile = mt_profile_new();
    for (size_t i = 0; argc == 3 && i < n; i++) {
        if (strcmp(argv[1], kinds[i].name) != 0)
            continue;
        kinds[i].fill();
        int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int status = fd < 0 ? -1 : mt_pprof_write(*profile, fd, &error);
        if (status < 0)
            fprintf(stderr, "%s: %s: %s\n", argv[0], argv[2], error.message);
        mt_profile_free(*profile);
        return status < 0 || close(fd) != 0;
    }
    mt_profile_free(*profile);
    fprintf(stderr, "usage: %s KIND FILE\n", argv[0]);
    return 2;
}

#endif
