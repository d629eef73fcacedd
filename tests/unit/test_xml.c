/* SPDX-License-Identifier: MIT */
/* Names of files and threads in SVG and JUnit: whatever their bytes, a parser of XML reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "export/xml-local.h"

static void check(const char *raw, const char *expected) {
    char *text = mt_xml_escape(raw);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void marks_up(void **state) {
    (void)state;
    check("", "");
    check("/opt/größe/app", "/opt/größe/app");
    check("std::map<int, \"R&D\">", "std::map&lt;int, &quot;R&amp;D&quot;&gt;");
    check("]]>&amp;", "]]&gt;&amp;amp;");
}

static void holds_no_character_that_xml_forbids(void **state) {
    (void)state;
    check("red \x1b[31m", "red \\x1b[31m");
    check("\xef\xbf\xbe and \xef\xbf\xbf", "\xef\xbf\xbd and \xef\xbf\xbd");
    check("\xef\xbf\xbc", "\xef\xbf\xbc");
    char raw[256], *text;
    for (int c = 1; c < 256; c++)
        raw[c - 1] = (char)c;
    raw[255] = '\0';
    assert_non_null(text = mt_xml_escape(raw));
    for (const char *at = text; *at; at++)
        assert_true((unsigned char)*at >= ' ');
    free(text);
}

/* An entity is one character of what is seen, and is never cut. */
static void shortens_what_is_seen(void **state) {
    (void)state;
    char *text = mt_xml_escape_shortened("/usr/lib/a<b>&c", 9);
    assert_string_equal(text, "…/a&lt;b&gt;&amp;c");
    free(text);
    text = mt_xml_escape_shortened("<&>", 3);
    assert_string_equal(text, "&lt;&amp;&gt;");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_up),
        cmocka_unit_test(holds_no_character_that_xml_forbids),
        cmocka_unit_test(shortens_what_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
