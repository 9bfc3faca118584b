// SPDX-License-Identifier: GPL-2.0-only
/* scan.c - runs daxtop scan and daxtop holders, and finds things in what they print. */
#include <fcntl.h>
#include <holder.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "runner.h"
#include "scan.h"
#include "wait_kind.h"

/* ---- lines ---- */

const char *json_text(struct json_object *o)
{
	return o ? json_object_to_json_string(o) : "(nothing)";
}

static bool is_type(struct json_object *line, const char *type)
{
	return !strcmp(field_str(line, "type"), type);
}

static struct json_object *field_array(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_array))
		fail("no list \"%s\" in %.600s", key, json_text(o));
	return v;
}

struct json_object *line_of(struct daxtop *d, const char *type, size_t nth)
{
	for (size_t i = 0; i < d->nr_lines; i++)
		if (is_type(d->lines[i], type) && !nth--)
			return d->lines[i];
	return NULL;
}

struct json_object *summary_line(struct daxtop *d)
{
	struct json_object *s = line_of(d, "scan-summary", 0);

	if (!s || s != d->lines[d->nr_lines - 1])
		fail("the last line is no summary: %.2000s", d->out_text);
	return s;
}

struct json_object *pgmap_of(struct daxtop *d, const char *device)
{
	struct json_object *p;

	for (size_t i = 0; (p = line_of(d, "pgmap", i)); i++)
		if (!strcmp(field_str(p, "device"), device))
			return p;
	fail("no pgmap of %s in %.3000s", device, d->out_text);
}

struct json_object *wait_of(struct daxtop *d, pid_t pid)
{
	struct json_object *w;

	for (size_t i = 0; (w = line_of(d, "wait", i)); i++)
		if (field_int(w, "pid") == pid)
			return w;
	return NULL;
}

struct json_object *expect_verdict(struct daxtop *d, const char *device, const char *verdict)
{
	struct json_object *v = line_of(d, "unbind", 0);

	if (!v || line_of(d, "unbind", 1))
		fail("one verdict expected: %.3000s%s", d->out_text, d->err_text);
	if (strcmp(field_str(v, "device"), device) || strcmp(field_str(v, "unbind"), verdict))
		fail("`%s` of %s expected: %s", verdict, device, json_text(v));
	if (!field_str(v, "says")[0])
		fail("a verdict without words: %s", json_text(v));
	return v;
}

void expect_unused(struct daxtop *d, const struct place *p)
{
	struct json_object *v = expect_verdict(d, p->device, p->fs ? "mounted" : "free");

	if (p->fs && strcmp(field_str(v, "mount"), p->path))
		fail("mount: expected %s in %s", p->path, json_text(v));
}

/* ---- what can't be ---- */

static bool is_word(const char *word, const char *const words[])
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

static void check_holder(struct json_object *h)
{
	static const struct {
		const char *name;
		int how;
	} kinds[] = {
#define KIND_ROW(constant, name, how, ...) { name, how },
		HOLDERS(KIND_ROW)
	};
	const char *kind = field_str(h, "kind");
	size_t i = 0;

	while (i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kind, kinds[i].name))
		i++;
	if (i == sizeof(kinds) / sizeof(kinds[0]))
		fail("no such kind of holder: %s", json_text(h));
	if (field_bool(h, "certain") ? !(kinds[i].how & HOLDER_FOUND) : kinds[i].how == HOLDER_FOUND)
		fail("its kind is never known so: %s", json_text(h));
	/* a process gives its address space away before its page tables go (exit_mm()) */
	if (field_bool(h, "certain") && !strcmp(kind, "mapping") && !field_int_or(h, "tgid", 0) &&
	    !strstr(field_str_or_null(h, "object") ?: "", "of a process that has exited"))
		fail("a page table of nobody: %s", json_text(h));
	if (field_int(h, "refs") < 0 || field_int_or(h, "fd", 0) < 0 ||
	    field_int_or(h, "tgid", 1) < 1 || field_int_or(h, "pid", 1) < 1)
		fail("below zero: %s", json_text(h));
	if (field_int_or(h, "since_ns", 0) > now_ms() * 1000000)
		fail("since the future: %s", json_text(h));
}

