/* SPDX-License-Identifier: MIT */
/*
 * In place of libFuzzer, where it is not built in: gives a fuzzer each file of the directories that
 * are named, once, in order of their names, and says which one before, so that the last line names
 * the input that broke it. Status 1: no input at all.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_input(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static void replay(const char *path) {
    enum { MOST_BYTES = 1 << 20 };
    FILE *file = fopen(path, "rb");
    uint8_t *whole = malloc(MOST_BYTES);
    if (!file || !whole) {
        perror(path);
        exit(1);
    }
    printf("%s\n", path);
    fflush(stdout);
    size_t size = fread(whole, 1, MOST_BYTES, file);
    uint8_t *exact = malloc(size); /* so that a sanitizer sees every byte beyond */
    for (size_t i = 0; exact && i < size; i++)
        exact[i] = whole[i];
    free(whole);
    fclose(file);
    LLVMFuzzerTestOneInput(exact, exact ? size : 0);
    free(exact);
}

int main(int argc, char **argv) {
    size_t n = 0;
    for (int d = 1; d < argc; d++) {
        struct dirent **entries;
        int n_entries = scandir(argv[d], &entries, is_input, alphasort);
        for (int i = 0; i < n_entries; i++, n++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[d], entries[i]->d_name);
            replay(path);
            free(entries[i]);
        }
        if (n_entries >= 0)
            free(entries);
    }
    return n == 0;
}
