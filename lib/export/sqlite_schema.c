/* SPDX-License-Identifier: MIT */
/*
 * Tables have names in the singular, and hold what was recorded. Views have names in the plural,
 * and are the groups of memtrack report: their columns have the names of its JSON. A sample is
 * charged to the frame with which its call path ends.
 */
#include "export/sqlite_schema.h"

#define FIGURES                                                                                    \
    "live_bytes INTEGER NOT NULL, live_blocks INTEGER NOT NULL, peak_bytes INTEGER NOT NULL, "     \
    "peak_blocks INTEGER NOT NULL, total_bytes INTEGER NOT NULL, total_blocks INTEGER NOT NULL, "  \
    "temporary_blocks INTEGER NOT NULL, max_bytes INTEGER NOT NULL, waste_bytes INTEGER NOT NULL"

#define SUMS                                                                                       \
    "sum(live_bytes) AS live_bytes, sum(live_blocks) AS live_blocks, "                             \
    "sum(peak_bytes) AS peak_bytes, sum(peak_blocks) AS peak_blocks, "                             \
    "sum(total_bytes) AS total_bytes, sum(total_blocks) AS total_blocks, "                         \
    "sum(temporary_blocks) AS temporary_blocks, sum(max_bytes) AS max_bytes, "                     \
    "sum(waste_bytes) AS waste_bytes"

#define CHARGED                                                                                    \
    " FROM sample JOIN stack ON stack.id = sample.stack JOIN frame ON frame.id = stack.frame "     \
    "JOIN function ON function.id = frame.function LEFT JOIN module ON module.id = frame.module "

const char mt_sqlite_schema_tables[] =
    "CREATE TABLE info(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE module(id INTEGER PRIMARY KEY, path TEXT NOT NULL, name TEXT NOT NULL, "
    "build_id TEXT NOT NULL);"
    "CREATE TABLE function(id INTEGER PRIMARY KEY, name TEXT NOT NULL, file TEXT NOT NULL);"
    "CREATE TABLE frame(id INTEGER PRIMARY KEY, function INTEGER NOT NULL REFERENCES function, "
    "line INTEGER NOT NULL, module INTEGER REFERENCES module, address INTEGER NOT NULL, "
    "is_inlined INTEGER NOT NULL, key TEXT NOT NULL);"
    "CREATE TABLE stack(id INTEGER PRIMARY KEY, parent INTEGER REFERENCES stack, "
    "frame INTEGER NOT NULL REFERENCES frame, last INTEGER NOT NULL);"
    "CREATE TABLE sample(id INTEGER PRIMARY KEY, stack INTEGER NOT NULL REFERENCES stack, "
    "thread TEXT NOT NULL, scope TEXT NOT NULL, domain TEXT NOT NULL, process TEXT NOT NULL, "
    "size TEXT NOT NULL, " FIGURES ");"
    "CREATE TABLE thread(tid INTEGER NOT NULL, name TEXT NOT NULL, n_threads INTEGER NOT NULL);"
    "CREATE TABLE tick(id INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, "
    "live_bytes INTEGER NOT NULL, total_blocks INTEGER NOT NULL, rss_bytes INTEGER, "
    "pss_bytes INTEGER, swap_bytes INTEGER, anon_bytes INTEGER);"
    "CREATE TABLE change(tick INTEGER NOT NULL REFERENCES tick, "
    "sample INTEGER NOT NULL REFERENCES sample, live_bytes INTEGER NOT NULL, "
    "live_blocks INTEGER NOT NULL);"
    "CREATE TABLE mark(time_ns INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL);"
    "CREATE TABLE counter(time_ns INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, "
    "tid INTEGER NOT NULL);"
    "CREATE TABLE scope(name TEXT NOT NULL, is_process INTEGER NOT NULL, "
    "n_threads INTEGER NOT NULL, count INTEGER NOT NULL, errors INTEGER NOT NULL, "
    "net_bytes INTEGER NOT NULL, peak_bytes_max INTEGER NOT NULL, "
    "allocated_bytes INTEGER NOT NULL, allocated_blocks INTEGER NOT NULL, "
    "freed_bytes INTEGER NOT NULL, duration_ns INTEGER NOT NULL, cpu_ns INTEGER NOT NULL, "
    "own_net_bytes INTEGER NOT NULL, own_allocated_bytes INTEGER NOT NULL, "
    "own_duration_ns INTEGER NOT NULL, group_name TEXT NOT NULL, file TEXT, line INTEGER, "
    "recursive INTEGER NOT NULL, misuses INTEGER NOT NULL, error TEXT, "
    "latest_before_bytes INTEGER, latest_after_bytes INTEGER, duration_ns_min INTEGER, "
    "duration_ns_max INTEGER NOT NULL, duration_ns_stddev INTEGER, "
    "unmeasured INTEGER NOT NULL);"
    "CREATE TABLE scope_event(id INTEGER PRIMARY KEY, serial INTEGER NOT NULL, "
    "name TEXT NOT NULL, tid INTEGER NOT NULL, time_ns INTEGER NOT NULL, "
    "duration_ns INTEGER NOT NULL, net_bytes INTEGER NOT NULL, peak_bytes INTEGER NOT NULL);"
    "CREATE TABLE scope_key(event INTEGER NOT NULL REFERENCES scope_event, key TEXT NOT NULL, "
    "value TEXT NOT NULL);";

