/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_BADBLOCKS_H
#define DAXTOP_LOOK_BADBLOCKS_H
/* badblocks.h - what the kernel knows to be bad of a device */
#include <stdint.h>

/*
 * Bytes in bad blocks of @device ("pmem0", "dax0.0"), as far as sysfs (@sys: "/sys") lists them; -1: it is neither a block
 * device nor in an NVDIMM region, or keeps none.
 */
int64_t badblocks_bytes(const char *sys, const char *device);

#endif
