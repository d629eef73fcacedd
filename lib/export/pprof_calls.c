/* SPDX-License-Identifier: MIT */
/* Calls of functions that are scopes as pprof: profile/pprof/call_tree.h. */
#include "export/export-local.h"
#include "profile/pprof/call_tree.h"

int mt_pprof_calls(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    if (fflush(stream) != 0)
        return mt_export_finish(stream, true, error);
    return mt_pprof_call_tree_write(thing->calls, fileno(stream), error);
}