/* min(sample.id) makes the columns beside it those of a group's first sample, as in a report. */
const char mt_sqlite_schema_views[] =
    "CREATE INDEX sample_stack ON sample(stack);"
    "CREATE INDEX stack_parent ON stack(parent);"
    "CREATE INDEX stack_frame ON stack(frame);"
    "CREATE INDEX frame_function ON frame(function);"
    "CREATE INDEX function_name ON function(name);"
    "CREATE INDEX change_sample ON change(sample, tick);"
    "CREATE VIEW lines AS SELECT frame.key AS key, function.name AS function, "
    "function.file AS file, frame.line AS line, coalesce(module.path, '') AS module, " SUMS
    ", min(sample.id) AS sample" CHARGED "GROUP BY frame.key, CASE function.file WHEN '' THEN "
    "module.id END;"
    "CREATE VIEW functions AS SELECT function.name AS function, function.file AS file, "
    "coalesce(module.path, '') AS module, " SUMS ", min(sample.id) AS sample" CHARGED
    "GROUP BY function.id, CASE function.file WHEN '' THEN module.id END;"
    "CREATE VIEW files AS SELECT function.file AS file, coalesce(module.path, '') AS module, " SUMS
    ", min(sample.id) AS sample" CHARGED
    "GROUP BY function.file, CASE function.file WHEN '' THEN module.id END;"
    "CREATE VIEW modules AS SELECT coalesce(module.path, '') AS module, " SUMS CHARGED
    "GROUP BY module.id;"
    "CREATE VIEW threads AS SELECT thread, " SUMS " FROM sample GROUP BY thread;"
    "CREATE VIEW scopes AS SELECT scope, " SUMS " FROM sample GROUP BY scope;"
    "CREATE VIEW domains AS SELECT domain, " SUMS " FROM sample GROUP BY domain;"
    "CREATE VIEW sizes AS SELECT size, " SUMS " FROM sample GROUP BY size;"
    "CREATE VIEW processes AS SELECT process, " SUMS " FROM sample GROUP BY process;"
    "CREATE VIEW totals AS SELECT " SUMS " FROM sample;"
    "CREATE VIEW paths AS WITH RECURSIVE path(stack, text) AS ("
    "SELECT stack.id, function.name FROM stack JOIN frame ON frame.id = stack.frame "
    "JOIN function ON function.id = frame.function WHERE parent IS NULL UNION ALL "
    "SELECT stack.id, path.text || ';' || function.name FROM path JOIN stack ON "
    "stack.parent = path.stack JOIN frame ON frame.id = stack.frame "
    "JOIN function ON function.id = frame.function) "
    "SELECT stack, text AS path FROM path;";
