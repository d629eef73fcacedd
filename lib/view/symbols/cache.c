/* SPDX-License-Identifier: MIT */
/*
 * Files that stay open from one profile to the next. Only those with debug information, whose
 * opening takes long, and only by their build id: what is open is then the recorded build, whatever
 * has become of its path. The last used comes first; those that would take the cache beyond its
 * bound go.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/symbols/symbols-local.h"

enum { MAX_MODULES = 16, MAX_DEBUG_BYTES = 64 << 20 };

struct mt_symbols_cache {
    struct mt_symbols_module *module[MAX_MODULES];
    size_t n;
};

struct mt_symbols_cache *mt_symbols_cache_new(void) {
    return calloc(1, sizeof(struct mt_symbols_cache));
}

void mt_symbols_cache_free(struct mt_symbols_cache *cache) {
    for (size_t i = 0; cache && i < cache->n; i++)
        mt_symbols_module_close(cache->module[i]);
    free(cache);
}

/* NULL: not to be cached. */
static char *make_key(const struct mt_symbol_wanted *wanted) {
    char *key = NULL;
    const char *debug_path = wanted->debug_path ? wanted->debug_path : "";
    const char *sysroot = wanted->sysroot ? wanted->sysroot : "";
    if (!*wanted->build_id ||
        asprintf(&key, "%s\n%s\n%s\n%s", wanted->build_id, debug_path, sysroot, wanted->path) < 0)
        return NULL;
    return key;
}

static struct mt_symbols_module *take(struct mt_symbols_cache *cache, const char *key) {
    for (size_t i = 0; i < cache->n; i++) {
        struct mt_symbols_module *module = cache->module[i];
        if (strcmp(module->key, key) == 0) {
            memmove(&cache->module[i], &cache->module[i + 1],
                    (--cache->n - i) * sizeof *cache->module);
            return module;
        }
    }
    return NULL;
}

enum mt_symbol_file mt_symbols_cache_open(struct mt_symbols_cache *cache,
                                          struct mt_symbols_module **module,
                                          const struct mt_symbol_wanted *wanted) {
    char *key = cache ? make_key(wanted) : NULL;
    *module = key ? take(cache, key) : NULL;
    if (*module) {
        free(key);
        return MT_SYMBOL_FILE_FOUND;
    }
    enum mt_symbol_file result = mt_symbols_module_open(module, wanted);
    if (result == MT_SYMBOL_FILE_FOUND)
        (*module)->key = key;
    else
        free(key);
    return result;
}

static void shrink(struct mt_symbols_cache *cache) {
    uint64_t bytes = 0;
    size_t kept = 0;
    while (kept < cache->n && bytes + cache->module[kept]->debug_bytes <= MAX_DEBUG_BYTES)
        bytes += cache->module[kept++]->debug_bytes;
    while (cache->n > kept)
        mt_symbols_module_close(cache->module[--cache->n]);
}

void mt_symbols_cache_close(struct mt_symbols_cache *cache, struct mt_symbols_module *module) {
    if (!cache || !module->key || !module->dwarf || !module->dwfl) {
        mt_symbols_module_close(module);
        return;
    }
    if (cache->n == MAX_MODULES)
        mt_symbols_module_close(cache->module[--cache->n]);
    memmove(&cache->module[1], &cache->module[0], cache->n * sizeof *cache->module);
    cache->module[0] = module;
    cache->n++;
    shrink(cache);
}
