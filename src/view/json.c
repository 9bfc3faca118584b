// SPDX-License-Identifier: GPL-2.0-only
/* json.c - JSON lines, schema 2 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "model/stacks.h"
#include "base/escape.h"
#include "view/finding.h"
#include "view/json.h"
#include "view/file.h"
#include "view/json_add.h"
#include "view/names.h"

static const char *const keys[] = {
#define JSON_KEY_NAME(constant, key, form, meaning) key,
	JSON_KEYS(JSON_KEY_NAME)
};

static void add(struct json_object *o, const char *key, struct json_object *value, bool *failed)
{
	if (!o || !value || json_object_object_add(o, key, value)) {
		json_object_put(value);
		*failed = true;
	}
}

void json_add(struct json_object *o, enum json_key key, struct json_object *value, bool *failed)
{
	add(o, keys[key], value, failed);
}

void json_add_null(struct json_object *o, enum json_key key, bool *failed)
{
	if (!o || json_object_object_add(o, keys[key], NULL))
		*failed = true;
}

void json_add_int(struct json_object *o, enum json_key key, int64_t n, bool *failed)
{
	json_add(o, key, json_object_new_int64(n), failed);
}

void json_add_uint(struct json_object *o, enum json_key key, uint64_t n, bool *failed)
{
	json_add(o, key, json_object_new_uint64(n), failed);
}

void json_add_known(struct json_object *o, enum json_key key, bool known, uint64_t n, bool *failed)
{
	if (known)
		json_add_uint(o, key, n, failed);
	else
		json_add_null(o, key, failed);
}

void json_add_bool(struct json_object *o, enum json_key key, bool b, bool *failed)
{
	json_add(o, key, json_object_new_boolean(b), failed);
}

/* The string has U+FFFD for what is no UTF-8, so another file's name may look the same. */
static void add_bytes(struct json_object *o, const char *key, const char *s, size_t len, bool *failed)
{
	char name[64], *hex = malloc(2 * len + 1);

	snprintf(name, sizeof(name), "%s_hex", key);
	for (size_t i = 0; hex && i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)s[i]);
	add(o, name, hex ? json_object_new_string(hex) : NULL, failed);
	free(hex);
}

void json_add_string(struct json_object *o, enum json_key key, const char *s, size_t len,
		     bool *failed)
{
	if (!s) {
		json_add_null(o, key, failed);
		return;
	}
	len = strnlen(s, len);
	json_add(o, key, json_object_new_string_len(s, len), failed);
	if (!escape_is_utf8(s, len))
		add_bytes(o, keys[key], s, len, failed);
}

void json_add_text(struct json_object *o, enum json_key key, const char *s, bool *failed)
{
	json_add_string(o, key, s && *s ? s : NULL, s ? strlen(s) : 0, failed);
}

void json_add_hex(struct json_object *o, enum json_key key, uint64_t n, bool *failed)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, n);
	json_add_text(o, key, text, failed);
}

void json_add_dev(struct json_object *o, enum json_key key, uint32_t dev, bool *failed)
{
	char text[24];

	snprintf(text, sizeof(text), "%u:%u", dev >> 20, dev & 0xfffff);
	json_add_text(o, key, text, failed);
}

void json_append(struct json_object *list, struct json_object *value, bool *failed)
{
	if (!list || !value || json_object_array_add(list, value)) {
		json_object_put(value);
		*failed = true;
	}
}

void json_append_string(struct json_object *list, const char *s, bool *failed)
{
	json_append(list, json_object_new_string(s), failed);
}

void json_add_frames(struct json_object *o, const struct stack_frame *frames, size_t nr,
		     bool unkept, bool user, bool *failed)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < nr; i++) {
		const struct stack_frame *f = &frames[i];
		struct json_object *one = json_object_new_object();

		/* the kernel's are told to nobody: where it lies in memory is a secret */
		if (user)
			json_add_hex(one, KEY_IP, f->addr, failed);
		json_add_text(one, KEY_SYMBOL, f->name, failed);
		if (f->name)
			json_add_uint(one, KEY_SYMBOL_OFFSET, f->offset, failed);
		if (f->in)
			json_add_text(one, user ? KEY_BINARY : KEY_MODULE, f->in, failed);
		if (f->why)
			json_add_text(one, KEY_WHY, f->why, failed);
		json_append(list, one, failed);
	}
	json_add(o, user ? KEY_USER_STACK : KEY_KERNEL_STACK, list, failed);
	if (unkept)
		json_add_bool(o, user ? KEY_USER_STACK_NOT_KEPT : KEY_KERNEL_STACK_NOT_KEPT, true,
			      failed);
}

