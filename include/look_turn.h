/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_TURN_H
#define DAXTOP_LOOK_TURN_H
/* look_turn.h - how much is looked at between two reads of the ring. Both sides include it. */

/*
 * Things that the iterators of one look have looked at (tasks, descriptors, words of stacks) when a read of one
 * ends, if it has not ended before; and one run of a program looks at so many more at most.
 */
#define LOOK_TURN   4096
#define LOOK_PLACES 16384 /* descriptors of a task */
/* The ring is read again after so many, plus what came until that was noticed: one read, one run. */
#define LOOK_RING_TURN 16384

#endif