static void check_folio(struct json_object *f, struct json_object *before)
{
	static const char *const counts[] = { "mapcount",     "pins",	   "share",
					      "gets",	      "held_pins", "held_gets",
					      "refs_unknown", "waits",	   NULL };
	struct json_object *holders = field_array(f, "holders");
	int64_t pages = 1ll << field_int(f, "order"), free;

	for (size_t i = 0; counts[i]; i++)
		if (field_int_or(f, counts[i], 0) < 0)
			fail("%s is below zero: %s", counts[i], json_text(f));
	if (field_int(f, "refcount") < 0 || field_int(f, "folios") < 1 ||
	    field_int(f, "folio_bytes") != pages * 4096 || field_int(f, "pfn") % pages)
		fail("no such folio: %s", json_text(f));
	if (before && field_int(f, "pfn") < field_int(before, "pfn") +
						    field_int(before, "folios") *
							    field_int(before, "folio_bytes") / 4096)
		fail("%s comes after or overlaps %s", json_text(before), json_text(f));
	free = field_int(f, "pins") + field_int(f, "gets") -
	       field_int_or(f, "refs_unknown", field_int(f, "pins") + field_int(f, "gets"));
	if (!field_bool(f, "moving") &&
	    (free < 0 || free > field_int(f, "held_pins") + field_int(f, "held_gets")))
		fail("the references don't add up: %s", json_text(f));
	for (size_t i = 0; i < json_object_array_length(holders); i++)
		check_holder(json_object_array_get_idx(holders, i));
}

static void check_pgmap(struct json_object *p)
{
	static const char *const states[] = { "walked", "partly", "vanished", "skipped", NULL };
	static const char *const types[] = { "private", "coherent",   "fs-dax",
					     "generic", "pci-p2pdma", NULL };
	struct json_object *ranges = field_array(p, "ranges");
	int64_t unexplained = field_int_or(p, "pgmap_refs_unexplained", 0);

	if (!is_word(field_str(p, "walk"), states) || !is_word(field_str(p, "memory_type"), types))
		fail("no such state or type: %s", json_text(p));
	if (!json_object_array_length(ranges) || field_int(p, "altmap_pages") < 0)
		fail("a pgmap of no pages: %s", json_text(p));
	if (field_int(p, "folios_mapped") > field_int(p, "folios_in_use") ||
	    field_int(p, "folios_pinned") > field_int(p, "folios_in_use"))
		fail("more mapped or pinned than in use: %s", json_text(p));
	/* fewer at another look are no longer claimed */
	if (unexplained < 0 ||
	    (unexplained && unexplained > field_int(p, "pgmap_refs") -
						  field_int(p, "pgmap_refs_base") -
						  field_int(p, "pgmap_refs_explained")))
		fail("the references don't add up: %s", json_text(p));
}

static void check_wait(struct json_object *w)
{
	static const char *const kinds[] = {
#define WAIT_ROW(constant, name, ...) name,
		WAITS(WAIT_ROW) NULL
	};

	if (!is_word(field_str(w, "wait"), kinds) || field_int(w, "pid") < 1)
		fail("no such wait: %s", json_text(w));
	if (field_int_or(w, "since_ns", 0) > now_ms() * 1000000 || field_int_or(w, "age_ns", 0) < 0)
		fail("it waits since the future: %s", json_text(w));
}

static void check_summary(struct daxtop *d)
{
	struct json_object *s = summary_line(d), *f;
	int64_t folios = 0, pages = 0;

	for (size_t i = 0; (f = line_of(d, "folio", i)); i++) {
		folios += field_int(f, "folios");
		pages += field_int(f, "folios") << field_int(f, "order");
	}
	if (field_int(s, "folios") != folios || field_int(s, "pages") != pages)
		fail("%lld folios of %lld pages are listed, the summary says: %s",
		     (long long)folios, (long long)pages, json_text(s));
	for (size_t i = 0; i < json_object_array_length(field_array(s, "gaps")); i++)
		note("gap: %s",
		     json_object_get_string(json_object_array_get_idx(field_array(s, "gaps"), i)));
}

void look_check(struct daxtop *d)
{
	struct json_object *before = NULL;
	bool summed = false;

	daxtop_json(d);
	if (!d->nr_lines || !is_type(d->lines[0], "scan"))
		fail("the first line is not \"scan\": %.2000s%s", d->out_text, d->err_text);
	if (strcmp(field_str(d->lines[0], "regime"), kernel_regime()))
		fail("another regime: %s", json_text(d->lines[0]));
	for (size_t i = 0; i < d->nr_lines; i++) {
		struct json_object *line = d->lines[i];

		if (summed)
			fail("a line after the summary: %s", json_text(line));
		if (is_type(line, "pgmap")) {
			check_pgmap(line);
		} else if (is_type(line, "folio")) {
			check_folio(line, before);
			before = line;
		} else if (is_type(line, "holder")) {
			check_holder(line);
		} else if (is_type(line, "wait")) {
			check_wait(line);
		} else if (is_type(line, "scan-summary")) {
			summed = true;
		} else if (!is_type(line, "unbind") && !(i == 0 && is_type(line, "scan"))) {
			fail("no such line: %s", json_text(line));
		}
	}
	check_summary(d);
}

