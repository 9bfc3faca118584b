/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_DEVICE_H
#define DAXTOP_DEVICE_H
/* device.h - names of devices; no lock of a device is taken */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "pmem0", "dax0.0" for a kernel's dev_t (major << 20 | minor); "" when there is none. */
void device_name_dev(uint32_t dev, bool character, char *name, size_t len);
/*
 * "pmem0", "dax0.0", "0000:00:04.0" for a range of pfns; "" when there is none. Also of a device
 * that is being unbound.
 */
void device_name(uint64_t pfn, uint64_t nr_pages, char *name, size_t len);
/* What uses the namespace "namespace0.3": "pmem0.3", "dax0.0". false: there is none of that name, or it is idle. */
bool device_of_namespace(const char *ns, char *name, size_t len);
/* The driver that is bound to it ("nd_pmem", "device_dax"); "" when there is none. */
void device_driver(const char *device, char *name, size_t len);
/*
 * The first of the block device @dev (kernel dev_t), those below it (device mapper) and those that it is a partition of that
 * @is_wanted says yes to: in @name. false: none is.
 */
bool device_below(uint32_t dev, bool (*is_wanted)(void *arg, const char *name), void *arg,
		  char *name, size_t len);

#endif
