// SPDX-License-Identifier: GPL-2.0-only
/* mountinfo.c - what is mounted where (Documentation/filesystems/proc.rst, 3.5) */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mountinfo.h"

static bool octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7';
}

/* "\040" and the like, in place (fs/seq_file.c, mangle_path()). */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (*s == '\\' && octal(s + 1)) {
			*to++ = (s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0');
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = 0;
}

static char *word(char **at)
{
	char *w = strsep(at, " \n");

	return w ? w : "";
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": the optional fields end with "-". */
static int parse(struct mountinfo *t, char *line)
{
	struct mount_line *m;
	unsigned int major, minor;
	char *at = line, *id, *parent, *dev, *root, *point, *w;

	id = word(&at);
	parent = word(&at);
	dev = word(&at);
	root = word(&at);
	point = word(&at);
	if (sscanf(dev, "%u:%u", &major, &minor) != 2 || !*point)
		return 0;
	while (at && strcmp(w = word(&at), "-"))
		;
	m = reallocarray(t->m, t->nr + 1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	t->m = m;
	m += t->nr;
	unescape(root);
	unescape(point);
	m->id = strtol(id, NULL, 10);
	m->parent = strtol(parent, NULL, 10);
	m->dev = major << 20 | minor;
	m->root = strdup(root);
	m->point = strdup(point);
	snprintf(m->fstype, sizeof(m->fstype), "%s", word(&at));
	if (m->root && m->point) {
		t->nr++;
		return 0;
	}
	free(m->root);
	free(m->point);
	return -ENOMEM;
}

int mountinfo_parse(struct mountinfo *t, FILE *f)
{
	char *line = NULL;
	size_t room = 0;
	int rc = 0;

	while (!rc && getline(&line, &room, f) > 0)
		rc = parse(t, line);
	free(line);
	return rc;
}

int mountinfo_read(struct mountinfo *t, const char *path)
{
	FILE *f = fopen(path, "re");
	int rc;

	if (!f)
		return -errno;
	rc = mountinfo_parse(t, f);
	fclose(f);
	return rc;
}

void mountinfo_free(struct mountinfo *t)
{
	for (size_t i = 0; i < t->nr; i++) {
		free(t->m[i].root);
		free(t->m[i].point);
	}
	free(t->m);
	*t = (struct mountinfo){};
}

/* What follows @root in @path: "" or "/..."; NULL: it is not below it. */
static const char *below(const char *root, const char *path)
{
	size_t len = strlen(root);

	if (len && root[len - 1] == '/')
		len--;
	if (strncmp(root, path, len) || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}

static const struct mount_line *by_id(const struct mountinfo *t, int id)
{
	for (size_t i = 0; i < t->nr; i++)
		if (t->m[i].id == id)
			return &t->m[i];
	return NULL;
}

/* Is it mounted on @on? NULL: on what is not listed, as it is not below our root. */
static bool is_on(const struct mountinfo *t, const struct mount_line *m, const struct mount_line *on)
{
	const struct mount_line *parent = by_id(t, m->parent);

	return (parent == m ? NULL : parent) == on;
}

/* What a walk along @path meets first of what is mounted on @on. */
static const struct mount_line *first_on(const struct mountinfo *t, const struct mount_line *on,
					 const char *path)
{
	const struct mount_line *first = NULL;

	for (size_t i = 0; i < t->nr; i++) {
		const struct mount_line *m = &t->m[i];

		if (below(m->point, path) && is_on(t, m, on) &&
		    (!first || strlen(m->point) < strlen(first->point)))
			first = m;
	}
	return first;
}

/* The mount that the end of @path lies in, as fs/namei.c walks: what is mounted later hides what was there. */
static const struct mount_line *leads_to(const struct mountinfo *t, const char *path)
{
	const struct mount_line *at = NULL, *next;

	for (size_t i = 0; i <= t->nr; i++) {
		next = first_on(t, at, path);
		if (!next)
			break;
		at = next;
	}
	return at;
}

const struct mount_line *mountinfo_root(const struct mountinfo *t)
{
	return leads_to(t, "/");
}

static char *path_through(const struct mount_line *m, const char *path)
{
	const char *point = strcmp(m->point, "/") ? m->point : "", *rest = below(m->root, path);
	char *out;

	return asprintf(&out, "%s%s", point, *rest || *point ? rest : "/") < 0 ? NULL : out;
}

char *mountinfo_path(const struct mountinfo *t, uint32_t dev, const char *path)
{
	const struct mount_line *best = NULL;
	char *out = NULL;

	for (size_t i = 0; i < t->nr; i++) {
		const struct mount_line *m = &t->m[i];
		char *one;

		if (m->dev != dev || !below(m->root, path) ||
		    (best && strlen(m->point) >= strlen(best->point)))
			continue;
		one = path_through(m, path);
		if (!one || leads_to(t, one) != m) {
			free(one);
			continue;
		}
		free(out);
		out = one;
		best = m;
	}
	return out;
}
