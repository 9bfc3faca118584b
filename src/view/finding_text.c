// SPDX-License-Identifier: GPL-2.0-only
/* finding_text.c - a finding as lines: what, how sure, who, when, stacks, holders */
#include <stdio.h>
#include "base/escape.h"
#include "view/finding.h"
#include "view/held.h"
#include "view/names.h"
#include "view/text.h"

/* Each line begins so. */
struct block {
	FILE *out;
	const char *prefix;
	int indent;
};

static void begin(const struct block *b, int deeper)
{
	fprintf(b->out, "%s%*s", b->prefix, b->indent + deeper, "");
}

static void stack_print(const struct block *b, const char *title, struct stack s, bool user)
{
	char text[512];

	if (!s.nr && !s.unkept)
		return;
	begin(b, 0);
	fprintf(b->out, "%s%s%s\n", title, s.unkept ? " " : "", s.unkept ? VIEW_STACK_UNKEPT : "");
	for (size_t i = 0; i < s.nr; i++) {
		begin(b, 2);
		fprintf(b->out, "%s\n", stack_frame_format(text, sizeof(text), &s.frames[i], user));
	}
}

static void who_print(const struct block *b, const struct engine_finding *f)
{
	char who[DX_COMM_LEN * 4 + 1];

	if (!f->comm[0] && !f->pid)
		return;
	escape_text(who, sizeof(who), f->comm, DX_COMM_LEN);
	fprintf(b->out, "%s%s[%u] ", finding_is_stall(f) ? "waiting: " : "by ", who, f->pid);
}

static void when_print(const struct block *b, const struct engine_finding *f,
		       const struct finding_context *c)
{
	char first[32], last[32], n[32];

	time_format(first, sizeof(first), f->first_time, c->start);
	begin(b, 0);
	who_print(b, f);
	if (finding_age(f, c->now) && f->over)
		fprintf(b->out, "from %s s to %s s", first,
			time_format(last, sizeof(last), f->end_time, c->start));
	else if (finding_age(f, c->now))
		fprintf(b->out, "since %s s", first);
	else if (f->last_time != f->first_time)
		fprintf(b->out, "at %s s, last at %s s", first,
			time_format(last, sizeof(last), f->last_time, c->start));
	else
		fprintf(b->out, "at %s s", first);
	if (f->count > 1)
		fprintf(b->out, ", %s times", thousands_format(n, sizeof(n), f->count));
	fputc('\n', b->out);
}

static void holders_print(const struct block *b, const struct held_finding *h,
			  const struct finding_context *c)
{
	struct block inner = { .out = b->out, .prefix = b->prefix, .indent = b->indent + 2 };

	for (size_t i = 0; i < h->nr_holders; i++) {
		const struct engine_holder *holder = &h->holders[i];
		char text[HELD_MAX];

		begin(b, 0);
		fprintf(b->out, "%s%s\n", held_format(text, sizeof(text), holder, c->now),
			holder->gone ? "; its process is gone" : "");
		stack_print(&inner, "taken by", stacks_kernel(c->stacks, holder->stack), false);
	}
	if (!h->nr_holders && h->f.folio.predates) {
		begin(b, 0);
		fprintf(b->out,
			"no holder is known now; some of its references are older than daxtop\n");
	}
}

void view_finding_text(FILE *out, const char *prefix, const struct held_finding *h,
		       const struct finding_context *c)
{
	struct block b = { .out = out, .prefix = prefix, .indent = 4 };
	const struct engine_finding *f = &h->f;
	const struct stack_who who = { .time = f->first_time, .tgid = f->tgid, .exec = f->exec };
	char text[FINDING_MAX];

	fprintf(out, "%sfinding %u: %s, %s%s%s%s%s\n", prefix, f->nr, rule_name(f->rule),
		confidence_name(f->confidence), f->why ? " (" : "", f->why ? f->why : "",
		f->why ? ")" : "",
		f->over && !finding_is_stall(f) ? ", over: no finding any more" : "");
	begin(&b, 0);
	fprintf(out, "%s\n", finding_sentence(text, sizeof(text), f, c->now));
	when_print(&b, f, c);
	stack_print(&b, "kernel stack", stacks_kernel(c->stacks, f->stack), false);
	stack_print(&b, "user stack", stacks_user(c->stacks, f->ustack, &who), true);
	holders_print(&b, h, c);
}
