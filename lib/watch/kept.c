/* SPDX-License-Identifier: MIT */
/*
 * What is not on disk any more at the end of a run is still there while a process has it mapped. So
 * whenever a ledger has new modules, their files are opened, each file once however many processes
 * have it mapped:
 *
 *   path, build id  ──►  device, inode  ──►  a descriptor of the file, or of a copy in memory
 *
 * An open file keeps its file system from being unmounted, and the program must not notice that it
 * is watched. Where we are at home anyway (the root, our directory, that of the ledgers) a
 * descriptor is held; what lies elsewhere is copied if it is small, but for what belongs to the
 * system, which stays where it is. Only a file that is mapped is opened: it is told by its inode.
 *
 * Bounds: a quarter of the descriptors that we may have, and COPIED_BYTES. Beyond, files are looked
 * for at the end where they were, as without all this.
 *
 * Rejected: opening at the end what has been deleted (the process is gone by then); having the
 * recorder hold descriptors (programs close and count theirs); hard links (another file system, and
 * the directory shows them).
 */
#include "watch/kept.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"

#define COPY_BYTES   (UINT64_C(32) << 20)  /* of one file */
#define COPIED_BYTES (UINT64_C(128) << 20) /* of all */

enum {
    MAX_FILES = 1024,
    MODULES_AT_ONCE = 16,
    MAX_BUILD_ID_TEXT = 2 * sizeof((struct mt_module *)0)->build_id + 1
};

struct file {
    char *path; /* as the mapping names it */
    char build_id[MAX_BUILD_ID_TEXT];
    dev_t device;
    ino_t inode;
    int fd; /* all entries of this inode share it */
    bool is_first;
};

struct mt_kept {
    struct file *files;
    size_t n, most;
    uint64_t copied_bytes;
    dev_t home[3]; /* file systems that we are on anyway */
};

struct mt_kept *mt_kept_new(int directory) {
    struct mt_kept *kept = calloc(1, sizeof *kept);
    struct rlimit limit = {0};
    struct stat status = {0};
    if (!kept)
        return NULL;
    getrlimit(RLIMIT_NOFILE, &limit);
    kept->most = limit.rlim_cur / 4 < MAX_FILES ? (size_t)limit.rlim_cur / 4 : MAX_FILES;
    stat("/", &status);
    kept->home[0] = kept->home[1] = kept->home[2] = status.st_dev;
    if (stat(".", &status) == 0)
        kept->home[1] = status.st_dev;
    if (fstat(directory, &status) == 0)
        kept->home[2] = status.st_dev;
    return kept;
}

void mt_kept_free(struct mt_kept *kept) {
    for (size_t i = 0; kept && i < kept->n; i++) {
        if (kept->files[i].is_first)
            close(kept->files[i].fd);
        free(kept->files[i].path);
    }
    if (kept)
        free(kept->files);
    free(kept);
}

/* ---- taking hold ----------------------------------------------------------------------------- */

static bool begins_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool may_hold(const struct mt_kept *kept, const char *path, const struct stat *status) {
    for (size_t i = 0; i < sizeof kept->home / sizeof *kept->home; i++)
        if (status->st_dev == kept->home[i])
            return true;
    return begins_with(path, "/memfd:"); /* on no file system that could be unmounted */
}

static bool is_worth_a_copy(const struct mt_kept *kept, const char *path,
                            const struct stat *status) {
    static const char *const system[] = {"/usr/", "/lib", "/bin/", "/sbin/"};
    for (size_t i = 0; i < sizeof system / sizeof *system; i++)
        if (begins_with(path, system[i]))
            return false;
    uint64_t bytes = (uint64_t)status->st_size;
    return bytes <= COPY_BYTES && bytes <= COPIED_BYTES - kept->copied_bytes;
}

/* Returns a descriptor of a copy; -1 when it cannot be copied. Takes fd over. */
static int copy(struct mt_kept *kept, int fd, const struct stat *status) {
    int memory = memfd_create("memtrack", MFD_CLOEXEC);
    off_t at = 0;
    while (memory >= 0 && at < status->st_size &&
           sendfile(memory, fd, &at, (size_t)(status->st_size - at)) > 0)
        ;
    close(fd);
    if (memory >= 0 && at < status->st_size) {
        close(memory);
        return -1;
    }
    kept->copied_bytes += (uint64_t)at;
    return memory;
}

/* Returns the descriptor to keep of what was opened as fd, -1: none. Takes fd over. */
static int hold(struct mt_kept *kept, int fd, const char *path, const struct stat *status) {
    if (may_hold(kept, path, status))
        return fd;
    if (is_worth_a_copy(kept, path, status))
        return copy(kept, fd, status);
    close(fd);
    return -1;
}

