/* SPDX-License-Identifier: MIT */
/*
 * Frames of an interpreter, and of the code that it runs. A person who asks which line of a Python
 * program holds the memory means a line of Python: the interpreter's own functions below it, and
 * those of the modules written in C that it calls, are a library to that person.
 */
#ifndef MT_VIEW_ROWS_INTERPRETERS_H
#define MT_VIEW_ROWS_INTERPRETERS_H

enum mt_interpreters_part {
    MT_INTERPRETERS_NONE,    /* neither */
    MT_INTERPRETERS_LIBRARY, /* the interpreter, or code that is passed on to who calls it */
    MT_INTERPRETERS_LINE     /* a line of interpreted code */
};

/* Returns what a frame is of, by its module's path and its file; "" where they are not known. */
enum mt_interpreters_part mt_interpreters_judge(const char *module, const char *file);

#endif
