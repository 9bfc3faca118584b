// SPDX-License-Identifier: GPL-2.0-only
/* namespace.c - the namespaces behind the guest's devices. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "daxtop.h"
#include "place.h"

/* ndctl's, not daxtop's: NULL where there is no such member. */
static const char *member(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : NULL;
}

/* Is this one of `ndctl list -N` that has the device? Copies its name then. */
static bool namespace_is(struct json_object *o, const char *device, char *name, size_t len)
{
	const char *block = member(o, "blockdev"), *chr = member(o, "chardev"),
		   *dev = member(o, "dev");

	if (!dev || ((!block || strcmp(block, device)) && (!chr || strcmp(chr, device))))
		return false;
	snprintf(name, len, "%s", dev);
	return true;
}

void namespace_of(const struct place *p, char *name, size_t len)
{
	struct json_object *list = json_tokener_parse(run("ndctl list -N"));
	size_t i;

	if (!json_object_is_type(list, json_type_array))
		fail("`ndctl list -N` printed no list of namespaces");
	for (i = 0; i < json_object_array_length(list); i++)
		if (namespace_is(json_object_array_get_idx(list, i), p->device, name, len))
			return;
	fail("no namespace of %s in %s", p->device, json_object_to_json_string(list));
}

void wait_for_path(const char *path)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (access(path, F_OK)) {
		if (now_ms() > end)
			fail("%s did not come back", path);
		poll_pause();
	}
}
