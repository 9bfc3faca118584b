/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_BADBLOCKS_H
#define DAXTOP_LOOK_BADBLOCKS_H
/* badblocks.h - what the kernel knows to be bad of a block device */
#include <stdint.h>

/* Bytes in bad blocks of @device ("pmem0"), as far as sysfs lists them; -1: it is no block device, or keeps none. */
int64_t badblocks_bytes(const char *device);

#endif
