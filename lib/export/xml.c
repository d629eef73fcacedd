/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "export/xml-local.h"
#include "view/format/format.h"

static const char *entity_of(char c) {
    return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : NULL;
}

bool mt_xml_put(FILE *stream, const char *raw) {
    char *visible = mt_format_visible(raw, true);
    for (const char *c = visible; c && *c; c++) {
        const char *entity = entity_of(*c);
        if (strncmp(c, "\xef\xbf\xbe", 3) == 0 || strncmp(c, "\xef\xbf\xbf", 3) == 0) {
            fputs("\xef\xbf\xbd", stream); /* U+FFFE and U+FFFF are characters, but not of XML */
            c += 2;
        } else if (entity)
            fputs(entity, stream);
        else
            fputc(*c, stream);
    }
    free(visible);
    return visible != NULL;
}

char *mt_xml_escape(const char *raw) {
    char *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    bool done = stream && mt_xml_put(stream, raw);
    if (stream && (fclose(stream) != 0 || !done)) {
        free(text);
        return NULL;
    }
    return text;
}

char *mt_xml_escape_shortened(const char *raw, size_t columns) {
    char *visible = mt_format_visible(raw, true);
    char *shortened = visible ? mt_format_shorten_path(visible, columns, "…") : NULL;
    char *text = shortened ? mt_xml_escape(shortened) : NULL;
    free(visible);
    free(shortened);
    return text;
}
