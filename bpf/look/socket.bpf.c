// SPDX-License-Identifier: GPL-2.0-only
/*
 * socket.bpf.c - pages in a socket's queues: MSG_ZEROCOPY, and splice(2) into it. A fragment has
 * one reference of its folio (net/core/datagram.c, zerocopy_fill_skb_from_iter()). The
 * references belong to what clones of a packet share (skb_shared_info), so that is the object.
 */
#include "hold.bpf.h"

/* 6.6 and before: a bio_vec (the netmem_ref: commit 21d2e6737c97, 6.9) */
struct skb_frag___old {
	struct page *bv_page;
	unsigned int bv_len;
	unsigned int bv_offset;
} __attribute__((preserve_access_index));

#define SKBFL_MANAGED_FRAG_REFS 16 /* io_uring's: it keeps them, by its registered buffers */
#define NET_IOV			1 /* netmem_ref: no struct page (include/net/netmem.h) */

#define IPPROTO_TCP	 6
#define SOCK_STREAM	 1
#define SOCKET_FRAGS	 45 /* the most that CONFIG_MAX_SKB_FRAGS can be; 17 mostly */
#define SOCKET_FRAG_LIST 64
#define SOCKET_SKBS	 8192 /* in one piece */

enum { QUEUE_RECEIVE, QUEUE_WRITE, QUEUE_ERROR, QUEUE_RETRANSMIT, QUEUES };
enum { FROM_ABOVE, FROM_LEFT, FROM_RIGHT };

struct dx_socket_walk sock_walk;

static long frag_step(__u64 i, void *arg)
{
	struct skb_shared_info *sh = cast(sock_walk.shinfo, skb_shared_info);
	__u64 frag, page;

	if (i >= sh->nr_frags || i >= SOCKET_FRAGS)
		return 1;
	frag = field_at(sh, struct skb_shared_info, frags) + i * bpf_core_type_size(struct skb_frag);
	if (bpf_core_field_exists(struct skb_frag, netmem)) {
		struct skb_frag *f = cast(frag, skb_frag);

		page = field_word(frag, struct skb_frag, netmem);
		if (!(page & NET_IOV))
			hold_bytes(page, f->offset, f->len, false, 1);
	} else {
		struct skb_frag___old *f = (void *)cast(frag, skb_frag);

		page = field_word(frag, struct skb_frag___old, bv_page);
		hold_bytes(page, f->bv_offset, f->bv_len, false, 1);
	}
	return 0;
}

static __always_inline void skb_frags(__u64 skb)
{
	struct sk_buff *s = cast(skb, sk_buff);

	sock_walk.shinfo = field_word(skb, struct sk_buff, head) + s->end;
	hold.object = sock_walk.shinfo;
	if (cast(sock_walk.shinfo, skb_shared_info)->flags & SKBFL_MANAGED_FRAG_REFS)
		return;
	bpf_loop(SOCKET_FRAGS, frag_step, NULL, 0);
}

static long frag_list_step(__u64 i, void *arg)
{
	if (!sock_walk.list)
		return 1;
	skb_frags(sock_walk.list);
	sock_walk.list = field_word(sock_walk.list, struct sk_buff, next);
	return 0;
}

/* false: there is no place for what it may have. (Eight functions deep is as far as the verifier goes.) */
__noinline bool one_skb(__u64 skb)
{
	sock_walk.seen++;
	if (sock_walk.seen <= sock_walk.skip)
		return true;
	if (!sock_walk.left || hold.found > DX_HELD_MAX - SOCKET_FRAGS) {
		sock_walk.seen--;
		return false;
	}
	sock_walk.left--;
	skb_frags(skb);
	sock_walk.list = field_word(sock_walk.shinfo, struct skb_shared_info, frag_list);
	if (sock_walk.list)
		bpf_loop(SOCKET_FRAG_LIST, frag_list_step, NULL, 0);
	if (sock_walk.list)
		hold.cut = 1;
	return true;
}

struct dx_queue_walk queue_walk; /* one at a time */

/* It is not this socket's any more, and may be another one's: what was found in it says nothing. */
static __always_inline long skb_lost(__u32 mark)
{
	hold.found = mark;
	hold.cut = 1;
	queue_walk.at = 0;
	return 1;
}

/*
 * Packets are taken from the head of a queue. So one that is still in it is behind the one that was
 * before it, or behind the head. (A packet and a queue's head both begin with next and prev.)
 */
static long socket_queue_step(__u64 i, void *arg)
{
	__u64 at = queue_walk.at, next, prev;
	__u32 mark = hold.found;

	if (!at || at == queue_walk.end)
		return 1;
	if (!one_skb(at))
		return 1;
	next = field_word(at, struct sk_buff, next);
	prev = field_word(at, struct sk_buff, prev);
	if ((prev != queue_walk.prev && prev != queue_walk.end) ||
	    field_word(prev, struct sk_buff, next) != at)
		return skb_lost(mark);
	queue_walk.prev = at;
	queue_walk.at = next;
	return 0;
}

