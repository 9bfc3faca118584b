// SPDX-License-Identifier: GPL-2.0-only
/* preflight.c - what must be so before anything is loaded, each in a sentence */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/btf.h>
#include "btf_names.h"
#include "kfuncs.h"
#include "limit.h"
#include "preflight.h"

#define TYPES "/sys/kernel/btf/vmlinux"

static int missing_capability(char *err, size_t errlen)
{
	static const struct {
		int cap;
		const char *name, *why;
	} needed[] = {
		{ CAP_BPF, "CAP_BPF", "to load its programs" },
		{ CAP_PERFMON, "CAP_PERFMON", "to attach them to kernel functions" },
		{ CAP_SYSLOG, "CAP_SYSLOG", "to find kernel addresses" },
		/* kernel/bpf/syscall.c, bpf_btf_get_fd_by_id() */
		{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "to read the types of modules" },
		/* sysfs: a device's resource is 0400 */
		{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "to find the devices' names" },
	};
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d))
		return 0; /* then loading tells */
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		int cap = needed[i].cap;

		if (d[cap / 32].effective & (1u << (cap % 32)))
			continue;
		/* CAP_SYS_ADMIN stands for the first two (kernel/bpf/syscall.c, bpf_capable()) */
		if ((cap == CAP_BPF || cap == CAP_PERFMON) && d[0].effective & (1u << CAP_SYS_ADMIN))
			continue;
		snprintf(err, errlen,
			 "%s is missing, which daxtop needs %s: run it as root (sudo daxtop ...)",
			 needed[i].name, needed[i].why);
		return -1;
	}
	return 0;
}

static int locked_down(char *err, size_t errlen)
{
	char mode[128] = "";
	FILE *f = fopen("/sys/kernel/security/lockdown", "re");

	if (!f)
		return 0;
	if (!fgets(mode, sizeof(mode), f))
		mode[0] = 0;
	fclose(f);
	/* security/lockdown/lockdown.c: LOCKDOWN_BPF_READ_KERNEL is a confidentiality reason */
	if (!strstr(mode, "[confidentiality]"))
		return 0;
	snprintf(err, errlen, PREFLIGHT_LOCKDOWN);
	return -1;
}

/* A container's mount namespace may lack either, or have a /proc of a pid namespace in which there is no such process. */
static int unmounted(char *err, size_t errlen)
{
	if (access("/proc/self/fd", F_OK))
		snprintf(err, errlen,
			 "/proc is not mounted here, or is that of a pid namespace in which this process is not: mount "
			 "it (mount -t proc proc /proc)");
	else if (access("/sys/kernel", F_OK))
		snprintf(err, errlen, "/sys is not mounted here: mount it (mount -t sysfs sys /sys)");
	else
		return 0;
	return -1;
}

int preflight(char *err, size_t errlen)
{
	if (missing_capability(err, errlen) || unmounted(err, errlen) || locked_down(err, errlen))
		return -1;
	if (access(TYPES, R_OK)) {
		snprintf(err, errlen,
			 "this kernel tells no types (" TYPES ": %s): daxtop needs one "
			 "built with CONFIG_DEBUG_INFO_BTF, as Debian's are",
			 strerror(errno));
		return -1;
	}
	return 0;
}

/* Linux 6.16 (commit a539e2a6d51d) maps what others read page by page, which takes a tenth of all that a look does. */
static struct btf *types_map(void)
{
	int fd = open(TYPES, O_RDONLY | O_CLOEXEC);
	struct btf *btf = NULL;
	struct stat st;
	void *at;

	if (fd < 0)
		return NULL;
	at = fstat(fd, &st) ? MAP_FAILED : mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return NULL;
	btf = btf__new(at, st.st_size);
	munmap(at, st.st_size);
	return btf;
}

const struct btf_names *preflight_types(char *err, size_t errlen)
{
	static struct btf_names *types;
	struct btf *btf;
	int rc;

	if (types)
		return types;
	btf = types_map() ?: btf__load_vmlinux_btf();
	/* ESRCH: it has tried other files, too, and keeps no reason (btf.c, btf__load_vmlinux_btf()) */
	if (!btf && errno == ESRCH)
		btf = btf__parse(TYPES, NULL);
	rc = btf ? -ENOMEM : -errno;
	if (btf)
		types = btf_names_new(btf, 1);
	if (!types)
		snprintf(err, errlen, "the kernel's types could not be read: %s", limit_sentence(rc));
	return types;
}

int preflight_btf(const struct btf_names *types, char *err, size_t errlen)
{
	const char *kfunc;

	if (!btf_names_find(types, "dax_insert_entry", BTF_KIND_FUNC))
		snprintf(err, errlen,
			 "this kernel has no filesystem DAX (CONFIG_FS_DAX): there is nothing to "
			 "watch; boot one that has it, as Debian's do");
	else if ((kfunc = kfuncs_find(types)))
		snprintf(err, errlen,
			 "this kernel is too old, it has no %s(): daxtop needs Linux " LINUX_NEEDED
			 " or later",
			 kfunc);
	else
		return 0;
	return -1;
}
