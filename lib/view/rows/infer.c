/* SPDX-License-Identifier: MIT */
/*
 * Wrappers without a list. A program has a function through which its allocations go (jv_mem_alloc,
 * tcc_malloc, my::allocate, sb_grow), and "100 % of the memory is jv_mem_alloc" is no answer. Such a
 * function is told by its calls alone, from the call paths of the whole recording:
 *
 *   - It allocates itself: of the allocations with it on the path, SELF_PERCENT are charged to it,
 *     so that it is next to an allocator or to a wrapper that was found before.
 *   - It does so at one place: ONE_PLACE_PERCENT of them come from a single call in it. Up to
 *     MOST_BRANCHES calls may share that, if they are branches of it (malloc or realloc, a chunk of
 *     a pool or a large block), of which a caller gets one. A constructor that makes a head and a
 *     body calls all of them each time: its calls are even from each place.
 *   - It is called from many places. When the sizes differ by the place, its callers decide how
 *     much it allocates, and FEW_PLACES in FEW_FUNCTIONS suffice. A function that makes one kind of
 *     object has one size, and is a good answer until MANY_PLACES in MANY_FUNCTIONS call it.
 *     A name that says it (my_malloc, pool_strdup) makes NAMED_PLACES in NAMED_FUNCTIONS enough, since
 *     a short run does not show all of them.
 *   - Its callers are known: but for ORPHAN_PERCENT of its allocations there is a frame outside of
 *     it that can be charged. main and the functions of threads never are wrappers.
 *
 * All percentages are of allocations (blocks), not bytes: one large block must not decide. What was
 * found is passed on to its callers, and these are judged in the next round, until nothing is found.
 * So the outcome depends on the recording alone: not on the filter, the grouping or the column of a
 * view, and each view of a profile agrees.
 *
 * Cost: a round looks at the samples that the last one moved. How often a function is anywhere on
 * the paths is counted for those alone that pass the other tests, in one pass over all paths.
 *
 * Rejected: names as the only evidence, which are wrong in both directions (test_malloc, sds_new); the
 * share of one caller, since a wrapper is one also in a program that
 * uses it mostly for one thing.
 */
#include "view/rows/infer.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/saturate.h"
#include "view/rows/identity.h"

enum {
    SELF_PERCENT = 90,
    ONE_PLACE_PERCENT = 90,
    MOST_BRANCHES = 3,
    EVEN_PERCENT = 50,
    ORPHAN_PERCENT = 1,
    FEW_PLACES = 6,
    FEW_FUNCTIONS = 4,
    NAMED_PLACES = 2,
    NAMED_FUNCTIONS = 2,
    MANY_PLACES = 10,
    MANY_FUNCTIONS = 6,
    MOST_ROUNDS = 32,
};

/* This many blocks of so many bytes were allocated by calls of a function from one place, by one
 * call in it. */
struct calls {
    uint32_t function, caller; /* index + 1; caller 0: nobody that could be charged */
    uint64_t from, in;         /* places, see place_of */
    int64_t blocks, bytes;
};

struct inference {
    struct mt_frames *frames;
    const struct mt_profile *whole; /* whose samples decide: those of a part would differ */
    const struct mt_wrapper_options *options;
    enum mt_value blocks, bytes; /* the columns that tell how much was allocated */
    struct mt_identities ids;
    struct calls *calls; /* by id */
    size_t calls_capacity;
    uint32_t *pending; /* samples that may be charged to another frame than in the last round */
    size_t n_pending;
    uint32_t *charged;      /* per sample: the function, index + 1, or 0 */
    uint8_t *has_candidate; /* per location */
    /* Per function, at index + 1: */
    uint8_t *is_touched; /* in this round, more was charged to it */
    uint8_t *is_candidate, *is_inferred;
    int64_t *self, *on_path; /* blocks charged to a candidate, and others with it on their path */
};

/* ---- where a sample's blocks were asked for -------------------------------------------------- */

static const struct mt_profile *profile_of(const struct inference *f) {
    return f->frames->profile;
}

