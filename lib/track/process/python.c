/* SPDX-License-Identifier: MIT */
/*
 * The layouts are those of the headers of CPython 3.11.2, 3.11.7, 3.12.1 and 3.13.0, of 64-bit
 * builds. 3.13 says itself where most of it is (_Py_DebugOffsets, made for debuggers); what it does
 * not say is as in its headers. A build that is laid out in another way is refused: one without the
 * GIL says so (3.13), and of any other the frames do not pass the checks of python/chain.c, so that
 * nothing is read of them but words which are there.
 */
#include "track/process/python.h"

#include "base/symbol.h"
#include "base/text.h"
#include "track/ground/state.h"

struct mt_python mt_python;

static const struct mt_python_layout layout_3_11 = {
    .thread = {.thread_id = 152, .cframe = 56, .cframe_frame = 8, .cframe_previous = 16},
    .frame = {.code = 32, .previous = 48, .instruction = 56, .owner = 69, .is_entry = 68},
    .code = {.first_line = 72,
             .file = 112,
             .function = 128,
             .lines = 136,
             .first_traceable = 168,
             .instructions = 184},
    .ascii_text = 48,
    .other_text = 72,
    .key = 592,
};

static const struct mt_python_layout layout_3_12 = {
    .thread = {.thread_id = 136, .cframe = 56, .cframe_frame = 0, .cframe_previous = 8},
    .frame = {.code = 0, .previous = 8, .instruction = 56, .owner = 70},
    .code = {.first_line = 68,
             .file = 112,
             .function = 128,
             .lines = 136,
             .first_traceable = 176,
             .instructions = 192,
             .version = 92},
    .ascii_text = 40,
    .other_text = 56,
    .key = 1544,
};

static const struct mt_python_layout layout_3_13 = {
    .thread = {.thread_id = 152, .frame = 72},
    .frame = {.code = 0, .previous = 8, .instruction = 56, .owner = 70},
    .code = {.first_line = 68,
             .file = 112,
             .function = 128,
             .lines = 136,
             .first_traceable = 184,
             .instructions = 200,
             .version = 92},
    .ascii_text = 40,
    .other_text = 56,
    .key = 2160,
};

/* How _Py_DebugOffsets of 3.13 begins, at the beginning of _PyRuntime. */
struct debug_offsets {
    char cookie[8];
    uint64_t version, has_no_gil;
    uint64_t runtime[3], interpreter[13];
    struct {
        uint64_t size, previous, next, interpreter, frame, thread_id, rest[3];
    } thread;
    struct {
        uint64_t size, previous, code, instruction, locals, owner;
    } frame;
    struct {
        uint64_t size, file, name, function, lines, first_line, rest[3], instructions;
    } code;
};

static bool is_offset(uint64_t offset) {
    return offset < MT_OS_PAGE;
}

/* Takes from the interpreter's own word what it tells. Returns false when that is no such word, or
 * is of a build without the GIL, in which frames of other threads change under one's hands. */
static bool take_debug_offsets(struct mt_python_layout *at, uint64_t runtime) {
    struct debug_offsets o = {.cookie = {0}};
    if (!mt_os_copy(&o, (const void *)runtime, sizeof o) ||
        !mt_text_same(o.cookie, "xdebugpy", sizeof o.cookie) || o.has_no_gil != 0)
        return false;
    const uint64_t told[] = {o.thread.frame,    o.thread.thread_id,  o.frame.previous,
                             o.frame.code,      o.frame.instruction, o.frame.owner,
                             o.code.file,       o.code.function,     o.code.lines,
                             o.code.first_line, o.code.instructions};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (!is_offset(told[i]))
            return false;
    /* What is not told lies right before the instructions, and behind the first line. */
    at->code.first_traceable += (uint16_t)(o.code.instructions - at->code.instructions);
    at->thread.frame = (uint16_t)o.thread.frame;
    at->thread.thread_id = (uint16_t)o.thread.thread_id;
    at->frame.previous = (uint16_t)o.frame.previous;
    at->frame.code = (uint16_t)o.frame.code;
    at->frame.instruction = (uint16_t)o.frame.instruction;
    at->frame.owner = (uint16_t)o.frame.owner;
    at->code.file = (uint16_t)o.code.file;
    at->code.function = (uint16_t)o.code.function;
    at->code.lines = (uint16_t)o.code.lines;
    at->code.first_line = (uint16_t)o.code.first_line;
    at->code.instructions = (uint16_t)o.code.instructions;
    return true;
}

/* Finds the layout of a version. Returns false when there is none. */
static bool find_layout(struct mt_python *p) {
    switch (p->version >> 16) {
    case 0x030b:
        p->at = layout_3_11;
        return true;
    case 0x030c:
        p->at = layout_3_12;
        return true;
    case 0x030d:
        p->at = layout_3_13;
        return take_debug_offsets(&p->at, p->runtime);
    default:
        return false;
    }
}

static uint64_t address_of(const struct link_map *map, const char *name) {
    const ElfW(Sym) *s = mt_symbol_find(map, name);
    return s != NULL && ELF64_ST_TYPE(s->st_info) == STT_OBJECT ? map->l_addr + s->st_value : 0;
}

/* Versions before 3.11 do not tell which one they are, and are not read. */
static bool find_parts(struct mt_python *p, const struct link_map *map) {
    uint64_t version = address_of(map, "Py_Version"), number = 0;
    p->code_type = address_of(map, "PyCode_Type");
    p->text_type = address_of(map, "PyUnicode_Type");
    p->bytes_type = address_of(map, "PyBytes_Type");
    if (version != 0 && mt_os_copy(&number, (const void *)version, sizeof number))
        p->version = (uint32_t)number;
    return p->version != 0 && p->code_type != 0 && p->text_type != 0 && p->bytes_type != 0;
}

void mt_python_start(void) {
    if (mt_python.object == 0)
        return;
    mt_state.header->python_version = mt_python.version;
    mt_store_relaxed(&mt_state.header->python_state, mt_python.state); /* readers need no order */
}

void mt_python_look_at(const struct link_map *map, uint64_t start) {
    const ElfW(Sym) *runtime = mt_python.object == 0 ? mt_symbol_find(map, "_PyRuntime") : NULL;
    if (runtime == NULL || ELF64_ST_TYPE(runtime->st_info) != STT_OBJECT)
        return;
    struct mt_python p = {.object = start,
                          .runtime = map->l_addr + runtime->st_value,
                          .runtime_bytes = runtime->st_size,
                          .state = MT_PYTHON_UNKNOWN};
    bool is_known = find_parts(&p, map) && find_layout(&p);
    if (is_known)
        p.state = mt_state.options.python ? MT_PYTHON_READ : MT_PYTHON_OFF;
    if (!mt_state.options.has_python_malloc)
        p.state |= MT_PYTHON_POOLS;
    mt_python = p;
    mt_python_start();
    if (!is_known || !mt_state.options.python)
        return;
    mt_store_release(&mt_python.is_there, true); /* whoever sees it sees the rest */
    mt_state_changed();
}

void mt_python_note_gone(uint64_t start) {
    if (mt_python.object != start)
        return;
    mt_store_release(&mt_python.is_there, false);
    mt_python.object = 0;
}
