// SPDX-License-Identifier: GPL-2.0-only
/*
 * mr_offsets.c - where a driver's memory regions have their pages. Their addresses are in a struct of each
 * driver's, so only drivers that are listed here can be read; where things stand is taken from the
 * BTF of the modules.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/btf.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include "btf_names.h"
#include "mr_offsets.h"

#define RESTRACK_MR 4 /* enum rdma_restrack_type (include/rdma/restrack.h) */

/*
 * Drivers whose region has a struct ib_mr ibmr and a struct ib_umem *umem. mlx5's is so in the
 * source (drivers/infiniband/hw/mlx5/mlx5_ib.h, 7.2); it never ran.
 */
const struct mr_driver mr_drivers[] = {
	{ "rdma_rxe", "rxe_mr", RDMA_DRIVER_RXE },
	{ "mlx5_ib", "mlx5_ib_mr", RDMA_DRIVER_MLX5 },
	{ NULL, NULL, 0 },
};

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

static void find_offsets(struct lookup *u, const struct mr_driver *d, struct dx_mr_offsets *o)
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
	o->mr_uobject = bytes(u, "ib_mr", "uobject");
	o->uobject_file = bytes(u, "ib_uobject", "ufile");
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

void mr_offsets(const struct btf_names *types, const struct mr_driver *d, struct dx_mr_offsets *o,
		char *missing, size_t len)
{
	const char *const modules[MODULES] = { "ib_core", "ib_uverbs", d->module };
	struct lookup u = { 0 };

	missing[0] = 0;
	for (int i = 0; i < MODULES && !missing[0]; i++) {
		u.btf[i] = btf__load_module_btf(modules[i], btf_names_btf(types));
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

bool mr_driver_there(const struct mr_driver *d)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", d->module);
	return !access(path, F_OK);
}

bool mr_driver_any(void)
{
	for (const struct mr_driver *d = mr_drivers; d->module; d++)
		if (mr_driver_there(d))
			return true;
	return false;
}
