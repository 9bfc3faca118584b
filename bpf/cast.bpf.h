/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CAST_BPF_H
#define DAXTOP_CAST_BPF_H
/*
 * cast.bpf.h - a typed pointer from a number.
 *
 * bpf_rdonly_cast() (kernel commit a35b9af4ec2c, 6.2): plain loads, checked by the fault handler,
 * instead of a helper call a field.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include "kfunc.bpf.h"

/*
 * It wants the type's id in the kernel's BTF, which bpf_core_type_id_kernel() can't give: libbpf sees
 * another BTF, with few of the kernel's types (src/kernel/types.h). There this enum has the ids, by
 * the names of the structs.
 */
enum dx_cast {
	dx_cast_address_space,
	dx_cast_bio,
	dx_cast_bio_vec,
	dx_cast_blk_mq_tags,
	dx_cast_blkdev_dio,
	dx_cast_block_device,
	dx_cast_bvec_iter,
	dx_cast_dentry,
	dx_cast_dev_pagemap,
	dx_cast_file,
	dx_cast_folio,
	dx_cast_inode,
	dx_cast_io_mapped_ubuf,
	dx_cast_io_ring_ctx,
	dx_cast_io_rsrc_node,
	dx_cast_kioctx,
	dx_cast_kioctx_cpu,
	dx_cast_kioctx_table,
	dx_cast_mount,
	dx_cast_page,
	dx_cast_pgprot,
	dx_cast_pipe_buffer,
	dx_cast_pipe_inode_info,
	dx_cast_request,
	dx_cast_request_queue,
	dx_cast_scatterlist,
	dx_cast_sk_buff,
	dx_cast_skb_frag,
	dx_cast_skb_shared_info,
	dx_cast_sock,
	dx_cast_super_block,
	dx_cast_task_struct,
	dx_cast_vm_area_struct,
	dx_cast_vm_fault,
	dx_cast_xa_node,
	dx_cast_xa_state,
	dx_cast_xarray,
};

#define cast(addr, type)                                  \
	((struct type *)kfunc_rdonly_cast((void *)(addr), \
					  bpf_core_enum_value(enum dx_cast, dx_cast_##type)))

#endif
