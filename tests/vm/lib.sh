# SPDX-License-Identifier: GPL-2.0-only
# Shared by the laboratory's scripts: where things are, how errors are told.
# shellcheck shell=bash

VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 2
TOP_DIR=${VM_DIR%/tests/vm}
# shellcheck disable=SC2034 # the scripts that read this file use it
BUILD_DIR=${DAXTOP_BUILD:-$TOP_DIR/build}

# die MESSAGE: one sentence on stderr; exit 2 is "set-up", never a test's result.
die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 2
}

# cache_dir: the folder for what was fetched, outside the tracked tree.
cache_dir()
{
	if [ -n "${DAXTOP_CACHE:-}" ]; then
		printf '%s\n' "$DAXTOP_CACHE"
	elif [ -n "${XDG_CACHE_HOME:-}" ]; then
		printf '%s\n' "$XDG_CACHE_HOME/daxtop"
	elif [ -n "${HOME:-}" ]; then
		printf '%s\n' "$HOME/.cache/daxtop"
	else
		die "HOME is not set; set DAXTOP_CACHE to a folder that keeps the fetched kernel"
	fi
}

# Debian's long-term kernel series by what the laboratory calls them; it knows one older one and one newer.
LEGACY=6.12
LONGTERM=6.18

# kernel_name NAME: the one name of a kernel, which may be a series; see fetch-kernel.
kernel_name()
{
	case "$1" in
	current | legacy | longterm | sid | experimental) echo "$1" ;;
	"$LEGACY") echo legacy ;;
	"$LONGTERM") echo longterm ;;
	*) grep -xE '[0-9]+[.][0-9]+' <<<"$1" ;;
	esac
}

# mirror_find: base address of the Debian archive in the machine's apt sources.
# --print-uris reads the sources only, so it works before any apt-get update.
mirror_find()
{
	local codename
	codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-bookworm}")
	apt-get --print-uris update 2>/dev/null |
		sed -n "s|^'\(.*\)/dists/\([^/']*\)/InRelease' .*|\2 \1|p" |
		awk -v want="$codename" '
			$2 ~ /-security\/?$/ { next }
			$1 == want { print $2; found = 1; exit }
			$1 ~ "^(" want "-|trixie|bookworm|stable|oldstable|testing|sid|unstable)" && !other { other = $2 }
			END { if (!found && other) print other }'
}

# short_suite: the lines of the file short: a subject and a pattern.
short_suite()
{
	grep -Ev '^(#|$)' "$VM_DIR/short"
}

# short_patterns: as arguments of guest-test, quoted for a shell.
short_patterns()
{
	short_suite | awk '{ printf "'\''%s'\'' ", $2 }'
}

# time_left: may something long begin now? Not after DAXTOP_UNTIL (seconds since 1970), where a
# caller that is ended at a certain time says so.
time_left()
{
	[ -z "${DAXTOP_UNTIL:-}" ] || [ "$(date +%s)" -lt "$DAXTOP_UNTIL" ]
}

# modules_listed: the names in the file modules, one a line, with their "?".
modules_listed()
{
	grep -Ev '^(#|--|$)' "$VM_DIR/modules"
}

# modules_at_boot: the names of those that init loads, in order.
modules_at_boot()
{
	sed '/^--/,$d' "$VM_DIR/modules" | grep -Ev '^(#|$)' | tr -d '?'
}
