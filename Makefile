# SPDX-License-Identifier: GPL-2.0-only
#
# `make help` lists what there is. Everything that is made lies in build/;
# V=1 shows the commands.

PREFIX ?= /usr/local
BUILD := build

CC := gcc
AR := gcc-ar
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
CFLAGS ?= -O2 -g
PKGS := libbpf libelf zlib libseccomp json-c ncursesw

# What Debian calls the things we need; "A|B": either will do, A is installed.
DEPS_BUILD := gcc libc6-dev linux-libc-dev clang bpftool pkg-config libbpf-dev libelf-dev \
	zlib1g-dev libseccomp-dev libjson-c-dev libncurses-dev
DEPS_LAB := qemu-system-x86 'busybox-static|busybox' ndctl daxctl xfsprogs e2fsprogs cpio xz-utils zstd \
	debian-archive-keyring util-linux bsdutils libcmocka-dev liburing-dev libelf1 fio
DEPS_BENCH := bpftrace
# libFuzzer, and what measures how much of a parser it has seen
DEPS_FUZZ := libclang-rt-dev llvm
DEPS_ROOTS := mmdebstrap uidmap util-linux git debian-archive-keyring
DEPS_LINT := clang-format clang-tidy shellcheck

# These goals install the packages that they miss. The others never call the package manager: they
# say what is missing, and `make deps` installs it, FOR="GOAL..." what those goals need.
LAB_GOALS := demo test test-more unit bench fuzz fuzz-coverage kernels soak inject vmlinux
INSTALLING := deps $(LAB_GOALS) roots fetch fetch-update lint format
FOR := $(MAKECMDGOALS)
DEPS := $(if $(filter-out roots fetch fetch-update format,$(FOR)),$(DEPS_BUILD)) \
	$(if $(filter $(LAB_GOALS) fetch fetch-update,$(FOR)),$(DEPS_LAB)) \
	$(if $(filter roots test-more,$(FOR)),$(DEPS_ROOTS)) \
	$(if $(filter bench,$(FOR)),$(DEPS_BENCH)) \
	$(if $(filter test fuzz%,$(FOR)),$(DEPS_FUZZ)) \
	$(if $(filter lint format,$(FOR)),$(DEPS_LINT))
# Order-only for everything that is made: runs first and rebuilds nothing.
READY := $(if $(filter $(INSTALLING),$(MAKECMDGOALS)),deps,tools)

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-5s %s\n' '$(1)' '$(2)'
endif

# Asked once, and only when something is compiled: $(READY) comes before.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

# Empty, as in the files that define it themselves: the same twice is no warning.
CPPFLAGS += -D_GNU_SOURCE= -Iinclude -Isrc -I$(BUILD)
# Set in CI only: a newer compiler's new warning must not keep anybody from building daxtop.
WERROR ?=
STRICT := $(if $(filter-out 0,$(WERROR)),-Werror)
WARN := -Wall -Wextra $(STRICT)
ALL_CFLAGS = -std=gnu11 $(WARN) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP
# The engine is many small files: optimized across them it takes 5 % more events a second.
# Fat, so that the tests' programs link without.
LTO := -flto=auto -ffat-lto-objects
# What isn't daxtop is not worth the twenty seconds of such a link.
NO_LTO := -fno-lto
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# Coverage is measured with the same programs: what `make fuzz` claims is what it runs.
FUZZ_CFLAGS := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -fprofile-instr-generate -fcoverage-mapping \
	-Wno-missing-field-initializers
FUZZ_LDFLAGS := -fsanitize=fuzzer,address,undefined -fprofile-instr-generate
BPF_CFLAGS := -target bpf -D__TARGET_ARCH_x86 -O2 -g -mcpu=v3 -fms-extensions -Wall $(STRICT) \
	-Iinclude -Ibpf -I. -MMD -MP