static struct daxtop *look_run(int exit_status, const char *command, const char *const args[])
{
	const char *all[16] = { command, "--json" };
	int64_t start = now_ms();
	struct daxtop *d;
	size_t n = 2;

	for (; *args; args++) {
		must(n < 15);
		all[n++] = *args;
	}
	d = daxtop_run(exit_status, all);
	note("daxtop %s took %lld ms", command, (long long)(now_ms() - start));
	look_check(d);
	return d;
}

struct daxtop *scan_pause(const char *prog)
{
	return daxtop_pause(prog, ARGS("scan", "--json"));
}

void scan_resume(struct daxtop *d)
{
	daxtop_resume(d);
	daxtop_end(d, 0);
	look_check(d);
}

/* The next look that the runner takes for all who want one. */
static struct daxtop *shared_look(void)
{
	struct daxtop *d = shared_start("", 1);

	d->out_text = shared_text(&d->out_len);
	d->err_text = "(shared)";
	look_check(d);
	return d;
}

struct daxtop *scan_run(const char *const args[])
{
	if (share_fd >= 0 && !*args)
		return shared_look();
	return look_run(0, "scan", args);
}

struct daxtop *holders_run(int exit_status, const char *what)
{
	return look_run(exit_status, "holders", ARGS(what));
}

/* ---- folios ---- */

static bool covers(struct json_object *o, uint64_t pfn, uint64_t pages)
{
	uint64_t first = field_int(o, "pfn");

	return pfn >= first && pfn - first < pages;
}

struct json_object *folio_of(struct daxtop *d, uint64_t pfn)
{
	struct json_object *f;

	for (size_t i = 0; (f = line_of(d, "folio", i)); i++)
		if (covers(f, pfn, field_int(f, "folios") << field_int(f, "order")))
			return f;
	return NULL;
}

/* Before 6.15 a filesystem's 2M entry is 512 small folios. */
static unsigned int order_of(const struct area *a)
{
	return kernel_legacy() && a->place->fs ? 0 : a->order;
}

/* A page that nobody uses has this refcount. */
static int idle_of(const struct area *a)
{
	return kernel_legacy() || !a->place->fs;
}

static void expect_count(struct json_object *f, const char *key, int64_t want)
{
	if (field_int(f, key) != want)
		fail("%s: got %lld, expected %lld, in %s", key, (long long)field_int(f, key),
		     (long long)want, json_text(f));
}

static void expect_where(struct json_object *f, const struct area *a, uint64_t pfn)
{
	const char *file = field_str_or_null(f, "file");

	if (strcmp(field_str(f, "device"), a->place->device))
		fail("device: expected %s in %s", a->place->device, json_text(f));
	if (a->place->fs && (!file || strcmp(file, a->path)))
		fail("file: expected %s in %s", a->path, json_text(f));
	if (field_int(f, "offset_bytes") + (int64_t)((pfn - field_int(f, "pfn")) * SZ_4K) != a->off)
		fail("offset: expected %#llx for pfn %#llx in %s", (long long)a->off,
		     (unsigned long long)pfn, json_text(f));
}

struct json_object *expect_folio(struct daxtop *d, const struct area *a, uint64_t pfn,
				 const struct uses *u)
{
	struct json_object *f = folio_of(d, pfn);
	int maps = kernel_legacy() ? 0 : u->maps;

	if (!f)
		fail("no folio of pfn %#llx in %.4000s%s", (unsigned long long)pfn, d->out_text,
		     d->err_text);
	expect_count(f, "order", order_of(a));
	expect_count(f, "mapcount", maps);
	expect_count(f, "refcount", idle_of(a) + maps + u->gets + u->pins * (order_of(a) ? 1 : 1024));
	expect_count(f, "refcount_idle", idle_of(a));
	expect_count(f, "pins", u->pins);
	expect_count(f, "gets", u->gets);
	expect_count(f, "refs_unknown", u->unknown);
	if (!u->unknown) {
		expect_count(f, "held_pins", u->pins);
		expect_count(f, "held_gets", u->gets);
	}
	if (field_bool(f, "pins_exact") != !!order_of(a) || field_bool(f, "overput"))
		fail("only a large folio's pins are exact, and nothing was put too often: %s",
		     json_text(f));
	expect_where(f, a, pfn);
	return f;
}

