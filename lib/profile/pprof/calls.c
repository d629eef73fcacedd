/* SPDX-License-Identifier: MIT */
/*
 * Calls of functions that are scopes, to and from FunctionCalls messages: columns, because there
 * can be hundreds of thousands of calls and few functions. A message has the names of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "profile/pprof/pprof-local.h"
#include "profile/strings.h"

enum { MOST_CALLS = 1 << 14 };

/* ---- writing --------------------------------------------------------------------------------- */

/* The columns of one message, and for each string of the profile its place among the message's
 * names, + 1. */
struct columns {
    uint32_t name[MOST_CALLS], parent[MOST_CALLS];
    uint64_t count[MOST_CALLS], outermost[MOST_CALLS];
    int64_t sum[MOST_CALLS * MT_N_CALL_VALUES], own[MOST_CALLS * MT_N_CALL_VALUES];
    ProtobufCBinaryData function[MOST_CALLS];
};

static void fill(struct columns *c, const struct mt_profile *profile, size_t first, size_t n,
                 uint32_t *place, Pprof__FunctionCalls *to) {
    for (size_t i = 0; i < n; i++) {
        const struct mt_scope_call *call = &profile->info.scopes.calls[first + i];
        if (place[call->name] == 0) {
            c->function[to->n_function++] = mt_pprof_text(profile, call->name);
            place[call->name] = (uint32_t)to->n_function;
        }
        c->name[i] = (place[call->name] - 1) << 1 | call->is_cut;
        c->parent[i] = call->parent != 0 ? (uint32_t)(first + i + 1) - call->parent : 0;
        c->count[i] = call->count;
        c->outermost[i] = call->outermost;
        memcpy(&c->sum[i * MT_N_CALL_VALUES], call->sum, sizeof call->sum);
        memcpy(&c->own[i * MT_N_CALL_VALUES], call->own, sizeof call->own);
    }
    to->function = c->function;
    to->n_name = to->n_parent = to->n_count = to->n_outermost = n;
    to->n_sum = to->n_own = n * MT_N_CALL_VALUES;
    to->name = c->name;
    to->parent = c->parent;
    to->count = c->count;
    to->outermost = c->outermost;
    to->sum = c->sum;
    to->own = c->own;
}

int mt_pprof_calls_write(const struct mt_profile *profile, mt_pprof_emit *emit, void *context) {
    const struct mt_scopes *scopes = &profile->info.scopes;
    size_t n_strings = mt_strings_count(profile->strings);
    if (scopes->n_calls == 0)
        return 0;
    struct columns *columns = malloc(sizeof *columns);
    uint32_t *place = malloc(n_strings * sizeof *place);
    int status = columns && place ? 0 : -MEMTRACK_ENOMEM;
    for (size_t first = 0, n; status == 0 && first < scopes->n_calls; first += n) {
        Pprof__Scopes message = PPROF__SCOPES__INIT;
        Pprof__FunctionCalls calls = PPROF__FUNCTION_CALLS__INIT;
        n = scopes->n_calls - first < MOST_CALLS ? scopes->n_calls - first : MOST_CALLS;
        memset(place, 0, n_strings * sizeof *place);
        fill(columns, profile, first, n, place, &calls);
        message.calls = &calls;
        status = emit(context, MT_PPROF_SCOPES, &message.base);
    }
    free(columns);
    free(place);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool is_whole(const Pprof__FunctionCalls *from) {
    return from->n_parent == from->n_name && from->n_count == from->n_name &&
           from->n_outermost == from->n_name && from->n_sum == from->n_name * MT_N_CALL_VALUES &&
           from->n_own == from->n_sum;
}

static int read_call(struct mt_scopes *scopes, const Pprof__FunctionCalls *from, size_t i,
                     const mt_string *names) {
    struct mt_scope_call call = {
        .is_cut = from->name[i] & 1,
        .count = from->count[i],
        .outermost = from->outermost[i],
    };
    if (from->name[i] >> 1 >= from->n_function || from->parent[i] > scopes->n_calls)
        return -MEMTRACK_EFORMAT;
    call.name = names[from->name[i] >> 1];
    call.parent = from->parent[i] != 0 ? (uint32_t)scopes->n_calls + 1 - from->parent[i] : 0;
    memcpy(call.sum, &from->sum[i * MT_N_CALL_VALUES], sizeof call.sum);
    memcpy(call.own, &from->own[i * MT_N_CALL_VALUES], sizeof call.own);
    return mt_profile_scopes_add_call(scopes, &call);
}

int mt_pprof_calls_read(struct mt_profile *profile, const Pprof__FunctionCalls *from) {
    mt_string *names = malloc((from->n_function + 1) * sizeof *names);
    int status = !names ? -MEMTRACK_ENOMEM : is_whole(from) ? 0 : -MEMTRACK_EFORMAT;
    for (size_t i = 0; status == 0 && i < from->n_function; i++)
        names[i] = mt_pprof_text_take(profile, from->function[i], &status);
    for (size_t i = 0; status == 0 && i < from->n_name; i++)
        status = read_call(&profile->info.scopes, from, i, names);
    free(names);
    return status;
}
