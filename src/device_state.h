/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_DEVICE_STATE_H
#define DAXTOP_DEVICE_STATE_H
/* device_state.h - why a device has no ZONE_DEVICE memory, as sysfs tells it */
#include <stddef.h>

/*
 * "it is system RAM (driver kmem): ...": a clause for a sentence about the device @name ("dax0.0", "pmem0"), safe to
 * print; "": nothing is known. @sys is "/sys", @proc "/proc". Returns @out; DEVICE_STATE_MAX bytes suffice.
 */
#define DEVICE_STATE_MAX 1024
char *device_state(char *out, size_t outlen, const char *sys, const char *proc, const char *name);

#endif
