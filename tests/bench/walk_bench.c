// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk_bench.c - how fast the walk over struct pages is on this machine's own kernel.
 *
 * Loads dx_walk(), the program that daxtop scan walks with, and runs it over ordinary memory:
 * the zone Normal instead of ZONE_DEVICE, whatever stands where a pgmap would, all else the
 * same instructions. A free page is an idle one; one in use is reported as a folio of
 * DAX that is in use. Nothing is attached and nothing changed. Prints tables; judges
 * nothing. Where the kernel permits no such program: one sentence, and exit 77.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "kernel/asker.h"
#include "kernel/btf_names.h"
#include "kernel/programs.h"
#include "kernel/types.h"
#include "kernel/walk.h"
#include "look.skel.h"
#include "page.h"
#include "page.skel.h"

#define CHUNK  1024 /* pages that are judged together, free or in use */
#define FREED  (1ul << 30) /* bytes */
#define PARTS  4 /* of the chunks of a kind: a quarter, a half, all of them */
#define CACHES (64ul << 20) /* bytes; more than they hold */
#define PASSES 25 /* the fastest counts: other work on the machine only adds */

struct chunk {
	uint64_t pfn, end;
};

struct chunks {
	struct chunk *at;
	size_t nr;
};

/* What one pass over some chunks has seen. */
struct pass {
	double seconds;
	uint64_t steps, pages, in_use, other;
};

__attribute__((noreturn, format(printf, 1, 2))) static void not_here(const char *fmt, ...)
{
	va_list ap;

	printf("not measured here: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(77);
}

/* ---- struct page 0 ---- */

static uint64_t pagemap_pfn(void *page)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0 ||
	    pread(fd, &entry, sizeof(entry), (uintptr_t)page / getpagesize() * 8) != sizeof(entry))
		not_here("/proc/self/pagemap can't be read: %s", strerror(errno));
	close(fd);
	entry &= (1ull << 55) - 1; /* Documentation/admin-guide/mm/pagemap.rst */
	if (!entry)
		not_here("/proc/self/pagemap has no frame numbers for us");
	return entry;
}

/* The page whose pfn is known stays in the pipe, mapped and held, until we end. */
static uint64_t vmemmap_find(const struct btf_names *kernel, uint64_t *pfn)
{
	struct types_file types;
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = types.path);
	struct page_in_pipe a = {};
	struct page_bpf *skel = types_open(&types) ? NULL : page_bpf__open_opts(&opts);
	int pipes[2], rc;
	char *page = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (!skel || programs_choose(kernel, skel->obj) || types_fill(&types, skel->obj, kernel) ||
	    page_bpf__load(skel))
		not_here("this kernel permits no such program: %s (%s)", strerror(errno),
			 programs_message());
	types_close(&types);
	if (page == MAP_FAILED || pipe2(pipes, O_CLOEXEC))
		not_here("no memory or no pipe: %s", strerror(errno));
	page[0] = 1;
	if (vmsplice(pipes[1], &(struct iovec){ page, getpagesize() }, 1, 0) != getpagesize())
		not_here("vmsplice: %s", strerror(errno));
	*pfn = pagemap_pfn(page);
	a.fd = pipes[0];
	rc = programs_run(skel->progs.page_in_pipe, &a, sizeof(a));
	page_bpf__destroy(skel);
	if (rc || !a.page)
		not_here("the page in the pipe was not found: %s", strerror(-rc));
	return a.page - *pfn * 64; /* sizeof(struct page), pages_known() has seen to it */
}

/* ---- the walk ---- */

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void walk_chunk(struct look_bpf *skel, const struct chunk *c, struct pass *p)
{
	struct walk w = {
		.prog = skel->progs.dx_walk,
		.found = skel->bss->walk_found,
		.pfn = c->pfn,
		.end = c->end,
	};
	struct dx_walk_args piece;
	int rc;

	while ((rc = walk_next(&w, &piece)) > 0) {
		p->steps += piece.steps;
		p->in_use += piece.in_use;
		p->other += piece.other;
	}
	if (rc)
		not_here("the walk ended: %s", strerror(-rc));
	p->pages += c->end - c->pfn;
}