/* A line of a function; where lines are not known, an address. */
static uint64_t place_of(const struct mt_frame_entry *entry) {
    return entry->line ? (uint64_t)entry->function << 32 | (uint32_t)entry->line
                       : UINT64_C(1) << 63 | entry->location;
}

/* Finds the next frame outside of an entry that would be charged if the entry's function were
 * passed on; NULL: there is none. */
static const struct mt_frame_entry *find_caller(const struct mt_frames *frames,
                                                const struct mt_sample *sample, uint32_t entry,
                                                uint32_t position) {
    const uint32_t *path = frames->profile->frames + sample->first_frame;
    uint32_t function = frames->entries[entry].function;
    uint32_t e = entry + 1;
    for (uint32_t i = position; i < sample->n_frames; i++) {
        if (i > position)
            e = frames->first_entry[path[i]];
        for (; e < frames->first_entry[path[i] + 1]; e++) {
            const struct mt_frame_entry *caller = &frames->entries[e];
            if (caller->kind == MT_FRAME_RUNTIME)
                return NULL;
            if (mt_frames_can_be_charged(caller) && caller->function != function)
                return caller;
        }
    }
    return NULL;
}

static bool add_calls(struct inference *f, const struct mt_sample *sample, uint32_t entry,
                      uint32_t position) {
    const struct mt_frame_entry *own = &f->frames->entries[entry],
                                *caller = find_caller(f->frames, sample, entry, position);
    struct calls calls = {.function = own->function, .in = place_of(own)};
    if (caller) {
        calls.caller = caller->function ? caller->function : UINT32_MAX;
        calls.from = place_of(caller);
    }
    int64_t id = mt_identity_id(
        &f->ids, (struct mt_identity){
                     .a = calls.function, .b = calls.from, .c = calls.in, .tag = MT_ID_PAIR});
    if (id < 0 ||
        !mt_array_reserve_zeroed(&f->calls, &f->calls_capacity, (size_t)id + 1, sizeof *f->calls))
        return false;
    struct calls *sum = &f->calls[id];
    calls.blocks = sum->blocks;
    calls.bytes = sum->bytes;
    mt_saturate_add(&calls.blocks, sample->value[f->blocks]);
    mt_saturate_add(&calls.bytes, sample->value[f->bytes]);
    *sum = calls;
    return true;
}

MT_LOOP_BODY static bool charge(struct inference *f, uint32_t s) {
    const struct mt_sample *sample = &f->whole->samples[s];
    uint32_t position = 0, entry = mt_frames_charged(f->frames, sample, &position);
    bool can_move = entry != MT_NO_ENTRY && mt_frames_can_be_charged(&f->frames->entries[entry]) &&
                    f->frames->entries[entry].function;
    f->charged[s] = can_move ? f->frames->entries[entry].function : 0;
    if (can_move && !f->options->inferred && !add_calls(f, sample, entry, position))
        return false;
    f->is_touched[f->charged[s]] = 1;
    return true;
}

