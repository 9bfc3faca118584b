/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_RELEASE_H
#define DAXTOP_RELEASE_H
/*
 * release.h - lets go of BPF links without waiting for the kernel to take them apart.
 *
 * The close of the last descriptor of a link waits until no CPU can be in its trampoline any more:
 * more than 100 ms each on 6.12, 3 s in all (bpf_link_release(), kernel/bpf/syscall.c). The last
 * reference that a bpf filesystem has is put by a worker instead (bpf_link_put()). So the links
 * are pinned in one that nobody else can see, which goes with its only descriptor: when we close
 * it, or by our end, whatever kind of end that is.
 */
#include <stddef.h>

/*
 * Closes the @n links @fd, which are ours then no more. Returns the descriptor that still holds
 * them, to be closed by the caller when all that is to be read of them has been read; or -1: they
 * are gone already (Linux before 6.5 has no such pin, and a system may have no bpf filesystem).
 */
int links_release(const int *fd, size_t n);

#endif
