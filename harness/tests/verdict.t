#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# verdict.t: tests of report/verdict, for prove.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
T=$(mktemp -d "${TMPDIR:-/tmp}/paired-flush.XXXXXX")
trap 'rm -rf "$T"' EXIT
unset TEST PF_SUITE WITHOUT QEMU_CPU
ARCH=x86_64
CONFIG=
export ARCH CONFIG
TAB=$(printf '\t')
tests=0
failed=0
set -f

# expect ROW...: the table; a row is written with a space between two columns, and "~"
# for a space in one.
expect() {
	printf 'arch\tsize\tcpu\tconfig\ttest\tmodel\tcheck\tkinds\tcure\thow\n# comment\n\n' >"$T/expected"
	for row; do
		printf '%s\n' "$row" | sed "s/ /$TAB/g; s/~/ /g" >>"$T/expected"
	done
}

# results ROW...: test, size, model, check, result, kinds, reason; then as expect.
results() {
	printf 'test\tsize\tmodel\tcheck\tresult\tkinds\treason\tmore\n' >"$T/results.tsv"
	for row; do
		printf '%s -\n' "$row" | sed "s/ /$TAB/g; s/~/ /g" >>"$T/results.tsv"
	done
}

# is NAME green|red PATTERN [VARIABLE=VALUE...] MODE: the verdict on that kind of kernel,
# and what it prints; with no PATTERN, that is nothing.
is() {
	name=$1
	colour=$2
	pattern=$3
	shift 3
	settings=
	while [ $# -gt 1 ]; do
		settings="$settings $1"
		shift
	done
	tests=$((tests + 1))
	got=green
	# shellcheck disable=SC2086
	env $settings "$HARNESS/report/verdict" "$1" "$T/expected" "$T/results.tsv" >"$T/out" 2>&1 || got=red
	if [ $got != "$colour" ]; then
		why="is $got"
	elif [ -z "$pattern" ] && [ -s "$T/out" ]; then
		why='prints something'
	elif [ -n "$pattern" ] && ! grep -qE -- "$pattern" "$T/out"; then
		why="does not print \"$pattern\""
	else
		echo "ok $tests - $name"
		return 0
	fi
	failed=1
	echo "not ok $tests - $name"
	echo "# $why"
	sed 's/^/# /' "$T/out"
}

# lines NAME N: how many lines the last verdict has printed.
lines() {
	tests=$((tests + 1))
	n=$(wc -l <"$T/out")
	if [ "$n" = "$2" ]; then
		echo "ok $tests - $1"
	else
		failed=1
		echo "not ok $tests - $1"
		echo "# prints $n lines, not $2"
		sed 's/^/# /' "$T/out"
	fi
}

# --- What is listed, and what happens
cow='x86_64 huge* * * cow cov* safe data,stale-moved mm-cow base'
fork='* base * * fork * safe error - base'
cow_fails='cow hugetlb cover safe fail stale-moved,data x.c:12:why'
fork_fails='fork base cover safe fail error -'
munmap_passes='munmap base overlap safe pass none -'
results "$cow_fails" "$fork_fails" "$munmap_passes"
expect "$cow" "$fork"
is 'exactly the listed failures, kinds in any order' green '' control
is 'stock is as control' green '' stock
expect 'x86_64 huge* * * cow cov* safe stale-moved,data,data mm-cow base' "$fork"
is '... in the table, too' green '' control
expect "$cow" "$fork"
is 'the series has to pass all' red '^fails, and is not listed: cow hugetlb cover safe: data,stale-moved: x\.c:12:why$' series
expect "$fork"
is 'fails, though not listed' red '^fails, and is not listed: cow hugetlb cover safe: data,stale-moved: x\.c:12:why$' control
expect "$cow" "$fork" '* base * * munmap overlap safe free-leaf - base'
is 'passes, though listed' red '^passes, but is listed to fail with free-leaf \(expected:6\): munmap base overlap safe$' control
lines '... and nothing else' 1
expect 'x86_64 huge* * * cow cov* safe data - base' "$fork"
is 'a kind too many' red '^fails with data,stale-moved, but is listed with data \(expected:4\): cow hugetlb cover safe$' control
expect 'x86_64 huge* * * cow cov* safe data,free-leaf,stale-moved - base' "$fork"
is 'a kind too few' red '^fails with data,stale-moved, but is listed with data,free-leaf,stale-moved ' control
expect "$cow" "$fork" '* * * * gone * safe free-leaf - base'
is 'listed, and there is no such test' red '^is listed, but no such test ran, .* \(expected:6\): gone \* \* safe$' control
is '... of which only some were to run' green '' TEST=x control
is '... or one of both programs' green '' PF_SUITE=kunit control
results "$cow_fails" "$fork_fails" 'munmap base overlap safe pass stale-gone -'
expect "$cow" "$fork"
is 'passes, and has seen something' red '^passes, but saw stale-gone: munmap base overlap safe$' control
results "$cow_fails" "$fork_fails" 'life.exit - - - pass - -'
is 'passes, and has nothing to see with' green '' control
results "$cow_fails" "$fork_fails" 'cow hugetlb cover paired fail data,stale-moved -'
is 'another check of the same test' red '^fails, and is not listed: cow hugetlb cover paired: ' control
lines '... and nothing else' 1
results
expect
is 'no test at all' red '^no test ran$' control

# --- Where a row applies
results "$cow_fails"
expect "$cow" 'arm64 * * * gone * * error - base' '* * cortex* * gone * * error - base' '* * * debug gone * * error - base'
is 'rows about another architecture, CPU and configuration' green '' control
expect "$cow" '* * max default cow hugetlb overlap error - base'
is 'the default CPU and configuration' red 'no such test ran' control
is 'another CPU' green '' QEMU_CPU=cortex-a72 control
is 'another configuration' green '' CONFIG=debug control

# --- First match
results "$cow_fails" 'cow base cover safe fail free-leaf -'
expect "$cow" '* * * * cow * safe free-leaf - base'
is 'the first row that matches counts' green '' control
expect '* * * * cow * safe free-leaf - base' "$cow"
is '... and not the narrowest' red '^fails with data,stale-moved, but is listed with free-leaf \(expected:4\)' control
is '... so that one is left over' red '^is listed, but no such test ran, or an earlier line has it \(expected:5\): cow huge\* cov\* safe$' control

# --- Alternatives
results 'cow hugetlb cover safe fail data -' 'cow hugetlb splinter safe fail data -' \
	'move hugetlb cover safe fail data -' 'move hugetlb splinter safe fail data -' 'cow base cover safe pass none -'
expect 'arm64|x86_64 hugetlb * * cow|move cover|splinter safe data - base'
is 'alternatives' green '' control
is '... of the architecture' green '' ARCH=arm64 control
is '... which this is not' red '^fails, and is not listed: cow' ARCH=riscv64 control
expect 'x86* huge*|thp* cortex*|max default|debug c*|mo* cov*|spl* safe|paired data - base'
is 'alternatives that are globs' red '^is listed, but .*: c\* huge\* cov\* paired$' control
lines '... of which each has to be used: 12 are not' 12
expect 'x86_64 hugetlb * * cow|move|gone cover|splinter safe data - base'
is 'an alternative that nothing uses' red '^is listed, but no such test ran, .* \(expected:4\): gone hugetlb splinter safe$' control
lines '... is spelled out' 2
is '... if all tests were to run' green '' TEST=x control
expect 'x86_64|x86* hugetlb * * cow|move cover|splinter safe data - base'
is 'alternatives that are the same twice' red 'is listed, but no such test ran, or an earlier line has it' control
expect 'x86_64 hugetlb * * cow|move * safe data - base'
results 'cow|move hugetlb cover safe fail data -'
is 'a test has no alternatives' red 'fails, and is not listed: cow\|move' control
results 'a+b (x) [0-9] c.d fail data -'
expect 'x86_64 (x) * * a+b|no [0-9] c.d data - base'
is 'all else stands for itself' red 'no such test ran' control
lines '... and nothing else is wrong' 1
expect 'x86_64 * * * c.d * * data - base'
results 'cxd base cover safe fail data -'
is '... a dot, too' red '^fails, and is not listed: cxd' control

# --- Skips
results "$cow_fails" 'ksm base cover safe skip - no~KSM~here'
ksm='* base * * ksm * safe - no~KSM* skip'
expect "$cow" "$ksm"
is 'a skip that is expected' green '' control
is '... on a kernel as it is shipped' green '' stock
expect "$cow"
is 'a skip that is not' red '^was skipped \(no KSM here\), and is not listed to be: ksm base cover safe$' control
expect "$cow" '* base * * ksm * safe free-leaf - base'
is 'a skip of what is to fail' red '^was skipped \(no KSM here\), but is listed to fail \(expected:5\): ksm base cover safe$' control
expect "$cow" '* base * * ksm * safe - no~memory skip'
is 'a skip for another reason' red '^was skipped \(no KSM here\), but is listed to be so because "no memory" \(expected:5\): ksm base cover safe$' control
expect "$cow" "arm64${ksm#\*}"
is 'a skip that is expected elsewhere' red '^was skipped .*, and is not listed' control
expect "$cow" '* base * * ksm|fork * safe - no~KSM* skip'
is 'a skip row of which nothing uses an alternative' red '^is listed, but no such test ran, .*: fork base \* safe$' control
lines '... and nothing else is wrong' 1
is '... if all tests were to run' green '' PF_SUITE=selftest control
results 'ksm base cover safe skip - no~KSM~here' 'cow hugetlb cover safe pass none -'
expect "$cow" "$ksm"
is 'skips apply to the series' green '' series
expect "$cow"
is '... and have to be listed for it' red '^was skipped .*, and is not listed' series
results 'ksm base cover safe pass none -' "$cow_fails"
expect "$cow" "$ksm"
is 'listed to be skipped, and passes' red '^was to be skipped \(no KSM\*\), but ran, and passes \(expected:5\): ksm base cover safe$' control
lines '... and is said once' 1
results 'ksm base cover safe fail free-leaf -'
is 'listed to be skipped, and fails' red '^was to be skipped \(no KSM\*\), but ran, and fails with free-leaf \(expected:5\): ksm base cover safe$' series
lines '... and is said once' 1
results 'ksm base cover safe skip - no~KSM~here' 'ksm thp cover safe fail data -'
expect '* base * * ksm * safe - no~KSM* skip' '* * * * ksm * safe data - base'
is 'a skip row before one for the rest' green '' control

# --- Without a patch
both="${cow%base}base,revert"
results "$cow_fails" 'ksm base cover safe skip - no~KSM'
expect "$both" '* base * * fork * safe error mm-fork revert' "$ksm"
is 'rows about the base' green '' control
is 'rows about a patch, and skips' green '' WITHOUT=mm-cow without
is 'rows about another patch' red '^fails, and is not listed: cow' WITHOUT=mm-fork without
is '... whose test did not run' red '^is listed, but no such test ran, .*: fork base \* safe$' WITHOUT=mm-fork without
is 'a patch that no row is about' red '^no test is listed that has to fail without mm-gone$' WITHOUT=mm-gone without
expect "$cow" '* base * * fork * safe error mm-cow revert' "$ksm"
is 'a row about the base alone' red '^fails, and is not listed: cow' WITHOUT=mm-cow without
expect "$both" '* base * * fork * safe error mm-fork revert' "$ksm"
is 'no patch' red 'WITHOUT= names no patch' without
is 'WITHOUT is not for the base' green '' WITHOUT=mm-fork control
results "$cow_fails" 'fork base cover safe pass none -'
expect "$both" '* base * * fork * safe error mm-cow revert'
is 'without a patch, a listed test passes' red '^passes, but is listed to fail with error ' WITHOUT=mm-cow without
may='* base * * fork * safe error mm-cow revert,may'
expect "$both" "$may"
is '... as it may' green '' WITHOUT=mm-cow without
results "$cow_fails" "$fork_fails"
is '... or fail' green '' WITHOUT=mm-cow without
results "$cow_fails" 'fork base cover safe fail data -'
is '... but not in another way' red '^fails with data, but is listed with error ' WITHOUT=mm-cow without
results "$cow_fails"
is '... nor be gone' red 'no such test ran, .*: fork base' WITHOUT=mm-cow without
results "$fork_fails"
expect "$may"
is 'all rows of a patch may pass' red '^no test is listed that has to fail without mm-cow$' WITHOUT=mm-cow without
expect "$may" "$ksm"
is '... or are skips' red '^no test is listed that has to fail without mm-cow$' WITHOUT=mm-cow without
results 'fork base cover safe pass none -' "$cow_fails"
expect "$cow" '* base * * fork * safe error mm-fork base,revert,may'
is 'may is not for the base' red '^passes, but is listed to fail with error ' control

# --- Rows that are none
results "$munmap_passes"
malformed() {
	expect "$2"
	is "malformed: $1" red "^expected:4: $3\$" control
}
malformed 'nine columns' '* * * * fork * safe error base' '9 columns, not 10'
malformed 'an empty column' '* * * * fork  safe error - base' 'column 6 is empty'
malformed 'an empty alternative' '* base| * * fork * safe error - base' 'an alternative in column 2 is empty'
malformed 'how' '* * * * fork * safe error - bass' 'how is bass, .*'
malformed 'may on the base' '* * * * fork * safe error - base,may' 'how is base,may, .*'
malformed 'skip and base' '* * * * fork * safe - - skip,base' 'how is skip,base, .*'
malformed 'a skip with kinds' '* * * * fork * safe error no~memory skip' 'what is skipped has no kinds: error'
malformed 'a failure without kinds' '* * * * fork * safe - - base' 'a failure has kinds'
expect
is 'a mode that there is not' red '^verdict: usage: ' kernel
rm "$T/expected"
is 'no table' red 'expected: cannot be read$' control

echo "1..$tests"
exit $failed
