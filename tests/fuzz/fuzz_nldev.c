// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_nldev.c - answers of rdma netlink */
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "kernel/nldev.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nldev r = {};
	void *reply;

	if (!size)
		return 0;
	/* aligned, and nothing behind it */
	reply = malloc(size);
	promise(reply);
	memcpy(reply, data, size);
	if (nldev_parse(&r, NLDEV_DEVICES, reply, size) >= 0)
		r.device = r.nr_devices ? r.devices[0].index : 7;
	nldev_parse(&r, NLDEV_REGIONS, reply, size);
	for (size_t i = 0; i < r.nr_devices; i++)
		promise(strlen(r.devices[i].name) < sizeof(r.devices[i].name));
	for (size_t i = 0; i < r.nr_regions; i++)
		promise(!r.regions[i].tgid && r.regions[i].device == r.device);
	nldev_free(&r);
	free(reply);
	return 0;
}
