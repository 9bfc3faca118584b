/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_FRAME_H
#define DAXTOP_FRAME_H
/* frame.h - one frame of a stack, with what is known of its address */
#include <stdint.h>

#define STACK_FRAMES 32

struct stack_frame {
	uint64_t addr; /* of a process; of the kernel 0 */
	uint64_t offset; /* into the function */
	const char *name; /* hostile bytes; NULL: not known */
	const char *in; /* kernel module or user file, hostile bytes; NULL: the kernel itself, or not known */
	const char *why; /* hostile bytes if a file told it: why name or file is not known, where that is worth saying; else NULL */
};

#endif