/* The caches hold something else afterwards: a namespace's struct pages are not in them either. */
static void caches_clear(void)
{
	static char other[CACHES];

	for (size_t i = 0; i < sizeof(other); i += 64)
		((volatile char *)other)[i]++;
}

/* @part of PARTS of the chunks, spread evenly, so that each part is of the same mixture. */
static void walk_part(struct look_bpf *skel, const struct chunks *all, unsigned int part,
		      struct pass *best)
{
	struct pass p = {};
	double start;

	caches_clear();
	start = now_s();
	for (size_t c = 0; c < all->nr; c++)
		if (c % PARTS < part)
			walk_chunk(skel, &all->at[c], &p);
	p.seconds = now_s() - start;
	if (!best->seconds || p.seconds < best->seconds)
		*best = p;
}

static void bench(struct look_bpf *skel, const char *what, const struct chunks *all)
{
	struct pass p[PARTS + 1] = {};
	double worst = 0;

	if (all->nr < PARTS) {
		printf("%-9s too little of it: %zu pieces\n", what, all->nr);
		return;
	}
	/* in turn, so that a busy moment of the machine is not all one part's */
	for (int i = 0; i < PASSES; i++)
		for (unsigned int part = PARTS; part; part /= 2)
			walk_part(skel, all, part, &p[part]);
	for (unsigned int part = 1; part <= PARTS; part *= 2) {
		double each = p[part].seconds / p[part].steps;
		double off = each / (p[PARTS].seconds / p[PARTS].steps) - 1;

		printf("%-9s %10llu %10llu %10llu %8.4f %8.1f %8.1f %+7.1f%%\n", what,
		       (unsigned long long)p[part].pages, (unsigned long long)p[part].steps,
		       (unsigned long long)p[part].in_use, p[part].seconds, 1e-6 / each, 1e9 * each,
		       100 * off);
		if (off < 0)
			off = -off;
		if (off > worst)
			worst = off;
	}
	printf("%-9s time a page differs by %.1f %% at most between these sizes\n", what,
	       100 * worst);
}

/* ---- which pages ---- */

static void chunks_add(struct chunks *all, uint64_t pfn, uint64_t end)
{
	for (; pfn + CHUNK <= end; pfn += CHUNK) {
		all->at = realloc(all->at, (all->nr + 1) * sizeof(all->at[0]));
		if (!all->at)
			not_here("no memory");
		all->at[all->nr++] = (struct chunk){ pfn, pfn + CHUNK };
	}
}

/* Of all nodes, what lies in whole chunks. */
static struct chunks chunks_normal(void)
{
	unsigned long long spanned = 0, start;
	struct chunks all = {};
	char line[256], zone[32] = "";
	FILE *f = fopen("/proc/zoneinfo", "re");

	if (!f)
		not_here("/proc/zoneinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Node %*d, zone %31s", zone) == 1)
			spanned = 0;
		sscanf(line, " spanned %llu", &spanned);
		if (sscanf(line, " start_pfn: %llu", &start) == 1 && !strcmp(zone, "Normal"))
			chunks_add(&all, start, start + spanned);
	}
	fclose(f);
	return all;
}

/* A kind of memory: what a chunk of it is like, when it is walked. */
static bool is_any(const struct pass *p)
{
	/* pages that the kernel has not set up yet are left at once and would flatter */
	return !p->other;
}

static bool is_free(const struct pass *p)
{
	return is_any(p) && p->steps == p->pages && p->in_use <= CHUNK / 100;
}

static bool is_used(const struct pass *p)
{
	return is_any(p) && p->steps == p->pages && p->in_use >= CHUNK / 10 * 9;
}

