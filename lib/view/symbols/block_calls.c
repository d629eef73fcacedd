/* SPDX-License-Identifier: MIT */
/*
 * The address that a block was recorded by is where its hook has returned to. The instruction before
 * it is the call, and where that leads to is the hook, in this file: the function itself, an entry of
 * the PLT, or a slot that holds its address. All other calls of the same are hooks, too, of blocks
 * that have not run.
 *
 * An optimiser makes a jump of the last call of a function. A hook that was jumped to returns to
 * whoever has called the function, and so another function may look like a hook. Its code tells: it
 * leads to the hook.
 */
#include <string.h>

#include "base/array.h"
#include "view/flow/instruction.h"
#include "view/symbols/blocks-local.h"

enum { DIRECT_BYTES = 5, SLOT_BYTES = 6, FIRST_STEPS = 32 };

/* ---- bytes of the file ----------------------------------------------------------------------- */

const uint8_t *mt_block_calls_bytes(const struct mt_block_file *f, uint64_t address, uint64_t *n) {
    GElf_Shdr header;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(f->elf, section)) != NULL;) {
        if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC) ||
            header.sh_type == SHT_NOBITS || address < header.sh_addr ||
            address - header.sh_addr >= header.sh_size)
            continue;
        const Elf_Data *data = elf_rawdata(section, NULL);
        uint64_t at = address - header.sh_addr;
        if (!data || !data->d_buf || at >= data->d_size)
            return NULL;
        *n = data->d_size - at;
        return (const uint8_t *)data->d_buf + at;
    }
    return NULL;
}

bool mt_block_calls_read(void *context, uint64_t address, void *into, size_t bytes) {
    uint64_t n;
    const uint8_t *from = mt_block_calls_bytes(context, address, &n);
    if (!from || n < bytes)
        return false;
    memcpy(into, from, bytes);
    return true;
}

/* ---- what a hook's call looks like ----------------------------------------------------------- */

static bool is_among(const uint64_t *list, size_t n, uint64_t value) {
    for (size_t i = 0; i < n; i++)
        if (list[i] == value)
            return true;
    return false;
}

static int add_once(uint64_t **list, size_t *n, uint64_t value) {
    if (is_among(*list, *n, value))
        return 0;
    if (!mt_array_grow(list, *n, sizeof **list))
        return -MEMTRACK_ENOMEM;
    (*list)[(*n)++] = value;
    return 0;
}

/* Decodes the instruction of so many bytes that ends at an address. */
static bool decode_before(const struct mt_block_file *f, uint64_t end, unsigned bytes,
                          struct mt_instruction *out) {
    uint8_t code[SLOT_BYTES];
    return end > bytes && mt_block_calls_read((void *)(uintptr_t)f, end - bytes, code, bytes) &&
           mt_instruction_decode(code, bytes, end - bytes, out) && out->bytes == bytes;
}

static bool direct_target(const struct mt_block_file *f, uint64_t end, uint64_t *target) {
    struct mt_instruction call;
    if (!decode_before(f, end, DIRECT_BYTES, &call) || call.kind != MT_INSTRUCTION_CALL)
        return false;
    *target = call.target;
    return true;
}

static int learn_call(struct mt_block_file *f, uint64_t end) {
    struct mt_instruction call;
    uint64_t target;
    if (direct_target(f, end, &target))
        return add_once(&f->targets, &f->n_targets, target);
    if (decode_before(f, end, SLOT_BYTES, &call) && call.kind == MT_INSTRUCTION_CALL_AT &&
        call.memory)
        return add_once(&f->slots, &f->n_slots, call.memory);
    return 0;
}

/* Does the code at this address call or jump to another of the targets? Then the hook was left to
 * return in its place, and the address that was recorded is behind the call of this function. */
static bool leads_to_hook(const struct mt_block_file *f, uint64_t address) {
    uint64_t n, at = address;
    const uint8_t *code = mt_block_calls_bytes(f, address, &n);
    struct mt_instruction i;
    for (unsigned steps = 0; code && steps < FIRST_STEPS; steps++, at += i.bytes) {
        if (!mt_instruction_decode(code + (at - address), n - (at - address), at, &i))
            return false;
        if ((i.kind == MT_INSTRUCTION_CALL || i.kind == MT_INSTRUCTION_JUMP) &&
            i.target != address && is_among(f->targets, f->n_targets, i.target))
            return true;
        if (i.kind == MT_INSTRUCTION_JUMP || i.kind == MT_INSTRUCTION_END)
            return false;
    }
    return false;
}

int mt_block_calls_learn(struct mt_block_file *f) {
    int rc = 0;
    size_t kept = 0;
    for (size_t i = 0; i < f->n && rc == 0; i++)
        rc = learn_call(f, f->blocks[i].address);
    for (size_t i = 0; i < f->n_targets && rc == 0; i++)
        if (leads_to_hook(f, f->targets[i]))
            rc = add_once(&f->wrong, &f->n_wrong, f->targets[i]);
    for (size_t i = 0; i < f->n_targets; i++)
        if (!is_among(f->wrong, f->n_wrong, f->targets[i]))
            f->targets[kept++] = f->targets[i];
    f->n_targets = kept;
    return rc;
}

bool mt_block_calls_are_wrong(const struct mt_block_file *f, uint64_t address) {
    uint64_t target;
    return f->n_wrong && direct_target(f, address, &target) &&
           is_among(f->wrong, f->n_wrong, target);
}
