/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: bytes are read as a profile; what is accepted is written, read again, and must be the
 * same model. Inputs are plain protobufs and gzip'd ones alike, but only the former get far:
 * mutations break the checksum.
 *
 *   cmake --preset fuzz && cmake --build --preset fuzz --target fuzz_pprof
 */
#include "fuzz-check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct mt_profile *p;
    struct mt_error error;
    if (mt_pprof_read_memory(data, size, &p, &error) < 0)
        require(p == NULL && error.message[0]);
    else
        check_round_trip(p);
    return 0;
}