static struct chunks chunks_of(struct look_bpf *skel, const struct chunks *all,
			       bool (*is)(const struct pass *p))
{
	struct chunks some = {};

	for (size_t i = 0; i < all->nr; i++) {
		struct pass p = {};

		walk_chunk(skel, &all->at[i], &p);
		if (is(&p))
			chunks_add(&some, all->at[i].pfn, all->at[i].end);
	}
	return some;
}

/* ---- load ---- */

static int zone_number(const struct btf_names *kernel, const char *name)
{
	const struct btf_type *t = btf_names_find(kernel, "zone_type", BTF_KIND_ENUM);
	const struct btf *btf = btf_names_btf(kernel);

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), name))
			return btf_enum(t)[i].val;
	return -ENOENT;
}

static struct look_bpf *load(const struct btf_names *kernel)
{
	struct types_file types;
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = types.path);
	struct look_bpf *skel = types_open(&types) ? NULL : look_bpf__open_opts(&opts);
	struct bpf_program *prog;
	char why[512];
	uint32_t zone_shift;
	int zone, rc;

	if (!skel || programs_choose(kernel, skel->obj) || types_fill(&types, skel->obj, kernel))
		not_here("no memory");
	if (pages_known(kernel, &zone_shift, why, sizeof(why)))
		not_here("%s", why);
	zone = zone_number(kernel, "ZONE_NORMAL");
	if (zone <= 0)
		not_here("this kernel has no zone Normal");
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, prog == skel->progs.dx_walk);
	skel->rodata->zone_shift = zone_shift;
	skel->rodata->walk_zone = zone;
	skel->rodata->walk_times = false; /* as daxtop scan */
	rc = look_bpf__load(skel);
	if (rc)
		not_here("this kernel permits no such program: %s (%s)", strerror(-rc),
			 programs_message());
	types_close(&types);
	return skel;
}

/* Is what is walked what it is taken for? The page in the pipe: we map it, the pipe holds it. */
static void check(struct look_bpf *skel, uint64_t pfn)
{
	const struct dx_folio *f = &skel->bss->walk_found[0];
	struct pass p = {};

	walk_chunk(skel, &(struct chunk){ pfn, pfn + 1 }, &p);
	if (p.steps != 1 || p.in_use != 1 || f->pfn != pfn || f->mapcount != 1 || f->refcount < 2)
		not_here("struct pages are not where they were expected: page 0x%llx has %d references, %d mappings",
			 (unsigned long long)pfn, f->refcount, f->mapcount);
}

/* Some free memory, which is rare where the page cache has grown into all of it. */
static void memory_free(void)
{
	char *at = mmap(NULL, FREED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return;
	madvise(at, FREED, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < FREED; i += 4096)
		at[i] = 1;
	munmap(at, FREED);
}

int main(void)
{
	static const struct {
		const char *name;
		bool (*is)(const struct pass *p);
	} kinds[] = { { "free", is_free }, { "in use", is_used }, { "all", is_any } };
	struct look_bpf *skel;
	struct chunks all;
	struct btf *btf;
	struct btf_names *kernel;
	struct utsname u;
	uint64_t pfn;

	programs_init();
	btf = btf__load_vmlinux_btf();
	kernel = btf ? btf_names_new(btf, 1) : NULL;
	if (!kernel)
		not_here("this kernel has no BTF");
	skel = load(kernel);
	skel->bss->vmemmap_base = vmemmap_find(kernel, &pfn);
	btf_names_free(kernel);
	check(skel, pfn);
	memory_free();
	all = chunks_normal();
	uname(&u);
	printf("Struct pages walked natively, Linux %s, one core, CPU time, the best of %d\n"
	       "memory         pages       read     in use  seconds  mill./s  ns each   to all\n",
	       u.release, PASSES);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct chunks some = chunks_of(skel, &all, kinds[i].is);

		bench(skel, kinds[i].name, &some);
		free(some.at);
	}
	look_bpf__destroy(skel);
	free(all.at);
	return 0;
}
