/* SPDX-License-Identifier: MIT */
/*
 * The past of a process that memtrack run watches, for who reads it from outside. The watching
 * process keeps ticks and compositions in its memory; it listens on a socket that is named by the
 * directory of the ledgers, and hands a copy to its own user and to root. Nothing is done until
 * somebody asks.
 */
#ifndef MT_WATCH_PAST_H
#define MT_WATCH_PAST_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "profile/profile.h"
#include "watch/ticker.h"

/* Returns a socket to be waited on, and given to mt_past_answer; -1 when there can be none: then
 * nobody learns of the past. directory is a descriptor of that of the ledgers. */
int mt_past_listen(int directory);

/* Answers one who has asked, if there is one, in a process of its own. socket may be -1. */
void mt_past_answer(int socket, const struct mt_ticker *ticker);

/*
 * Reads a running process as mt_ledger_live_profile does, with what is known of its past: the time
 * axis until now and the compositions. Where nobody keeps it, there is none, and this is no error.
 * *is_known (may be NULL) says which. Errors of mt_ledger_live_profile.
 */
int mt_past_profile(pid_t pid, struct mt_profile **out, bool *is_known, struct mt_error *error);

#endif
