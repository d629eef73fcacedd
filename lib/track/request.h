/* SPDX-License-Identifier: MIT */
/*
 * What readers ask of this process through the control line of its ledger: to be read at one
 * instant (a cut), and recording on or off. See the top of ledger/layout.h for the protocol.
 */
#ifndef MT_TRACK_REQUEST_H
#define MT_TRACK_REQUEST_H

#include "track/thread/thread.h"

/* Sets what readers find in the control line of a new process. */
MT_HIDDEN void mt_request_start(bool off);

/* Does what control.request asks for now, which this thread has not acted upon yet. To be called at
 * the beginning of an event, before anything is changed. */
MT_HIDDEN void mt_request_changed(struct mt_thread *t);

/* Lets a dormant process record, since it has been asked to. */
MT_HIDDEN void mt_request_wake(void);

#endif
