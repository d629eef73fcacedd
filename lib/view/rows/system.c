/* SPDX-License-Identifier: MIT */
/*
 * Told by the path alone, so that the outcome is the same on another machine, and whether or not
 * debug information of the libraries is installed. /usr/local, /opt and whatever is below a home
 * are not the system's: what lies there was put there by somebody for this program.
 *
 * Only shared objects count, not the executable: /usr/lib/git-core/git is a program. A header of
 * the system is told by its own path, since its inline functions are in the program's file. Code
 * that a tool of the system has written into the program's tree (protoc's, moc's) is no line that
 * anybody wrote either; it is told by its name.
 */
#include "view/rows/system.h"

#include <fnmatch.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const library_folders[] = {"/usr/lib/",     "/lib/",       "/usr/lib64/",
                                              "/lib64/",       "/usr/lib32/", "/lib32/",
                                              "/usr/libexec/", "/nix/store/", "/gnu/store/"};
static const char *const program_folders[] = {"/usr/bin/", "/bin/",       "/usr/sbin/",
                                              "/sbin/",    "/usr/games/", "/usr/share/"};
static const char *const header_folders[] = {"/usr/include/", "/nix/store/", "/gnu/store/"};

static const char *const generated[] = {"*.pb.cc",   "*.pb.h", "*.pb-c.c",      "moc_*.cpp",
                                        "qrc_*.cpp", "ui_*.h", "*_generated.h", "*.capnp.c++"};

static bool is_generated(const char *name) {
    for (size_t i = 0; i < COUNT(generated); i++)
        if (fnmatch(generated[i], name, 0) == 0)
            return true;
    return false;
}

static bool is_below_any(const char *path, const char *const *folders, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strncmp(path, folders[i], strlen(folders[i])) == 0)
            return true;
    return false;
}

static bool is_shared_object(const char *name) {
    const char *at = strstr(name, ".so");
    return at && (at[3] == '\0' || at[3] == '.');
}

bool mt_system_is_own_program(const struct mt_profile *profile) {
    mt_string program = profile->info.exe;
    if (!program && profile->n_mappings)
        program = profile->mappings[0].path;
    return mt_system_is_own(mt_profile_text(profile, program));
}

bool mt_system_is_own(const char *program) {
    return *program == '/' && !is_below_any(program, library_folders, COUNT(library_folders)) &&
           !is_below_any(program, program_folders, COUNT(program_folders));
}

bool mt_system_has(const struct mt_frame_text *frame) {
    return is_below_any(frame->file, header_folders, COUNT(header_folders)) ||
           is_generated(basename(frame->file)) ||
           (is_below_any(frame->module, library_folders, COUNT(library_folders)) &&
            is_shared_object(basename(frame->module)));
}
