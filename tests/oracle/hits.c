/* SPDX-License-Identifier: MIT */
/* Each kind of branch and loop, in calls whose counts another tool tells as well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int g;
static int early(int x) {
    if (x < 0)
        return -1;
    if (x > 100 || x == 50)
        return 1;
    g += x;
    return 0;
}
static int sw(int x) {
    switch (x) {
    case 1:
        g++;
        break;
    case 2:
        g--;
        break;
    case 3:
        break;
    case 4:
        g = 7;
        /* fall */
    case 5:
        g += 2;
        break;
    case 9:
        return 3;
    default:
        return 4;
    }
    return g;
}
static int loops(int n) {
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += i;
    for (int i = 0; i < n; i++)
        sum -= i;
    int j = 0;
    while (j < n) {
        j++;
        if (j == 3)
            continue;
        if (j == 7)
            break;
        sum++;
    }
    do {
        sum--;
        j--;
    } while (j > 0);
    while (j < n && sum < 1000)
        j++, sum++;
    for (;;) {
        if (++j > 20)
            goto out;
    }
out:
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 4; b++)
            sum += a * b;
    return sum;
}
static int logic(int a, int b, int c) {
    int r = a && b;
    if (a && b && c)
        r++;
    else if (a || (b && c))
        r--;
    r += a ? b : c;
    if (a && b && c)
        r = 9;
    return r ? r : c;
}
static int two(int x) {
    int y = x;
    if (y)
        y++;
    return y;
}
static int chain(int x) {
    int r;
    if (x == 0) {
        r = 1;
    } else if (x == 1) {
        r = 2;
    } else {
        r = 3;
    }
    return r;
}
static int cmp(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return x < y ? -1 : x > y;
}
static void gotos(int n) {
    int i = 0;
again:
    if (i >= n)
        return;
    i++;
    goto again;
}
static int retry(int n) {
    int i = 0;
    static void *const to[] = {&&zero, &&one};
    goto *to[n & 1];
zero:
    i = 5;
    goto done;
one:
    i = 6;
done:
    return i;
}
static int never(int x) {
    if (x)
        return 1;
    return 2;
}
int main(int argc, char **argv) {
    (void)argv;
    for (int i = -2; i < 120; i += 7)
        early(i);
    early(50);
    for (int i = 0; i < 12; i++)
        sw(i);
    sw(3);
    loops(10);
    loops(2);
    for (int i = 0; i < 8; i++)
        logic(i & 1, i & 2, i & 4);
    two(0), two(1);
    chain(0);
    chain(1);
    chain(2);
    chain(2);
    int list[] = {4, 2, 7, 1};
    qsort(list, 4, sizeof *list, cmp);
    gotos(5);
    retry(0);
    retry(1);
    if (argc > 5)
        never(argc);
    char *p = malloc(10);
    memset(p, 0, 10);
    free(p);
    printf("%d\n", g);
    return 0;
}
