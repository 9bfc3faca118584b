/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_MEMORY_H
#define DAXTOP_MEMORY_H
/* memory.h - what both sides know of the kernel's memory, in the kernel's names */

/* asm/page_types.h: daxtop is for x86-64 */
#define PAGE_SHIFT 12

/* include/linux/mm.h: what a pin of an order-0 folio adds to its refcount */
#define GUP_PIN_COUNTING_BIAS 1024

/* include/linux/mm_types.h, enum vm_fault_reason: macros, as some kernels' BTF has the enum and some have not */
#define VM_FAULT_NOPAGE	   0x000100
#define VM_FAULT_FALLBACK  0x000800
#define VM_FAULT_NEEDDSYNC 0x002000
#define VM_FAULT_SIGBUS	   0x000002
#define VM_FAULT_HWPOISON  0x000030 /* or VM_FAULT_HWPOISON_LARGE */
/* VM_FAULT_OOM, SIGBUS, HWPOISON, HWPOISON_LARGE, SIGSEGV */
#define VM_FAULT_ERROR 0x000073

#ifndef __VMLINUX_H__
/* include/linux/memremap.h; bpf/ has it from vmlinux.h */
enum memory_type {
	MEMORY_DEVICE_PRIVATE = 1,
	MEMORY_DEVICE_COHERENT,
	MEMORY_DEVICE_FS_DAX,
	MEMORY_DEVICE_GENERIC, /* device-dax; Xen's too */
	MEMORY_DEVICE_PCI_P2PDMA,
};
#endif
_Static_assert(MEMORY_DEVICE_PRIVATE == 1 && MEMORY_DEVICE_FS_DAX == 3 &&
		       MEMORY_DEVICE_PCI_P2PDMA == 5,
	       "records and recordings have these numbers");

/* Refcount of a folio that nobody uses. @legacy: before 6.15 (commit 38607c62b34b) a filesystem's was idle at 1. */
static inline int memory_idle_count(unsigned int type, _Bool legacy)
{
	return type == MEMORY_DEVICE_GENERIC || (legacy && type == MEMORY_DEVICE_FS_DAX);
}

/* Does a mapping hold a reference? Before 6.15 (same commit) not on a filesystem's. */
static inline _Bool memory_mapping_holds(unsigned int type, _Bool legacy)
{
	return !legacy || type != MEMORY_DEVICE_FS_DAX;
}

#endif
