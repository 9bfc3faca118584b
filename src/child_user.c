// SPDX-License-Identifier: GPL-2.0-only
/* child_user.c - the user that another program is run as */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "child_user.h"
#include "base/escape.h"

#define ASK_FOR_USER ": name the user to run CMD as with --user=NAME (--user=root: as root)"

/* What makes its caller root tells who that was, in variables of its own. */
static const struct caller {
	const char *program;
	const char *uid, *gid, *user; /* variables; NULL: it has none */
} callers[] = {
	/* sudo(8), and run0(1), which sets the same */
	{ "sudo", "SUDO_UID", "SUDO_GID", "SUDO_USER" },
	{ "pkexec", "PKEXEC_UID", NULL, NULL },
	{ "doas", NULL, NULL, "DOAS_USER" },
};

#define NR_CALLERS (sizeof(callers) / sizeof(callers[0]))

static char *shown(char out[256], const char *text)
{
	escape_columns(out, 256, text, strlen(text), 60, ESCAPE_KEEP_START);
	return out;
}

/* ---- passwd(5) ---- */

static int user_fill(struct child_user *u, const struct passwd *pw, char *err, size_t errlen)
{
	if (strlen(pw->pw_name) >= sizeof(u->name) || strlen(pw->pw_dir) >= sizeof(u->home)) {
		snprintf(err, errlen, "the user's name or home directory is too long");
		return -ENAMETOOLONG;
	}
	strcpy(u->name, pw->pw_name);
	strcpy(u->home, pw->pw_dir);
	return 0;
}

/* By @name, or by @uid when that is NULL. *@pw is NULL where there is none; a failure is another thing. */
static int passwd_get(const struct passwd **pw, const char *name, uid_t uid, char *err, size_t errlen)
{
	errno = 0;
	*pw = name ? getpwnam(name) : getpwuid(uid);
	/* getpwnam(3): these say "not found", too */
	if (*pw || !errno || errno == ENOENT || errno == ESRCH || errno == EBADF || errno == EPERM)
		return 0;
	snprintf(err, errlen, "the user to run CMD as can't be looked up: %s", strerror(errno));
	return -errno;
}

/* ---- who called ---- */

/* As printf("%u") writes it, and nothing else: not 0x3e8, not 007, not -1. */
static bool id_parse(const char *text, unsigned int *id)
{
	unsigned long long n;
	char *end;

	if (text[0] < '0' || text[0] > '9' || (text[0] == '0' && text[1]))
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	/* (uid_t)-1 means "leave it" to the system calls */
	if (*end || errno || n >= 0xffffffffull)
		return false;
	*id = n;
	return true;
}

static int id_get(const char *variable, unsigned int *id, char *err, size_t errlen)
{
	const char *text = getenv(variable);
	char value[256];

	if (!text) {
		snprintf(err, errlen, "%s is not set, so who called is not known" ASK_FOR_USER,
			 variable);
		return -EINVAL;
	}
	if (!id_parse(text, id)) {
		snprintf(err, errlen,
			 "%s is '%s', which is no number of a user or group" ASK_FOR_USER, variable,
			 shown(value, text));
		return -EINVAL;
	}
	return 0;
}

/* The variable with a name: that of the user who is known by number, or all that is known. */
static int name_get(const struct caller *c, struct child_user *u, char *err, size_t errlen)
{
	const char *name = getenv(c->user);
	const struct passwd *pw;
	char value[256];
	int ret = passwd_get(&pw, name, 0, err, errlen);

	if (ret)
		return ret;
	if (!c->uid && pw) {
		u->uid = pw->pw_uid;
		u->gid = pw->pw_gid;
		return user_fill(u, pw, err, errlen);
	}
	if (pw && pw->pw_uid == u->uid)
		return user_fill(u, pw, err, errlen);
	/* a uid without an entry has a name that has none */
	if (c->uid && !pw && *name && !passwd_get(&pw, NULL, u->uid, err, errlen) && !pw)
		return 0;
	if (c->uid)
		snprintf(err, errlen, "%s is '%s', and %s is %u, which is another user" ASK_FOR_USER,
			 c->user, shown(value, name), c->uid, u->uid);
	else
		snprintf(err, errlen, "%s is '%s', and there is no such user" ASK_FOR_USER, c->user,
			 shown(value, name));
	return -EINVAL;
}

