// SPDX-License-Identifier: GPL-2.0-only
/* json.c - JSON lines, schema 1 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "symbol/stacks.h"
#include "view/escape.h"
#include "view/finding.h"
#include "view/json.h"
#include "view/json_add.h"
#include "view/names.h"

#define PAGE_SHIFT 12

struct json_object *json_string(const char *s, size_t len)
{
	return json_object_new_string_len(s, strnlen(s, len));
}

void json_add(struct json_object *o, const char *key, struct json_object *value, bool *failed)
{
	if (!o || !value || json_object_object_add(o, key, value)) {
		json_object_put(value);
		*failed = true;
	}
}

void json_add_int(struct json_object *o, const char *key, int64_t n, bool *failed)
{
	json_add(o, key, json_object_new_int64(n), failed);
}

void json_add_uint(struct json_object *o, const char *key, uint64_t n, bool *failed)
{
	json_add(o, key, json_object_new_uint64(n), failed);
}

/* The string has U+FFFD for what is no UTF-8, so another file's name may look the same. */
static void add_bytes(struct json_object *o, const char *key, const char *s, size_t len, bool *failed)
{
	char name[64], *hex = malloc(2 * len + 1);

	snprintf(name, sizeof(name), "%s_bytes", key);
	for (size_t i = 0; hex && i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)s[i]);
	json_add(o, name, hex ? json_object_new_string(hex) : NULL, failed);
	free(hex);
}

void json_add_string(struct json_object *o, const char *key, const char *s, size_t len,
		     bool *failed)
{
	if (!s) {
		if (!o || json_object_object_add(o, key, NULL))
			*failed = true;
		return;
	}
	len = strnlen(s, len);
	json_add(o, key, json_object_new_string_len(s, len), failed);
	if (!escape_is_utf8(s, len))
		add_bytes(o, key, s, len, failed);
}

void json_add_hex(struct json_object *o, const char *key, uint64_t n, bool *failed)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, n);
	json_add(o, key, json_object_new_string(text), failed);
}

void json_add_dev(struct json_object *o, const char *key, uint32_t dev, bool *failed)
{
	char text[24];

	snprintf(text, sizeof(text), "%u:%u", dev >> 20, dev & 0xfffff);
	json_add(o, key, json_object_new_string(text), failed);
}

struct json_object *json_start(const char *type, bool *failed)
{
	struct json_object *o = json_object_new_object();

	*failed = !o;
	json_add_int(o, "schema", VIEW_JSON_SCHEMA, failed);
	json_add(o, "type", json_object_new_string(type), failed);
	return o;
}

int json_finish(FILE *out, struct json_object *o, bool failed)
{
	if (failed) {
		json_object_put(o);
		return -ENOMEM;
	}
	return json_line(out, o);
}

int json_line(FILE *out, struct json_object *o)
{
	const char *text;

	if (!o)
		return -ENOMEM;
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							 JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text) {
		escape_json(out, text);
		/* after a write that a signal ended the next one would wait again for a reader that does not read */
		if (!ferror(out))
			fputc('\n', out);
	}
	json_object_put(o);
	return text ? 0 : -ENOMEM;
}

struct json_object *json_flags(uint32_t flags)
{
	struct json_object *a = json_object_new_array();

	for (unsigned int bit = 0; a && bit < 32; bit++) {
		const char *name = flag_name(bit);
		struct json_object *s;
		char unknown[16];

		if (!(flags & 1u << bit))
			continue;
		if (!name) {
			snprintf(unknown, sizeof(unknown), "0x%x", 1u << bit);
			name = unknown;
		}
		s = json_object_new_string(name);
		if (!s || json_object_array_add(a, s)) {
			json_object_put(s);
			json_object_put(a);
			return NULL;
		}
	}
	return a;
}

