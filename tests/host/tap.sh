# SPDX-License-Identifier: GPL-2.0-only
# A shell test's answers, in the format that tests/run reads.
# shellcheck shell=bash

tap_nr=0
tap_bad=0

# ok NAME COMMAND...: passes when COMMAND does; what it says explains a failure.
ok()
{
	local name=$1 said
	shift
	tap_nr=$((tap_nr + 1))
	if said=$("$@" 2>&1); then
		echo "ok $tap_nr - $name"
	else
		tap_bad=$((tap_bad + 1))
		echo "not ok $tap_nr - $name"
		printf '# %s\n' "${said//$'\n'/$'\n# '}"
	fi
}

# tap_end: exit status 1 says that a test failed.
tap_end()
{
	echo "1..$tap_nr"
	[ $tap_bad = 0 ]
}
