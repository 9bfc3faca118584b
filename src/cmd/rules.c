// SPDX-License-Identifier: GPL-2.0-only
/* rules.c - daxtop rules: the rules in words */
#include <stdio.h>
#include <string.h>
#include <json-c/json.h>
#include "cmd/rules.h"
#include "rule/rule.h"
#include "session.h"
#include "view/json.h"
#include "view/json_add.h"

#define WIDTH 100

/* Words of @text, filled to WIDTH columns; a newline begins a new paragraph. ASCII. */
static void paragraph_print(const char *title, const char *text)
{
	size_t col = printf(" %s%s", *title ? " " : "", title);

	while (*text) {
		size_t len = strcspn(text, " \n");

		if (col + 1 + len > WIDTH)
			col = printf("\n ") - 1;
		col += printf(" %.*s", (int)len, text);
		text += len;
		if (*text == '\n')
			col = printf("\n ") - 1;
		text += *text != '\0';
	}
	putchar('\n');
}

static void regimes_format(char *out, size_t outlen, unsigned int regimes)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned int i = REGIME_LEGACY; i <= REGIME_CURRENT; i++)
		if (regimes & 1u << i)
			len += snprintf(out + len, outlen - len, "%s%s", len ? ", " : "",
					regime_name(i));
}

static void explain(const struct rule *r)
{
	char regimes[64];

	printf("%s: %s\n\n", r->id, r->says);
	paragraph_print("", r->text);
	putchar('\n');
	paragraph_print("Kernel:", r->source);
	regimes_format(regimes, sizeof(regimes), r->regimes);
	printf("  Regimes: %s\n  Judged: %s\n", regimes,
	       r->in_engine ? "from history, samples and age" : "in the kernel, at the point itself");
}

static int write_json(const struct rule *r)
{
	struct json_object *regimes = json_object_new_array(), *probes = json_object_new_array(), *o;
	bool failed;

	o = json_start("rule-text", &failed);
	json_add_text(o, KEY_RULE, r->id, &failed);
	json_add_text(o, KEY_SAYS, r->says, &failed);
	json_add_text(o, KEY_TEXT, r->text, &failed);
	json_add_text(o, KEY_SOURCE, r->source, &failed);
	for (unsigned int i = REGIME_LEGACY; i <= REGIME_CURRENT; i++)
		if (r->regimes & 1u << i)
			json_append_string(regimes, regime_name(i), &failed);
	json_add(o, KEY_REGIMES, regimes, &failed);
	json_add_bool(o, KEY_AT_THE_POINT, !r->in_engine, &failed);
	for (int i = 0; i < RULE_PROBES && r->probes[i]; i++)
		json_append_string(probes, r->probes[i], &failed);
	json_add(o, KEY_NEEDS, probes, &failed);
	return json_finish(stdout, o, failed);
}

static int run(const void *options)
{
	const struct rules_options *o = options;
	bool first = true;

	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++) {
		const struct rule *r = rule_get(i);

		if (o->named && !(o->named & 1u << i))
			continue;
		if (o->o.json) {
			if (write_json(r))
				return 2;
		} else if (o->named) {
			if (!first)
				putchar('\n');
			explain(r);
		} else {
			printf("%-26s %s\n", r->id, r->says);
		}
		first = false;
	}
	return output_failed() ? 2 : 0;
}

/* ---- the command line ---- */

static const char me[] = "daxtop rules";

static const struct argp_option options[] = {
	{ OPTION_JSON, "One JSON object a line", 1 },
	OPTIONS_END,
};

static int argument(void *options, char *arg)
{
	struct rules_options *o = options;

	return value_rules(me, arg, &o->named);
}

const struct command command_rules = {
	.name = "rules",
	.args = "[ID...]",
	.synopsis = "rules [ID...]",
	.summary = "the rules, explained",
	.doc = "The rules that daxtop check checks; with ID, what that rule demands and where the "
	       "kernel relies on it.",
	.options = options,
	.size = sizeof(struct rules_options),
	.failure = 2,
	.argument = argument,
	.run = run,
};
