/* SPDX-License-Identifier: MIT */
/*
 * timers: how long the parts of a program take, said by the program itself, whether it is recorded
 * or not. The example of docs/scopes.md.
 */
#include <memtrack/timers.h>
#include <stdio.h>
#include <string.h>

static unsigned long parse(const char *text) {
    MEMTRACK_FUNCTION();
    unsigned long sum = 0;
    for (; *text; text++)
        sum = sum * 31 + (unsigned char)*text;
    return sum;
}

static int answer(int number) {
    memtrack_scope scope;
    char text[2000];
    memtrack_begin_at(&scope, "answer", __FILE__, __LINE__);
    memset(text, 'a' + number % 26, sizeof text - 1);
    text[sizeof text - 1] = 0;
    unsigned long sum = parse(text);
    if (sum % 10 == 0)
        memtrack_scope_fail(&scope, "ends with a zero");
    return memtrack_end(&scope, NULL);
}

int main(void) {
    uint32_t library = memtrack_group("library");
    for (int i = 0; i < 1000; i++) {
        answer(i);
        memtrack_group_record(library, "lookup", 1000 + (uint64_t)i % 7);
    }
    memtrack_scopes_print(1, "count", 0);
    memtrack_group_print(library, 1, "count", 0);

    memtrack_scope_row row[8];
    int n = memtrack_scopes_read(row, 8);
    for (int i = 0; i < n && i < 8; i++)
        if (row[i].errors)
            printf("%s:%u %s: %s\n", row[i].file, row[i].line, row[i].name, row[i].latest_error);
    return 0;
}
