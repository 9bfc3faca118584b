// SPDX-License-Identifier: GPL-2.0-only
/*
 * object.c - pages in pipes, io_uring rings and sockets; who has devices open through
 * which pages can be held.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "kernel/device.h"
#include "held.h"
#include "met.h"
#include "base/process.h"

#define BIT(n) (1u << (n))

/* ---- holders ---- */

struct scan_holder look_holder(enum scan_hold kind, uint32_t tgid, uint32_t pid, const char *comm)
{
	struct scan_holder h = { .kind = kind, .tgid = tgid, .pid = pid, .fd = -1, .pgmap = -1 };

	snprintf(h.comm, sizeof(h.comm), "%.*s", DX_COMM_LEN, comm);
	return h;
}

int look_add_holder(struct scan *s, struct scan_holder *h)
{
	int rc;

	h->cgroup = process_cgroup(h->tgid);
	rc = scan_add_holder(s, h);
	free(h->cgroup);
	h->cgroup = NULL;
	return rc;
}

int look_add_held(struct scan *s, struct scan_holder *h, const struct dx_held *held)
{
	h->pgmap = scan_pgmap_of(s, held->pfn);
	if (h->pgmap < 0)
		return 0;
	h->certain = true;
	h->pin = held->flags & DX_HELD_PIN;
	h->pfn = held->pfn;
	h->nr = held->nr;
	h->refs = held->refs;
	h->object = held->object;
	h->addr = held->addr;
	h->since = held->since;
	return look_add_holder(s, h);
}

/* A mapping of the process @tgid of another file than those before; @long_term: of a device-dax. */
static bool new_mapping(struct scan *s, size_t i, uint32_t tgid, bool long_term,
			struct met_list *files)
{
	const struct scan_holder *m = scan_holder(s, i);
	const struct scan_file *f;

	if (m->kind != SCAN_HOLD_MAPPING || m->tgid != tgid)
		return false;
	f = scan_file(s, m->file);
	if (!f || (long_term && !f->device))
		return false;
	return !met_before(files, m->file, i, 0);
}

int look_add_candidates(struct scan *s, struct scan_holder *h, bool long_term)
{
	struct met_list files = { 0 };
	size_t nr = scan_nr_holders(s);
	int found = 0, rc = 0;

	h->pgmap = -1;
	h->first = 0;
	h->last = UINT64_MAX;
	for (size_t i = 0; i < nr && !rc; i++) {
		if (!new_mapping(s, i, h->tgid, long_term, &files))
			continue;
		h->file = scan_holder(s, i)->file;
		rc = look_add_holder(s, h);
		found++;
	}
	met_free(&files);
	h->file = 0;
	/* it may have been mapped when it was pinned, and not be any more */
	for (size_t i = 0; long_term && !found && i < scan_nr_pgmaps(s) && !rc; i++) {
		if (!scan_pgmap(s, i)->devdax)
			continue;
		h->pgmap = i;
		rc = look_add_holder(s, h);
	}
	return rc;
}

/* ---- what there is ---- */

int look_object_init(struct look *l, struct dx_object_init *init)
{
	int rc;

	memset(init, 0, sizeof(*init));
	init->nr_cpus = asker_nr_cpus(l->asker);
	rc = ask(l->asker, ASK_OBJECT_INIT, init, sizeof(*init));
	memcpy(init->ops, l->answers->ops, sizeof(init->ops));
	memcpy(init->end, l->answers->end, sizeof(init->end));
	return rc;
}

/* A task whose files were not read to the end. */
struct rest {
	uint32_t pid, fd;
};

struct listing {
	struct object_list *list;
	look_stop *stop;
	struct rest *rest;
	size_t nr_rest, room_rest;
};

static int rest_add(struct listing *g, const struct dx_object *o)
{
	if (g->nr_rest == g->room_rest) {
		size_t room = g->room_rest ? g->room_rest * 2 : 16;
		struct rest *p = reallocarray(g->rest, room, sizeof(*p));

		if (!p)
			return -ENOMEM;
		g->rest = p;
		g->room_rest = room;
	}
	g->rest[g->nr_rest++] = (struct rest){ .pid = o->pid, .fd = o->fd };
	return 0;
}

int look_list_add(struct object_list *list, const struct dx_object *o)
{
	if (o->kind > DX_OBJECTS || !(list->kinds & BIT(o->kind)))
		return 0;
	if (list->nr == list->room) {
		size_t room = list->room ? list->room * 2 : 256;
		struct dx_object *p = realloc(list->o, room * sizeof(*p));

		if (!p)
			return -ENOMEM;
		list->o = p;
		list->room = room;
	}
	list->o[list->nr++] = *o;
	return 0;
}

