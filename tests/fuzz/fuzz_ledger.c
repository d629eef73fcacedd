/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: a well-formed ledger, damaged by the input, is opened and converted. A random file would hardly get past
 * the magic number, so the input is a list of patches: 3 bytes offset, 1 byte length and kind, 4 bytes value.
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Ilib -Itests/unit tests/fuzz/fuzz_ledger.c \
 *     lib/base/error.c lib/ledger/reader.c lib/profile/{profile,strings,from_ledger,ledger_info}.c -lm -o fuzz_ledger
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "ledger-fixture.h"
#include "profile/from_ledger.h"

enum { PATCH_BYTES = 8, CUT = 0x80 };

static void build(struct fixture *f) {
    fixture_setup(f);
    rmdir(f->directory); /* the image never becomes a named file here */
    mt_node_id node = MT_NODE_ROOT;
    for (uint64_t i = 0; i < 40; i++) {
        node = fixture_node(f, i % 8 ? node : i % 16 ? MT_NODE_TRUNCATED : MT_NODE_ROOT, 0x401000 + i * 16, i % 3);
        struct mt_site *site = fixture_site(f, node, i + 1, 1u << i % 12);
        site->origin = (uint16_t)(1 + i % 2);
    }
}

static void patch(const struct fixture *f, int fd, const uint8_t *input, size_t bytes) {
    size_t size = f->bytes;
    for (; bytes >= PATCH_BYTES; input += PATCH_BYTES, bytes -= PATCH_BYTES) {
        size_t offset = (size_t)(input[0] | input[1] << 8 | input[2] << 16) % f->bytes;
        size_t length = 1u << (input[3] & 3);
        uint8_t value[8] = {input[4], input[5], input[6], input[7], input[4], input[5], input[6], input[7]};
        if (input[3] & CUT)
            size = offset;
        else if (pwrite(fd, value, length, (off_t)offset) < 0)
            abort();
    }
    if (ftruncate(fd, (off_t)size) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    static struct fixture f;
    if (!f.image)
        build(&f);
    int fd = memfd_create("fuzz.ledger", MFD_CLOEXEC);
    if (fd < 0 || write(fd, f.image, f.bytes) != (ssize_t)f.bytes)
        abort();
    patch(&f, fd, input, bytes);
    struct mt_ledger *ledger;
    struct mt_ledger_map map;
    struct mt_profile *profile;
    struct mt_error error;
    if (mt_ledger_open_fd(fd, "fuzz.ledger", &ledger, &error) != 0)
        return 0;
    if (mt_profile_from_ledger_mapped(ledger, &profile, &map, &error) == 0) {
        uint64_t peak = 0;
        for (size_t i = 0; i < profile->n_samples; i++)
            peak += (uint64_t)profile->samples[i].value[MT_VALUE_PEAK_BYTES];
        if (peak != profile->info.totals.peak_bytes)
            abort();
        mt_ledger_map_free(&map);
        mt_profile_free(profile);
    }
    mt_ledger_close(ledger);
    return 0;
}
