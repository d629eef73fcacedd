/* SPDX-License-Identifier: MIT */
/* Generated code without names, and what would give it some. */
#ifndef MT_VIEW_SUMMARY_NAMELESS_H
#define MT_VIEW_SUMMARY_NAMELESS_H

#include "profile/profile.h"

/*
 * When a tenth or more of the bytes at the peak lie on call paths through generated code that has no
 * name, appends a note to the profile that says how many, and the options of the virtual machine
 * that would name it. To be called when symbols have been resolved. 0 or -MEMTRACK_ENOMEM.
 */
int mt_nameless_note(struct mt_profile *profile);

#endif