static int list_add(void *arg, const void *record)
{
	struct listing *g = arg;
	struct object_list *list = g->list;
	const struct dx_object *o = record;

	if (look_stopped(g->stop))
		return -EINTR;
	if (o->kind == DX_OBJECTS)
		return rest_add(g, o);
	return look_list_add(list, o);
}

#define COMPARE(x, y)                              \
	do {                                       \
		if ((x) != (y))                    \
			return (x) < (y) ? -1 : 1; \
	} while (0)

/* Those with a descriptor come first. */
static int by_object(const void *a, const void *b)
{
	const struct dx_object *x = a, *y = b;

	COMPARE(x->kind, y->kind);
	COMPARE(x->private, y->private);
	COMPARE(x->tgid, y->tgid);
	COMPARE((uint32_t)x->fd, (uint32_t)y->fd);
	return 0;
}

void look_list_sort(struct object_list *list)
{
	size_t out = 0;

	if (list->nr)
		qsort(list->o, list->nr, sizeof(*list->o), by_object);
	for (size_t i = 0; i < list->nr; i++) {
		const struct dx_object *o = &list->o[i], *last = out ? &list->o[out - 1] : NULL;

		/* two files can be one device: those are two objects, but equal ones */
		if (last && last->kind == o->kind && last->private == o->private &&
		    last->tgid == o->tgid)
			continue;
		list->o[out++] = *o;
	}
	list->nr = out;
}

int look_list_objects(struct look *l, enum question files, struct object_list *list, look_stop *stop)
{
	struct listing g = { .list = list, .stop = stop };
	int rc;

	rc = ask_each(l->asker, files, 0, sizeof(struct dx_object), list_add, &g);
	list->cut += asker_objects_cut(l->asker);
	while (!rc && g.nr_rest) {
		struct rest r = g.rest[--g.nr_rest];

		asker_files_from(l->asker, r.fd);
		rc = ask_each(l->asker, files, r.pid, sizeof(struct dx_object), list_add, &g);
		rc = rc == -ESRCH ? 0 : rc;
	}
	asker_files_from(l->asker, 0);
	free(g.rest);
	look_list_sort(list);
	return rc;
}

void look_gap_cut(struct scan *s, const struct object_list *list)
{
	if (list->cut)
		scan_add_gap(s,
			     "%llu tasks have more io_uring rings with buffers, or AIO contexts, than were read",
			     (unsigned long long)list->cut);
	if (list->unmapped)
		scan_add_gap(s,
			     "%llu processes changed their mappings all the time: rings that are mapped only",
			     (unsigned long long)list->unmapped);
	if (list->cut_inside)
		scan_add_gap(s,
			     "files in flight in %llu unix sockets, or fixed files of rings: not all were read",
			     (unsigned long long)list->cut_inside);
}

/* ---- pages in an object ---- */

struct objects {
	struct look *l;
	struct scan *s;
	look_stop *stop;
	struct dx_object_init init;
	struct object_list list;
	struct dx_held *large; /* of the socket that is being read */
	size_t nr_large;
	struct met_list packets; /* what clones of a packet share can be in two sockets */
	uint64_t cut; /* objects of which not all was read */
};

static const struct {
	const char *name; /* in a gap's sentence */
	enum scan_hold hold;
} kinds[DX_OBJECTS] = {
#define KIND_ROW(kind, holder, name, ...) [DX_OBJECT_##kind] = { name, SCAN_HOLD_##holder },
	OBJECTS(KIND_ROW, KIND_ROW)
};

/*
 * A process that has closed it, or exited, since it was listed holds nothing by it. It may have put any file
 * in its place, even between the two calls: no filesystem is made to ask its server (AT_STATX_DONT_SYNC).
 */
static bool still_has(const struct dx_object *o)
{
	char path[80], link[8];
	struct statx st;

	if (o->fd < 0 || !process_all_seen())
		return true;
	snprintf(path, sizeof(path), "/proc/%u/task/%u/fd/%d", o->tgid, o->pid, o->fd);
	if (readlink(path, link, sizeof(link)) <= 0)
		return false;
	/* a FIFO's number is its filesystem's to tell, and may be another one than the inode's */
	return link[0] == '/' ||
	       (!statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &st) &&
		st.stx_ino == o->ino);
}

