/* SPDX-License-Identifier: MIT */
/*
 * A ledger seen from outside: its header, the counts in it, and its items, as they are now or as
 * they were at the cut that is open. Where they are in the file is known to file.c. The header is
 * read in two parts: a tick needs the first, and the second has changed only when a count in the
 * first has.
 */
#include "ledger/ledger-local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* ---- header ---------------------------------------------------------------------------------- */

/* This is the part of the header before the texts, which a tick needs. */
struct prefix {
    _Alignas(64) unsigned char bytes[offsetof(struct mt_ledger_header, exe)];
};
#define FIELD(prefix, out, name)                                                                   \
    memcpy(&(out), (prefix)->bytes + offsetof(struct mt_ledger_header, name), sizeof(out));        \
    _Static_assert(sizeof(out) == sizeof(((struct mt_ledger_header *)0)->name), "same size")

static int check_prefix(const struct mt_ledger *ledger, const struct prefix *prefix, size_t bytes,
                        struct mt_error *error) {
    uint64_t magic;
    uint32_t version, header_bytes;
    FIELD(prefix, magic, magic);
    FIELD(prefix, version, version);
    FIELD(prefix, header_bytes, header_bytes);
    if (magic != MT_LEDGER_MAGIC)
        return mt_error_set(
            error, MEMTRACK_EFORMAT,
            "Give a profile (*.pb.gz) or a ledger (*" MT_LEDGER_SUFFIX ").", "%s: %s", ledger->path,
            bytes && magic == 0 ? "an empty ledger: its process ended while it started"
                                : "not a ledger");
    if (bytes < sizeof prefix->bytes ||
        (version == MT_LEDGER_VERSION && header_bytes != sizeof(struct mt_ledger_header)) ||
        ledger->file.size_bytes < header_bytes)
        return mt_error_set(error, MEMTRACK_EFORMAT, "Record again. Copy ledgers whole.",
                            "%s: the ledger is damaged, or cut inside its header (%llu bytes)",
                            ledger->path, (unsigned long long)ledger->file.size_bytes);
    if (version != MT_LEDGER_VERSION)
        return mt_error_set(
            error, MEMTRACK_EVERSION,
            "Use the memtrack that recorded it: command and library must be of one version.",
            "%s: ledger version %u, this memtrack reads version %u", ledger->path, version,
            MT_LEDGER_VERSION);
    return 0;
}

static size_t clamp_count(const struct mt_ledger *ledger, uint32_t claimed,
                          enum mt_extent_kind kind) {
    uint64_t most = ledger->file.limit_bytes / mt_ledger_file_kind[kind].item_bytes;
    return claimed < most ? claimed : (size_t)most;
}

/* A process that was killed while it cleared has cleared: since clear_epoch was put forward, no event
 * has gone by it. */
static void complete_clear(struct mt_ledger_info *info) {
    struct mt_control *c = &info->control;
    if (c->clear_epoch <= c->epoch)
        return;
    c->epoch = c->clear_epoch;
    c->clear_era = MT_ERAS;
    c->current_bytes = c->peak_bytes = 0;
    info->flags |= MT_FLAG_CLEARED;
}

