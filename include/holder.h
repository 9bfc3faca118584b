/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_HOLDER_H
#define DAXTOP_HOLDER_H
/*
 * holder.h - kinds of holders of pages, and the kernel's objects that they are found in: a row
 * each. Enums, names, the walks' programs, what is said where one can't be read, the table in
 * daxtop-scan(1) (`make man`) and the lists in tests come from the rows.
 *
 * A kind of holder is a row here, its walk in bpf/look/, and a way to hold a page in
 * tests/vm/guest/scan_hold.c.
 */

/* How a holder of the kind is known. */
#define HOLDER_FOUND 1 /* the page itself was found in the object */
#define HOLDER_COULD 2 /* the process could hold it: that is all that can be known */
/* neither: it holds no page */

/* clang-format off */
/*
 * X(constant, name, how it is known, what it is, what ends it)
 * Append: the number stands in records. The last two are in the words of the man page, where they stand
 * as "WHAT IT IS; until WHAT ENDS IT".
 */
#define HOLDERS(X) \
	X(MAPPING, "mapping", HOLDER_FOUND | HOLDER_COULD, \
	  "a page table maps it; or a mapping of its range could", "munmap(2), or the end of the process") \
	X(PIPE, "pipe", HOLDER_FOUND, \
	  "a buffer of a pipe: vmsplice(2), splice(2)", "the pipe is read, or closed by all who have it") \
	X(URING, "io_uring", HOLDER_FOUND, \
	  "a registered buffer", "it is unregistered, or the ring ends") \
	X(SOCKET, "socket", HOLDER_FOUND, \
	  "data in a socket's queue", "its peer reads it, or the socket ends") \
	X(REQUEST, "request", HOLDER_FOUND, \
	  "direct I/O that is under way", "the device completes it") \
	X(AIO, "aio", HOLDER_COULD, \
	  "the same, of an AIO context whose requests were not found", "the device completes it") \
	X(RDMA, "rdma", HOLDER_FOUND | HOLDER_COULD, \
	  "a memory region", "it is deregistered, or the process ends") \
	X(VFIO, "vfio", HOLDER_COULD, \
	  "a container or iommufd", "the process unmaps it there, or closes it") \
	X(STACK, "stack", HOLDER_COULD, \
	  "the kernel stack of a task that is blocked in the middle of a call", "the call returns") \
	X(OPEN, "open", 0, \
	  "a device that is open; no page is held by that", "close(2)") \
	X(XDP, "xdp", HOLDER_FOUND, \
	  "memory of an AF_XDP socket", "all sockets that share it are closed")

/*
 * WALKED(kind, holder, name in sentences, program): an object whose pages are read by
 * dx_hold_PROGRAM() in bpf/look/. LISTED(kind, holder, name): one that is only known to be there, or
 * is read in another way.
 */
#define OBJECTS(WALKED, LISTED) \
	WALKED(PIPE, PIPE, "pipes", pipe) \
	WALKED(URING, URING, "io_uring", uring) \
	WALKED(SOCKET, SOCKET, "sockets", socket) \
	WALKED(XDP, XDP, "AF_XDP", xdp) /* a socket by its file, and of that family */ \
	LISTED(DAX, OPEN, "open devices") /* /dev/daxX.Y */ \
	LISTED(VFIO, VFIO, "vfio") /* container, group or device */ \
	LISTED(IOMMUFD, VFIO, "iommufd") \
	LISTED(UVERBS, RDMA, "RDMA") \
	LISTED(AIO, AIO, "AIO") /* struct kioctx */

#define BUILT_IN "" /* every kernel has it */
/*
 * X(constant, object, variable, module): struct file_operations by which the kind of an open file
 * is known; several may mean the same. Where the module is there and the variable is not, the files
 * can't be told, and that is said; NULL: nothing is missed then.
 */
#define OBJECT_FILES(X) \
	X(PIPE, PIPE, "pipefifo_fops", BUILT_IN) \
	X(PIPE_ANON, PIPE, "pipeanon_fops", NULL) /* from 6.15: pipe(2)'s; the other is a FIFO's */ \
	X(URING, URING, "io_uring_fops", BUILT_IN) \
	X(SOCKET, SOCKET, "socket_file_ops", BUILT_IN) \
	X(DAX, DAX, "dax_fops", "device_dax") \
	X(VFIO, VFIO, "vfio_fops", NULL) \
	X(VFIO_GROUP, VFIO, "vfio_group_fops", NULL) \
	X(VFIO_DEVICE, VFIO, "vfio_device_fops", "vfio") \
	X(IOMMUFD, IOMMUFD, "iommufd_fops", "iommufd") \
	X(UVERBS, UVERBS, "uverbs_fops", NULL) \
	X(UVERBS_MMAP, UVERBS, "uverbs_mmap_fops", NULL)
/* clang-format on */

#endif