static bool charge_pending(struct inference *f) {
    for (size_t i = 0; i < f->n_pending; i++)
        if (!charge(f, f->pending[i]))
            return false;
    return true;
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool is_percent(int64_t part, int64_t whole, int percent) {
    return (double)part * 100 >= (double)whole * percent;
}

static int compare_numbers(uint64_t a, uint64_t b) {
    return a < b ? -1 : a > b;
}

static int by_place_in(const void *a, const void *b) {
    const struct calls *x = a, *y = b;
    int order = compare_numbers(x->function, y->function);
    return order ? order : compare_numbers(x->in, y->in);
}

static int by_caller(const void *a, const void *b) {
    const struct calls *x = a, *y = b;
    int order = compare_numbers(x->caller, y->caller);
    return order ? order : compare_numbers(x->from, y->from);
}

/* These calls of a function have most of its blocks, the first one the most. */
struct branches {
    uint64_t in[MOST_BRANCHES];
    int64_t blocks[MOST_BRANCHES];
    size_t n;
};

static void add_branch(struct branches *branches, uint64_t in, int64_t blocks) {
    size_t place = branches->n;
    while (place > 0 && branches->blocks[place - 1] < blocks)
        place--;
    if (place == MOST_BRANCHES)
        return;
    branches->n += branches->n < MOST_BRANCHES;
    for (size_t i = branches->n - 1; i > place; i--) {
        branches->in[i] = branches->in[i - 1];
        branches->blocks[i] = branches->blocks[i - 1];
    }
    branches->in[place] = in;
    branches->blocks[place] = blocks;
}

/* Finds the fewest that have ONE_PLACE_PERCENT of the blocks; none when these are too many. calls:
 * n of one function, in the order of by_place_in. */
static struct branches find_branches(const struct calls *calls, size_t n, int64_t all) {
    struct branches branches = {.n = 0};
    int64_t here = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        mt_saturate_add(&here, calls[i].blocks);
        if (i + 1 < n && calls[i + 1].in == calls[i].in)
            continue;
        add_branch(&branches, calls[i].in, here);
        here = 0;
    }
    for (size_t i = 0; i < branches.n; i++) {
        mt_saturate_add(&most, branches.blocks[i]);
        if (is_percent(most, all, ONE_PLACE_PERCENT)) {
            branches.n = i + 1;
            return branches;
        }
    }
    branches.n = 0;
    return branches;
}

static int64_t blocks_in(const struct calls *calls, size_t n, uint64_t in) {
    int64_t blocks = 0;
    for (size_t i = 0; i < n; i++)
        if (calls[i].in == in)
            mt_saturate_add(&blocks, calls[i].blocks);
    return blocks;
}

/* Returns how many blocks came in sets of one from each branch: n calls from one place. */
static int64_t even_blocks(const struct branches *branches, const struct calls *calls, size_t n) {
    int64_t least = INT64_MAX, sum = 0;
    for (size_t i = 0; i < branches->n; i++) {
        int64_t blocks = blocks_in(calls, n, branches->in[i]);
        least = blocks < least ? blocks : least;
    }
    for (size_t i = 0; i < branches->n; i++)
        mt_saturate_add(&sum, least);
    return sum;
}

struct evidence {
    int64_t blocks, orphans, even;
    struct branches branches;
    size_t n_places, n_functions;
    double least, most; /* mean bytes of a block, over the places that it is called from */
};

static void note_size(struct evidence *e, int64_t bytes, int64_t blocks) {
    double mean = blocks > 0 ? (double)bytes / (double)blocks : 0;
    e->least = e->n_places == 1 || mean < e->least ? mean : e->least;
    e->most = mean > e->most ? mean : e->most;
}

/* calls: in the order of by_caller. */
static void count_callers(struct evidence *e, const struct calls *calls, size_t n) {
    int64_t blocks = 0, bytes = 0;
    for (size_t i = 0, first = 0; i < n; i++) {
        bool is_last = i + 1 == n || calls[i + 1].from != calls[i].from;
        if (!calls[i].caller) {
            mt_saturate_add(&e->orphans, calls[i].blocks);
            first = i + 1;
            continue;
        }
        e->n_functions += i == 0 || calls[i].caller != calls[i - 1].caller;
        mt_saturate_add(&blocks, calls[i].blocks);
        mt_saturate_add(&bytes, calls[i].bytes);
        if (!is_last)
            continue;
        e->n_places++;
        note_size(e, bytes, blocks);
        mt_saturate_add(&e->even, even_blocks(&e->branches, calls + first, i + 1 - first));
        blocks = bytes = 0;
        first = i + 1;
    }
}

static bool says_that_it_allocates(const struct inference *f, uint32_t function) {
    static const char *const words[] = {"malloc",        "calloc", "realloc", "memalign",
                                        "aligned_alloc", "strdup", "strndup", "memdup"};
    const char *name = mt_profile_text(profile_of(f), profile_of(f)->functions[function - 1].name);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i]))
            return true;
    return false;
}