static int number_get(const struct caller *c, struct child_user *u, char *err, size_t errlen)
{
	const struct passwd *pw;
	int ret = id_get(c->uid, &u->uid, err, errlen);

	/* root who called has its groups already */
	if (!ret && c->gid && (u->uid || getenv(c->gid)))
		ret = id_get(c->gid, &u->gid, err, errlen);
	if (ret || (c->user && getenv(c->user)))
		return ret;
	ret = passwd_get(&pw, NULL, u->uid, err, errlen);
	if (ret)
		return ret;
	if (!pw && !c->gid) {
		snprintf(err, errlen,
			 "%s is %u, which has no entry in passwd, so its group is not known" ASK_FOR_USER,
			 c->uid, u->uid);
		return -EINVAL;
	}
	if (!c->gid)
		u->gid = pw->pw_gid;
	return pw ? user_fill(u, pw, err, errlen) : 0;
}

static bool variable_set(const char *variable)
{
	return variable && getenv(variable);
}

static int user_of_caller(struct child_user *u, char *err, size_t errlen)
{
	const struct caller *found = NULL;

	for (const struct caller *c = callers; c < callers + NR_CALLERS; c++) {
		struct child_user one = {};
		int ret = 0;

		if (!variable_set(c->uid) && !variable_set(c->gid) && !variable_set(c->user))
			continue;
		if (c->uid)
			ret = number_get(c, &one, err, errlen);
		if (!ret && variable_set(c->user))
			ret = name_get(c, &one, err, errlen);
		if (ret)
			return ret;
		if (found && one.uid != u->uid) {
			snprintf(err, errlen, "uid %u called %s, and uid %u called %s" ASK_FOR_USER,
				 u->uid, found->program, one.uid, c->program);
			return -EINVAL;
		}
		if (!found)
			*u = one;
		found = c;
	}
	u->change = found && u->uid;
	return 0;
}

/* ---- who it is ---- */

static int user_named(struct child_user *u, const char *name, char *err, size_t errlen)
{
	const struct passwd *pw;
	char value[256];
	int ret = passwd_get(&pw, name, 0, err, errlen);

	if (ret)
		return ret;
	if (!pw) {
		snprintf(err, errlen, "there is no user '%s'", shown(value, name));
		return -ENOENT;
	}
	if (geteuid() && (pw->pw_uid != geteuid() || pw->pw_gid != getegid())) {
		snprintf(err, errlen,
			 "only root can run CMD as another user: use sudo, or leave --user out");
		return -EPERM;
	}
	u->change = true;
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	return user_fill(u, pw, err, errlen);
}

int child_user_find(struct child_user *u, const char *name, char *err, size_t errlen)
{
	const struct passwd *pw;
	int ret;

	memset(u, 0, sizeof(*u));
	if (name)
		return user_named(u, name, err, errlen);
	ret = geteuid() ? 0 : user_of_caller(u, err, errlen);
	if (ret || u->change)
		return ret;
	/* for who wants to tell: nothing is changed by it */
	memset(u, 0, sizeof(*u));
	u->uid = geteuid();
	u->gid = getegid();
	pw = getpwuid(u->uid);
	if (pw)
		user_fill(u, pw, err, errlen);
	return 0;
}

/* setresuid() away from 0 drops all capabilities: capabilities(7). */
int child_user_become(const struct child_user *u)
{
	if (!u->change)
		return 0;
	if (!geteuid()) {
		if (u->name[0] ? initgroups(u->name, u->gid) : setgroups(1, &u->gid))
			return -errno;
	}
	if (setresgid(u->gid, u->gid, u->gid) || setresuid(u->uid, u->uid, u->uid))
		return -errno;
	if (u->name[0] && (setenv("USER", u->name, 1) || setenv("LOGNAME", u->name, 1) ||
			   setenv("HOME", u->home, 1)))
		return -errno;
	return 0;
}

char *child_user_format(char *out, size_t outlen, const struct child_user *u)
{
	if (u->name[0])
		escape_columns(out, outlen, u->name, strlen(u->name), 60, ESCAPE_KEEP_START);
	else if (!u->change)
		snprintf(out, outlen, "uid %u", u->uid);
	else
		snprintf(out, outlen, "uid %u (no entry in passwd, so no group but %u)", u->uid,
			 u->gid);
	return out;
}