static void take_info(struct mt_ledger *ledger, const struct prefix *prefix) {
    struct mt_ledger_info *info = &ledger->info;
    FIELD(prefix, info->flags, flags);
    FIELD(prefix, info->pid, pid);
    FIELD(prefix, info->ppid, ppid);
    FIELD(prefix, info->allocator, allocator);
    FIELD(prefix, info->start_realtime_ns, start_realtime_ns);
    FIELD(prefix, info->start_own_ns, start_monotonic_ns);
    int64_t clock_offset_ns;
    FIELD(prefix, clock_offset_ns, clock_offset_ns);
    info->start_monotonic_ns =
        info->start_own_ns - (uint64_t)clock_offset_ns + (uint64_t)mt_clock_offset_ns("monotonic");
    FIELD(prefix, info->unrecorded_forks, unrecorded_forks);
    FIELD(prefix, info->unrecorded_errno, unrecorded_errno);
    FIELD(prefix, info->sample_bytes, sample_bytes);
    FIELD(prefix, info->max_frames, max_frames);
    FIELD(prefix, info->lossy_errno, lossy_errno);
    FIELD(prefix, info->file_bytes, file_bytes);
    FIELD(prefix, info->allocator_path, allocator_path);
    FIELD(prefix, info->control, control);
    complete_clear(info);
    if (info->file_bytes > ledger->file.size_bytes)
        info->file_bytes = ledger->file.size_bytes;
    uint32_t nodes, sites, banks, modules, names, scopes, events, open, threads, codes, tallies,
        metadata, lines, calls;
    FIELD(prefix, nodes, n_nodes);
    FIELD(prefix, sites, n_sites);
    FIELD(prefix, banks, n_banks);
    FIELD(prefix, modules, n_modules);
    FIELD(prefix, names, n_names);
    FIELD(prefix, scopes, n_scopes);
    FIELD(prefix, events, max_events);
    FIELD(prefix, open, n_open);
    FIELD(prefix, threads, n_threads);
    FIELD(prefix, codes, n_codes);
    FIELD(prefix, tallies, n_tallies);
    FIELD(prefix, metadata, n_metadata);
    FIELD(prefix, lines, n_lines);
    FIELD(prefix, calls, n_calls);
    FIELD(prefix, info->python_version, python_version);
    FIELD(prefix, info->python_state, python_state);
    FIELD(prefix, info->events_seen, n_events);
    FIELD(prefix, info->cleared_events, cleared_events);
    FIELD(prefix, info->scopes_clear_epoch, scopes_clear_epoch);
    FIELD(prefix, info->event_sample, event_sample);
    FIELD(prefix, info->dropped_scopes, dropped_scopes);
    FIELD(prefix, info->dropped_own, dropped_own);
    FIELD(prefix, info->dropped_lines, dropped_lines);
    FIELD(prefix, info->max_bytes, max_bytes);
    FIELD(prefix, info->private_bytes, private_bytes);
    FIELD(prefix, info->unrecorded, unrecorded);
    FIELD(prefix, info->bounds, bounds);
    info->n_nodes = clamp_count(ledger, nodes, MT_EXTENT_NODES);
    info->n_sites = clamp_count(ledger, sites, MT_EXTENT_SITES);
    info->n_banks = banks < MT_MAX_BANKS ? banks : MT_MAX_BANKS;
    info->n_modules = modules <= MT_NODE_MODULE_MASK ? modules : MT_NODE_MODULE_MASK + 1;
    info->n_names =
        names < MT_MAX_NAMES ? clamp_count(ledger, names, MT_EXTENT_NAMES) : MT_MAX_NAMES;
    info->n_scopes = clamp_count(ledger, scopes, MT_EXTENT_SCOPES);
    info->n_open = clamp_count(ledger, open, MT_EXTENT_OPEN);
    info->n_lines = clamp_count(ledger, lines, MT_EXTENT_LINES);
    info->n_threads =
        threads < MT_MAX_THREADS ? clamp_count(ledger, threads, MT_EXTENT_THREADS) : MT_MAX_THREADS;
    info->n_codes =
        codes < MT_MAX_CODES ? clamp_count(ledger, codes, MT_EXTENT_CODES) : MT_MAX_CODES;
    info->n_tallies =
        tallies < MT_MAX_TALLIES ? clamp_count(ledger, tallies, MT_EXTENT_TALLIES) : MT_MAX_TALLIES;
    info->n_metadata = metadata < MT_MAX_METADATA
                           ? clamp_count(ledger, metadata, MT_EXTENT_METADATA)
                           : MT_MAX_METADATA;
    info->n_calls =
        calls < MT_MAX_CALLS ? clamp_count(ledger, calls, MT_EXTENT_CALLS) : MT_MAX_CALLS;
    info->n_events = events < MT_LEDGER_MAX_EVENTS ? clamp_count(ledger, events, MT_EXTENT_EVENTS)
                                                   : MT_LEDGER_MAX_EVENTS;
}

/* A file may be sparse (a copy of a ledger often is), so the number of its disk blocks bounds
 * its contents only loosely. */
#define SPARSE_FACTOR 16u
#define SPARSE_SLACK  (UINT64_C(64) << 20)

