// SPDX-License-Identifier: GPL-2.0-only
/* probes.c - daxtop probes: what this kernel offers, and what is missing */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <json-c/json.h>
#include "cmd/command.h"
#include "session.h"
#include "kernel/preflight.h"
#include "kernel/source.h"
#include "view/json.h"
#include "view/json_add.h"

static void ignore(void *arg, const struct dx_event *ev, size_t len)
{
	(void)arg;
	(void)ev;
	(void)len;
}

static const char *chosen_target(const struct probe *p)
{
	return p->candidates[p->chosen < 0 ? 0 : p->chosen].target;
}

static void print_text(const struct probe *p, size_t n, const char *kernel, enum regime regime)
{
	size_t missing = 0;

	printf("kernel %s, regime %s\n\n%-24s %-29s %s\n", kernel, regime_name(regime), "EVENT",
	       "FUNCTION OR TRACEPOINT", "STATE");
	for (size_t i = 0; i < n; i++, p++) {
		printf("%-24s %-29s %s", p->event, chosen_target(p), probe_state_name(p->state));
		if (p->why[0])
			printf(": %s", p->why);
		putchar('\n');
		if (p->state == PROBE_MISSING) {
			printf("%24s %s: %s\n", "", p->essential ? "ESSENTIAL, lost" : "lost",
			       p->costs);
			missing += p->essential;
		}
	}
	if (missing)
		printf("\n%zu essential probes are missing: what daxtop says on this kernel is not to be trusted.\n",
		       missing);
	else
		printf("\nEverything essential is there.\n");
}

static int print_json(const struct probe *p, size_t n, const char *kernel, enum regime regime)
{
	struct json_object *list = json_object_new_array(), *o;
	bool failed;

	o = json_start("probes", &failed);
	json_add_text(o, KEY_KERNEL, kernel, &failed);
	json_add_text(o, KEY_REGIME, regime_name(regime), &failed);
	for (size_t i = 0; i < n; i++, p++) {
		struct json_object *row = json_object_new_object();

		json_add_text(row, KEY_EVENT, p->event, &failed);
		json_add_text(row, KEY_TARGET, chosen_target(p), &failed);
		json_add_int(row, KEY_CANDIDATE, p->chosen, &failed);
		json_add_text(row, KEY_PROBE_STATE, probe_state_name(p->state), &failed);
		json_add_bool(row, KEY_ESSENTIAL, p->essential, &failed);
		json_add_text(row, KEY_COSTS, p->costs, &failed);
		if (p->module)
			json_add_text(row, KEY_MODULE, p->module, &failed);
		if (p->why[0])
			json_add_text(row, KEY_WHY, p->why, &failed);
		json_append(list, row, &failed);
	}
	json_add(o, KEY_PROBES, list, &failed);
	return json_finish(stdout, o, failed);
}

static int run(const void *options)
{
	const struct options *o = options;
	struct source_options so = { .ring_size = o->ring_size, .event = ignore };
	struct utsname u = {};
	const struct probe *p;
	struct source *s;
	char err[768];
	size_t n;
	int status;

	s = preflight(err, sizeof(err)) ? NULL : source_open(&so, err, sizeof(err));
	if (!s) {
		fprintf(stderr, "daxtop: %s\n", err);
		return 2;
	}
	uname(&u);
	p = source_probes(s, &n);
	status = probe_essential_ok(p, n) ? 0 : 1;
	if (!o->json)
		print_text(p, n, u.release, source_regime(s));
	else if (print_json(p, n, u.release, source_regime(s)))
		status = 2;
	if (output_failed())
		status = 2;
	source_close(s);
	return status;
}

/* ---- the command line ---- */

static const struct argp_option options[] = {
	{ OPTION_JSON, "One JSON object a line", 1 },
	OPTIONS_END,
};

const struct command command_probes = {
	.name = "probes",
	.summary = "what this kernel offers",
	.doc = "What this kernel offers: each event, the function chosen for it, what is missing "
	       "and what that costs. Exit status 0 when everything essential is there.",
	.options = options,
	.size = sizeof(struct options),
	.failure = 2,
	.run = run,
};
