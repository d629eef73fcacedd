/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -ldl
/*
 * `plugins_window A.so B.so`, with after_dlclose.so: loads A, lets it allocate 10 blocks, unloads
 * it; before that call returns, B is loaded at the address where A was, and allocates 5. Twenty
 * times. Prints how often the address was the same.
 */
#include "target.h"
#include <dlfcn.h>

static const char *second;
static void *second_handle;
static uintptr_t at;
static int reused;

static void *(*load(const char *path, void **handle))(void) {
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *(*allocate)(void) = *handle ? (void *(*)(void))dlsym(*handle, "plugin_allocate") : NULL;
    if (!allocate)
        die("%s", dlerror());
    return allocate;
}

static void visit(void *(*allocate)(void), int blocks) {
    for (int i = 0; i < blocks; i++)
        keep(allocate());
}

static void in_between(void) {
    void *(*allocate)(void) = load(second, &second_handle);
    visit(allocate, 5);
    reused += at == (uintptr_t)allocate;
}

int main(int argc, char **argv) {
    void (**hook)(void) = (void (**)(void))dlsym(RTLD_DEFAULT, "after_dlclose");
    if (argc != 3 || !hook)
        die("usage: LD_PRELOAD=after_dlclose.so plugins_window A.so B.so");
    second = argv[2];
    for (int i = 0; i < 20; i++) {
        void *handle;
        void *(*allocate)(void) = load(argv[1], &handle);
        at = (uintptr_t)allocate;
        visit(allocate, 10);
        *hook = in_between;
        dlclose(handle);
        *hook = NULL;
        dlclose(second_handle);
    }
    printf("reused %d of 20\n", reused);
    return 0;
}