BPF_SRC := $(sort $(wildcard bpf/*.bpf.c))
# A look at what is there attaches nothing: a skeleton of its own, of a few programs that load fast.
LOOK_SRC := $(sort $(wildcard bpf/look/*.bpf.c)) bpf/scan.bpf.c bpf/walk.bpf.c
# What counts in the kernel and sends no event: attached instead of the rest.
PERF_SRC := $(sort $(wildcard bpf/perf/*.bpf.c))
SKELS := $(BUILD)/daxtop.skel.h $(BUILD)/look.skel.h $(BUILD)/perf.skel.h

SRC := $(sort $(wildcard src/*.c src/*/*.c src/*/*/*.c))
GUEST_SRC := $(sort $(wildcard tests/vm/guest/*.c)) tests/vm/wchan.c tests/json_schema.c
DEMO_SRC := $(sort $(wildcard tests/vm/demo*.c))
HONEST_SRC := $(sort $(wildcard tests/vm/honest/*.c)) tests/vm/wchan.c
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_LIB := $(filter-out $(UNIT_SRC),$(sort $(wildcard tests/unit/*.c))) tests/json_schema.c
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
# What they link to: all that does no I/O, or next to none.
FUZZ_LIB_SRC := $(filter src/base/% src/model/% src/engine/% src/scan/% src/perf/% src/view/% src/rule/% src/symbol/%,$(SRC)) \
	$(addprefix src/,folio_spec.c replay.c options_check.c options_value.c target.c child.c child_user.c \
		look/mountinfo.c kernel/nldev.c kernel/limit.c kernel/stackset.c \
		kernel/btf_names.c kernel/btf_kernel.c kernel/device.c kernel/iomem.c kernel/refusal.c)
BENCH_SRC := $(sort $(filter-out %.bpf.c %_shim.c,$(wildcard tests/bench/*.c)))

UNIT := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
UNIT_SAN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/san/unit/%)
FUZZ := $(FUZZ_SRC:tests/fuzz/fuzz_%.c=$(BUILD)/fuzz/%)
BENCH := $(BENCH_SRC:tests/bench/%.c=$(BUILD)/%) $(BUILD)/start_shim.so

# As many compilers as there are CPUs, unless the user said how many.
ifeq ($(filter -j% --jobs%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif

.DELETE_ON_ERROR:
.SUFFIXES:
# Objects between a source and a program are kept.
.SECONDARY:

.PHONY: all deps tools lint format vmlinux demo man test test-more unit bench fuzz fuzz-coverage fuzz-programs kernels roots soak fetch fetch-update inject install clean help \
	lab-programs unit-programs bench-programs

all: daxtop

# A copy where one looks for it; `sudo ./daxtop` after a plain make.
daxtop: $(BUILD)/daxtop
	$(Q)cp $< $@

help:
	@printf '%s\n' \
	'make demo          watch DAX pages live, in a virtual machine, in this terminal' \
	'make test          each claim once: unit, unit with sanitizers, on real kernels in the machine' \
	'make test-more     what is slow or rare: two CPUs, more kernels, other releases' \
	'make               build ./daxtop' \
	'make unit          the unit tests only' \
	'make lint          the rules of the house: format, clang-tidy, shellcheck, what includes what' \
	'make format        format the C files (clang-format 14)' \
	'make kernels       the short suite on each stock kernel series that Debian has, with a table' \
	'make fuzz          the fuzzers of all parsers, ten minutes in all; FUZZ_SECONDS=N, FUZZ="NAME..." of them' \
	'make fuzz-coverage how much of each parser the committed inputs run through' \
	'make soak          twenty minutes of honest work on two kernels: no finding allowed' \
	'make roots         build and test in roots of other Debian releases' \
	'make bench         what daxtop costs, in instructions and bytes' \
	'make install       daxtop and its man pages below PREFIX (now $(PREFIX)), DESTDIR is honoured' \
	'make deps          install the Debian packages that the build needs; FOR="GOAL...", those;' \
	'                   demo, test and the other goals that test do it themselves' \
	'make fetch-update  look for newer stock kernels for the virtual machine' \
	'make vmlinux       make vmlinux.h from bpf/vmlinux.list and the types of the current stock kernel' \
	'make clean         remove what was built; fetched kernels stay' \
	'V=1                show the commands' \
	'WERROR=1           warnings are errors, as in CI' \
	'SEED=N             the order of the machine'\''s tests; without it, another each time' \
	'TESTS="PATTERN..." of the machine'\''s tests these only, as in TESTS="xfs/fault/*"' \
	'DAXTOP_ACCEL=tcg   the machine in emulation, also where KVM would run it' \
	'DAXTOP_CACHE=DIR   where fetched kernels are kept (now $${XDG_CACHE_HOME:-~/.cache}/daxtop)'

deps:
	@tests/vm/deps $(DEPS)

# By trying: what is not Debian, or has a compiler of its own, is welcome.
tools:
	@tests/vm/deps --try $(firstword $(CC)) $(firstword $(CLANG)) $(BPFTOOL) -- $(PKGS) \
		$(if $(filter %-programs,$(MAKECMDGOALS)),cmocka liburing)

fetch: | $(READY)
	@tests/vm/fetch-kernel >$(or $(FETCH_OUT),/dev/null)

fetch-update: | $(READY)
	@tests/vm/fetch-kernel --update
	@tests/vm/fetch-kernel --update legacy
	@tests/vm/fetch-kernel --update longterm

# The module that breaks the rules, for both kernels. What is fresh, the script knows:
# where the kernels and their headers lie is its business.
inject: | $(READY)
	@tests/vm/inject/build current legacy

# ---- BPF side ----

# The subjects are compiled as one unit, so what their headers define is there once.
$(BUILD)/bpf/daxtop.bpf.c: $(BPF_SRC) Makefile
	@mkdir -p $(@D)
	@printf '#include "%s"\n' $(BPF_SRC) >$@

$(BUILD)/bpf/look.bpf.c: $(LOOK_SRC) Makefile
	@mkdir -p $(@D)
	@printf '#include "%s"\n' $(LOOK_SRC) >$@

$(BUILD)/bpf/perf.bpf.c: $(PERF_SRC) Makefile
	@mkdir -p $(@D)
	@printf '#include "%s"\n' $(PERF_SRC) >$@

$(BUILD)/bpf/%.o: $(BUILD)/bpf/%.bpf.c | $(READY)
	$(call say,BPF,$<)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/bpf/%.o: bpf/%.bpf.c | $(READY)
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/bpf/%.o: tests/bench/%.bpf.c | $(READY)
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/%.bpf.o: $(BUILD)/bpf/%.o
	$(call say,LINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $<

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf >$@

# ---- programs: rules for one variant, in $(1), compiled by $(3) with $(2); $(4): what the library has ----

define variant
$(1)/%.o: %.c | $(READY) $(SKELS)
	$$(call say,CC,$$(patsubst $(BUILD)/%,%,$$@))
	@mkdir -p $$(@D)
	$(Q)$(3) $$(ALL_CFLAGS) $(2) -c $$< -o $$@

# What the unit tests, benches and fuzzers link to. A new file in the list is older than the archive, and
# .SECONDARY lets its missing object be.
$(1)/libdaxtop.a: $(4:%.c=$(1)/%.o) Makefile
	$$(call say,AR,$$(patsubst $(BUILD)/%,%,$$@))
	@rm -f $$@
	$(Q)$(AR) rcs $$@ $$(filter %.o,$$^)
endef

$(eval $(call variant,$(BUILD)/obj,$(LTO),$(CC),$(filter-out src/main.c,$(SRC))))
$(eval $(call variant,$(BUILD)/san/obj,$(SAN),$(CC),$(filter-out src/main.c,$(SRC))))
$(eval $(call variant,$(BUILD)/fuzz/obj,$(FUZZ_CFLAGS),$(CLANG),$(FUZZ_LIB_SRC)))

$(BUILD)/daxtop: $(BUILD)/obj/src/main.o $(BUILD)/obj/libdaxtop.a
	$(call say,LD,$@)
	$(Q)$(CC) $(STRICT) $(CFLAGS) $(LTO) $(LDFLAGS) $^ -o $@ $(PKG_LIBS)

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(UNIT_LIB:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/libdaxtop.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(NO_LTO) $(LDFLAGS) $^ -o $@ $(PKG_LIBS) -lcmocka

$(BUILD)/san/unit/%: $(BUILD)/san/obj/tests/unit/%.o $(UNIT_LIB:%.c=$(BUILD)/san/obj/%.o) $(BUILD)/san/obj/libdaxtop.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) $(SAN) $^ -o $@ $(PKG_LIBS) -lcmocka

$(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/fuzz_%.o $(BUILD)/fuzz/obj/tests/fuzz/common.o \
		$(BUILD)/fuzz/obj/tests/fuzz/few.o \
		$(BUILD)/fuzz/obj/libdaxtop.a
	$(call say,LD,$@)
	$(Q)$(CLANG) $(LDFLAGS) $(FUZZ_LDFLAGS) $^ -o $@ $(PKG_LIBS)

$(BUILD)/guest-test: $(GUEST_SRC:%.c=$(BUILD)/obj/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) $(NO_LTO) $(LDFLAGS) $^ -o $@ -lbpf -ljson-c -luring

$(BUILD)/tsc-khz: $(BUILD)/obj/tests/vm/tsc_khz.o
	$(call say,LD,$@)
	$(Q)$(CC) $(NO_LTO) $(LDFLAGS) $^ -o $@

$(BUILD)/json-man $(BUILD)/table-man: $(BUILD)/%-man: $(BUILD)/obj/man/%_man.o
	$(call say,LD,$@)
	$(Q)$(CC) $(NO_LTO) $(LDFLAGS) $^ -o $@

$(BUILD)/demo-workload: $(DEMO_SRC:%.c=$(BUILD)/obj/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) $(NO_LTO) $(LDFLAGS) $^ -o $@

$(BUILD)/honest: $(HONEST_SRC:%.c=$(BUILD)/obj/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) $(NO_LTO) $(LDFLAGS) -pthread $^ -o $@ -luring

$(filter-out %.so,$(BENCH)): $(BUILD)/%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/obj/libdaxtop.a
	$(call say,LD,$@)
	$(Q)$(CC) $(STRICT) $(CFLAGS) $(LTO) $(LDFLAGS) $^ -o $@ $(PKG_LIBS) -luring

# Preloaded into what the bench starts.
$(BUILD)/start_shim.so: tests/bench/start_shim.c tests/bench/start.h | $(READY)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 $(WARN) $(CPPFLAGS) $(CFLAGS) -fPIC -shared $(LDFLAGS) $< -o $@

# A program of the bench's own, which daxtop doesn't have.
$(BUILD)/obj/tests/bench/walk_bench.o: | $(BUILD)/page.skel.h

# ---- what people ask for ----

lab-programs: $(BUILD)/daxtop $(BUILD)/guest-test $(BUILD)/demo-workload $(BUILD)/honest $(BUILD)/tsc-khz
# daxtop: the host's own tests ask it.
unit-programs: $(BUILD)/daxtop $(BUILD)/json-man $(BUILD)/table-man $(UNIT) $(UNIT_SAN)
bench-programs: $(BENCH)
fuzz-programs: $(FUZZ)

# daxtop-json(7) from the table of keys, and tables in other pages; committed, so that whoever reads the
# tree has them.
man: $(BUILD)/json-man $(BUILD)/table-man
	$(Q)$(BUILD)/json-man >man/daxtop-json.7
	$(Q)for page in $$(grep -l '^[.]..* table ' man/*.[1-8]); do \
		$(BUILD)/table-man <$$page >$(BUILD)/page && cat $(BUILD)/page >$$page || exit 1; \
	done

# exec: the terminal and every signal belong to the demo from here on.
demo: $(BUILD)/daxtop $(BUILD)/demo-workload $(BUILD)/tsc-khz
	@exec tests/vm/demo

# The bench's programs too: nothing else would notice that they don't compile any more.
test: lab-programs unit-programs inject bench-programs fuzz-programs
	@exec tests/run test $(UNIT) $(UNIT_SAN)

test-more: lab-programs inject
	@exec tests/run more

unit: unit-programs
	@exec tests/run unit $(UNIT) $(UNIT_SAN)

fuzz: fuzz-programs
	@exec tests/fuzz/run fuzz $(or $(FUZZ_SECONDS),600)

fuzz-coverage: fuzz-programs
	@exec tests/fuzz/run coverage

bench: lab-programs bench-programs
	@exec tests/bench/run

kernels: lab-programs
	@exec tests/kernels

soak: lab-programs
	@exec tests/soak

# clang-tidy reads what includes the skeletons.
lint: $(SKELS) $(BUILD)/page.skel.h | deps
	@CLANG_FLAGS='-std=gnu11 -Wall -Wextra $(CPPFLAGS) $(PKG_CFLAGS)' exec tests/lint

format: | deps
	@exec tests/lint --fix format

vmlinux: | deps
	@exec tests/vm/vmlinux

# Builds nothing here: all is done in the roots.
roots: | $(READY)
	@exec tests/roots

install: $(BUILD)/daxtop
	install -D -m 755 $(BUILD)/daxtop $(DESTDIR)$(PREFIX)/bin/daxtop
	@for page in $(sort $(wildcard man/*.[1-8])); do \
		section=$${page##*.}; \
		set -- install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$$section/$${page##*/}; \
		echo "$$@"; "$$@" || exit; \
	done

clean:
	rm -rf $(BUILD) daxtop

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