static bool is_from(const struct evidence *e, size_t n_places, size_t n_functions) {
    return e->n_places >= n_places && e->n_functions >= n_functions;
}

/* Reorders calls. */
static bool is_called_as_wrapper(const struct inference *f, struct evidence *e, struct calls *calls,
                                 size_t n) {
    *e = (struct evidence){.blocks = 0};
    for (size_t i = 0; i < n; i++)
        mt_saturate_add(&e->blocks, calls[i].blocks);
    e->branches = find_branches(calls, n, e->blocks);
    qsort(calls, n, sizeof *calls, by_caller);
    count_callers(e, calls, n);
    bool is_sized = e->least < e->most && is_from(e, FEW_PLACES, FEW_FUNCTIONS),
         is_named = is_from(e, NAMED_PLACES, NAMED_FUNCTIONS) &&
                    says_that_it_allocates(f, calls[0].function);
    return (is_sized || is_named || is_from(e, MANY_PLACES, MANY_FUNCTIONS)) &&
           (e->branches.n == 1 ||
            (e->branches.n > 1 && !is_percent(e->even, e->blocks, EVEN_PERCENT))) &&
           is_percent(e->blocks - e->orphans, e->blocks, 100 - ORPHAN_PERCENT);
}

MT_LOOP_BODY static void count_on(struct inference *f, size_t s) {
    const struct mt_frames *frames = f->frames;
    const struct mt_sample *sample = &f->whole->samples[s];
    for (uint32_t i = 0; i < sample->n_frames; i++) {
        uint32_t l = f->whole->frames[sample->first_frame + i];
        if (!f->has_candidate[l])
            continue;
        for (uint32_t e = frames->first_entry[l]; e < frames->first_entry[l + 1]; e++) {
            uint32_t function = frames->entries[e].function;
            if (f->is_candidate[function] && f->charged[s] != function)
                mt_saturate_add(&f->on_path[function], sample->value[f->blocks]);
        }
    }
}

/* Counts in on_path the blocks of the samples that have a candidate on their path. */
static void count_on_path(struct inference *f) {
    const struct mt_frames *frames = f->frames;
    const struct mt_profile *profile = f->whole;
    for (size_t l = 0; l < profile->n_locations; l++)
        for (uint32_t e = frames->first_entry[l]; e < frames->first_entry[l + 1]; e++)
            f->has_candidate[l] |= f->is_candidate[frames->entries[e].function];
    for (size_t s = 0; s < profile->n_samples; s++)
        count_on(f, s);
}

/* Returns those calls, malloc'ed, in the order of by_place_in, whose functions were charged with
 * something in this round. */
static struct calls *touched_calls(const struct inference *f, size_t *n) {
    struct calls *calls = malloc((f->ids.n + 1) * sizeof *calls);
    *n = 0;
    for (size_t i = 0; calls && i < f->ids.n; i++)
        if (f->is_touched[f->calls[i].function])
            calls[(*n)++] = f->calls[i];
    if (calls)
        qsort(calls, *n, sizeof *calls, by_place_in);
    return calls;
}

/* Marks the candidates, with the blocks that are charged to each. Returns how many there are, or
 * -MEMTRACK_ENOMEM. */
static int64_t find_candidates(struct inference *f) {
    size_t n, n_candidates = 0;
    struct calls *calls = touched_calls(f, &n);
    if (!calls)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0, end; i < n; i = end) {
        struct evidence e;
        uint32_t function = calls[i].function;
        for (end = i; end < n && calls[end].function == function; end++)
            ;
        f->is_candidate[function] = is_called_as_wrapper(f, &e, calls + i, end - i);
        f->self[function] = e.blocks;
        n_candidates += f->is_candidate[function];
    }
    free(calls);
    return (int64_t)n_candidates;
}

static bool add_inferred(struct inference *f, uint32_t function) {
    struct mt_frames *frames = f->frames;
    if (!mt_array_grow(&frames->inferred, frames->n_inferred, sizeof *frames->inferred))
        return false;
    frames->inferred[frames->n_inferred++] = (struct mt_inferred){.function = function};
    f->is_inferred[function] = 1;
    return true;
}

