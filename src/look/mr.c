// SPDX-License-Identifier: GPL-2.0-only
/*
 * mr.c - pages of RDMA memory regions. Their addresses are in a struct of each
 * driver's, so only drivers that are listed here can be read; where things stand is taken from the
 * BTF of the modules.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include "mr.h"
#include "met.h"

#define RESTRACK_MR 4 /* enum rdma_restrack_type (include/rdma/restrack.h) */

/*
 * Drivers whose region has a struct ib_mr ibmr and a struct ib_umem *umem. mlx5's is so in the
 * source (drivers/infiniband/hw/mlx5/mlx5_ib.h, 7.2); it never ran.
 */
static const struct driver {
	const char *module, *type;
	uint32_t id;
} drivers[] = {
	{ "rdma_rxe", "rxe_mr", RDMA_DRIVER_RXE },
	{ "mlx5_ib", "mlx5_ib_mr", RDMA_DRIVER_MLX5 },
};

bool mr_is_known(const struct mr_list *known, uint32_t tgid, uint64_t number)
{
	for (size_t i = 0; i < known->nr; i++)
		if (known->ids[i].tgid == tgid && known->ids[i].number == number)
			return true;
	return false;
}

static int mr_known(struct mr_list *known, uint32_t tgid, uint64_t number)
{
	struct mr_id *p;

	if (mr_is_known(known, tgid, number))
		return 0;
	p = realloc(known->ids, (known->nr + 1) * sizeof(*p));
	if (!p)
		return -ENOMEM;
	known->ids = p;
	p[known->nr++] = (struct mr_id){ tgid, number };
	return 0;
}

/* ---- offsets ---- */

/* Bit offset of member @name of type @id, also in members without a name; -1: none. */
static int64_t member(const struct btf *btf, int id, const char *name, size_t len, int *type)
{
	const struct btf_type *t = btf__type_by_id(btf, btf__resolve_type(btf, id));
	const struct btf_member *m;

	if (!t || !btf_is_composite(t))
		return -1;
	m = btf_members(t);
	for (int i = 0; i < btf_vlen(t); i++, m++) {
		const char *has = btf__name_by_offset(btf, m->name_off);
		int64_t at = btf_member_bit_offset(t, i), inner;

		if (strlen(has) == len && !memcmp(has, name, len)) {
			*type = m->type;
			return at;
		}
		if (*has)
			continue;
		inner = member(btf, m->type, name, len, type);
		if (inner >= 0)
			return at + inner;
	}
	return -1;
}

#define MODULES 3 /* ib_umem is in ib_core from 7.1, in ib_uverbs before */

struct lookup {
	struct btf *btf[MODULES];
	char missing[96]; /* "": everything was found */
};

/* A whole struct: some modules have only heard of it. */
static int find_struct(const struct lookup *u, const char *type, const struct btf **btf)
{
	for (int i = 0; i < MODULES; i++) {
		int id = btf__find_by_name_kind(u->btf[i], type, BTF_KIND_STRUCT);

		*btf = u->btf[i];
		if (id > 0)
			return id;
	}
	return -1;
}

/* Bits to "a.b" in struct @type. */
static int64_t bits(struct lookup *u, const char *type, const char *path)
{
	const struct btf *btf;
	int id = find_struct(u, type, &btf);
	int64_t sum = 0, at = -1;

	for (const char *p = path; id > 0; p += strcspn(p, ".") + 1) {
		size_t len = strcspn(p, ".");

		at = member(btf, id, p, len, &id);
		sum += at;
		if (at < 0 || !p[len])
			break;
	}
	if (at >= 0)
		return sum;
	snprintf(u->missing, sizeof(u->missing), "%s.%s", type, path);
	return 0;
}

static uint32_t bytes(struct lookup *u, const char *type, const char *path)
{
	return bits(u, type, path) / 8;
}

static void find_offsets(struct lookup *u, const struct driver *d, struct dx_mr_offsets *o)
{
	const struct btf *btf;
	int root = find_struct(u, "rdma_restrack_root", &btf);
	int64_t odp = bits(u, "ib_umem", "is_odp");

	o->file_device = bytes(u, "ib_uverbs_file", "device");
	o->device_ib = bytes(u, "ib_uverbs_device", "ib_dev");
	o->ib_res = bytes(u, "ib_device", "res");
	o->ib_driver = bytes(u, "ib_device", "ops.driver_id");
	o->res_mr = bytes(u, "rdma_restrack_root", "xa.xa_head");
	if (root > 0)
		o->res_mr += RESTRACK_MR * btf__resolve_size(btf, root);
	o->mr_res = bytes(u, "ib_mr", "res");
	o->res_task = bytes(u, "rdma_restrack_entry", "task");
	o->res_user = bytes(u, "rdma_restrack_entry", "user");
	o->mr_umem = bytes(u, d->type, "umem") - bytes(u, d->type, "ibmr");
	o->umem_sgt = bytes(u, "ib_umem", "sgt_append.sgt");
	o->umem_flags = odp / 32 * 4;
	o->odp_bit = odp % 32;
	o->sgl = bytes(u, "sg_table", "sgl");
	o->orig_nents = bytes(u, "sg_table", "orig_nents");
	o->driver_id = d->id;
	if (bits(u, "ib_umem", "ibdev"))
		snprintf(u->missing, sizeof(u->missing), "ib_umem.ibdev at its beginning");
}