/* Returns whether it came to the end. */
static __always_inline bool socket_queue(__u64 head)
{
	queue_walk.end = queue_walk.prev = head;
	queue_walk.at = field_word(head, struct sk_buff_head, next);
	bpf_loop(1 << 20, socket_queue_step, NULL, 0);
	return !queue_walk.at || queue_walk.at == queue_walk.end;
}

#define RTX_HEIGHT 64

static __always_inline __u64 rtx_parent(__u64 at)
{
	return word_at(field_at(at, struct rb_node, __rb_parent_color)) & ~3ULL;
}

static long rtx_up(__u64 i, void *arg)
{
	__u64 at = queue_walk.up, parent = rtx_parent(at);

	if (!parent)
		return 1;
	queue_walk.up = parent;
	if (field_word(parent, struct rb_node, rb_left) == at ||
	    field_word(parent, struct rb_node, rb_right) == at)
		return 0;
	queue_walk.up = 0;
	return 1;
}

/* Is it in the tree still? */
static __always_inline bool rtx_has(__u64 at)
{
	queue_walk.up = at;
	bpf_loop(RTX_HEIGHT, rtx_up, NULL, 0);
	return queue_walk.up && queue_walk.up == word_at(queue_walk.end);
}

/* One step through the tree of what TCP sent and nobody acknowledged, in order. */
static long rtx_step(__u64 i, void *arg)
{
	__u64 at = queue_walk.at, next;
	__u32 mark = hold.found;

	if (!at)
		return 1;
	if (sock_walk.from == FROM_ABOVE) {
		next = field_word(at, struct rb_node, rb_left);
		if (next)
			queue_walk.at = next;
		else
			sock_walk.from = FROM_LEFT;
	} else if (sock_walk.from == FROM_LEFT) {
		/* rbnode is the first member (include/linux/skbuff.h) */
		if (!one_skb(at))
			return 1;
		if (hold.found != mark && !rtx_has(at))
			return skb_lost(mark);
		next = field_word(at, struct rb_node, rb_right);
		sock_walk.from = next ? FROM_ABOVE : FROM_RIGHT;
		if (next)
			queue_walk.at = next;
	} else {
		next = rtx_parent(at);
		sock_walk.from = next && field_word(next, struct rb_node, rb_left) == at
					 ? FROM_LEFT
					 : FROM_RIGHT;
		queue_walk.at = next;
	}
	return 0;
}

static __always_inline bool socket_rtx(__u64 root)
{
	sock_walk.from = FROM_ABOVE;
	queue_walk.end = root;
	queue_walk.at = word_at(root);
	bpf_loop(1 << 20, rtx_step, NULL, 0);
	return !queue_walk.at;
}

/* next: 1 + packets of the queue, in the upper half the queue. */
SEC("syscall")
int dx_hold_socket(struct dx_hold_args *a)
{
	__u64 sk = field_word(a->private, struct socket, sk);
	struct sock *s = cast(sk, sock);
	bool done = true;

	hold_begin(0);
	sock_walk.skip = a->next ? (__u32)a->next - 1 : 0;
	sock_walk.queue = a->next >> 32;
	hold.index = sock_walk.queue;
	sock_walk.left = SOCKET_SKBS;
	sock_walk.seen = 0;
	a->next = 0;
	a->found = a->cut = 0;
	a->gone = !hold_file_is(a->file, a->private, a->ops, a->ino) ||
		  field_word(a->private, struct socket, file) != a->file;
	if (a->gone || !sk)
		return 0;
	if (sock_walk.queue == QUEUE_RECEIVE)
		done = socket_queue(field_at(sk, struct sock, sk_receive_queue));
	else if (sock_walk.queue == QUEUE_WRITE)
		done = socket_queue(field_at(sk, struct sock, sk_write_queue));
	else if (sock_walk.queue == QUEUE_ERROR)
		done = socket_queue(field_at(sk, struct sock, sk_error_queue));
	else if (s->sk_protocol == IPPROTO_TCP && s->sk_type == SOCK_STREAM)
		done = socket_rtx(field_at(sk, struct sock, tcp_rtx_queue));
	if (!done && sock_walk.seen > sock_walk.skip)
		a->next = (1 + sock_walk.seen) | (__u64)sock_walk.queue << 32;
	else if (sock_walk.queue + 1 < QUEUES)
		a->next = 1 | (__u64)(sock_walk.queue + 1) << 32;
	a->found = hold.found;
	a->cut = hold.cut;
	a->gone = !hold_file_is(a->file, a->private, a->ops, a->ino) ||
		  field_word(a->private, struct socket, sk) != sk;
	return 0;
}
