// SPDX-License-Identifier: GPL-2.0-only
/* looks.c - what there is to say of a live command's looks: how many, and what they could not look at */
#include <json-c/json.h>
#include <string.h>
#include "base/escape.h"
#include "stream.h"
#include "view/json_add.h"
#include "view/text.h"

void view_gaps_text(FILE *out, const char *indent, const struct view_looks *l)
{
	char text[4 * sizeof(l->gap->text)];

	if (l->nr_gaps)
		fprintf(out, "%s%snot looked at:\n", *indent ? "" : "\n", indent);
	for (size_t i = 0; i < l->nr_gaps; i++) {
		escape_text(text, sizeof(text), l->gap[i].text, strlen(l->gap[i].text));
		fprintf(out, "%s  %s\n", indent, text);
	}
}

void json_add_looks(struct json_object *o, const struct view_looks *l, bool *failed)
{
	struct json_object *gaps = json_object_new_array();

	json_add_uint(o, KEY_LOOKS, l->nr, failed);
	json_add_uint(o, KEY_LOOK_TURN_THINGS, l->turn_things, failed);
	json_add_uint(o, KEY_LOOK_TURN, l->turn_ns, failed);
	for (size_t i = 0; i < l->nr_gaps; i++)
		json_append_string(gaps, l->gap[i].text, failed);
	json_add(o, KEY_GAPS, gaps, failed);
}
