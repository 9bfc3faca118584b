// SPDX-License-Identifier: GPL-2.0-only
/* main.c - options, handing out the work, and what is said at the end. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "dispatch.h"
#include "honest.h"

struct shared *shared;
bool legacy;

static const struct kind *const tables[] = {
	fault_kinds,  process_kinds, remap_kinds,  layout_kinds,  gup_kinds,
	remote_kinds, copy_kinds,    uring_kinds,  reflink_kinds, poison_kinds,
	device_kinds, tool_kinds,    passed_kinds,
};
static const struct kind *kinds[MAX_KINDS];
static unsigned int nr_kinds;

static void usage(FILE *f)
{
	fputs("usage: honest [OPTION...]\n"
	      "Works hard on the DAX filesystems (mounted with dax=always) and devices of this\n"
	      "machine, and breaks no rule of reference counting.\n\n"
	      "  --seconds N       how long (30); until each kind was done once everywhere, if that is longer\n"
	      "                    (300 s more at most)\n"
	      "  --seed N          the sequence of everything random (1)\n"
	      "  --jobs N          pieces of work at once (4)\n"
	      "  --disk PATH       ordinary disk for O_DIRECT, is overwritten (/dev/nullb0)\n"
	      "  --only NAME,..    these kinds of work and no others\n"
	      "  --without NAME,.. not these\n"
	      "  --with NAME,..    these as well, which are left out unless asked for\n"
	      "  --at PLACE,..     only on these of ext4, xfs, dax2m, dax4k\n"
	      "  --list            print the kinds of work\n"
	      "  --verbose         say what is begun\n"
	      "Exit status: 0 all kinds were done; 1 one was not, or something failed; 2 usage.\n",
	      f);
}

/* Is @name in the list "a,b,c"? */
static bool list_has(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (; list && *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == n && !strncmp(list, name, n))
			return true;
	return false;
}

