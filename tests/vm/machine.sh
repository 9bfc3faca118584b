# SPDX-License-Identifier: GPL-2.0-only
# The virtual machine: what QEMU is told, and what is made once and used by every boot:
# the answer whether KVM runs it, formatted persistent memory, and a machine saved when
# it is ready for its command, which spares a boot of seven seconds in emulation.
# shellcheck shell=bash

LAB_DIR=$BUILD_DIR/lab
MEMORY_MB=2048
# One NVDIMM, which init divides into four namespaces.
PMEM_MB=1536
LABEL_MB=2
KVM=/dev/kvm
# A kernel that KVM runs is up after two seconds.
KVM_SECONDS=20

# lab_setup KERNEL: sets which, accel and accel_why, and kernel, base, pmem and saved,
# which are paths, made as far as they exist.
lab_setup()
{
	local key
	which=$(kernel_name "$1") || die "there is no kernel $1; see boot --help"
	command -v qemu-system-x86_64 >/dev/null || die "qemu-system-x86_64 is missing; make deps FOR=test installs it"
	kernel=$("$VM_DIR/fetch-kernel" "$which") || exit 2
	mkdir -p "$LAB_DIR" || die "the folder $LAB_DIR can't be made"
	base=$("$VM_DIR/mkinitramfs" base "$which" "$kernel") || exit 2
	# Both depend on the tools and init, whose state is the name of the base.
	key=$({
		echo "$base"
		cat "$VM_DIR/machine.sh"
		stat -L -c '%Y' "$(command -v qemu-system-x86_64)"
		uname -rv
		grep -m 1 '^model name' /proc/cpuinfo
	} | sha256sum | cut -c1-16)
	pmem=$LAB_DIR/pmem-$which-$key
	accel_choose
	# KVM can't go on with a machine that was saved in emulation, nor the other way round.
	saved=$LAB_DIR/saved-$which-$key-$accel
}

# accel_choose: sets accel (kvm or tcg) and accel_why. That $KVM opens says little: in a virtual
# machine it may be unable to run a kernel. So it is tried, once for each kernel image, QEMU and
# host, and the outcome is kept in the cache.
accel_choose()
{
	local tried
	accel=tcg
	if [ -n "${icount:-}" ]; then
		accel_why='instructions are counted'
	elif [ -n "${DAXTOP_ACCEL:-}" ]; then
		[[ $DAXTOP_ACCEL =~ ^(kvm|tcg)$ ]] || die "DAXTOP_ACCEL is $DAXTOP_ACCEL; it may be kvm or tcg"
		accel=$DAXTOP_ACCEL accel_why='DAXTOP_ACCEL says so'
	elif [ ! -e "$KVM" ]; then
		accel_why="there is no $KVM"
	elif ! { [ -r "$KVM" ] && [ -w "$KVM" ]; }; then
		accel_why="$KVM is not ours to open; on Debian the group kvm may"
	else
		tried=$(accel_file) || exit 2
		lab_make tried
		# shellcheck disable=SC2034 # the scripts that read this file use it
		read -r accel accel_why <"$tried"
	fi
}

# accel_file: where the outcome is kept.
accel_file()
{
	local cache
	cache=$(cache_dir) || return
	printf '%s/accel-%s\n' "$cache" "$({
		uname -rv
		grep -m 1 '^model name' /proc/cpuinfo
		stat -L -c '%s %Y' "$(command -v qemu-system-x86_64)" "$kernel/vmlinuz"
		cat "$kernel/version"
	} | sha256sum | cut -c1-16)"
}

