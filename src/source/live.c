// SPDX-License-Identifier: GPL-2.0-only
/*
 * live.c - the running kernel: open, decide, load, attach, poll, detach.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "clock.h"
#include "internal.h"

#define LOAD_ATTEMPTS 6
#define MODULE_TRIES  8 /* at a module that came, each a check later */
#define POLL_RECORDS  16384 /* then signals, keys and counters are looked at again */

/* ---- libbpf's messages: kept, and shown only as part of a sentence of ours ---- */

static char last_message[512];
static char failed_program[64];

static int keep_message(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[512];
	char *quote;

	if (level > LIBBPF_WARN)
		return 0;
	if (getenv("DAXTOP_LIBBPF")) { /* for daxtop's developers: the verifier's whole log */
		va_list copy;

		va_copy(copy, ap);
		vfprintf(stderr, fmt, copy);
		va_end(copy);
	}
	vsnprintf(line, sizeof(line), fmt, ap);
	/* "prog 'NAME': ..." names the program that the verifier refused */
	if (!strncmp(line, "libbpf: prog '", 14) && (quote = strchr(line + 14, '\''))) {
		snprintf(failed_program, sizeof(failed_program), "%.*s", (int)(quote - line - 14), line + 14);
	}
	line[strcspn(line, "\n")] = 0;
	if (!strncmp(line, "libbpf: ", 8))
		memmove(line, line + 8, strlen(line + 8) + 1);
	snprintf(last_message, sizeof(last_message), "%s", line);
	return 0;
}

void source_quiet(void)
{
	libbpf_set_print(keep_message);
}

const char *source_message(void)
{
	return last_message;
}

char *source_refused(void)
{
	return failed_program;
}

/* ---- load ---- */

/* Programs that BTF gives no target for are not loaded; nor are @refused ones, and those of no use here. */
static int choose_programs(struct source *s, char refused[][64], size_t nr_refused)
{
	const char *sections[sizeof(s->skel->progs) / sizeof(struct bpf_program *)];
	bool have[sizeof(sections) / sizeof(sections[0])], *load = have;
	struct bpf_program *prog;
	size_t n = 0;

	bpf_object__for_each_program(prog, s->skel->obj)
		sections[n++] = bpf_program__section_name(prog);
	if (btf_have_targets(s->btf, sections, have, n))
		return -ENOMEM;
	bpf_object__for_each_program(prog, s->skel->obj) {
		*load &= probe_program_wanted(s->probes, s->nr_probes, bpf_program__name(prog));
		for (size_t i = 0; i < nr_refused; i++)
			if (!strcmp(refused[i], bpf_program__name(prog)))
				*load = false;
		bpf_program__set_autoload(prog, *load++);
	}
	return 0;
}

int source_page_known(const struct btf *btf, char *err, size_t errlen)
{
	if (btf_zone_shift(btf) && btf_sizeof(btf, "page") == 64)
		return 0;
	snprintf(err, errlen, "this kernel's struct page can't be read: its BTF doesn't tell where the "
			      "zone stands, or its size is not 64 bytes");
	return -1;
}

/*
 * By trial: a program that this kernel's verifier refuses is left out and the
 * rest is loaded again.
 */
static int load(struct source *s, char *err, size_t errlen)
{
	char refused[LOAD_ATTEMPTS][64];

	if (source_page_known(s->btf, err, errlen))
		return -1;
	for (size_t n = 0; n < LOAD_ATTEMPTS; n++) {
		int rc;

		s->skel = daxtop_bpf__open();
		if (!s->skel) {
			snprintf(err, errlen, "the BPF programs could not be opened: %s", strerror(errno));
			return -1;
		}
		if (choose_programs(s, refused, n)) {
			snprintf(err, errlen, "no memory to start with");
			return -1;
		}
		bpf_map__set_max_entries(s->skel->maps.events, s->o.ring_size);
		s->skel->rodata->zone_shift = btf_zone_shift(s->btf);
		s->skel->rodata->legacy = s->regime == REGIME_LEGACY;
		s->skel->rodata->strict = s->o.strict;
		s->skel->rodata->rules_on = !s->o.no_rules;
		failed_program[0] = 0;
		rc = daxtop_bpf__load(s->skel);
		if (!rc)
			return 0;
		daxtop_bpf__destroy(s->skel);
		s->skel = NULL;
		if (rc == -ENOMEM) {
			snprintf(err, errlen, "the kernel has no memory for a ring of %zu bytes: try a smaller --ring-size",
				 s->o.ring_size);
			return -1;
		}
		if (!failed_program[0]) {
			snprintf(err, errlen, "the BPF programs could not be loaded: %s (%s)", strerror(-rc), last_message);
			return -1;
		}
		snprintf(refused[n], sizeof(refused[n]), "%s", failed_program);
	}
	snprintf(err, errlen, "this kernel refuses too many of the BPF programs; the last one was %s (%s)",
		 failed_program, last_message);
	return -1;
}