static int measure_file(struct mt_ledger *ledger, struct mt_error *error) {
    struct stat st;
    if (fstat(ledger->file.fd, &st) != 0)
        return mt_error_set(error, MEMTRACK_EIO, "", "%s: %s", ledger->path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return mt_error_set(error, MEMTRACK_EFORMAT, "", "%s: not a regular file", ledger->path);
    if (st.st_uid != geteuid() && geteuid() != 0)
        return mt_error_set(error, MEMTRACK_EIO, "Run as the user who recorded it, or as root.",
                            "%s: the ledger belongs to another user (uid %u)", ledger->path,
                            (unsigned)st.st_uid);
    uint64_t stored = (uint64_t)st.st_blocks * 512 * SPARSE_FACTOR + SPARSE_SLACK;
    ledger->file.size_bytes = (uint64_t)st.st_size;
    ledger->file.limit_bytes = ledger->file.size_bytes < stored ? ledger->file.size_bytes : stored;
    return 0;
}

int mt_ledger_read_header(struct mt_ledger *ledger, struct mt_ledger_header *out,
                          struct mt_error *error) {
    ssize_t n = mt_ledger_file_pread(ledger->file.fd, 0, out, sizeof *out);
    if (n < 0)
        return mt_error_set(error, MEMTRACK_EIO, "", "%s: %s", ledger->path, strerror(errno));
    if ((size_t)n < sizeof *out)
        return mt_error_set(error, MEMTRACK_EFORMAT, "", "%s: the ledger is cut inside its header",
                            ledger->path);
    return 0;
}

static int rebuild(struct mt_ledger *ledger, struct mt_error *error) {
    struct mt_ledger_header *header = aligned_alloc(64, sizeof *header);
    if (!header)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "%s: out of memory", ledger->path);
    int rc = mt_ledger_read_header(ledger, header, error);
    if (rc == 0 && mt_ledger_file_take(&ledger->file, header) != 0)
        rc = mt_error_set(error, MEMTRACK_ENOMEM, "", "%s: out of memory", ledger->path);
    free(header);
    return rc;
}

int mt_ledger_refresh(struct mt_ledger *ledger, struct mt_error *error) {
    struct prefix prefix;
    ssize_t n = mt_ledger_file_pread(ledger->file.fd, 0, &prefix, sizeof prefix);
    if (n < 0)
        return mt_error_set(error, MEMTRACK_EIO, "", "%s: %s", ledger->path, strerror(errno));
    uint32_t segments, extents;
    FIELD(&prefix, segments, n_segments);
    FIELD(&prefix, extents, n_extents);
    bool grown = !ledger->file.segments || segments != ledger->file.n_segments ||
                 extents != ledger->file.n_extents;
    int rc = grown ? measure_file(ledger, error) : 0;
    if (rc == 0)
        rc = check_prefix(ledger, &prefix, (size_t)n, error);
    if (rc != 0)
        return rc;
    take_info(ledger, &prefix);
    mt_ledger_saved_control(&ledger->cut, &ledger->file, &ledger->info.control);
    if (!grown)
        return 0;
    ledger->file.n_segments = segments;
    ledger->file.n_extents = extents;
    FIELD(&prefix, ledger->file.directory, directory);
    return rebuild(ledger, error);
}

const struct mt_ledger_info *mt_ledger_info(const struct mt_ledger *ledger) {
    return &ledger->info;
}

const char *mt_ledger_path(const struct mt_ledger *ledger) {
    return ledger->path;
}

uint32_t mt_ledger_process(const struct mt_ledger *ledger) {
    return ledger->process ? ledger->process : ledger->info.pid;
}

void mt_ledger_set_process(struct mt_ledger *ledger, uint32_t pid) {
    ledger->process = pid;
}

uint64_t mt_ledger_damage(const struct mt_ledger *ledger) {
    return ledger->file.damage;
}

/* ---- open, close ----------------------------------------------------------------------------- */

int mt_ledger_open_fd(int fd, const char *path, struct mt_ledger **out, struct mt_error *error) {
    struct mt_ledger *ledger = calloc(1, sizeof *ledger);
    char *copy = strdup(path);
    if (!ledger || !copy) {
        free(ledger);
        free(copy);
        close(fd);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "%s: out of memory", path);
    }
    ledger->file.fd = fd;
    ledger->path = copy;
    ledger->cut.fd = -1;
    int rc = measure_file(ledger, error);
    if (rc == 0)
        rc = mt_ledger_refresh(ledger, error);
    if (rc != 0) {
        mt_ledger_close(ledger);
        return rc;
    }
    *out = ledger;
    return 0;
}

/* Opens what a process has mapped, as mt_find_ledger names it when the file has left its
 * directory, which is the kernel's link. */
static bool is_mapped_file(const char *path) {
    int at = 0;
    return sscanf(path, "/proc/%*u/map_files/%*x-%*x%n", &at) == 0 && at > 0 && path[at] == 0;
}