static void add_frames(struct json_object *o, const char *key, const struct view_stack *s,
		       bool user, bool *failed)
{
	size_t nr = user ? s->nr_user : s->nr_kernel;
	struct json_object *a = json_object_new_array();
	char name[512];

	for (size_t i = 0; a && i < nr; i++) {
		struct json_object *frame;

		stack_frame_format(name, sizeof(name), user ? &s->user[i] : &s->kernel[i], user);
		frame = json_string(name, sizeof(name));
		if (!frame || json_object_array_add(a, frame)) {
			json_object_put(frame);
			*failed = true;
		}
	}
	json_add(o, key, a, failed);
	if (!(user ? s->user_unkept : s->kernel_unkept))
		return;
	snprintf(name, sizeof(name), "%s_not_kept", key);
	json_add(o, name, json_object_new_boolean(true), failed);
}

/* Device, pgmap, order and counts: of the folio or the pgmap that the event is about. */
static void add_folio(struct json_object *o, const struct dx_event *e, const char *device,
		      bool *failed)
{
	bool folio = event_has_folio(e);

	if (event_has_pfn(e))
		json_add_uint(o, "pfn", e->pfn, failed);
	if (folio)
		json_add_int(o, "order", e->order, failed);
	if (event_has_pfn(e) || e->pgmap || device)
		json_add_string(o, "device", device, device ? strlen(device) : 0, failed);
	if (e->pgmap)
		json_add_hex(o, "pgmap", e->pgmap, failed);
	if (pgmap_type_name(e->pgmap_type))
		json_add(o, "pgmap_type", json_object_new_string(pgmap_type_name(e->pgmap_type)),
			 failed);
	if (folio) {
		json_add_int(o, "refcount", e->refcount, failed);
		json_add_int(o, "mapcount", e->mapcount, failed);
		json_add_int(o, "pins", e->pincount, failed);
	}
	if (event_has_nr(e))
		json_add_uint(o, "nr", e->nr, failed);
}

static void add_file(struct json_object *o, const struct dx_event *e,
		     const struct view_names *names, bool *failed)
{
	const char *path = names->path;
	size_t len = path ? strlen(path) : 0;
	bool deleted = names->path_deleted;

	if (!event_has_file(e) && !path && e->type != DX_FILE)
		return;
	if (e->type == DX_FILE) {
		const struct dx_file_event *f = (const struct dx_file_event *)e;

		if (!path) {
			path = f->path;
			len = f->path_len < DX_PATH_LEN ? f->path_len : DX_PATH_LEN;
		}
		deleted = deleted || (f->path_flags & DX_PATH_DELETED);
		json_add(o, "truncated", json_object_new_boolean(f->path_flags & DX_PATH_TRUNCATED),
			 failed);
	}
	json_add_string(o, "file", path, len, failed);
	if (path)
		json_add(o, "deleted", json_object_new_boolean(deleted), failed);
	json_add_dev(o, "dev", e->dev, failed);
	if (e->ino)
		json_add_uint(o, "ino", e->ino, failed);
	if (event_has_offset(e))
		json_add_uint(o, "offset", e->index << PAGE_SHIFT, failed);
}

static void add_violation(struct json_object *o, const struct dx_event *e, const struct view_names *names,
			  bool *failed)
{
	struct engine_finding f;
	char says[FINDING_MAX];

	finding_of_event(&f, e, names);
	json_add(o, "rule", json_object_new_string(rule_name(f.rule)), failed);
	json_add(o, "detail", json_object_new_string(detail_name(f.detail)), failed);
	finding_sentence(says, sizeof(says), &f, e->time);
	json_add_string(o, "says", says, strlen(says), failed);
	json_add_int(o, "wanted", f.wanted, failed);
	json_add_int(o, "got", f.got, failed);
	if (f.addr)
		json_add_uint(o, "addr", f.addr, failed);
}

