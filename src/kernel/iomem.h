/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_IOMEM_H
#define DAXTOP_IOMEM_H
/* iomem.h - devices of ranges of pfns, from the lines of /proc/iomem in @f; no other I/O */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* As device_name() and device_of_namespace() in source.h. */
void iomem_device(FILE *f, uint64_t pfn, uint64_t nr_pages, char *name, size_t len);
bool iomem_device_of_namespace(FILE *f, const char *ns, char *name, size_t len);

#endif