static bool kind_exists(const char *name, size_t len)
{
	size_t t, i;

	for (t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (i = 0; tables[t][i].name; i++)
			if (strlen(tables[t][i].name) == len &&
			    !strncmp(tables[t][i].name, name, len))
				return true;
	return false;
}

static void list_check(const char *list)
{
	for (; list && *list; list += strcspn(list, ","), list += *list == ',') {
		size_t n = strcspn(list, ",");

		if (kind_exists(list, n))
			continue;
		fprintf(stderr, "honest: there is no kind of work called %.*s; see honest --list\n",
			(int)n, list);
		exit(2);
	}
}

static void kinds_choose(const char *only, const char *with, const char *without)
{
	size_t t, i;

	list_check(only);
	list_check(with);
	list_check(without);
	for (t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (i = 0; tables[t][i].name; i++) {
			const struct kind *k = &tables[t][i];

			if (only ? !list_has(only, k->name)
				 : (k->flags & KIND_OPTION) && !list_has(with, k->name))
				continue;
			if (!list_has(without, k->name) && nr_kinds < MAX_KINDS)
				kinds[nr_kinds++] = k;
		}
}

static void kinds_list(void)
{
	size_t t, i, p;

	places_find();
	for (t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (i = 0; tables[t][i].name; i++) {
			printf("%-16s", tables[t][i].name);
			for (p = 0; p < NR_PLACES; p++)
				if (tables[t][i].at & shared->places[p].bit)
					printf(" %s", shared->places[p].name);
			printf("%s\n", tables[t][i].flags & KIND_OPTION ? " (with --with)" : "");
		}
}

/* vmf_insert_folio_pmd() came with the series that made the kernel wait for every busy page. */
static bool kernel_is_legacy(void)
{
	bool found = false;
	char line[512];
	FILE *f = fopen("/proc/kallsyms", "re");

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, " vmf_insert_folio_pmd") != NULL;
	if (f)
		fclose(f);
	return !found;
}

static void errors_print(unsigned int k)
{
	const char *sep = "   may fail: ";
	unsigned int e;

	if (shared->buses[k]) {
		printf("%sSIGBUS %u", sep, shared->buses[k]);
		sep = ", ";
	}
	for (e = 1; e < MAX_ERRNO; e++)
		if (shared->errors[k][e]) {
			printf("%s%s %u", sep, strerrorname_np((int)e), shared->errors[k][e]);
			sep = ", ";
		}
}

/* One line a kind; returns how many kinds didn't happen where they should. */
static unsigned int tally_print(void)
{
	unsigned int k, p, missing = 0;
	uint64_t all = 0;

	for (k = 0; k < nr_kinds; k++) {
		uint64_t n = 0;

		for (p = 0; p < NR_PLACES; p++)
			n += shared->done[k][p];
		all += n;
		printf("%-14s %7llu ", kinds[k]->name, (unsigned long long)n);
		for (p = 0; p < NR_PLACES; p++)
			if (dispatch_wants(kinds[k], p))
				printf(" %s %llu", shared->places[p].name,
				       (unsigned long long)shared->done[k][p]);
		errors_print(k);
		putchar('\n');
		for (p = 0; p < NR_PLACES; p++) {
			if (!dispatch_wants(kinds[k], p) || shared->done[k][p])
				continue;
			fflush(stdout);
			fprintf(stderr, "honest: %s was never done on %s\n", kinds[k]->name,
				shared->places[p].name);
			missing++;
		}
	}
	printf("%u kinds of work, %llu rounds\n", nr_kinds, (unsigned long long)all);
	return missing;
}

static const struct option options[] = {
	{ "seconds", required_argument, NULL, 's' }, { "seed", required_argument, NULL, 'r' },
	{ "jobs", required_argument, NULL, 'j' },    { "disk", required_argument, NULL, 'd' },
	{ "only", required_argument, NULL, 'o' },    { "without", required_argument, NULL, 'x' },
	{ "with", required_argument, NULL, 'w' },    { "at", required_argument, NULL, 'a' },
	{ "list", no_argument, NULL, 'l' },	     { "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },	     {},
};

static unsigned int number(const char *text, unsigned int max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || n < 1 || n > max) {
		fprintf(stderr, "honest: %s is no number from 1 to %u; see honest --help\n", text,
			max);
		exit(2);
	}
	return (unsigned int)n;
}

int main(int argc, char **argv)
{
	const char *only = NULL, *with = NULL, *without = NULL, *at = NULL, *disk = "/dev/nullb0";
	struct dispatch_options o = { .seconds = 30, .seed = 1, .jobs = 4 };
	unsigned int missing;
	bool list = false;
	int c;

	/* What the exec jobs run: a program that has begun and is done. */
	if (argc == 2 && !strcmp(argv[1], "--nothing"))
		return 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED) {
		perror("honest: mmap");
		return 1;
	}
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 's':
			o.seconds = number(optarg, 1000000);
			break;
		case 'r':
			o.seed = number(optarg, 4000000000u);
			break;
		case 'j':
			o.jobs = number(optarg, MAX_JOBS);
			break;
		case 'd':
			disk = optarg;
			break;
		case 'o':
			only = optarg;
			break;
		case 'x':
			without = optarg;
			break;
		case 'w':
			with = optarg;
			break;
		case 'a':
			at = optarg;
			break;
		case 'l':
			list = true;
			break;
		case 'v':
			o.verbose = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	if (list) {
		kinds_list();
		return 0;
	}
	kinds_choose(only, with, without);
	places_find();
	for (c = 0; at && c < NR_PLACES; c++)
		if (!list_has(at, shared->places[c].name))
			shared->places[c].path[0] = 0;
	legacy = kernel_is_legacy();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	files_clean();
	disks_find(disk);
	o.kinds = kinds;
	o.nr_kinds = nr_kinds;
	printf("honest: seed %llu, %u s, %u jobs at once%s\n", (unsigned long long)o.seed, o.seconds,
	       o.jobs, legacy ? ", legacy kernel: files stay mapped while they may be pinned" : "");
	fflush(stdout);
	dispatch(&o);
	files_clean();
	disks_end();
	missing = tally_print();
	if (missing || shared->failures)
		fprintf(stderr, "honest: %u jobs failed, %u kinds were not done where they should\n",
			shared->failures, missing);
	return missing || shared->failures || !nr_kinds;
}
