/* SPDX-License-Identifier: MIT */
/* Strings of a profile in messages, which need not be UTF-8 there: they are bytes. */
#include <string.h>

#include "profile/pprof/pprof-local.h"

ProtobufCBinaryData mt_pprof_text(const struct mt_profile *profile, mt_string string) {
    const char *text = mt_profile_text(profile, string);
    return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)(uintptr_t)text};
}

mt_string mt_pprof_text_take(struct mt_profile *profile, ProtobufCBinaryData bytes, int *status) {
    mt_string string =
        bytes.len ? mt_profile_intern_n(profile, (const char *)bytes.data, bytes.len) : 0;
    if (string == UINT32_MAX) {
        *status = -MEMTRACK_ENOMEM;
        return 0;
    }
    return string;
}