/* What keeps them from being known, in @missing; else "". */
static void all_offsets(struct look *l, const struct driver *d, struct dx_mr_offsets *o,
			char *missing, size_t len)
{
	const char *const modules[MODULES] = { "ib_core", "ib_uverbs", d->module };
	struct lookup u = { 0 };

	missing[0] = 0;
	for (int i = 0; i < MODULES && !missing[0]; i++) {
		u.btf[i] = btf__load_module_btf(modules[i], btf_names_btf(l->types));
		if (!u.btf[i])
			snprintf(missing, len, "module %s has no BTF", modules[i]);
	}
	if (!missing[0]) {
		find_offsets(&u, d, o);
		if (u.missing[0])
			snprintf(missing, len, "their modules do not tell %s", u.missing);
	}
	for (int i = 0; i < MODULES; i++)
		btf__free(u.btf[i]);
}

/* ---- regions ---- */

struct regions {
	struct look *l;
	struct scan *s;
	look_stop *stop;
	struct mr_list *known;
	struct object_list files;
	struct met_list devices;
	bool cut;
};

/* Its process's file, for the descriptor; the regions of a device are in one table. */
static const struct dx_object *file_of(const struct regions *w, uint32_t tgid)
{
	for (size_t i = 0; i < w->files.nr; i++)
		if (w->files.o[i].tgid == tgid)
			return &w->files.o[i];
	return NULL;
}

static int add_pages(struct regions *w, const struct dx_held *held)
{
	struct scan_holder h = look_holder(SCAN_HOLD_RDMA, held->tgid, held->pid, held->comm);
	const struct dx_object *file = file_of(w, held->tgid);

	h.fd = file ? file->fd : -1;
	h.id = held->index;
	snprintf(h.detail, sizeof(h.detail), "mr %u", held->index);
	return look_add_held(w->s, &h, held);
}

/* All regions of the device that @file is open of, once for each device. */
static int read_device(struct regions *w, const struct dx_mr_offsets *o, const struct dx_object *file)
{
	const struct dx_held *held = w->l->skel->bss->held;
	struct dx_mr_args a = { .o = *o,
				.private = file->private,
				.file = file->file,
				.ino = file->ino,
				.ops = file->ops,
				.id = UINT32_MAX /* there is none: tells the device */ };
	int rc = look_run(w->l, w->l->skel->progs.dx_next_mr, &a, sizeof(a));

	if (rc || a.gone || !a.device)
		return rc;
	rc = met_before(&w->devices, a.device, file->private, file->file);
	for (a.id = 0; !rc;) {
		rc = look_run(w->l, w->l->skel->progs.dx_next_mr, &a, sizeof(a));
		if (rc || a.gone || !a.entry)
			break;
		w->cut |= a.cut;
		if (a.known)
			rc = mr_known(w->known, a.tgid, a.id);
		for (uint32_t i = 0; i < a.found && i < DX_HELD_MAX && !rc; i++)
			rc = add_pages(w, &held[i]);
		if (!rc && look_stopped(w->stop))
			rc = -EINTR;
		if (!a.next)
			a.id++;
	}
	return rc < 0 ? rc : 0;
}

static bool driver_there(const struct driver *d)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", d->module);
	return !access(path, F_OK);
}

bool look_mr_wanted(void)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (driver_there(&drivers[i]))
			return true;
	return false;
}

static int read_driver(struct regions *w, const struct driver *d)
{
	struct dx_mr_offsets o = { 0 };
	char missing[160];
	int rc = 0;

	if (!driver_there(d))
		return 0;
	if (w->l->no_mr) {
		scan_add_gap(w->s,
			     "RDMA: pages of memory regions of %s: it came after daxtop was started; "
			     "start it again",
			     d->module);
		return 0;
	}
	all_offsets(w->l, d, &o, missing, sizeof(missing));
	if (missing[0]) {
		scan_add_gap(w->s, "RDMA: pages of memory regions of %s: %s", d->module, missing);
		return 0;
	}
	for (size_t i = 0; i < w->files.nr && !rc; i++)
		rc = read_device(w, &o, &w->files.o[i]);
	met_free(&w->devices);
	return rc;
}

int look_mr(struct look *l, struct scan *s, struct mr_list *known, look_stop *stop)
{
	struct regions w = { .l = l, .s = s, .stop = stop, .known = known };
	struct dx_object_init init;
	int rc;

	w.files.kinds = 1u << DX_OBJECT_UVERBS;
	rc = look_object_init(l, &init);
	if (!rc)
		rc = look_list_objects(l, l->skel->progs.dx_files, &w.files, stop);
	for (size_t i = 0; w.files.nr && i < sizeof(drivers) / sizeof(drivers[0]) && !rc; i++)
		rc = read_driver(&w, &drivers[i]);
	if (w.cut)
		scan_add_gap(s, "RDMA: a memory region has more pages than were read");
	free(w.files.o);
	return rc;
}
