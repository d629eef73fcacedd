/* SPDX-License-Identifier: MIT */
/*
 * The processes of a tree that was watched, to and from Member messages: of each what is known of
 * it, and its part of the time axis, as a profile of its own has them. A file for each process was
 * rejected: a build has thousands, and who watched it has one question.
 *
 * Views that know nothing of members see their sum, which is the profile around them.
 */
#include <stdbool.h>

#include "profile/pprof/pprof-local.h"

/* A tree is as large as the machine's table of processes at most, and a file may be anybody's. */
enum { MOST_MEMBERS = 1 << 20, MEMBER_BYTES = 6000 /* of one without ticks */ };

/* ---- writing --------------------------------------------------------------------------------- */

struct member {
    const struct mt_profile *profile;
    Pprof__Member message;
    mt_pprof_emit *emit;
    void *context;
    bool is_written;
};

/* The ticks of a member fit one message: who watches keeps fewer (MT_PPROF_CHUNK). Marks, which
 * come in messages of their own, are those of the whole. */
static int write_axis(void *context, unsigned field, const ProtobufCMessage *message) {
    struct member *member = context;
    (void)field;
    if (member->is_written)
        return 0;
    member->message.axis = (Pprof__TimeAxis *)message;
    member->is_written = true;
    return member->emit(member->context, MT_PPROF_MEMBER, &member->message.base);
}

static int write_info(void *context, unsigned field, const ProtobufCMessage *message) {
    struct member *member = context;
    (void)field;
    member->message.info = (Pprof__Memtrack *)message;
    int status = mt_pprof_time_write(member->profile, write_axis, member);
    return status == 0 && !member->is_written
               ? member->emit(member->context, MT_PPROF_MEMBER, &member->message.base)
               : status;
}

/* A part of what the program said of itself, in a message of its own behind the member's. */
static int write_scopes(void *context, unsigned field, const ProtobufCMessage *message) {
    struct member *member = context;
    Pprof__Member more = PPROF__MEMBER__INIT;
    (void)field;
    more.scopes = (Pprof__Scopes *)message;
    return member->emit(member->context, MT_PPROF_MEMBER, &more.base);
}

int mt_pprof_members_write(const struct mt_profile *profile, mt_pprof_emit *emit, void *context) {
    int status = 0;
    for (size_t i = 0; status == 0 && i < profile->n_members; i++) {
        struct member member = {.profile = profile->members[i],
                                .message = PPROF__MEMBER__INIT,
                                .emit = emit,
                                .context = context};
        status = mt_pprof_info_write(member.profile, write_info, &member);
        if (status == 0)
            status = mt_pprof_scopes_write(member.profile, write_scopes, &member);
    }
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

const ProtobufCMessageDescriptor *mt_pprof_members_type(void) {
    return &pprof__member__descriptor;
}

static int read_scopes(struct mt_profile *profile, const Pprof__Scopes *message) {
    struct mt_profile *member =
        profile->n_members ? profile->members[profile->n_members - 1] : NULL;
    if (!member || !message)
        return -MEMTRACK_EFORMAT;
    size_t n_events = member->info.scopes.n_events, n_counters = member->info.scopes.n_counters;
    int status = mt_pprof_scopes_read(member, message);
    profile->member_bytes +=
        (member->info.scopes.n_events - n_events) * sizeof *member->info.scopes.events +
        (member->info.scopes.n_counters - n_counters) * sizeof *member->info.scopes.counters;
    return status;
}

int mt_pprof_members_read(struct mt_profile *profile, const ProtobufCMessage *message) {
    const Pprof__Member *from = (const Pprof__Member *)message;
    if (!from->info)
        return read_scopes(profile, from->scopes);
    if (!from->info->process || from->info->version > MT_PPROF_VERSION)
        return -MEMTRACK_EFORMAT;
    if (profile->n_members == MOST_MEMBERS)
        return -MEMTRACK_ELIMIT;
    struct mt_profile *member = mt_profile_add_member(profile);
    if (!member)
        return -MEMTRACK_ENOMEM;
    int status = mt_pprof_info_read(member, from->info);
    if (status == 0 && from->axis)
        status = mt_pprof_time_read(member, from->axis);
    profile->member_bytes += MEMBER_BYTES + member->info.n_ticks * sizeof *member->info.ticks +
                             member->info.n_marks * sizeof *member->info.marks;
    member->info.n_changes = 0; /* they would be of samples, which a member has none of */
    return status;
}
