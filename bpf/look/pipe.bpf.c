// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipe.bpf.c - pages in a pipe: vmsplice(2) and splice(2) put the page itself there, and each
 * buffer has one reference of it (fs/pipe.c, fs/splice.c).
 */
#include "hold.bpf.h"

#define PIPE_PIECE 4096 /* buffers at a time; /proc/sys/fs/pipe-max-size allows 2^20 */

struct dx_pipe_walk pipe_walk;

static long pipe_step(__u64 unused, void *arg)
{
	struct pipe_buffer *b;

	if (pipe_walk.at == pipe_walk.head || !pipe_walk.left || hold_full())
		return 1;
	b = cast(pipe_walk.bufs +
			 (pipe_walk.at & pipe_walk.mask) * bpf_core_type_size(struct pipe_buffer),
		 pipe_buffer);
	/* splice_pipe_to_pipe() leaves page and length behind in a buffer that it has moved */
	if (b->len && field_word(b, struct pipe_buffer, ops))
		hold_page(field_word(b, struct pipe_buffer, page));
	pipe_walk.at++;
	pipe_walk.left--;
	return 0;
}

/* next: 1 + how many buffers behind the tail. */
SEC("syscall")
int dx_hold_pipe(struct dx_hold_args *a)
{
	struct pipe_inode_info *pipe = cast(a->private, pipe_inode_info);
	__u32 tail = pipe->tail, skip = a->next ? a->next - 1 : 0;

	hold_begin(a->private);
	a->found = a->cut = 0;
	a->gone = !hold_file_is(a->file, a->private, a->ops, a->ino);
	pipe_walk.head = pipe->head;
	pipe_walk.mask = pipe->ring_size - 1;
	pipe_walk.bufs = field_word(pipe, struct pipe_inode_info, bufs);
	pipe_walk.left = PIPE_PIECE;
	a->next = 0;
	/* more than there are places for: it changed while it was read */
	if (a->gone || pipe_walk.head - tail > pipe_walk.mask + 1 || pipe_walk.head - tail < skip)
		return 0;
	pipe_walk.at = tail + skip;
	bpf_loop(PIPE_PIECE + 1, pipe_step, NULL, 0);
	if (pipe_walk.at != pipe_walk.head)
		a->next = 1 + (pipe_walk.at - tail);
	/* read, or given another ring, meanwhile: what was found may have been put */
	if (pipe->tail != tail || field_word(pipe, struct pipe_inode_info, bufs) != pipe_walk.bufs) {
		a->next = 0;
		a->cut = 1;
		return 0;
	}
	a->found = hold.found;
	a->gone = !hold_file_is(a->file, a->private, a->ops, a->ino);
	return 0;
}