int source_run(struct bpf_program *prog, void *args, size_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .ctx_in = args, .ctx_size_in = len);
	int fd = bpf_program__fd(prog);

	if (fd < 0)
		return -ENOSYS; /* this kernel refused it */
	return bpf_prog_test_run_opts(fd, &o) ? -errno : 0;
}

int source_init(struct bpf_program *prog, struct dx_init_args *init, char *err, size_t errlen)
{
	int rc = source_run(prog, init, sizeof(*init));

	if (rc) {
		snprintf(err, errlen, "the kernel refused to run a BPF program: %s", strerror(-rc));
		return -1;
	}
	if (!init->vmemmap_base) {
		if (init->err == -EPERM)
			snprintf(err, errlen, "kernel addresses are hidden: run sysctl kernel.kptr_restrict=1 (or 0) first");
		else
			snprintf(err, errlen, "vmemmap_base is not in /proc/kallsyms: daxtop needs a kernel with "
					      "CONFIG_KALLSYMS_ALL, as Debian's are");
		return -1;
	}
	return 0;
}

/* ---- attach ---- */

static int attach_devdax(struct source *s, struct probe *p)
{
	struct devdax_bpf *d = devdax_bpf__open();
	const struct {
		struct bpf_map *mine, *main;
	} shared[] = {
		{ d ? d->maps.events : NULL, s->skel->maps.events },
		{ d ? d->maps.lost : NULL, s->skel->maps.lost },
		{ d ? d->maps.stacks : NULL, s->skel->maps.stacks },
	};

	if (!d) {
		snprintf(p->why, sizeof(p->why), "%s", strerror(errno));
		return -1;
	}
	d->rodata->zone_shift = s->skel->rodata->zone_shift;
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (bpf_map__reuse_fd(shared[i].mine, bpf_map__fd(shared[i].main)))
			goto fail;
	if (devdax_bpf__load(d))
		goto fail;
	if (attach_probe(&s->links, d->obj, p))
		goto fail;
	s->devdax = d;
	return 0;
fail:
	if (!p->why[0])
		snprintf(p->why, sizeof(p->why), "%.150s", last_message);
	devdax_bpf__destroy(d);
	return -1;
}

/*
 * Its types can be had only when its init has returned (kernel/bpf/btf.c,
 * btf_try_get_module()), which is some time after module:module_load, and a moment after it
 * is called live (btf_module_notify()): hence MODULE_TRIES.
 */
static bool module_is_live(struct source *s, const struct probe *p)
{
	char path[96], state[16] = "", target[64];
	FILE *f;

	snprintf(target, sizeof(target), "fexit/%s", p->candidates[0].target);
	if (btf_has_target(s->btf, target))
		return true; /* built in */
	snprintf(path, sizeof(path), "/sys/module/%s/initstate", p->module);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(state, sizeof(state), f))
		state[0] = 0;
	fclose(f);
	return !strcmp(state, "live\n");
}

int source_modules(struct source *s)
{
	int n = 0;

	for (size_t i = 0; i < s->nr_probes; i++) {
		struct probe *p = &s->probes[i];

		if (p->state != PROBE_WAITING || !module_is_live(s, p))
			continue;
		p->why[0] = 0;
		if (!attach_devdax(s, p))
			n++;
		else
			p->state = s->ready && ++s->module_tries < MODULE_TRIES ? PROBE_WAITING :
										  PROBE_MISSING;
	}
	return n;
}

/* The probe of @target would count twice what the one of @by sees. */
static void drop_covered(struct source *s, const char *target, const char *by)
{
	for (size_t i = 0; i < s->nr_probes; i++) {
		struct probe *p = &s->probes[i];

		if (strcmp(p->candidates[0].target, target))
			continue;
		p->state = PROBE_UNNEEDED;
		snprintf(p->why, sizeof(p->why), "it calls %s, which is watched", by);
	}
}

/*
 * gup_put_folio() is inlined into its one-folio callers on some kernels and called by
 * them on others.
 */
static void drop_covered_unpins(struct source *s)
{
	static const char *const targets[DX_TEXTS] = {
		[DX_TEXT_UNPIN_PAGE] = "unpin_user_page",
		[DX_TEXT_UNPIN_USER_FOLIO] = "unpin_user_folio",
		[DX_TEXT_UNPIN_FOLIO] = "unpin_folio",
	};

	for (int t = 0; t < DX_TEXTS; t++)
		if (s->init.gup_put_folio &&
		    text_calls(s->skel->bss->texts + t * DX_TEXT_LEN, DX_TEXT_LEN, s->init.text[t].addr,
			       s->init.gup_put_folio))
			drop_covered(s, targets[t], "gup_put_folio");
}

static void attach(struct source *s)
{
	drop_covered_unpins(s);
	for (size_t i = 0; i < s->nr_probes; i++) {
		struct probe *p = &s->probes[i];

		if (p->state != PROBE_MISSING)
			continue;
		/* by the call only if its slow path can be told from others */
		p->first = !strcmp(p->event, "GUP") && s->init.gup_fast_end <= s->init.gup_fast_start;
		if (p->module) {
			p->state = PROBE_WAITING;
			snprintf(p->why, sizeof(p->why), "attaches when module %s is loaded", p->module);
			continue;
		}
		attach_probe(&s->links, s->skel->obj, p);
		if (!strcmp(p->event, "GUP") && p->chosen == 1)
			drop_covered(s, "folio_add_pins", "try_grab_folio"); /* mm/gup.c */
	}
	source_modules(s);
}