/* @again: its references were told of another socket. */
static int add_pages(struct objects *w, const struct dx_object *o, const struct dx_held *held,
		     bool again)
{
	struct dx_held one = *held;
	size_t len = 0;
	struct scan_holder h = look_holder(kinds[o->kind].hold, o->tgid, o->pid, o->comm);

	/* thousands of pages, with a system call or two each */
	look_turn(w->l);
	if (!still_has(o))
		return 0;
	h.fd = o->fd;
	h.id = o->ino;
	if (o->kind == DX_OBJECT_URING) {
		h.id = held->index;
		len = snprintf(h.detail, sizeof(h.detail), "buffer %u", held->index);
	}
	look_say_where(o, h.detail + len, sizeof(h.detail) - len);
	if (o->kind == DX_OBJECT_SOCKET) {
		one.object = o->private; /* not each packet a holder */
		if (again)
			one.refs = 0;
	}
	return look_add_held(w->s, &h, &one);
}

/*
 * A socket's packets have their pieces of a large folio one by one, in any order: one holder of
 * the folio says more than hundreds.
 */
static int add_large(struct objects *w, const struct dx_held *held, bool again)
{
	struct dx_held *p = w->large;

	for (size_t i = w->nr_large; i-- > 0;) {
		uint64_t end = p[i].pfn + p[i].nr, held_end = held->pfn + held->nr;

		if (p[i].head != held->head)
			continue;
		p[i].refs += again ? 0 : held->refs;
		if (held->pfn < p[i].pfn)
			p[i].pfn = held->pfn;
		p[i].nr = (end > held_end ? end : held_end) - p[i].pfn;
		return 0;
	}
	p = realloc(p, (w->nr_large + 1) * sizeof(*p));
	if (!p)
		return -ENOMEM;
	w->large = p;
	p[w->nr_large] = *held;
	if (again)
		p[w->nr_large].refs = 0;
	w->nr_large++;
	return 0;
}

/* @nr processes have the object @o. */
static int add_piece(struct objects *w, const struct dx_object *o, size_t nr, uint32_t found)
{
	const struct dx_held *held = w->l->answers->held;
	int rc = 0;

	for (uint32_t i = 0; i < found && i < DX_HELD_MAX && !rc; i++, held++) {
		int again = 0;

		if (o->kind == DX_OBJECT_SOCKET)
			again = met_before(&w->packets, held->object, o->private, held->index);
		if (again < 0)
			return again;
		if (o->kind == DX_OBJECT_SOCKET && held->head) {
			rc = add_large(w, held, again);
			continue;
		}
		for (size_t k = 0; k < nr && !rc; k++)
			rc = add_pages(w, &o[k], held, again);
	}
	return rc;
}

/* What add_large() put together. */
static int add_larges(struct objects *w, const struct dx_object *o, size_t nr)
{
	int rc = 0;

	for (size_t i = 0; i < w->nr_large && !rc; i++)
		for (size_t k = 0; k < nr && !rc; k++)
			rc = add_pages(w, &o[k], &w->large[i], false);
	w->nr_large = 0;
	return rc;
}

#define PIECES_MAX 100000 /* of one object: it may grow as fast as it is read */

static int read_object(struct objects *w, const struct dx_object *o, size_t nr)
{
	struct dx_hold_args a = {
		.private = o->private, .file = o->file, .task = o->task, .ino = o->ino, .ops = o->ops
	};
	bool cut = false;
	int rc = 0;

	for (int piece = 0; !rc; piece++) {
		rc = ask(w->l->asker, ASK_HOLD + o->kind, &a, sizeof(a));
		if (rc || a.gone)
			break;
		cut |= a.cut;
		rc = add_piece(w, o, nr, a.found);
		if (!a.next || piece == PIECES_MAX || look_stopped(w->stop))
			break;
	}
	w->cut += cut || (a.next && !a.gone && !look_stopped(w->stop));
	return rc ? rc : add_larges(w, o, nr);
}

static int read_objects(struct objects *w)
{
	const struct object_list *list = &w->list;
	int rc = 0;

	for (size_t i = 0, end; i < list->nr && !rc; i = end) {
		const struct dx_object *o = &list->o[i];

		for (end = i + 1; end < list->nr; end++)
			if (list->o[end].kind != o->kind || list->o[end].private != o->private)
				break;
		if (!ask_is_known(w->l->asker, ASK_HOLD + o->kind))
			continue;
		if (look_stopped(w->stop))
			return -EINTR;
		rc = read_object(w, o, end - i);
		/* refused: gaps() tells */
		if (rc == -ENOSYS)
			rc = 0;
	}
	return rc;
}

/* ---- open devices ---- */

