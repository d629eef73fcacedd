/* SPDX-License-Identifier: MIT */
/*
 * A path of a JavaScript program leads from malloc through a dozen functions of node and V8 to
 * parse() in app.js, which is the line that its author can change. So where a path has a function of
 * managed code, that is charged, unless a native function further inside has a line of source: then
 * somebody has compiled it with debug information, and it is a native extension that is looked at.
 * The machines themselves are passed over even so.
 *
 *   hook  malloc  node::Buffer::New  v8::…  [jit] Buffer.alloc (node:buffer)  [jit] parse (app.js:12)
 *                 no line                          comes with node                  charged
 *
 *   hook  malloc  image.c:40 resize  Java_…  [jit] App.load
 *                 charged: a line
 */
#include "view/rows/managed.h"

#include <string.h>

#include "profile/profile.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool begins_with_any(const char *text, const char *const *prefixes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

enum mt_managed_place mt_managed_place_of(const char *module) {
    static const char *const machines[] = {"libjvm.so",  "libcoreclr.so", "libclrjit.so",
                                           "libmono",    "libnode.so",    "libv8",
                                           "libpython2", "libpython3"};
    if (strcmp(module, MT_PROFILE_JIT) == 0)
        return MT_MANAGED_JIT;
    if (strcmp(module, "[python]") == 0)
        return MT_MANAGED_CODE;
    return begins_with_any(basename(module), machines, COUNT(machines)) ? MT_MANAGED_MACHINE
                                                                        : MT_MANAGED_NATIVE;
}

/* What a compiler writes down beside functions: entries, handlers, stubs. Nobody wrote these. */
static bool is_machinery(const char *name) {
    static const char *const tags[] = {"Builtin:",
                                       "Bytecode",
                                       "BytecodeHandler:",
                                       "Stub:",
                                       "Handler:",
                                       "RegExp:",
                                       "Wasm",
                                       "stub<",
                                       "GenerateLookupStub",
                                       "GenerateResolveStub",
                                       "GenerateDispatchStub",
                                       "AllocateTemporaryEntryPoints"};
    static const char *const names[] = {
        "Interpreter",      "StubRoutines",     "ExceptionBlob",    "DeoptimizationBlob",
        "UncommonTrapBlob", "I2C/C2I adapters", "flush_icache_stub"};
    return begins_with_any(name, tags, COUNT(tags)) || begins_with_any(name, names, COUNT(names)) ||
           strstr(name, " stub") || strstr(name, "Stub ") || strstr(name, " Runtime1 ");
}

bool mt_managed_is_library(const char *function, const char *system_name, const char *file) {
    static const char *const files[] = {"node:", "internal/", "<frozen ", "evalmachine."};
    static const char *const libraries[] = {"java.",   "javax.",     "jdk.",      "sun.",
                                            "System.", "Microsoft.", "Internal.", "Interop+"};
    return is_machinery(*system_name ? system_name : function) ||
           begins_with_any(file, files, COUNT(files)) ||
           (!*file && begins_with_any(function, libraries, COUNT(libraries)));
}
