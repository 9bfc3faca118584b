// SPDX-License-Identifier: GPL-2.0-only
/* stackset.c - the stacks that records name */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "stackset.h"

struct kept {
	struct kept *next;
	uint64_t left_at; /* position in the ring when it was to leave */
	int32_t number;
	uint8_t nr; /* frames; 0: two stacks have this number */
	bool held, used, leaving;
	uint64_t ip[];
};

struct stackset {
	struct stackset_sent sent;
	struct kept **bucket;
	uint32_t nr_buckets; /* a power of two */
	uint32_t nr, max;
	uint32_t leaving;
	uint32_t many; /* so many are a reason to sweep */
	uint64_t next; /* sweep, ns */
};

struct stackset *stackset_new(uint32_t max, struct stackset_sent sent)
{
	struct stackset *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->sent = sent;
	s->max = max;
	s->many = max / 2 < STACKSET_FEW ? max / 2 : STACKSET_FEW;
	for (s->nr_buckets = 1; s->nr_buckets < max; s->nr_buckets *= 2)
		;
	s->bucket = calloc(s->nr_buckets, sizeof(*s->bucket));
	if (s->bucket)
		return s;
	free(s);
	return NULL;
}

void stackset_free(struct stackset *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->nr_buckets; i++) {
		struct kept *next;

		for (struct kept *k = s->bucket[i]; k; k = next) {
			next = k->next;
			free(k);
		}
	}
	free(s->bucket);
	free(s);
}

uint32_t stackset_nr(const struct stackset *s)
{
	return s->nr;
}

/* Where it hangs, or would. Numbers are bits of a hash. */
static struct kept **kept_find(const struct stackset *s, int32_t number)
{
	struct kept **k = &s->bucket[(uint32_t)number & (s->nr_buckets - 1)];

	while (*k && (*k)->number != number)
		k = &(*k)->next;
	return k;
}

static void kept_stay(struct stackset *s, struct kept *k)
{
	s->leaving -= k->leaving;
	k->leaving = false;
}

int stackset_add(struct stackset *s, const struct dx_stack_event *e, size_t len)
{
	int32_t number;
	struct kept **at, *k;

	if (len < sizeof(*e) || !e->nr || e->nr > DX_STACK_FRAMES)
		return -EINVAL;
	number = dx_stack_number(e->hash);
	at = kept_find(s, number);
	k = *at;
	if (k) {
		kept_stay(s, k);
		if (k->nr == e->nr && !memcmp(k->ip, e->ip, e->nr * sizeof(e->ip[0])))
			return 0;
		k->nr = 0;
		return -EEXIST;
	}
	k = s->nr < s->max ? malloc(sizeof(*k) + e->nr * sizeof(e->ip[0])) : NULL;
	if (!k) {
		s->sent.clear(s->sent.arg, number);
		return s->nr < s->max ? -ENOMEM : -ENOSPC;
	}
	*k = (struct kept){ .number = number, .nr = e->nr };
	memcpy(k->ip, e->ip, e->nr * sizeof(e->ip[0]));
	*at = k;
	s->nr++;
	return 0;
}

bool stackset_use(struct stackset *s, int32_t number)
{
	struct kept *k;

	if (number < 0)
		return false;
	k = *kept_find(s, number);
	if (!k) {
		/* sent when there was no room for it, or a moment too late to keep it */
		s->sent.clear(s->sent.arg, number);
		return false;
	}
	kept_stay(s, k);
	k->used = true;
	return k->nr;
}

int stackset_get(const struct stackset *s, int32_t number, uint64_t *addr, size_t max)
{
	const struct kept *k = number < 0 ? NULL : *kept_find(s, number);
	size_t n;

	if (!k || !k->nr)
		return -ENOENT;
	n = k->nr < max ? k->nr : max;
	memcpy(addr, k->ip, n * sizeof(*addr));
	return n;
}

bool stackset_crowded(const struct stackset *s, uint64_t now)
{
	return (s->leaving || s->nr >= s->many) && now >= s->next;
}

void stackset_hold(struct stackset *s, int32_t number)
{
	struct kept *k = number < 0 ? NULL : *kept_find(s, number);

	if (k)
		k->held = true;
}

void stackset_sweep(struct stackset *s, uint64_t now, uint64_t read,
		    const volatile unsigned long *written)
{
	uint32_t stay = 0;

	for (uint32_t i = 0; i < s->nr_buckets; i++) {
		struct kept **at = &s->bucket[i], *k;

		while ((k = *at)) {
			if (k->held || k->used) {
				k->held = k->used = false;
				kept_stay(s, k);
				stay++;
			} else if (!k->leaving) {
				s->sent.clear(s->sent.arg, k->number);
				k->leaving = true;
				k->left_at = *written;
				s->leaving++;
			} else if (read >= k->left_at) {
				*at = k->next;
				free(k);
				s->nr--;
				s->leaving--;
				continue;
			}
			at = &k->next;
		}
	}
	s->many = stay < STACKSET_FEW / 2 ? STACKSET_FEW : 2 * stay;
	if (s->many > s->max / 2)
		s->many = s->max / 2;
	s->next = now + STACKSET_SWEEP_NS;
}
