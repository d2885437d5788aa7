#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# regress.t: report/regress-results and regress-compare
set -eu
. "$(dirname "$0")/tap.sh"

R=$T/regress
printf 'set /proc/x 1\n9 /tests/a\n9 /tests/b -x\n9 /tests/c\n' >"$T/regress.list"
# regress RUN RESULT-OF-a's-SUBTEST STATUS-OF-b [TROUBLE]: a console and its results
regress() {
	mkdir -p "$R/$1"
	: >"$R/skipped.tsv"
	printf '%s' "${4:+$4
}" >"$R/$1/trouble"
	cat >"$R/$1/console" <<-END
		[    0.100000] pf: run 1 /tests/a
		[    0.200000] pf|000001|TAP version 13
		[    0.200000] pf|000002|$2 1 - one # SKIP no swap
		[    0.200000] pf+000003|$2 2 t
		[    0.200000] pf|000004|wo
		[    0.300000] pf: exit 1 status 4
		[    0.300000] pf: run 2 /tests/b
		[    1.500000] pf: exit 2 $3
	END
	"$HARNESS/report/regress-results" "$T/regress.list" "$R/$1"
}
regress control/run-1 ok 'status 0'
regress series/run-1 ok 'status 0'
check 'regress: subtest, over two records' 0 '^a	two	pass	-	-$' cat "$R/control/run-1/results.tsv"
check 'regress: skipped, with its reason' 0 '^a	-	skip	no swap	0.2$' cat "$R/control/run-1/results.tsv"
check 'regress: arguments are part of the name' 0 '^b -x	-	pass	-	1.2$' cat "$R/control/run-1/results.tsv"
check 'regress: test that did not report' 0 '^c	-	missing	' cat "$R/control/run-1/results.tsv"
check 'regress: test that did not report is not green' '!' '/results.tsv: c did not run' "$HARNESS/report/regress-compare" "$R"
sed -i '/tests.c$/d' "$T/regress.list"
regress control/run-1 ok 'status 0'
regress series/run-1 ok 'status 0'
check 'regress: same results' 0 '^green: .* 0 differ, 0 flaky' "$HARNESS/report/regress-compare" "$R"
regress series/run-1 'not ok' 'status 0'
check 'regress: subtest differs' '!' 'DIFFERS: two: control pass, series fail' "$HARNESS/report/regress-compare" "$R"
regress series/run-1 ok 'signal 11'
check 'regress: program differs' '!' '^b -x +pass +signal 11 +DIFFERS' "$HARNESS/report/regress-compare" "$R"
regress control/run-1 ok timeout
regress series/run-1 ok timeout
sed -i '1s,^,b -x\tsub\tpass\t-\t-\n,' "$R/series/run-1/results.tsv"
check 'regress: time over on both, at another place' 0 ' 0 differ, 0 flaky, 1 not reached' "$HARNESS/report/regress-compare" "$R"
regress control/run-1 ok 'status 0'
regress series/run-1 ok 'status 0' 'kernel panic: x'
check 'regress: panic' '!' '^red: ' "$HARNESS/report/regress-compare" "$R"
regress series/run-1 ok 'status 0' 'kernel warning: WARNING: x'
check 'regress: new warning' '!' 'NEW in the series: .*WARNING: x' "$HARNESS/report/regress-compare" "$R"
regress control/run-1 ok 'status 0' 'kernel warning: WARNING: x'
check 'regress: warning on both' 0 'on the control kernel too: .*WARNING: x' "$HARNESS/report/regress-compare" "$R"
regress control/run-2 ok 'status 1'
regress series/run-2 ok 'status 0'
check 'regress: flaky on the control kernel' 0 '^b -x +pass/fail 1 +pass +flaky' "$HARNESS/report/regress-compare" "$R"
regress control/run-2 ok 'status 0'
regress series/run-2 ok 'status 1'
check 'regress: flaky on the series alone' '!' '^b -x +pass +pass/fail 1 +DIFFERS' "$HARNESS/report/regress-compare" "$R"
check 'regress: ... is to be run again' 0 '^b -x$' cat "$R/differ"
regress control/run-again ok 'status 0'
regress series/run-again ok 'status 0'
check 'regress: ... and is seen on the series alone again' '!' '^b -x +pass +pass/fail 1 +DIFFERS' "$HARNESS/report/regress-compare" "$R"
regress control/run-again ok 'status 1'
check 'regress: ... or on both' 0 '^b -x +pass/fail 1 +pass/fail 1 +flaky' "$HARNESS/report/regress-compare" "$R"
sed -i '/two/d' "$R/series/run-again/results.tsv"
check 'regress: a subtest that is not in each run of its program' '!' 'DIFFERS: two: control pass, series pass/absent' "$HARNESS/report/regress-compare" "$R"
rm -rf "$R/control/run-again" "$R/series/run-again"
rm -rf "$R/series"
mkdir -p "$R/series/run-1"
: >"$R/series/run-1/results.tsv"
: >"$R/series/run-1/trouble"
check 'regress: no results of the series' '!' '^red: ' "$HARNESS/report/regress-compare" "$R"

plan
