#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# steps.t: report/steps-compare: is a kernel worse than the one before it?
set -eu
. "$(dirname "$0")/tap.sh"

step_row() { printf '%s\t-\t-\tsafe\t%s\t%s\n' "$@"; }
{ echo head; step_row a pass none; step_row b fail stale-gone; step_row c fail double; step_row d pass none; } >"$T/before.tsv"
{ echo head; step_row a fail double; step_row b pass none; step_row c fail double; step_row d pass none; } >"$T/after.tsv"
check 'steps: a flush too many is not worse' 0 '^2	2	0$' "$HARNESS/report/steps-compare" "$T/before.tsv" "$T/after.tsv"
{ echo head; step_row a fail double,free-leaf; step_row b fail stale-gone; step_row c skip -; } >"$T/after.tsv"
check 'steps: failing in a new way is worse' 0 '^a - - safe: free-leaf$' "$HARNESS/report/steps-compare" "$T/before.tsv" "$T/after.tsv"
check 'steps: and not, if it failed so before' '!' '' sh -c "'$HARNESS/report/steps-compare' '$T/before.tsv' '$T/after.tsv' | grep '^b '"
check 'steps: a test that is gone is worse' 0 '^d - - safe: did not run$' "$HARNESS/report/steps-compare" "$T/before.tsv" "$T/after.tsv"

plan