/* What only some types of event have. */
static void add_details(struct json_object *o, const struct dx_event *e, const struct view_names *names,
			bool *failed)
{
	char result[256];

	if (event_has_addr(e))
		json_add_uint(o, "addr", e->addr, failed);
	if (event_has_level(e))
		json_add(o, "level", json_object_new_string(level_name(e->level)), failed);
	if (e->type == DX_FAULT && (e->flags & DX_F_INSERT))
		json_add_int(o, "ref_first", e->ref_first, failed);
	if (e->type == DX_FAULT && (e->flags & DX_F_INSTALL)) {
		json_add_int(o, "ref_install", e->ref_install, failed);
		json_add_int(o, "map_install", e->map_install, failed);
		json_add_int(o, "since_ns", e->since, failed);
	}
	if (e->type == DX_PIN || e->type == DX_GET)
		json_add_hex(o, "gup_flags", e->arg, failed);
	if (e->type == DX_PGMAP_ADD)
		json_add_uint(o, "nr_pages", e->index, failed);
	if (e->type == DX_PGMAP_REFS) {
		json_add_int(o, "refs", (int64_t)e->addr, failed);
		json_add_uint(o, "refs_base", e->index, failed);
	}
	if (e->type == DX_VIOLATION)
		add_violation(o, e, names, failed);
	if (e->type == DX_BREAK_DONE) {
		json_add_uint(o, "first_page", e->index, failed);
		if (e->addr < INT64_MAX >> 12) /* else to the end of the file */
			json_add_uint(o, "last_page", e->addr, failed);
	}
	if (event_has_ret(e)) {
		json_add_int(o, "ret", e->ret, failed);
		if (e->type == DX_FAULT || e->type == DX_DEV_FAULT)
			json_add(o, "result",
				 json_object_new_string(fault_result_format(result, sizeof(result),
									    e->ret)),
				 failed);
	}
	if (e->stack != DX_STACK_NONE || dx_event_has_ustack(e))
		json_add_int(o, "stack", e->stack, failed);
	if (dx_event_has_ustack(e))
		json_add_int(o, "ustack", e->ustack, failed);
}

int view_json_event(FILE *out, const struct dx_event *e, const struct view_names *names)
{
	static const struct view_names none;
	const char *name = event_name(e->type);
	struct json_object *o;
	char unknown[16];
	bool failed;

	if (!names)
		names = &none;
	if (!name) {
		snprintf(unknown, sizeof(unknown), "type-%u", e->type);
		name = unknown;
	}
	o = json_start("event", &failed);
	json_add_uint(o, "time_ns", e->time, &failed);
	json_add_int(o, "cpu", e->cpu, &failed);
	json_add(o, "event", json_object_new_string(name), &failed);
	json_add_uint(o, "pid", e->pid, &failed);
	json_add_uint(o, "tgid", e->tgid, &failed);
	json_add_string(o, "comm", e->comm, DX_COMM_LEN, &failed);
	add_folio(o, e, names->device, &failed);
	json_add(o, "flags", json_flags(e->flags), &failed);
	add_file(o, e, names, &failed);
	add_details(o, e, names, &failed);
	if (names->stack) {
		add_frames(o, "kernel_stack", names->stack, false, &failed);
		add_frames(o, "user_stack", names->stack, true, &failed);
	}
	return json_finish(out, o, failed);
}

int view_json_summary(FILE *out, const struct view_summary *s)
{
	struct json_object *o, *by_event, *by_cpu, *one;
	uint64_t received = 0, lost = 0;
	bool failed;

	for (unsigned int i = 0; i < DX_EVENT_TYPES; i++) {
		received += s->received[i];
		lost += s->lost[i];
	}
	o = json_start("summary", &failed);
	json_add_uint(o, "received", received, &failed);
	json_add_uint(o, "lost", lost, &failed);
	by_event = json_object_new_object();
	for (unsigned int i = 1; i < DX_EVENT_TYPES; i++) {
		if (!s->received[i] && !s->lost[i])
			continue;
		one = json_object_new_object();
		json_add_uint(one, "received", s->received[i], &failed);
		json_add_uint(one, "lost", s->lost[i], &failed);
		json_add(by_event, event_name(i), one, &failed);
	}
	json_add(o, "by_event", by_event, &failed);
	by_cpu = json_object_new_array();
	for (unsigned int i = 0; by_cpu && i < s->nr_cpus; i++)
		if (json_object_array_add(by_cpu, json_object_new_uint64(s->lost_by_cpu[i])))
			failed = true;
	json_add(o, "lost_by_cpu", by_cpu, &failed);
	json_add_uint(o, "missed_runs", s->missed_runs, &failed);
	json_add_uint(o, "stacks_not_kept", s->stacks_unkept, &failed);
	return json_finish(out, o, failed);
}
