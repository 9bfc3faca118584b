// SPDX-License-Identifier: GPL-2.0-only
/* look_todo.c - what is still to come; weak, so that the real ones win */
#include "look.h"

#define TODO(name) \
	__attribute__((weak)) int name(struct look *l, struct scan *s, look_stop *stop) \
	{ \
		(void)l, (void)s, (void)stop; \
		return 0; \
	}
TODO(look_mappings)
TODO(look_objects)
TODO(look_requests)
TODO(look_rdma)
TODO(look_waits)
