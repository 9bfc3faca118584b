// SPDX-License-Identifier: GPL-2.0-only
/* cause.c - names of events and of inferred causes. */
#include "engine/engine.h"

static const char *const event_names[DX_EVENT_TYPES] = {
	[DX_NONE] = "none",
	[DX_FAULT] = "fault",
	[DX_INSERT] = "insert",
	[DX_REMOVE] = "remove",
	[DX_INSTALL] = "install",
	[DX_UNMAP] = "unmap",
	[DX_INSTALL_PFN] = "install-pfn",
	[DX_PIN] = "pin",
	[DX_GET] = "get",
	[DX_UNPIN] = "unpin",
	[DX_FREE] = "free",
	[DX_PGMAP_ADD] = "pgmap-add",
	[DX_PGMAP_KILL] = "pgmap-kill",
	[DX_PGMAP_GONE] = "pgmap-gone",
	[DX_PGMAP_GET] = "pgmap-get",
	[DX_PGMAP_RELEASE] = "pgmap-release",
	[DX_PAGE_INIT] = "page-init",
	[DX_BREAK_BUSY] = "break-busy",
	[DX_BREAK_DONE] = "break-done",
	[DX_DEV_FAULT] = "dev-fault",
	[DX_FILE] = "file",
	[DX_MODULE] = "module",
	[DX_VIOLATION] = "violation",
	[DX_SAMPLE] = "sample",
	[DX_PGMAP_REFS] = "pgmap-refs",
	[DX_TASK_GONE] = "task-gone",
	[DX_P2P_ALLOC] = "p2p-alloc",
	[DX_P2P_FREE] = "p2p-free",
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