static int pgmap_of_device(struct scan *s, uint32_t rdev)
{
	char name[32];

	device_name_dev(rdev, true, name, sizeof(name));
	for (size_t i = 0; *name && i < scan_nr_pgmaps(s); i++)
		if (!strcmp(scan_pgmap(s, i)->device, name))
			return i;
	return -1;
}

static const char *vfio_name(uint32_t ops)
{
	switch (ops) {
	case DX_OPS_VFIO_GROUP:
		return "vfio group";
	case DX_OPS_VFIO_DEVICE:
		return "vfio device";
	case DX_OPS_IOMMUFD:
		return "iommufd";
	}
	return "vfio container";
}

/* What is behind it is in page tables of an IOMMU: the process could hold what it maps. */
static int add_vfio(struct objects *w, const struct dx_object *o)
{
	struct scan_holder h = look_holder(SCAN_HOLD_VFIO, o->tgid, o->pid, o->comm);

	h.fd = o->fd;
	h.object = o->private;
	snprintf(h.detail, sizeof(h.detail), "%s", vfio_name(o->ops));
	return look_add_candidates(w->s, &h, true);
}

static int add_open(struct objects *w, const struct dx_object *o)
{
	struct scan_holder h = look_holder(SCAN_HOLD_OPEN, o->tgid, o->pid, o->comm);

	h.pgmap = pgmap_of_device(w->s, o->rdev);
	if (h.pgmap < 0)
		return 0;
	h.fd = o->fd;
	h.object = o->private;
	h.last = UINT64_MAX;
	return look_add_holder(w->s, &h);
}

static int add_devices(struct objects *w)
{
	int rc = 0;

	for (size_t i = 0; i < w->list.nr && !rc; i++) {
		const struct dx_object *o = &w->list.o[i];

		if (o->kind == DX_OBJECT_DAX)
			rc = add_open(w, o);
		else if (o->kind == DX_OBJECT_VFIO || o->kind == DX_OBJECT_IOMMUFD)
			rc = add_vfio(w, o);
	}
	return rc;
}

/* ---- what could not be looked at ---- */

/* The files of a kind can't be told: a variable is not there, and its module is. */
static void gap_files(struct objects *w)
{
	static const struct {
		enum dx_object_kind kind;
		const char *variable, *module;
	} files[DX_OBJECT_OPS] = {
#define FILE_ROW(constant, kind, variable, module) { DX_OBJECT_##kind, variable, module },
		OBJECT_FILES(FILE_ROW)
	};
	char path[64];

	for (uint32_t ops = 0; ops < DX_OBJECT_OPS; ops++) {
		if (w->init.ops[ops] || !files[ops].module)
			continue;
		snprintf(path, sizeof(path), "/sys/module/%s", files[ops].module);
		if (!access(path, F_OK))
			scan_add_gap(w->s, "%s: %s is not in /proc/kallsyms",
				     kinds[files[ops].kind].name, files[ops].variable);
	}
}

static void gaps(struct objects *w)
{
	gap_files(w);
	for (uint32_t kind = 0; kind < DX_OBJECTS; kind++) {
		if (ask_was_refused(w->l->asker, ASK_HOLD + kind))
			scan_add_gap(w->s, "%s: this kernel refuses the program that reads them",
				     kinds[kind].name);
	}
	look_gap_cut(w->s, &w->list);
	if (w->cut)
		scan_add_gap(w->s, "%llu pipes, rings or sockets have more pages than were read",
			     (unsigned long long)w->cut);
}

int look_objects(struct look *l, struct scan *s, look_stop *stop)
{
	struct objects w = { .l = l, .s = s, .stop = stop };
	int rc;

	w.list.kinds = ~(BIT(DX_OBJECT_AIO) | BIT(DX_OBJECT_UVERBS));
	rc = look_object_init(l, &w.init);
	if (!rc)
		rc = look_list_objects(l, ASK_FILES, &w.list, stop);
	/* rings that no descriptor leads to */
	if (!rc)
		rc = look_list_objects(l, ASK_TASKS, &w.list, stop);
	if (!rc)
		rc = look_mapped(l, &w.list, stop);
	if (!rc)
		rc = look_inside(l, &w.list, stop);
	if (!rc)
		rc = read_objects(&w);
	if (!rc)
		rc = add_devices(&w);
	if (rc && rc != -EINTR)
		scan_add_gap(s, "pipes, io_uring, sockets, open devices: %s", ask_why(rc));
	else
		gaps(&w);
	free(w.list.o);
	free(w.large);
	met_free(&w.packets);
	return rc;
}
