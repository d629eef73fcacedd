/* SPDX-License-Identifier: MIT */
/* Shared by the writer and the reader of pprof files; private to lib/profile. */
#ifndef MT_PROFILE_PPROF_LOCAL_H
#define MT_PROFILE_PPROF_LOCAL_H

#include "base/error.h"
#include "profile/pprof/profile.pb-c.h"
#include "profile/profile.h"

/* Field numbers of Profile, see profile.proto. */
enum mt_pprof_field {
    MT_PPROF_SAMPLE_TYPE = 1,
    MT_PPROF_SAMPLE = 2,
    MT_PPROF_MAPPING = 3,
    MT_PPROF_LOCATION = 4,
    MT_PPROF_FUNCTION = 5,
    MT_PPROF_STRING = 6,
    MT_PPROF_DROP_FRAMES = 7,
    MT_PPROF_TIME_NANOS = 9,
    MT_PPROF_DURATION_NANOS = 10,
    MT_PPROF_PERIOD_TYPE = 11,
    MT_PPROF_PERIOD = 12,
    MT_PPROF_COMMENT = 13,
    MT_PPROF_DEFAULT_SAMPLE_TYPE = 14,
    MT_PPROF_MEMTRACK = 1500,
    MT_PPROF_MODEL = 1501,
    MT_PPROF_TIME_AXIS = 1502,
    MT_PPROF_SCOPES = 1503,
    MT_PPROF_MEMBER = 1504,
    MT_PPROF_LINES = 1505,
};

enum {
    MT_PPROF_VARINT = 0,
    MT_PPROF_FIXED64 = 1,
    MT_PPROF_BYTES = 2,
    MT_PPROF_FIXED32 = 5
}; /* wire types */

enum {
    MT_PPROF_VERSION = 1,
    MT_PPROF_MESSAGE_LIMIT = 16 << 20,
    MT_PPROF_CHUNK = 1 << 16, /* elements of one Model or TimeAxis message */
    MT_PPROF_MARKS = 1 << 10, /* marks of one TimeAxis message */
};

/* Label keys and values that both sides know. */
#define MT_PPROF_KEY_THREAD  "thread"
#define MT_PPROF_KEY_PROCESS "process"
/* By this go tool pprof marks what it subtracts. */
#define MT_PPROF_KEY_BASE    "pprof::base"
#define MT_PPROF_BASE        "true"
#define MT_PPROF_KEY_SCOPE   "scope"
#define MT_PPROF_KEY_DOMAIN  "domain"
#define MT_PPROF_KEY_BYTES   "bytes"
#define MT_PPROF_KEY_STACK   "memtrack_stack"
#define MT_PPROF_TRUNCATED   "truncated"
#define MT_PPROF_LOSSY       "lossy"
#define MT_PPROF_KEY_MISSING "memtrack_missing_frames"
#define MT_PPROF_MALLOC      "malloc"
#define MT_PPROF_LOSSY_FRAME "[lossy]"

/* Makes the extension message of a profile's info, which the callback packs; pointers in the
 * message are into the profile. */
typedef int mt_pprof_emit(void *context, unsigned field, const ProtobufCMessage *message);
int mt_pprof_info_write(const struct mt_profile *profile, mt_pprof_emit *emit, void *context);
int mt_pprof_time_write(const struct mt_profile *profile, mt_pprof_emit *emit, void *context);
int mt_pprof_scopes_write(const struct mt_profile *profile, mt_pprof_emit *emit, void *context);
int mt_pprof_members_write(const struct mt_profile *profile, mt_pprof_emit *emit, void *context);
int mt_pprof_lines_write(const struct mt_profile *profile, mt_pprof_emit *emit, void *context);

/* These take over what a message says. They return 0, -MEMTRACK_ENOMEM, or -MEMTRACK_EFORMAT
 * when the message's columns differ in length. */
int mt_pprof_info_read(struct mt_profile *profile, const Pprof__Memtrack *message);
int mt_pprof_time_read(struct mt_profile *profile, const Pprof__TimeAxis *message);
int mt_pprof_scopes_read(struct mt_profile *profile, const Pprof__Scopes *message);
/* The part of scopes that has info.scopes.calls. */
int mt_pprof_calls_write(const struct mt_profile *profile, mt_pprof_emit *emit, void *context);
int mt_pprof_calls_read(struct mt_profile *profile, const Pprof__FunctionCalls *from);
int mt_pprof_members_read(struct mt_profile *profile, const ProtobufCMessage *message);
/* Returns the type of a message of members; NULL: nobody here reads them. */
const ProtobufCMessageDescriptor *mt_pprof_members_type(void);

/* These turn a string of the profile into bytes of a message, which stay the profile's; and
 * back, where *status is set when out of memory. */
ProtobufCBinaryData mt_pprof_text(const struct mt_profile *profile, mt_string string);
mt_string mt_pprof_text_take(struct mt_profile *profile, ProtobufCBinaryData bytes, int *status);

#endif
