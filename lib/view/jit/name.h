/* SPDX-License-Identifier: MIT */
/* What compilers call their code, as people call it. Private to lib/view/jit. */
#ifndef MT_VIEW_JIT_NAME_H
#define MT_VIEW_JIT_NAME_H

#include "view/jit/owners.h"

struct mt_jit_name {
    char function[MT_OWNERS_NAME_BYTES + 1];
    char file[MT_OWNERS_NAME_BYTES + 1]; /* "": not told */
    int line;                            /* where the function begins; 0: not told */
};

/*
 *   V8        JS:~parse /x/app.js:12:3         parse, /x/app.js, line 12 (the mark tells the compiler)
 *             LazyCompile:*parse file:///x/…   the same, and without "file://"
 *             Script:~ /x/app.js:1:1           (top level), /x/app.js, line 1
 *   Python    py::load_rows:/x/app.py          load_rows, /x/app.py
 *   Java      Lcom/foo/Bar;::baz               com.foo.Bar.baz
 *             int com.foo.Bar.baz(long)        com.foo.Bar.baz(long)
 *   .NET      void [app] A.B::C(int)[Tier0]    A.B::C(int)
 *   other     any text                         any text
 */
void mt_jit_name_decode(const char *text, struct mt_jit_name *name);

#endif
