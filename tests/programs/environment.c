/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Prints its environment, one name=value a line, as it sees it in main. */
#include "target.h"

extern char **environ;

int main(void) {
    for (char **entry = environ; *entry; entry++)
        puts(*entry);
    return 0;
}
