/* SPDX-License-Identifier: MIT */
/*
 * A check as JUnit's XML, which CI servers show beside the tests: a suite per profile, a case per
 * budget. What was run for it has a suite of its own, since some servers look at nothing else, not
 * even at the exit status.
 *
 *   broken                                       <failure>
 *   unknown, or a profile that cannot be read    <error>
 *   doubts                                       <system-out>
 *
 * The case of a broken budget has the file and line that hold most of it, where pytest and PHPUnit
 * have those of the test, for GitLab, CircleCI and the actions that annotate. Of the schemas that
 * go around, some do not know these attributes (Jenkins' plugin xunit enforces its own); the step
 * junit of Jenkins reads them.
 *
 * Written by hand: what is hard about XML here are the characters that it cannot hold even escaped
 * (a file name may have them), and libraries that write it leave these to their caller. They appear
 * as \x1b, as on a terminal.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/check.h"
#include "export/export-local.h"
#include "export/xml-local.h"
#include "view/budget/sentence.h"
#include "view/worktree.h"

struct counts {
    size_t tests, failures, errors;
};

static struct counts count(const struct mt_checked *checked) {
    struct counts n = {0};
    if (checked->problem)
        return (struct counts){.tests = 1, .errors = 1};
    for (size_t i = 0; i < checked->findings.n; i++) {
        n.tests++;
        n.failures += checked->findings.items[i].outcome == MT_OUTCOME_BROKEN;
        n.errors += checked->findings.items[i].outcome == MT_OUTCOME_UNKNOWN;
    }
    return n;
}

/* Writes <TAG type="..." message="...">lines, of which empty ones are left out</TAG>. */
static bool put_outcome(FILE *out, const char *tag, const char *type, const char *message,
                        const char *const lines[3]) {
    fprintf(out, "\n      <%s type=\"%s\" message=\"", tag, type);
    bool done = mt_xml_put(out, message);
    fputs("\">", out);
    for (size_t i = 0; i < 3 && done; i++)
        if (lines[i][0])
            done = (i == 0 || fputc('\n', out) != EOF) && mt_xml_put(out, lines[i]);
    fprintf(out, "</%s>\n    ", tag);
    return done;
}

static bool put_problem(FILE *out, const char *type, const char *message) {
    return put_outcome(out, "error", type, message, (const char *const[]){message, "", ""});
}

/* Attributes that readers take to the line: GitLab, CircleCI and the actions that annotate. */
static bool put_place(FILE *out, const struct mt_finding *finding, const char *root) {
    if (!finding->file[0] || finding->line <= 0)
        return true;
    char *file = mt_worktree_relative(root, finding->file);
    fputs(" file=\"", out);
    bool done = mt_xml_put(out, file ? file : finding->file);
    fprintf(out, "\" line=\"%" PRId64 "\"", finding->line);
    free(file);
    return done;
}

/* The start of a case, but for the ">". */
static bool put_case_start(FILE *out, const struct mt_checked *checked, const char *name,
                           const char *scope) {
    fputs("    <testcase classname=\"memtrack.", out);
    bool done = mt_xml_put(out, checked->program[0] ? checked->program : "profile");
    fprintf(out, "\" name=\"%s", name);
    if (*scope) {
        fputc(' ', out);
        done = done && mt_xml_put(out, scope);
    }
    fputs("\" time=\"0\"", out);
    return done;
}

static bool put_failure(FILE *out, const struct mt_checked *checked,
                        const struct mt_finding *finding, const char *root) {
    char *whole = mt_sentence_whole(finding, root), *claim = mt_sentence_claim(finding),
         *where = mt_sentence_where(finding, root),
         *next = mt_sentence_next(finding, checked->path);
    bool broken = finding->outcome == MT_OUTCOME_BROKEN;
    bool done = whole && claim && where && next &&
                put_outcome(out, broken ? "failure" : "error", broken ? "budget" : "unknown", whole,
                            (const char *const[]){claim, where, next});
    free(whole);
    free(claim);
    free(where);
    free(next);
    return done;
}

static bool put_finding(FILE *out, const struct mt_checked *checked,
                        const struct mt_finding *finding, const char *root) {
    bool done = put_case_start(out, checked, mt_finding_name(finding), finding->scope) &&
                put_place(out, finding, root);
    fputc('>', out);
    if (mt_finding_fails(finding))
        done = done && put_failure(out, checked, finding, root);
    fputs("</testcase>\n", out);
    return done;
}

static bool put_suite(FILE *out, const struct mt_checked *checked, const char *root) {
    const struct mt_findings *findings = &checked->findings;
    struct counts n = count(checked);
    fputs("  <testsuite name=\"", out);
    bool done = mt_xml_put(out, checked->path);
    fprintf(out,
            "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%" PRIu64 ".%03" PRIu64
            "\">\n",
            n.tests, n.failures, n.errors, checked->duration_ns / 1000000000,
            checked->duration_ns / 1000000 % 1000);
    if (checked->problem) {
        done = done && put_case_start(out, checked, "read", "");
        fputc('>', out);
        done = done && put_problem(out, "unreadable", checked->problem);
        fputs("</testcase>\n", out);
    }
    for (size_t i = 0; done && i < findings->n; i++)
        done = put_finding(out, checked, &findings->items[i], root);
    if (findings->n_doubts) {
        fputs("    <system-out>", out);
        for (size_t i = 0; done && i < findings->n_doubts; i++)
            done = mt_xml_put(out, findings->doubts[i]) && fputc('\n', out) != EOF;
        fputs("</system-out>\n", out);
    }
    fputs("  </testsuite>\n", out);
    return done;
}

static bool put_run(FILE *out, const struct mt_check_run *run) {
    const char *name = basename(run->program);
    char *message = mt_export_check_run_message(run);
    bool done = message != NULL, failed = message && *message;
    fputs("  <testsuite name=\"", out);
    done = done && mt_xml_put(out, run->program);
    fprintf(out,
            "\" tests=\"1\" failures=\"0\" errors=\"%d\" time=\"0\">\n    <testcase "
            "classname=\"memtrack.",
            failed);
    done = done && mt_xml_put(out, name);
    fputs("\" name=\"run\" time=\"0\">", out);
    if (failed)
        done = put_problem(out, "status", message) && done;
    fputs("</testcase>\n  </testsuite>\n", out);
    free(message);
    return done;
}

int mt_junit_check(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_checked *checked = thing->check.checked;
    const struct mt_check_run *run = thing->check.run;
    size_t n = thing->check.n;
    struct counts all = {.tests = run != NULL, .errors = run && (run->status || run->problem)};
    for (size_t i = 0; i < n; i++) {
        struct counts one = count(&checked[i]);
        all.tests += one.tests;
        all.failures += one.failures;
        all.errors += one.errors;
    }
    fprintf(stream,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites name=\"memtrack check\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n",
            all.tests, all.failures, all.errors);
    for (size_t i = 0; i < n; i++)
        if (!put_suite(stream, &checked[i], thing->check.root))
            return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing XML");
    if (run && !put_run(stream, run))
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing XML");
    fputs("</testsuites>\n", stream);
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the XML: %m") : 0;
}