# tried_make: boots until init has loaded its modules, under KVM.
tried_make()
{
	local folder=$1 status=0 why
	accel=kvm
	echo try >"$folder/mode"
	{ "$VM_DIR/mkinitramfs" payload "$folder/payload" "$base" "$folder/mode:/lab/mode" &&
		cat "$base" "$folder/payload" >"$folder/initrd" &&
		truncate -s $((PMEM_MB + LABEL_MB))M "$folder/pmem"; } || return 1
	machine_args "$folder" "$LAB_DIR/kvm-$which.log" "$folder/pmem" off
	machine_boot_args $MEMORY_MB 1 "$folder/initrd" ''
	# QEMU's own abort is an answer like others, and no core file's worth.
	(
		ulimit -c 0
		exec timeout -k 2 $KVM_SECONDS qemu-system-x86_64 "${args[@]}"
	) </dev/null >"$folder/qemu.err" 2>&1 &
	qemu=$!
	# bash would tell of the abort.
	{ wait $qemu || status=$?; } 2>/dev/null
	qemu=
	if grep -qx 'exit 0' "$folder/status"; then
		why="kvm $KVM runs the kernel $(cat "$kernel/version")"
		echo 'the virtual machine runs under KVM' >&2
	else
		why=$(sed -n 's/^qemu-system-x86_64: *\(error: *\)\{0,1\}//p' "$folder/qemu.err" | grep -v 'warning: ' | head -n 1)
		[ "$status" != 124 ] || why="not up after $KVM_SECONDS s"
		why="tcg $KVM opens and does not run the kernel $(cat "$kernel/version") (${why:-exit status $status})"
		echo "the virtual machine runs in emulation: ${why#tcg }" >&2
	fi
	{ echo "$why" >"$tried.new" && mv "$tried.new" "$tried"; } || return 1
}

# machine_args FOLDER LOG PMEM SHARE: sets args, but for what differs between a
# boot and a saved machine. FOLDER has the files of the ports; the kernel's log goes
# to LOG. A PMEM that isn't shared is mapped privately: every boot starts from the
# same bytes and changes none of them. The BAR of the pci-testdev is what inject/p2p.c
# offers as peer-to-peer memory.
machine_args()
{
	local name
	# QEMU would make an empty one.
	[ -s "$3" ] || die "$3 is not there any more; run it again"
	# shellcheck disable=SC2054 # QEMU's own commas
	args=(-machine q35,nvdimm=on -cpu max -display none -vga none -nic none -no-reboot
		-object "memory-backend-file,id=mem0,mem-path=$3,size=$((PMEM_MB + LABEL_MB))M,share=$4"
		-device "nvdimm,id=nv0,memdev=mem0,label-size=${LABEL_MB}M"
		-device pci-testdev,membar=2M
		-serial "file:$2" -device virtio-serial-pci,max_ports=16)
	# Files, not pipes: a byte that the guest wrote is in them, even when it
	# resets at once.
	for name in stdout stderr status files; do
		: >"$1/$name" || die "$1 can't be written; free some space or set TMPDIR"
		args+=(-chardev "file,id=$name,path=$1/$name")
	done
	# Pipes: what goes into the guest, and the terminal.
	mkfifo "$1"/{payload,screen,winsize,monitor}.{in,out} ||
		die "$1 can't be written; free some space or set TMPDIR"
	for name in payload screen winsize monitor; do
		args+=(-chardev "pipe,id=$name,path=$1/$name")
	done
	# shellcheck disable=SC2054
	args+=(-device virtconsole,chardev=screen -mon chardev=monitor)
	for name in stdout stderr status files payload winsize; do
		args+=(-device "virtserialport,chardev=$name,name=$name")
	done
}

# machine_boot_args MEMORY SMP INITRD APPEND
machine_boot_args()
{
	local tsc=
	# What the kernel would measure, and wrongly on a busy host: see tsc_khz.c. With
	# -icount the counter is QEMU's own.
	if [ -z "${icount:-}" ] && [ -x "$BUILD_DIR/tsc-khz" ]; then
		tsc="tsc_early_khz=$("$BUILD_DIR/tsc-khz")"
	fi
	# A host that gives the guest no time for some milliseconds is no broken timer
	# (check_timer(), arch/x86/kernel/apic/io_apic.c).
	tsc+=" no_timer_check"
	args+=(-m "$1M,slots=4,maxmem=16G" -smp "$2" -kernel "$kernel/vmlinuz" -initrd "$3"
		-append "console=ttyS0 panic=-1 mitigations=off tsc=reliable $tsc quiet loglevel=5 $4")
	args+=(-accel "$accel")
	# Two emulated CPUs on two host threads make QEMU 7.2's guests oops when BPF
	# programs attach.
	if [ "$accel" = tcg ] && [ "$2" -gt 1 ]; then
		args[-1]+=,thread=single
	fi
}