/* Turns candidates into wrappers, or into what they were. */
static int judge_candidates(struct inference *f) {
    size_t n_functions = profile_of(f)->n_functions;
    memset(f->on_path, 0, (n_functions + 1) * sizeof *f->on_path);
    memset(f->has_candidate, 0, profile_of(f)->n_locations);
    count_on_path(f);
    for (uint32_t i = 1; i <= n_functions; i++) {
        int64_t all = f->self[i];
        mt_saturate_add(&all, f->on_path[i]);
        bool is_wrapper = f->is_candidate[i] && is_percent(f->self[i], all, SELF_PERCENT);
        f->is_candidate[i] = 0;
        if (is_wrapper && !add_inferred(f, i))
            return -MEMTRACK_ENOMEM;
    }
    return 0;
}

/* ---- a list that was made from another profile ----------------------------------------------- */

static bool is_listed(const struct inference *f, uint32_t function) {
    const struct mt_profile *profile = profile_of(f);
    const struct mt_function *it = &profile->functions[function - 1];
    const char *name = mt_profile_text(profile, it->name),
               *file = basename(mt_profile_text(profile, it->file));
    for (size_t i = 0; i < f->options->n_inferred; i++)
        if (strcmp(f->options->inferred[i].function, name) == 0 &&
            strcmp(basename(f->options->inferred[i].file), file) == 0)
            return true;
    return false;
}

static int take_listed(struct inference *f) {
    for (uint32_t i = 1; i <= profile_of(f)->n_functions; i++)
        if (f->is_touched[i] && is_listed(f, i) && !add_inferred(f, i))
            return -MEMTRACK_ENOMEM;
    return 0;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static struct mt_inferred *find_inferred(const struct inference *f, size_t from,
                                         uint32_t function) {
    for (size_t i = from; i < f->frames->n_inferred; i++)
        if (f->frames->inferred[i].function == function)
            return &f->frames->inferred[i];
    return NULL;
}

/* Leaves in pending the samples that are charged to a wrapper of this round, the from-th and
 * later ones, and adds them up there. */
static void keep_moved(struct inference *f, size_t from) {
    size_t n = 0;
    for (size_t i = 0; i < f->n_pending; i++) {
        uint32_t s = f->pending[i];
        struct mt_inferred *wrapper =
            f->is_inferred[f->charged[s]] ? find_inferred(f, from, f->charged[s]) : NULL;
        if (!wrapper)
            continue;
        f->pending[n++] = s;
        for (size_t v = 0; v < MT_N_VALUES; v++)
            mt_saturate_add(&wrapper->value[v], f->whole->samples[s].value[v]);
    }
    f->n_pending = n;
}

static int judge(struct inference *f) {
    if (f->options->inferred)
        return take_listed(f);
    int64_t n = find_candidates(f);
    return n > 0 ? judge_candidates(f) : (int)n;
}

/* Returns 1 when there may be more to find, 0 when not, or -MEMTRACK_ENOMEM. */
static int go_round(struct inference *f) {
    size_t n_before = f->frames->n_inferred;
    memset(f->is_touched, 0, profile_of(f)->n_functions + 1);
    if (!charge_pending(f))
        return -MEMTRACK_ENOMEM;
    int status = judge(f);
    if (status < 0 || f->frames->n_inferred == n_before)
        return status;
    mt_frames_pass_on(f->frames, f->is_inferred);
    keep_moved(f, n_before);
    return 1;
}

/* The calls of samples that moved stay counted at the wrapper, which is not judged again. Samples
 * without blocks, or with less (in differences), tell nothing. */
static void begin(struct inference *f) {
    const struct mt_profile *profile = f->whole;
    bool has_total = profile->has_value[MT_VALUE_TOTAL_BLOCKS];
    f->blocks = has_total ? MT_VALUE_TOTAL_BLOCKS : MT_VALUE_LIVE_BLOCKS;
    f->bytes = has_total ? MT_VALUE_TOTAL_BYTES : MT_VALUE_LIVE_BYTES;
    for (uint32_t s = 0; s < profile->n_samples; s++)
        if (profile->samples[s].value[f->blocks] > 0)
            f->pending[f->n_pending++] = s;
}

static int allocate(struct inference *f) {
    const struct mt_profile *profile = f->whole;
    size_t n = profile->n_functions + 1;
    f->pending = malloc((profile->n_samples + 1) * sizeof *f->pending);
    f->charged = calloc(profile->n_samples + 1, sizeof *f->charged);
    f->has_candidate = calloc(profile->n_locations + 1, 1);
    f->is_touched = calloc(n, 1);
    f->is_candidate = calloc(n, 1);
    f->is_inferred = calloc(n, 1);
    f->self = calloc(n, sizeof *f->self);
    f->on_path = calloc(n, sizeof *f->on_path);
    return f->pending && f->charged && f->has_candidate && f->is_touched && f->is_candidate &&
                   f->is_inferred && f->self && f->on_path
               ? 0
               : -MEMTRACK_ENOMEM;
}

static void release(struct inference *f) {
    mt_identity_free(&f->ids);
    free(f->calls);
    free(f->pending);
    free(f->charged);
    free(f->has_candidate);
    free(f->is_touched);
    free(f->is_candidate);
    free(f->is_inferred);
    free(f->self);
    free(f->on_path);
}

static int infer(struct mt_frames *frames, const struct mt_wrapper_options *options) {
    const struct mt_profile *profile = frames->profile;
    struct inference f = {
        .frames = frames, .whole = profile->whole ? profile->whole : profile, .options = options};
    int status = allocate(&f);
    if (status == 0) {
        begin(&f);
        status = 1;
    }
    for (int round = 0; status == 1 && round < MOST_ROUNDS; round++)
        status = go_round(&f);
    release(&f);
    return status < 0 ? status : 0;
}

int mt_infer_frames(struct mt_frames *frames, const struct mt_profile *profile,
                    const struct mt_wrapper_options *options) {
    int status = mt_frames_init(frames, profile, options);
    if (status < 0 || options->keep_all)
        return status;
    status = infer(frames, options);
    if (status < 0)
        mt_frames_free(frames);
    return status;
}

/* ---- several profiles ------------------------------------------------------------------------ */

static bool has_name(const struct mt_wrapper_name *names, size_t n, const char *function,
                     const char *file) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i].function, function) == 0 && strcmp(names[i].file, file) == 0)
            return true;
    return false;
}

