// SPDX-License-Identifier: GPL-2.0-only
/* cause.c - names of events and of inferred causes. */
#include "engine/snapshot.h"

static const char *const event_names[DX_EVENT_TYPES] = {
	[DX_NONE] = "none",
#define EVENT(constant, number, name, ...) [number] = name,
#include "events.def"
#undef EVENT
};

static const char *const inferred_names[] = {
	[ENGINE_CAUSE_FAULT_REF - 128] = "fault-ref", [ENGINE_CAUSE_FAULT_PUT - 128] = "fault-put",
	[ENGINE_CAUSE_ZAP_PUT - 128] = "zap-put",     [ENGINE_CAUSE_FORK - 128] = "fork",
	[ENGINE_CAUSE_GET_PUT - 128] = "get-put",     [ENGINE_CAUSE_UNKNOWN - 128] = "unknown",
	[ENGINE_CAUSE_SPLIT - 128] = "split",	      [ENGINE_CAUSE_RESET - 128] = "reset",
};

const char *engine_cause_name(unsigned int cause)
{
	const char *name = NULL;

	if (cause < DX_EVENT_TYPES)
		name = event_names[cause];
	else if (cause >= 128 && cause - 128 < sizeof(inferred_names) / sizeof(*inferred_names))
		name = inferred_names[cause - 128];
	return name ? name : "?";
}