# lab_tmp: a folder for one run of the machine.
lab_tmp()
{
	mktemp -d "${TMPDIR:-/tmp}/daxtop-lab.XXXXXX" ||
		die "no temporary folder; free some space in ${TMPDIR:-/tmp} or set TMPDIR"
}

# pipe_end PIPE: a reader comes to its end, even one for whom QEMU never opened it.
pipe_end()
{
	: <>"$1"
}

# pmem_make: formats the persistent memory, by a boot of its own.
pmem_make()
{
	local folder=$1
	rm -f "$LAB_DIR"/{pmem,saved}-"$which"-*
	echo prepare >"$folder/mode"
	{ "$VM_DIR/mkinitramfs" payload "$folder/payload" "$base" "$folder/mode:/lab/mode" &&
		cat "$base" "$folder/payload" >"$folder/initrd" &&
		truncate -s $((PMEM_MB + LABEL_MB))M "$folder/pmem"; } || return 1
	machine_args "$folder" "$LAB_DIR/prepare-$which.log" "$folder/pmem" on
	machine_boot_args $MEMORY_MB 1 "$folder/initrd" ''
	timeout -k 5 600 qemu-system-x86_64 "${args[@]}" </dev/null >"$folder/qemu.err" 2>&1 &
	qemu=$!
	wait $qemu
	qemu=
	if ! grep -qx 'exit 0' "$folder/status"; then
		cat "$folder/qemu.err" "$folder/stderr" >>"$LAB_DIR/prepare-$which.log"
		return 1
	fi
	# Sparse: 1.5 GB by its size, a few megabytes on the disk.
	cp --sparse=always "$folder/pmem" "$pmem.new" && mv "$pmem.new" "$pmem"
}

# saved_make: boots until init waits for its payload and saves the machine there.
saved_make()
{
	local folder=$1 i=0
	machine_args "$folder" "$LAB_DIR/prepare-$which.log" "$pmem" off
	machine_boot_args $MEMORY_MB 1 "$base" ''
	args+=(-global migration.store-global-state=off)
	timeout -k 5 600 qemu-system-x86_64 "${args[@]}" </dev/null >"$folder/qemu.err" 2>&1 &
	qemu=$!
	cat "$folder/monitor.out" >"$folder/monitor.log" &
	until grep -qx ready "$folder/status" 2>/dev/null || [ $((i++)) -gt 6000 ]; do
		kill -0 $qemu 2>/dev/null || break
		sleep 0.1
	done
	# Stopped first: what it writes while it is saved may be missed. That it was stopped is not
	# saved with it (store-global-state), or it would not go on.
	printf '%s\n' stop 'migrate_set_parameter max-bandwidth 8G' "migrate \"exec:cat >$folder/saved\"" \
		'info migrate' quit 1<>"$folder/monitor.in"
	wait $qemu
	qemu=
	pipe_end "$folder/monitor.out"
	wait
	# "Migration status:" up to QEMU 9, "Status:" after it.
	if ! grep -qi 'status:[[:space:]]*completed' "$folder/monitor.log"; then
		# It may be the memory that was made badly: the next try makes it again.
		rm -f "$pmem"
		cat "$folder/qemu.err" "$folder/monitor.log" >>"$LAB_DIR/prepare-$which.log"
		return 1
	fi
	mv "$folder/saved" "$saved.new" && mv "$saved.new" "$saved"
}

# lab_make WHAT: tried, pmem or saved, made once; others who want it at the same time wait.
lab_make()
{
	[ ! -s "${!1}" ] || return 0
	(
		exec 8>"$LAB_DIR/lock"
		flock 8
		[ ! -s "${!1}" ] || exit 0
		folder=$(lab_tmp) || exit 2
		# timeout gives QEMU a process group of its own, which no signal of a terminal reaches.
		qemu=
		trap 'exit 129' HUP
		trap 'exit 130' INT
		trap 'exit 143' TERM
		trap 'kill $qemu 2>/dev/null; rm -rf "$folder"' EXIT
		"$1_make" "$folder" 8>&-
	) || die "the virtual machine could not be prepared; free a gigabyte in $LAB_DIR, or see $LAB_DIR/prepare-$which.log"
}