static struct file *add(struct mt_kept *kept, const char *path, const char *build_id) {
    if (kept->n >= kept->most || !mt_array_grow(&kept->files, kept->n, sizeof *kept->files))
        return NULL;
    struct file *file = &kept->files[kept->n];
    *file = (struct file){.path = strdup(path), .fd = -1};
    snprintf(file->build_id, sizeof file->build_id, "%s", build_id);
    return file->path ? file : NULL;
}

static void keep(struct mt_kept *kept, int fd, const char *path, const char *build_id) {
    struct stat status;
    struct file *file = fstat(fd, &status) == 0 ? add(kept, path, build_id) : NULL;
    if (!file) {
        close(fd);
        return;
    }
    for (size_t i = 0; i < kept->n && file->fd < 0; i++)
        if (kept->files[i].device == status.st_dev && kept->files[i].inode == status.st_ino)
            file->fd = kept->files[i].fd;
    file->is_first = file->fd < 0;
    if (file->is_first)
        file->fd = hold(kept, fd, path, &status);
    else
        close(fd);
    if (file->fd < 0) {
        free(file->path);
        return;
    }
    file->device = status.st_dev;
    file->inode = status.st_ino;
    kept->n++;
}

/* ---- modules --------------------------------------------------------------------------------- */

static void format_build_id(const struct mt_module *module, char text[MAX_BUILD_ID_TEXT]) {
    size_t bytes = module->build_id_bytes <= sizeof module->build_id ? module->build_id_bytes : 0;
    for (size_t i = 0; i < bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", module->build_id[i]);
    text[2 * bytes] = '\0';
}

/* Writes the path as the profile will have it for a mapping. Returns false when the module has no
 * file. */
static bool module_path(struct mt_ledger *ledger, const struct mt_module *module,
                        char path[MT_PATH_MAX_BYTES + 1]) {
    size_t bytes = 0;
    if (module->flags & (MT_MODULE_VDSO | MT_MODULE_UNLOADED))
        return false;
    if (!(module->flags & MT_MODULE_MAIN) && module->path_bytes) {
        bytes = module->path_bytes < MT_PATH_MAX_BYTES ? module->path_bytes : MT_PATH_MAX_BYTES;
        bytes = mt_ledger_read_address(ledger, module->path, path, bytes);
    } else {
        struct mt_ledger_header *header = aligned_alloc(64, sizeof *header);
        if (header && mt_ledger_read_header(ledger, header, NULL) == 0) {
            bytes = header->exe_bytes < MT_PATH_MAX_BYTES ? header->exe_bytes : MT_PATH_MAX_BYTES;
            memcpy(path, header->exe, bytes);
        }
        free(header);
    }
    path[bytes] = '\0';
    return path[0] == '/';
}

static void look_at(struct mt_kept *kept, struct mt_ledger *ledger, uint32_t process,
                    const struct mt_module *module) {
    char path[MT_PATH_MAX_BYTES + 1], build_id[MAX_BUILD_ID_TEXT];
    if (module->end <= module->start || !module_path(ledger, module, path))
        return;
    format_build_id(module, build_id);
    for (size_t i = 0; i < kept->n && *build_id;
         i++) /* without a build id the path may name another file by now */
        if (strcmp(kept->files[i].path, path) == 0 &&
            strcmp(kept->files[i].build_id, build_id) == 0)
            return;
    int fd = mt_symbols_find_mapped(process, path, module->start, module->end);
    if (fd >= 0)
        keep(kept, fd, path, build_id);
}

void mt_kept_look(struct mt_kept *kept, struct mt_ledger *ledger, uint32_t process,
                  size_t *n_seen) {
    struct mt_module modules[MODULES_AT_ONCE];
    size_t end = mt_ledger_info(ledger)->n_modules;
    if (!kept)
        return;
    if (*n_seen == 0)
        *n_seen = 1; /* module 0 is none */
    while (*n_seen < end) {
        size_t n = end - *n_seen < MODULES_AT_ONCE ? end - *n_seen : MODULES_AT_ONCE;
        mt_ledger_read_items(ledger, MT_EXTENT_MODULES, *n_seen, n, modules);
        for (size_t i = 0; i < n; i++)
            look_at(kept, ledger, process, &modules[i]);
        *n_seen += n;
    }
}

/* ---- asking ---------------------------------------------------------------------------------- */

static int open_kept(void *context, const char *path, const char *build_id) {
    const struct mt_kept *kept = context;
    for (size_t i = kept->n; i-- > 0;) { /* the latest of those without a build id */
        const struct file *file = &kept->files[i];
        bool is_it = *build_id ? strcmp(file->build_id, build_id) == 0 : !*file->build_id;
        if (is_it && (*build_id || strcmp(file->path, path) == 0))
            return fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
    }
    return -1;
}

struct mt_symbols_kept mt_kept_source(struct mt_kept *kept) {
    return (struct mt_symbols_kept){.open = open_kept, .context = kept};
}