/* ---- poll ---- */

/* Until all are attached, half of the story would be told: a fault without its entry, say. */
static bool too_early(const struct source *s, const struct dx_event *e)
{
	return e->time < s->ready && e->type != DX_FILE && e->type != DX_MODULE &&
	       (e->type < DX_PGMAP_ADD || e->type > DX_PGMAP_GONE);
}

static int handle(void *arg, void *data, size_t len)
{
	struct source *s = arg;
	const struct dx_event *e = data;

	if (len >= sizeof(*e) && e->type == DX_MODULE)
		s->module_came = true;
	/* its address may be another one's soon */
	if (len >= sizeof(*e) && e->type == DX_PGMAP_GONE)
		bpf_map_delete_elem(bpf_map__fd(s->skel->maps.devdax_pgmaps), &e->pgmap);
	if (len < sizeof(*e) || !too_early(s, e))
		s->o.event(s->o.arg, e, len);
	return ++s->handled < POLL_RECORDS ? 0 : -EAGAIN;
}

static void forget_missed(void *arg, unsigned int type, uint64_t n)
{
	(void)arg;
	(void)type;
	(void)n;
}

/*
 * libbpf goes on for as long as records come, which may be for ever; a callback that
 * fails ends it, after its own record is taken.
 */
int source_poll(struct source *s)
{
	int rc;

	s->handled = 0;
	rc = ring_buffer__consume(s->ring);
	if (s->module_came) {
		s->module_came = false;
		source_modules(s);
	}
	return rc == -EAGAIN ? 1 : rc < 0 ? rc : 0;
}

int source_fd(const struct source *s)
{
	return ring_buffer__epoll_fd(s->ring);
}

/*
 * The kernel's pgmaps are known, so whether struct pages are read rightly can be
 * seen: a page of theirs says that it is ZONE_DEVICE.
 */
static int check_pgmaps(struct source *s, char *err, size_t errlen)
{
	int n = source_pgmaps(s, NULL, NULL);

	if (n <= 0 || s->understood)
		return 0;
	snprintf(err, errlen, "this kernel's struct pages are not where daxtop looks, or look otherwise: none of %d "
			      "pgmaps has a ZONE_DEVICE page", n);
	return -1;
}

/* ---- open, close ---- */

struct source *source_open(const struct source_options *o, char *err, size_t errlen)
{
	struct source *s = calloc(1, sizeof(*s));
	int cpus = libbpf_num_possible_cpus();

	if (!s || cpus <= 0) {
		snprintf(err, errlen, "no memory to start with");
		free(s);
		return NULL;
	}
	source_quiet();
	s->o = *o;
	s->nr_cpus = cpus;
	s->nr_probes = probe_table(s->probes, PROBE_MAX);
	s->lost_seen = calloc((size_t)DX_EVENT_TYPES * cpus, sizeof(*s->lost_seen));
	s->lost_now = calloc(cpus, sizeof(*s->lost_now));
	s->btf = btf__load_vmlinux_btf();
	if (!s->lost_seen || !s->lost_now || !s->btf) {
		snprintf(err, errlen, "the kernel's types could not be read: %s", strerror(errno));
		goto fail;
	}
	s->regime = regime_of(s->btf);
	probe_choose(s->probes, s->nr_probes, s->regime, s->o.judge, s->o.events);
	if (preflight_btf(s->btf, err, errlen))
		goto fail;
	if (load(s, err, errlen) || source_init(s->skel->progs.dx_init, &s->init, err, errlen))
		goto fail;
	s->ring = ring_buffer__new(bpf_map__fd(s->skel->maps.events), handle, s, NULL);
	if (!s->ring) {
		snprintf(err, errlen, "the ring buffer could not be mapped: %s", strerror(errno));
		goto fail;
	}
	if (check_pgmaps(s, err, errlen))
		goto fail;
	attach(s);
	/* what is lost from here on may be from before s->ready: a loss too many is the safe side */
	source_lost(s, NULL, NULL);
	source_missed(s, forget_missed, NULL);
	s->ready = clock_now();
	return s;
fail:
	source_close(s);
	return NULL;
}

uint64_t source_since(const struct source *s)
{
	return s->ready;
}

void source_detach(struct source *s)
{
	attachments_drop(&s->links);
}

void source_close(struct source *s)
{
	if (!s)
		return;
	source_detach(s);
	source_scan_end(s);
	ring_buffer__free(s->ring);
	devdax_bpf__destroy(s->devdax);
	daxtop_bpf__destroy(s->skel);
	btf__free(s->btf);
	free(s->lost_seen);
	free(s->lost_now);
	free(s);
}

/* ---- what it is ---- */

const struct probe *source_probes(const struct source *s, size_t *n)
{
	*n = s->nr_probes;
	return s->probes;
}

enum regime source_regime(const struct source *s)
{
	return s->regime;
}
