// SPDX-License-Identifier: GPL-2.0-only
/* options_value.c - the words behind options as values, or one sentence why not */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "folio_spec.h"
#include "options_value.h"
#include "rule/rule.h"
#include "base/escape.h"
#include "view/names.h"

#define RING_MAX (1ul << 30)

const char *value_shown(char *out, size_t outlen, const char *text)
{
	escape_columns(out, outlen, text, strlen(text), 60, ESCAPE_KEEP_START);
	return out;
}

int value_number(const char *command, const char *option, const char *arg, uint64_t least,
		 uint64_t most, uint64_t *value)
{
	char name[256];
	int err = size_parse(arg, value);

	/* size_parse() would take 1K: a count has no unit */
	if (err || arg[strspn(arg, "0123456789xXabcdefABCDEF")] || *value < least || *value > most) {
		complain(command, "%s wants a number from %llu to %llu, not '%s'", option,
			 (unsigned long long)least, (unsigned long long)most,
			 value_shown(name, sizeof(name), arg));
		return EINVAL;
	}
	return 0;
}

int value_size(const char *command, const char *option, const char *arg, size_t *value)
{
	char name[256];
	uint64_t n;

	if (size_parse(arg, &n) || n > SIZE_MAX / 2) {
		complain(command,
			 "%s wants a size in bytes, with K, M or G behind it if wanted, not '%s'",
			 option, value_shown(name, sizeof(name), arg));
		return EINVAL;
	}
	*value = n;
	return 0;
}

int value_ring_size(const char *command, const char *arg, size_t *value)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int err = value_size(command, "--ring-size", arg, value);

	if (err)
		return err;
	/* BPF_MAP_TYPE_RINGBUF takes nothing else: kernel/bpf/ringbuf.c, ringbuf_map_alloc() */
	if (*value < page || *value > RING_MAX || (*value & (*value - 1))) {
		complain(command, "--ring-size must be a power of two from %zu to %lu bytes", page,
			 RING_MAX);
		return EINVAL;
	}
	return 0;
}

/* Seconds with up to nine decimals; exact, unlike strtod(). */
int value_seconds(const char *command, const char *option, const char *arg, uint64_t least_ns,
		  uint64_t *ns)
{
	uint64_t whole = 0, part = 0, scale = 1000000000;
	const char *s = arg;
	char name[256];

	for (; *s >= '0' && *s <= '9' && whole < 1000000000; s++)
		whole = whole * 10 + (*s - '0');
	if (s != arg && *s == '.')
		for (s++; *s >= '0' && *s <= '9' && scale > 1; s++) {
			part = part * 10 + (*s - '0');
			scale /= 10;
		}
	*ns = whole * 1000000000 + part * scale;
	if (s == arg || *s || whole > 1000000000 || *ns < least_ns) {
		complain(command, "%s wants seconds, at least %g, not '%s'", option, least_ns / 1e9,
			 value_shown(name, sizeof(name), arg));
		return EINVAL;
	}
	return 0;
}

int value_events(const char *command, const char *arg, uint32_t *events)
{
	const char *s = arg;

	for (;;) {
		size_t len = strcspn(s, ",");
		int type = event_by_name(s, len);

		if (type < 0) {
			char name[256];

			escape_columns(name, sizeof(name), s, len, 60, ESCAPE_KEEP_START);
			fprintf(stderr, "%s: there is no event '%s'; there are", command, name);
			for (unsigned int i = 1; i < DX_EVENT_TYPES; i++)
				fprintf(stderr, " %s", event_name(i));
			fprintf(stderr, "\n");
			return EINVAL;
		}
		*events |= 1u << type;
		if (!s[len])
			return 0;
		s += len + 1;
	}
}

int value_sort(const char *command, const char *arg, enum screen_sort *sort)
{
	int n = screen_sort_by_name(arg);
	char name[256];

	if (n >= 0) {
		*sort = n;
		return 0;
	}
	fprintf(stderr, "%s: there is no sort key '%s'; there are", command,
		value_shown(name, sizeof(name), arg));
	for (unsigned int i = 0; screen_sort_name(i); i++)
		fprintf(stderr, " %s", screen_sort_name(i));
	fprintf(stderr, "\n");
	return EINVAL;
}

int value_range(const char *command, const char *option, const char *arg, uint64_t *first,
		uint64_t *last)
{
	char name[256];

	if (pfn_range_parse(arg, first, last)) {
		complain(command,
			 "%s wants PFN or PFN-PFN, decimal or 0xHEX, the smaller one first, not '%s'",
			 option, value_shown(name, sizeof(name), arg));
		return EINVAL;
	}
	return 0;
}

int value_string(const char *command, const char *option, const char *arg, const char **value)
{
	if (!*arg) {
		complain(command, "%s wants a name, not nothing", option);
		return EINVAL;
	}
	*value = arg;
	return 0;
}

int value_device(const char *command, const char *arg, const char **value)
{
	int err = value_string(command, "--device", arg, value);
	char name[256];

	if (err)
		return err;
	if (!strncmp(*value, "/dev/", 5))
		*value += 5;
	/* top(1) takes a delay there: nothing would be shown, and nobody told why */
	if (!(*value)[strspn(*value, "0123456789.")]) {
		complain(command, "--device (-d) wants a name such as pmem0 or dax0.0, not '%s'",
			 value_shown(name, sizeof(name), arg));
		return EINVAL;
	}
	return 0;
}

int value_rules(const char *command, const char *arg, uint32_t *rules)
{
	const char *s = arg;

	for (;;) {
		size_t len = strcspn(s, ",");
		char id[64], name[256];
		enum dx_rule rule;

		snprintf(id, sizeof(id), "%.*s", len < sizeof(id) ? (int)len : 0, s);
		rule = rule_find(id);
		if (rule == DX_RULE_NONE) {
			escape_columns(name, sizeof(name), s, len, 60, ESCAPE_KEEP_START);
			complain(command, "there is no rule '%s'; daxtop rules lists them", name);
			return EINVAL;
		}
		*rules |= 1u << rule;
		if (!s[len])
			return 0;
		s += len + 1;
	}
}