struct json_object *json_start(const char *type, bool *failed)
{
	struct json_object *o = json_object_new_object();

	*failed = !o;
	json_add_int(o, KEY_SCHEMA, VIEW_JSON_SCHEMA, failed);
	json_add_text(o, KEY_TYPE, type, failed);
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

void json_add_flags(struct json_object *o, uint32_t flags, bool *failed)
{
	struct json_object *list = json_object_new_array();
	char unknown[16];

	for (unsigned int bit = 0; bit < 32; bit++) {
		if (!(flags & 1u << bit))
			continue;
		snprintf(unknown, sizeof(unknown), "0x%x", 1u << bit);
		json_append_string(list, flag_name(bit) ? flag_name(bit) : unknown, failed);
	}
	json_add(o, KEY_FLAGS, list, failed);
}

/* Device, pgmap, order and counts: of the folio or the pgmap that the event is about. */
static void add_folio(struct json_object *o, const struct dx_event *e, const char *device,
		      bool *failed)
{
	bool folio = event_has_folio(e);

	if (event_has_pfn(e))
		json_add_uint(o, KEY_PFN, e->pfn, failed);
	if (folio)
		json_add_int(o, KEY_ORDER, e->order, failed);
	if (event_has_pfn(e) || e->pgmap || device)
		json_add_string(o, KEY_DEVICE, device, device ? strlen(device) : 0, failed);
	if (e->pgmap)
		json_add_uint(o, KEY_PGMAP, e->pgmap, failed);
	if (pgmap_type_name(e->pgmap_type))
		json_add_text(o, KEY_MEMORY_TYPE, pgmap_type_name(e->pgmap_type), failed);
	if (folio) {
		json_add_int(o, KEY_REFCOUNT, e->refcount, failed);
		json_add_int(o, KEY_MAPCOUNT, e->mapcount, failed);
		json_add_int(o, KEY_PINS, e->pincount, failed);
	}
	if (event_has_nr(e))
		json_add_uint(o, KEY_NR, e->nr, failed);
}

static void add_file(struct json_object *o, const struct dx_event *e,
		     const struct view_names *names, bool *failed)
{
	const struct view_file file = view_file_of_event(e, names);

	if (!event_has_file(e) && !file.path && e->type != DX_FILE)
		return;
	if (e->type == DX_FILE && !(file.flags & DX_PATH_TRUNCATED))
		json_add_bool(o, KEY_FILE_TRUNCATED, false, failed);
	json_add_file(o, &file, failed);
	if (event_has_offset(e))
		json_add_uint(o, KEY_OFFSET, e->index << PAGE_SHIFT, failed);
}

static void add_violation(struct json_object *o, const struct dx_event *e,
			  const struct view_names *names, bool *failed)
{
	struct engine_finding f;
	char says[FINDING_MAX];

	finding_of_event(&f, e, names);
	json_add_text(o, KEY_RULE, rule_name(f.rule), failed);
	json_add_text(o, KEY_DETAIL, detail_name(f.detail), failed);
	json_add_text(o, KEY_SAYS, finding_sentence(says, sizeof(says), &f, e->time), failed);
	json_add_int(o, KEY_WANTED, f.wanted, failed);
	json_add_int(o, KEY_GOT, f.got, failed);
	if (f.addr)
		json_add_uint(o, KEY_ADDR, f.addr, failed);
}

/* What only some types of event have. */
static void add_details(struct json_object *o, const struct dx_event *e,
			const struct view_names *names, bool *failed)
{
	char result[256];

	if (event_has_addr(e))
		json_add_uint(o, KEY_ADDR, e->addr, failed);
	if (event_has_level(e))
		json_add_text(o, KEY_LEVEL, level_name(e->level), failed);
	if (e->type == DX_FAULT && (e->flags & DX_F_INSERT))
		json_add_int(o, KEY_REF_FIRST, e->ref_first, failed);
	if (e->type == DX_FAULT && (e->flags & DX_F_INSTALL)) {
		json_add_int(o, KEY_REF_INSTALL, e->ref_install, failed);
		json_add_int(o, KEY_MAP_INSTALL, e->map_install, failed);
		json_add_uint(o, KEY_INSTALL_TIME, e->time - e->since, failed);
	}
	if (e->type == DX_SIGBUS)
		json_add_text(o, KEY_REASON, sigbus_reason_name(e->ret), failed);
	if (e->type == DX_PIN || e->type == DX_GET)
		json_add_hex(o, KEY_GUP_FLAGS, e->arg, failed);
	if (e->type == DX_PGMAP_ADD)
		json_add_uint(o, KEY_PAGES, e->index, failed);
	if (e->type == DX_PGMAP_REFS) {
		json_add_int(o, KEY_PGMAP_REFS, (int64_t)e->addr, failed);
		json_add_uint(o, KEY_PGMAP_REFS_BASE, e->index, failed);
	}
	if (e->type == DX_VIOLATION)
		add_violation(o, e, names, failed);
	if (e->type == DX_BREAK_DONE) {
		json_add_uint(o, KEY_OFFSET, e->index << PAGE_SHIFT, failed);
		if (e->addr < INT64_MAX >> PAGE_SHIFT) /* else to the end of the file */
			json_add_uint(o, KEY_OFFSET_END, (e->addr + 1) << PAGE_SHIFT, failed);
	}
	if (event_has_ret(e)) {
		json_add_int(o, KEY_RET, e->ret, failed);
		if (e->type == DX_FAULT || e->type == DX_DEV_FAULT)
			json_add_text(o, KEY_RESULT,
				      fault_result_format(result, sizeof(result), e->ret), failed);
	}
	if (e->stack != DX_STACK_NONE || dx_event_has_ustack(e))
		json_add_int(o, KEY_STACK_ID, e->stack, failed);
	if (dx_event_has_ustack(e))
		json_add_int(o, KEY_USER_STACK_ID, e->ustack, failed);
}

static void add_stacks(struct json_object *o, const struct view_stack *s, bool *failed)
{
	json_add_frames(o, s->kernel, s->nr_kernel, s->kernel_unkept, false, failed);
	json_add_frames(o, s->user, s->nr_user, s->user_unkept, true, failed);
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
	json_add_uint(o, KEY_TIME, e->time, &failed);
	json_add_int(o, KEY_CPU, e->cpu, &failed);
	json_add_text(o, KEY_EVENT, name, &failed);
	json_add_uint(o, KEY_PID, e->pid, &failed);
	json_add_uint(o, KEY_TGID, e->tgid, &failed);
	json_add_string(o, KEY_COMM, e->comm, DX_COMM_LEN, &failed);
	add_folio(o, e, names->device, &failed);
	json_add_flags(o, e->flags, &failed);
	add_file(o, e, names, &failed);
	add_details(o, e, names, &failed);
	if (names->stack)
		add_stacks(o, names->stack, &failed);
	return json_finish(out, o, failed);
}

int view_json_process(FILE *out, const struct dx_task *t)
{
	struct json_object *o;
	bool failed;

	o = json_start("process", &failed);
	json_add_uint(o, KEY_TIME, t->time, &failed);
	json_add_uint(o, KEY_TGID, t->tgid, &failed);
	json_add_string(o, KEY_COMM, t->comm, DX_COMM_LEN, &failed);
	json_add_uint(o, KEY_PROCESS_START, t->start, &failed);
	json_add_uint(o, KEY_EXEC, t->exec, &failed);
	json_add_uint(o, KEY_CGROUP_ID, t->cgroup, &failed);
	json_add_uint(o, KEY_PID_NS, t->pid_ns, &failed);
	json_add_uint(o, KEY_MOUNT_NS, t->mount_ns, &failed);
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
	json_add_uint(o, KEY_RECEIVED, received, &failed);
	json_add_uint(o, KEY_LOST, lost, &failed);
	by_event = json_object_new_object();
	for (unsigned int i = 1; i < DX_EVENT_TYPES; i++) {
		if (!s->received[i] && !s->lost[i])
			continue;
		one = json_object_new_object();
		json_add_uint(one, KEY_RECEIVED, s->received[i], &failed);
		json_add_uint(one, KEY_LOST, s->lost[i], &failed);
		add(by_event, event_name(i), one, &failed);
	}
	json_add(o, KEY_BY_EVENT, by_event, &failed);
	by_cpu = json_object_new_array();
	for (unsigned int i = 0; i < s->nr_cpus; i++)
		json_append(by_cpu, json_object_new_uint64(s->lost_by_cpu[i]), &failed);
	json_add(o, KEY_LOST_BY_CPU, by_cpu, &failed);
	json_add_uint(o, KEY_MISSED_RUNS, s->missed_runs, &failed);
	json_add_uint(o, KEY_STACKS_NOT_KEPT, s->stacks_unkept, &failed);
	json_add_uint(o, KEY_INDEXES_FORGOTTEN, s->indexes_forgotten, &failed);
	json_add_looks(o, &s->looks, &failed);
	return json_finish(out, o, failed);
}