void expect_nothing(struct daxtop *d, uint64_t pfn)
{
	struct json_object *h;

	if (folio_of(d, pfn))
		fail("pfn %#llx is still there: %s", (unsigned long long)pfn,
		     json_text(folio_of(d, pfn)));
	for (size_t i = 0; (h = line_of(d, "holder", i)); i++)
		if (field_bool(h, "certain") && covers(h, pfn, field_int_or(h, "pages", 0)))
			fail("pfn %#llx is still held: %s", (unsigned long long)pfn, json_text(h));
}

void expect_let_go(struct daxtop *d, const struct area *a, uint64_t pfn)
{
	struct json_object *f;

	if (kernel_legacy()) {
		if (folio_of(d, pfn))
			fail("nobody holds pfn %#llx, and a mapping does not count: %s",
			     (unsigned long long)pfn, json_text(folio_of(d, pfn)));
		return;
	}
	f = expect_folio(d, a, pfn, USES(.maps = 1));
	expect_mapping(f, getpid(), a->p);
	for (size_t i = 0; i < json_object_array_length(field_array(f, "holders")); i++) {
		struct json_object *h = json_object_array_get_idx(field_array(f, "holders"), i);

		if (field_bool(h, "certain") && strcmp(field_str(h, "kind"), "mapping"))
			fail("only the mapping is left: %s", json_text(f));
	}
}

/* ---- holders ---- */

struct json_object *holder_of(struct json_object *folio, const char *kind, pid_t tgid)
{
	struct json_object *all = field_array(folio, "holders"), *h;

	for (size_t i = 0; i < json_object_array_length(all); i++) {
		h = json_object_array_get_idx(all, i);
		if (!strcmp(field_str(h, "kind"), kind) &&
		    (!tgid || field_int_or(h, "tgid", 0) == tgid))
			return h;
	}
	return NULL;
}

size_t nr_holders(struct json_object *folio, const char *kind)
{
	struct json_object *all = field_array(folio, "holders");
	size_t i, n = 0;

	for (i = 0; i < json_object_array_length(all); i++)
		n += !strcmp(field_str(json_object_array_get_idx(all, i), "kind"), kind);
	return n;
}

/* The process that @pid is has the name that the holder says. */
static void expect_comm(struct json_object *h, pid_t pid)
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	must(f && fgets(comm, sizeof(comm), f));
	fclose(f);
	comm[strcspn(comm, "\n")] = '\0';
	if (strcmp(field_str(h, "comm"), comm))
		fail("comm: expected %s in %s", comm, json_text(h));
}

struct json_object *expect_holder(struct json_object *folio, const char *kind, pid_t tgid,
				  bool certain)
{
	struct json_object *h = holder_of(folio, kind, tgid);

	if (!h)
		fail("no holder `%s` of process %d in %s", kind, tgid, json_text(folio));
	if (field_bool(h, "certain") != certain)
		fail("%s expected: %s", certain ? "certain" : "a candidate", json_text(h));
	if (tgid)
		expect_comm(h, tgid);
	return h;
}

void expect_mapping(struct json_object *folio, pid_t tgid, const char *addr)
{
	struct json_object *h = expect_holder(folio, "mapping", tgid, true);

	if (addr && (uint64_t)field_int_or(h, "addr", 0) != (uintptr_t)addr)
		fail("addr: expected %#llx in %s", (unsigned long long)(uintptr_t)addr, json_text(h));
}

/* ---- workloads ---- */

uint64_t area_touched(struct area *a, struct place *p, unsigned int order)
{
	area_open(a, p, order, AREA_WRITTEN);
	area_map_shared(a);
	touch_write(a->p);
	return pfn_of(a->p);
}

void pipe_fill(int fds[2], const struct area *a)
{
	struct iovec iov = { .iov_base = a->p, .iov_len = SZ_4K };

	must(!pipe2(fds, O_CLOEXEC));
	must(vmsplice(fds[1], &iov, 1, 0) == SZ_4K);
}

void pipe_drain(int fds[2])
{
	char buf[SZ_4K];

	must(read(fds[0], buf, sizeof(buf)) == SZ_4K);
	must(!close(fds[0]) && !close(fds[1]));
}
