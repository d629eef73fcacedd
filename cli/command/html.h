/* SPDX-License-Identifier: MIT */
/* --html: a page instead of a table. */
#ifndef MT_CLI_COMMAND_HTML_H
#define MT_CLI_COMMAND_HTML_H

#include <argp.h>
#include <stdbool.h>

#include "base/error.h"
#include "page/page.h"
#include "profile/merge.h"
#include "profile/profile.h"
#include "view/sources/sources.h"

enum { MT_KEY_HTML = 0x5000, MT_KEY_SOURCE, MT_KEY_REDACT, MT_KEY_SOURCE_PATH };
enum { MT_HTML_PLACES = 16 };

/* Rows of a table of options, beside "force". */
#define MT_HTML_OPTIONS(group)                                                                     \
    {"html",                                                                                       \
     MT_KEY_HTML,                                                                                  \
     "FILE",                                                                                       \
     MT_HELP_COMMON,                                                                               \
     "Write a page for browsers, with the profile in it. Of /dev/null, write an empty one, "       \
     "which opens what is dropped on it",                                                          \
     group},                                                                                       \
        {"source",                                                                                 \
         MT_KEY_SOURCE,                                                                            \
         NULL,                                                                                     \
         0,                                                                                        \
         "Put the text of the source files into the page of --html",                               \
         group},                                                                                   \
        {"source-path",                                                                            \
         MT_KEY_SOURCE_PATH,                                                                       \
         "DIR[:DIR...]",                                                                           \
         0,                                                                                        \
         "Look for the text of --source in DIR first, by paths and by shorter ends of them "       \
         "(repeatable)",                                                                           \
         group},                                                                                   \
        {"redact",                                                                                 \
         MT_KEY_REDACT,                                                                            \
         NULL,                                                                                     \
         0,                                                                                        \
         "Leave paths, the command line and values that the program set out of the page of "       \
         "--html",                                                                                 \
         group},                                                                                   \
    {                                                                                              \
        "force", MT_KEY_FORCE, NULL, 0, "Replace an existing FILE of --html", group                \
    }

struct mt_html {
    const char *file; /* NULL: no page is asked for */
    bool source, redact;
    const char *places[MT_HTML_PLACES]; /* of --source-path: "DIR:DIR" */
    size_t n_places;                    /* that were given, which may be more */
    bool is_quiet;                      /* where the page is, is not said */
};

/* Returns whether the key was one of the options. */
bool mt_html_parse(int key, const char *text, struct mt_html *html);
/* Ends with an error when sources are looked for that are not wanted, or in too many places. */
void mt_html_check_places(const struct argp_state *state, const struct mt_html *html);
/* Does that, and ends with an error when something is asked of a page that is not. */
void mt_html_check(const struct argp_state *state, const struct mt_html *html, bool force);

/* What a page keeps of several processes: it can be asked for everything. */
extern const struct mt_merge_keep mt_html_keep;

/* One side of the page: a profile that was read, and what becomes of it. */
struct mt_html_side {
    const char *name; /* as the user called it */
    const char *path; /* that was read; NULL: of several files */
    size_t n_read;    /* mt_html_weigh when it had been read, before it got names */
    void *bytes;      /* private */
    size_t n_bytes;
};
/* Returns how much the profile says; more when names were found for its addresses. */
size_t mt_html_weigh(const struct mt_profile *profile);
/* Fills the side's bytes: the file as it is, or the profile written anew when it is not the file's
 * any more. profile: with its names. is_merged: of several files. Returns 0 or a negative error. */
int mt_html_take(struct mt_html_side *side, const struct mt_profile *profile, bool is_merged,
                 bool redact, struct mt_error *error);
void mt_html_free(struct mt_html_side *side);

/* Collects the sources that were asked for, and redacts profile and sources; patterns of the
 * options' wrappers become the profile's. Returns 0 or a negative error. sources: the caller's to
 * free, also after an error. */
int mt_html_prepare(const struct mt_html *html, struct mt_profile *profile,
                    const struct mt_view_options *view, struct mt_sources *sources,
                    struct mt_error *error);

/* Writes the page, and says where it is. Returns 0 or a negative error. */
int mt_html_write(const char *program, const struct mt_html *html, bool force,
                  const struct mt_page_data *page, struct mt_error *error);

#endif
