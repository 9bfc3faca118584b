/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TYPES_H
#define DAXTOP_TYPES_H
/*
 * types.h - of the kernel's types those that an object's programs name, and of these the members
 * that they name.
 *
 * For each struct that a program reads, libbpf goes through all types that it is given (libbpf.c,
 * bpf_core_add_cands()): 160,000 of a kernel, for a hundred structs. Given these few, it finds the
 * same and writes the same into the programs. It then doesn't look into modules; there is no program
 * that reads a struct of one.
 */
struct bpf_object;
struct btf;
struct btf_names;

/* @own: of the object, @kernel: the kernel's. NULL: errno says why. */
struct btf *types_of(const struct btf *own, const struct btf_names *kernel);

/* For bpf_object_open_opts.btf_custom_path, which libbpf reads when it loads. */
struct types_file {
	int fd;
	char path[32];
};

/* An empty one: before the object is opened. Returns 0, or -errno. */
int types_open(struct types_file *f);
/* Between open and load. Returns 0, or -errno. */
int types_fill(const struct types_file *f, const struct bpf_object *obj,
	       const struct btf_names *kernel);
void types_close(struct types_file *f);

#endif
