#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# walk.sh - runs in the guest, under -icount, with a second NVDIMM of 4 GiB: what daxtop scan
# takes for a namespace of that size and for parts of it, and what faults cost in their own
# context while it runs beside them on the same CPU. Leaves in /out:
#
#   scan    a line: folios or holders, pages, seconds of CPU (in instructions: 1e9 a second)
#   pgmap   daxtop's line of the whole namespace
#   beside  a line: configuration, then bench_load's

set -u
cd /tmp || exit 2

die()
{
	echo "walk.sh: $*" >&2
	exit 2
}

# scan KIND PAGES OPTIONS: the second of two, as the first one brings files into memory.
scan()
{
	for _ in 1 2; do
		bench_load --command "daxtop scan --json $3 >scan.out" >part ||
			die "daxtop scan $3: $(tail -n 2 scan.out)"
	done
	echo "$1 $2 $(sed 's/command //' part)" >>/out/scan
}

# own CONFIGURATION
own()
{
	echo "walk.sh: measuring faults $1"
	bench_load dax-own >part || die "bench_load could not measure ($1)"
	sed "s/^/$1 /" part >>/out/beside
}

uname -r >/out/kernel
{
	mount -o remount,commit=3600,noinit_itable /mnt/ext4 &&
		echo 0 >/proc/sys/vm/dirty_writeback_centisecs &&
		echo 720000 >/proc/sys/fs/xfs/xfssyncd_centisecs
} || die "periodic work of the kernel can't be put off"
ndctl create-namespace -f -e namespace1.0 -m fsdax -M mem --align=2M >ndctl.out 2>&1 ||
	die "the namespace could not be made: $(cat ndctl.out)"

daxtop scan --json --device pmem1 >scan.out || die "daxtop scan: $(tail -n 2 scan.out)"
grep '"type":"pgmap"' scan.out | grep '"device":"pmem1"' >/out/pgmap || die "no pmem1: $(cat scan.out)"
first=$(sed -n 's/.*"ranges":\[{"pfn":\([0-9]*\),.*/\1/p' /out/pgmap)
[ -n "$first" ] || die "no range: $(cat /out/pgmap)"
for pages in 1 262144 524288 1048576; do
	scan folios $pages "--no-holders --range $first-$((first + pages - 1))"
done
scan holders 1048576 "--range $first-$((first + 1048575))"

# What is made once first: slabs, the file's directory.
bench_load dax-own >/dev/null || die "bench_load could not measure"
own alone
daxtop scan --delay 1 >/dev/null 2>scan.err &
pid=$!
sleep 2
own watch
kill -INT $pid
wait $pid || die "daxtop scan --delay: $(cat scan.err)"
(
	while [ ! -e stop ]; do
		daxtop scan >/dev/null 2>scan.err || exit 2
		echo >>scans
	done
) &
pid=$!
sleep 1
own always
touch stop
wait $pid || die "daxtop scan: $(cat scan.err)"
wc -l <scans >/out/scans
own again