int mt_ledger_open(const char *path, struct mt_ledger **out, struct mt_error *error) {
    int link = is_mapped_file(path) ? 0 : O_NOFOLLOW;
    int fd = open(path, O_RDONLY | link | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return mt_error_set(error, MEMTRACK_ENOTFOUND, "Check the name.", "%s: no such file", path);
    if (fd < 0)
        return mt_error_set(error, MEMTRACK_EIO, "", "%s: %s", path,
                            errno == ELOOP ? "is a symbolic link, which is not followed here"
                                           : strerror(errno));
    return mt_ledger_open_fd(fd, path, out, error);
}

void mt_ledger_close(struct mt_ledger *ledger) {
    if (!ledger)
        return;
    mt_ledger_saved_release(&ledger->cut);
    mt_ledger_file_forget(&ledger->file);
    close(ledger->file.fd);
    free(ledger->path);
    free(ledger);
}

bool mt_ledger_is_one(const char *path) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return false;
    struct stat st;
    uint64_t magic = 0;
    bool is = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
              mt_ledger_file_pread(fd, 0, &magic, sizeof magic) == (ssize_t)sizeof magic &&
              magic == MT_LEDGER_MAGIC;
    close(fd);
    return is;
}

size_t mt_ledger_read_address(struct mt_ledger *ledger, uint64_t address, void *out, size_t bytes) {
    return mt_ledger_file_read_address(&ledger->file, address, out, bytes);
}

/* ---- contents -------------------------------------------------------------------------------- */

static size_t count_of(const struct mt_ledger *ledger, enum mt_extent_kind kind) {
    switch (kind) {
    case MT_EXTENT_NODES:
        return ledger->info.n_nodes;
    case MT_EXTENT_SITES:
        return ledger->info.n_sites;
    case MT_EXTENT_BANKS:
        return ledger->info.n_banks;
    case MT_EXTENT_MODULES:
        return ledger->info.n_modules;
    case MT_EXTENT_NAMES:
        return ledger->info.n_names;
    case MT_EXTENT_SCOPES:
        return ledger->info.n_scopes;
    case MT_EXTENT_EVENTS:
        return ledger->info.n_events;
    case MT_EXTENT_OPEN:
        return ledger->info.n_open;
    case MT_EXTENT_THREADS:
        return ledger->info.n_threads;
    case MT_EXTENT_CODES:
        return ledger->info.n_codes;
    case MT_EXTENT_TALLIES:
        return ledger->info.n_tallies;
    case MT_EXTENT_METADATA:
        return ledger->info.n_metadata;
    case MT_EXTENT_LINES:
        return ledger->info.n_lines;
    case MT_EXTENT_CALLS:
        return ledger->info.n_calls;
    default:
        return 0;
    }
}

/* Reads what is there now, whether a cut is open or not. */
static size_t read_now(struct mt_ledger *ledger, enum mt_extent_kind kind, size_t first, size_t n,
                       void *out) {
    size_t count = count_of(ledger, kind), item_bytes = mt_ledger_file_kind[kind].item_bytes,
           per_chunk = mt_ledger_file_kind[kind].per_chunk;
    size_t there = first >= count ? 0 : (n < count - first ? n : count - first);
    const struct mt_array *array = &ledger->file.arrays[kind];
    char *to = out;
    for (size_t done = 0; done < there;) {
        size_t index = (first + done) / per_chunk, skip = (first + done) % per_chunk;
        size_t here = per_chunk - skip < there - done ? per_chunk - skip : there - done;
        size_t bytes = here * item_bytes, start = skip * item_bytes, present = 0;
        if (index < array->n_chunks && array->chunk[index].bytes > start)
            present = array->chunk[index].bytes - start < bytes
                          ? (size_t)(array->chunk[index].bytes - start)
                          : bytes;
        if (present)
            mt_ledger_file_read(&ledger->file, array->chunk[index].offset + start, to, present);
        if (present < bytes) {
            memset(to + present, 0, bytes - present);
            ledger->file.damage += first + done + here > mt_ledger_file_kind[kind].first;
        }
        to += bytes;
        done += here;
    }
    memset(to, 0, (n - there) * item_bytes);
    return there;
}

/* Lets what the program has cleared, and has not changed since, count as zero. */
static void forget_cleared_sites(const struct mt_ledger *ledger, struct mt_site *sites, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (sites[i].at_peak.epoch < ledger->info.control.clear_epoch)
            sites[i] = (struct mt_site){.node = sites[i].node,
                                        .bank = sites[i].bank,
                                        .origin = sites[i].origin,
                                        .size_class = sites[i].size_class};
}

static void forget_cleared_banks(const struct mt_ledger *ledger, struct mt_bank *banks, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (banks[i].clear_epoch >= ledger->info.control.clear_epoch)
            continue;
        struct mt_bank cleared = {.owner = banks[i].owner,
                                  .tid = banks[i].tid,
                                  .n_threads = banks[i].n_threads,
                                  .thread = banks[i].thread,
                                  .sequence = banks[i].sequence};
        banks[i] = cleared;
    }
}

