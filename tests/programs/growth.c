/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Arrays that grow by realloc, doubling and by one, across the mmap threshold and back: moved and
 * in place. */
#include "target.h"

static size_t grow_double(void) {
    size_t capacity = 1, sum = 0;
    char *array = NULL;
    for (; capacity <= (4u << 20); capacity *= 2) {
        array = need(realloc(array, capacity));
        array[capacity - 1] = 1;
        sum += capacity;
    }
    while (capacity > 3) {
        capacity /= 3;
        array = need(realloc(array, capacity));
    }
    free(array);
    return sum;
}

static void grow_by_one(void) {
    char *array[3] = {NULL, NULL, NULL};
    for (size_t i = 1; i < 500; i++)
        for (int k = 0; k < 3; k++)
            array[k] = need(realloc(array[k], i * (size_t)(k + 1)));
    array[0] = need(realloc(array[0], 499)); /* same size */
    free(array[1]);
    free(array[0]); /* the third stays */
}

int main(void) {
    grow_by_one();
    printf("%zu\n", grow_double());
    return 0;
}
