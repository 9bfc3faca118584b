// SPDX-License-Identifier: GPL-2.0-only
/*
 * inside.c - objects that no descriptor leads to: files in flight in unix sockets, fixed files of
 * rings, and rings that are mapped only. Who has the socket, the ring or the mapping holds
 * what is in it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "held.h"
#include "met.h"

#define INSIDE_MAX 65536 /* sockets and rings: one may be in the other */

void look_say_where(const struct dx_object *o, char *out, size_t len)
{
	const char *space = o->kind == DX_OBJECT_URING ? ", " : "";

	switch (o->where) {
	case DX_IN_SOCKET:
		snprintf(out, len, "%sin flight in socket fd %d", space, o->in_fd);
		break;
	case DX_IN_RING:
		snprintf(out, len, "%sfixed file of io_uring fd %d", space, o->in_fd);
		break;
	case DX_IN_MM:
		snprintf(out, len, "%smapped, no descriptor", space);
		break;
	case DX_IN_WORK:
		snprintf(out, len, "%sits process has gone, a request has not", space);
		break;
	default:
		*out = 0;
	}
}

/* ---- in sockets and rings ---- */

static struct dx_object found_in(const struct dx_object *o, struct dx_object found)
{
	found.tgid = o->tgid;
	found.pid = o->pid;
	memcpy(found.comm, o->comm, sizeof(found.comm));
	found.where = o->kind == DX_OBJECT_URING ? DX_IN_RING : DX_IN_SOCKET;
	found.in_fd = o->fd;
	/* the one that a descriptor leads to */
	if (o->where != DX_IN_FILES) {
		found.where = o->where;
		found.in_fd = o->in_fd;
	}
	return found;
}

static int read_inside(struct look *l, struct object_list *list, struct dx_object o)
{
	struct dx_inside_args a = { .private = o.private,
				    .file = o.file,
				    .task = o.task,
				    .ino = o.ino,
				    .ops = o.ops,
				    .kind = o.kind };
	int rc = ask(l->asker, ASK_INSIDE, &a, sizeof(a));

	if (rc || a.gone)
		return rc;
	list->cut_inside += a.cut;
	for (uint32_t i = 0; i < a.found && i < DX_INSIDE && !rc; i++) {
		struct dx_object found = found_in(&o, l->answers->inside[i]);

		rc = look_list_add(list, &found);
	}
	return rc;
}

static bool may_contain(const struct dx_object *o)
{
	return o->count && (o->kind == DX_OBJECT_SOCKET || o->kind == DX_OBJECT_URING);
}

int look_mapped(struct look *l, struct object_list *list, look_stop *stop)
{
	int rc;

	rc = look_list_objects(l, ASK_MAPPED, list, stop);
	list->unmapped += asker_mapped_unsure(l->asker);
	return rc;
}

int look_inside(struct look *l, struct object_list *list, look_stop *stop)
{
	struct met_list met = { 0 };
	int rc = 0, again;

	/* it grows meanwhile */
	for (size_t i = 0; i < list->nr && !rc; i++) {
		if (!may_contain(&list->o[i]))
			continue;
		if (look_stopped(stop))
			rc = -EINTR;
		/* once: several processes may have it, and sockets can be in each other's queues */
		again = met_before(&met, list->o[i].private, i + 1, 0);
		if (again < 0)
			rc = again;
		if (rc || again)
			continue;
		if (i > INSIDE_MAX) {
			list->cut_inside++;
			break;
		}
		rc = read_inside(l, list, list->o[i]);
	}
	met_free(&met);
	look_list_sort(list);
	return rc;
}