static int add_names(const struct mt_frames *frames, struct mt_wrapper_name **names, size_t *n) {
    const struct mt_profile *profile = frames->profile;
    for (size_t i = 0; i < frames->n_inferred; i++) {
        const struct mt_function *it = &profile->functions[frames->inferred[i].function - 1];
        const char *function = mt_profile_text(profile, it->name),
                   *file = mt_profile_text(profile, it->file);
        if (has_name(*names, *n, function, file))
            continue;
        if (!mt_array_grow(names, *n, sizeof **names))
            return -MEMTRACK_ENOMEM;
        (*names)[(*n)++] = (struct mt_wrapper_name){function, file};
    }
    return 0;
}

/* A damaged profile has none: whoever shows it tells what is wrong. */
int mt_infer_join(struct mt_wrapper_options *options, const struct mt_profile *const *profiles,
                  size_t n, struct mt_wrapper_name **names) {
    size_t n_names = 0;
    int status = 0;
    *names = NULL;
    if (options->inferred || options->keep_all)
        return 0;
    for (size_t i = 0; i < n && status == 0; i++) {
        struct mt_frames frames;
        if (!mt_frames_are_sound(profiles[i]))
            continue;
        status = mt_infer_frames(&frames, profiles[i], options);
        if (status < 0)
            break;
        status = add_names(&frames, names, &n_names);
        mt_frames_free(&frames);
    }
    static const struct mt_wrapper_name none[1];
    options->inferred = n_names ? *names : none;
    options->n_inferred = n_names;
    return status;
}