/* The copies may be in chunks that did not exist when the sites were read. */
static void apply_saved_sites(struct mt_ledger *ledger, size_t first, size_t n,
                              struct mt_site *sites) {
    if (ledger->cut.number == 0 || n == 0)
        return;
    if (mt_ledger_refresh(ledger, NULL) != 0)
        ledger->cut.is_exact = false;
    else
        mt_ledger_saved_sites(&ledger->cut, &ledger->file, first, n, sites);
}

size_t mt_ledger_read_items(struct mt_ledger *ledger, enum mt_extent_kind kind, size_t first,
                            size_t n, void *out) {
    size_t there = read_now(ledger, kind, first, n, out);
    if (kind == MT_EXTENT_SITES) {
        apply_saved_sites(ledger, first, there, out);
        forget_cleared_sites(ledger, out, there);
    } else if (kind == MT_EXTENT_BANKS) {
        mt_ledger_saved_banks(&ledger->cut, &ledger->file, first, there, out);
        forget_cleared_banks(ledger, out, there);
    }
    return there;
}

void *mt_ledger_load_items(struct mt_ledger *ledger, enum mt_extent_kind kind, size_t *n) {
    size_t have = ledger->file.arrays[kind].n_chunks * (size_t)mt_ledger_file_kind[kind].per_chunk;
    size_t count = count_of(ledger, kind);
    /* There are more than there are chunks for: nothing is allocated for what cannot be read. */
    if (count > have) {
        ledger->file.damage += count > mt_ledger_file_kind[kind].first;
        count = have;
    }
    void *items = malloc(count ? count * mt_ledger_file_kind[kind].item_bytes : 1);
    if (items)
        *n = mt_ledger_read_items(ledger, kind, 0, count, items);
    return items;
}

static void add_bank(struct mt_ledger_totals *t, const struct mt_bank *bank) {
    t->live_bytes = (int64_t)((uint64_t)t->live_bytes + (uint64_t)bank->counters.live_bytes);
    t->allocated_blocks += bank->counters.allocated_blocks;
    t->failed += bank->rare.failed;
    t->unknown_frees += bank->rare.unknown_frees;
    t->dropped += bank->rare.dropped;
    t->interrupted += bank->rare.interrupted;
    t->lossy_blocks += bank->rare.lossy_blocks;
    t->unread_code += bank->rare.unread_code;
    t->unwind_mismatches += bank->rare.unwind_mismatches;
    t->allocated_usable_bytes += bank->rare.allocated_usable_bytes;
}

int mt_ledger_totals(struct mt_ledger *ledger, struct mt_ledger_totals *out) {
    int rc = mt_ledger_refresh(ledger, NULL);
    if (rc != 0)
        return rc;
    const struct mt_ledger_info *info = &ledger->info;
    *out = (struct mt_ledger_totals){
        .current_bytes = info->control.current_bytes,
        .peak_bytes = info->control.peak_bytes,
        .epoch = info->control.epoch,
        .file_bytes = info->file_bytes,
        .flags = info->flags,
        .n_sites = info->n_sites,
    };
    struct mt_bank banks[MT_BANKS_PER_CHUNK] = {0};
    for (size_t first = 0; first < info->n_banks; first += MT_BANKS_PER_CHUNK) {
        size_t n = mt_ledger_read_items(ledger, MT_EXTENT_BANKS, first, MT_BANKS_PER_CHUNK, banks);
        for (size_t i = first ? 0 : 1; i < n; i++)
            add_bank(out, &banks[i]);
    }
    return 0;
}

bool mt_ledger_is_live(const struct mt_ledger *ledger) {
    struct stat st;
    char name[64];
    snprintf(name, sizeof name, "/proc/%u/maps", mt_ledger_process(ledger));
    FILE *maps = fstat(ledger->file.fd, &st) == 0 ? fopen(name, "re") : NULL;
    if (!maps)
        return false;
    char *line = NULL;
    size_t capacity = 0;
    bool found = false;
    while (!found && getline(&line, &capacity, maps) > 0) {
        unsigned long long inode = 0;
        found = sscanf(line, "%*s %*s %*s %*s %llu", &inode) == 1 && inode == st.st_ino &&
                strstr(line, MT_LEDGER_SUFFIX);
    }
    free(line);
    fclose(maps);
    return found;
}
