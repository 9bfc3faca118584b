// SPDX-License-Identifier: GPL-2.0-only
/*
 * rdma.bpf.c - pages of RDMA memory regions, of drivers whose region is known.
 *
 * Every offset comes from user space, which takes them from the modules' BTF (mr.c): with
 * CO-RE a module that has another struct of the same name would keep the whole object from loading.
 */
#include "hold.bpf.h"
#include "xarray.bpf.h"

#define SG_CHAIN 1 /* include/linux/scatterlist.h */
#define SG_BITS	 3

struct scatterlist {
	unsigned long page_link;
	unsigned int offset;
	unsigned int length;
} __attribute__((preserve_access_index));

#define MR_SGS	 (1 << 16) /* in one piece */
#define MR_STEPS (1 << 20)

struct dx_mr_walk mr_walk;

static long mr_step(__u64 i, void *arg)
{
	return xa_search_step(&mr_walk.xa);
}

/* One scatterlist entry: physically one, a pin each page (drivers/infiniband/core/umem.c). */
static long sg_step(__u64 i, void *arg)
{
	struct dx_mr_walk *w = &mr_walk;
	struct scatterlist *sg;
	__u64 link;

	if (!w->sg || !w->nr || !w->left || hold.found > DX_HELD_MAX / 2)
		return 1;
	sg = cast(w->sg, scatterlist);
	link = sg->page_link;
	if (link & SG_CHAIN) {
		w->sg = link & ~(__u64)SG_BITS;
		return 0;
	}
	w->at++;
	w->nr--;
	if (w->at > w->skip) {
		w->left--;
		hold_bytes(link & ~(__u64)SG_BITS, sg->offset, sg->length, true, 1);
	}
	w->sg += bpf_core_type_size(struct scatterlist);
	return 0;
}

static __always_inline void mr_pages(const struct dx_mr_offsets *o, __u64 umem)
{
	__u64 table = umem + o->umem_sgt;

	mr_walk.sg = word_at(table + o->sgl);
	mr_walk.nr = (__u32)word_at(table + o->orig_nents);
	bpf_loop(MR_STEPS, sg_step, NULL, 0);
}

/*
 * The next region of the device that @private (struct ib_uverbs_file) is a file of, from index
 * @id on, in the table of all the device's regions (drivers/infiniband/core/restrack.c).
 */
SEC("syscall")
int dx_next_mr(struct dx_mr_args *a)
{
	struct dx_mr_walk *w = &mr_walk;
	struct dx_mr_offsets o = a->o;
	__u64 private = a->private, file = a->file, table, entry, mr, umem = 0, flags = 0, device;
	__u64 id = a->id, next = a->next, ino = a->ino;
	__u32 ops = a->ops;

	hold_begin(0);
	__builtin_memset(w, 0, sizeof(*w));
	a->found = a->cut = 0;
	a->entry = 0;
	a->known = 0;
	a->gone = !hold_file_is(file, private, ops, ino);
	device = word_at(private + o.file_device);
	device = device ? word_at(device + o.device_ib) : 0;
	a->device = device;
	if (!device || a->gone)
		return 0;
	table = word_at(device + o.ib_res);
	if (!table)
		return 0;
	xa_search_begin(&w->xa, word_at(table + o.res_mr), id, 0xffffffff);
	if (!w->xa.found)
		bpf_loop(1 << 16, mr_step, NULL, 0);
	entry = w->xa.found;
	if (!entry)
		return 0;
	mr = entry - o.mr_res;
	a->entry = entry;
	a->id = w->xa.index;
	a->user = word_at(entry + o.res_user) & 0xff;
	a->task = word_at(entry + o.res_task);
	a->owner = word_at(mr + o.mr_uobject);
	if (a->owner)
		a->owner = word_at(a->owner + o.uobject_file);
	if (a->task && a->user) {
		owner_task(a->task);
	}
	w->skip = next;
	w->left = MR_SGS;
	hold.object = mr;
	hold.flags = DX_HELD_PIN;
	hold.index = w->xa.index;
	a->tgid = hold.tgid;
	a->next = 0;
	if (a->user && o.driver_id == (__u32)word_at(device + o.ib_driver)) {
		umem = word_at(mr + o.mr_umem);
		if (umem && word_at(umem) == device) /* ibdev is its first member; mr.c checks that */
			flags = (word_at(umem + o.umem_flags) >> o.odp_bit) & 1;
		else
			umem = 0;
		a->known = umem && !flags;
	}
	if (a->known) {
		mr_pages(&o, umem);
		if (w->sg && w->nr)
			a->next = w->at;
		/*
		 * It leaves the table before its pins are dropped (ib_dereg_mr_user()), and has another umem
		 * before those of the old one are.
		 */
		if (xa_load(word_at(table + o.res_mr), w->xa.index) != entry ||
		    word_at(mr + o.mr_umem) != umem) {
			hold.found = 0;
			a->known = 0;
			a->next = 0;
		}
	}
	a->found = hold.found;
	a->cut = hold.cut;
	return 0;
}
