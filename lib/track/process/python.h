/* SPDX-License-Identifier: MIT */
/*
 * Whether there is a CPython in the process, and where its structures have what is wanted of them.
 * Recognised by what the object that holds it defines (_PyRuntime, Py_Version, the types of its
 * objects), under whatever name, when a call path first leads through that object. One interpreter
 * a process: a second copy of CPython is left alone.
 */
#ifndef MT_TRACK_PYTHON_H
#define MT_TRACK_PYTHON_H

#include "base/atomic.h"
#include "base/os.h"

#include <link.h>

/* Where fields lie, in bytes. */
struct mt_python_layout {
    struct {
        uint16_t thread_id;
        uint16_t frame;  /* the innermost frame, where there is no cframe */
        uint16_t cframe; /* 0: there is none */
        uint16_t cframe_frame, cframe_previous;
    } thread;
    struct {
        uint16_t code, previous, instruction, owner;
        uint16_t is_entry; /* 0: frames of C stand between those of two evaluations */
    } frame;
    struct {
        uint16_t first_line, file, function, lines, first_traceable, instructions;
        uint16_t version; /* a number that no two codes have; 0: there is none */
    } code;
    uint16_t ascii_text, other_text; /* behind the heads of the two forms of str */
    uint16_t key;                    /* of the thread's state, in the runtime */
};

struct mt_python {
    bool is_there; /* stored last: it is recognised, and its lines are to be read */
    uint32_t version;
    uint32_t state;  /* enum mt_python_state */
    uint64_t object; /* where the object that holds it begins; 0: none has been met */
    uint64_t runtime, runtime_bytes;
    uint64_t code_type, text_type, bytes_type;
    struct mt_python_layout at;
};
MT_HIDDEN extern struct mt_python mt_python;

/* Looks whether an object that has just been met, and that begins at start, holds an interpreter.
 * Threads learn of it at their next event. One caller at a time, inside of an event or before any;
 * locks of the recorder may be held. */
MT_HIDDEN void mt_python_look_at(const struct link_map *map, uint64_t start);

/* Forgets the interpreter if it was in the object that has gone from start. */
MT_HIDDEN void mt_python_note_gone(uint64_t start);

/* Tells a new ledger what there is. */
MT_HIDDEN void mt_python_start(void);

/* Tells whether frames of Python are to be looked for. Acquire: what is known of it is seen. */
static inline bool mt_python_is_there(void) {
    return mt_load_acquire(&mt_python.is_there);
}

#endif
