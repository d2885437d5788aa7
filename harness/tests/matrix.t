#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# matrix.t: make matrix and make state, with commands that build and boot nothing
set -eu
. "$(dirname "$0")/tap.sh"
fake_top
unset BASE LINUX
need_packages parallel
C=$F/harness/commands
rm -rf "$F/harness" "$F/bases/tiny"
mkdir -p "$C" "$F/harness/lib"
for file in "$HARNESS"/*; do
	case ${file##*/} in
	commands | lib | matrix.tsv) ;;
	*) ln -s "$file" "$F/harness/" ;;
	esac
done
ln -s "$HARNESS"/lib/* "$F/harness/lib/"
ln -s "$HARNESS/commands/matrix" "$HARNESS/commands/state" "$C/"
rm "$F/harness/lib/cell-key"
# The file "tree" stands for all that a verdict depends on.
cat >"$F/harness/lib/cell-key" <<'END'
#!/bin/sh
key() { { echo "$@"; cat "$(dirname "$0")/../../tree"; } | sha256sum | cut -d ' ' -f 1; }
[ $# = 0 ] || { key "$@"; exit; }
while read -r command base arch cpu config depth rest; do
	set -- "$command" "$base" "$arch" "$cpu" "$config" "$depth"
	printf '%s\t%s\t%s\n' "$*" "$(key "$@")" "$rest"
done
END
cat >"$C/run" <<'END'
#!/bin/sh
# A command: "seconds" says how long it takes, "red" and "lost" which cells are so.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$HARNESS/lib/record.sh"
name="${0##*/} $BASE $ARCH ${CPU:--} ${CONFIG:--} ${DEPTH:--}"
echo "$name" >>"$FAKE_RAN"
sleep "$(cat "$TOP/seconds")"
! grep -qxF "$name" "$TOP/lost" || die 'lost'
verdict=green
! grep -qxF "$name" "$TOP/red" || verdict=red
# shellcheck disable=SC2086
key=$("$HARNESS/lib/cell-key" $name)
tmp=$(record_new cell)
printf '%s\n' "cell=$name" "key=$key" "verdict=$verdict" 'counts=9 tests' 'skips=1 skipped' "date=$(cat "$TOP/date")" \
	seconds=1 'versions=9, gcc 1=2' >"$tmp/cell"
record_put cell "$key" "$tmp"
echo "$name" >>"$FAKE_RAN.whole"
[ $verdict = green ]
END
chmod +x "$F/harness/lib/cell-key" "$C/run"
cp "$C/run" "$C/check"
cat >"$F/harness/matrix.tsv" <<'END'
# comment

run	*	*	-	-	-	20
run	*	arm64	cortex-a72	-	-	6
check	1.2|7.7	x86_64	-	debug	objects	30
check	7.7	x86_64	-	none	-	30
END
for base in 1.2 1.10; do
	base $base mm
	printf "ARCHES='x86_64 arm64'\n" >>"$F/bases/$base/base"
	sed -i '/^ARCHES=x86_64$/d' "$F/bases/$base/base"
done
FAKE_RAN=$T/ran
export FAKE_RAN
echo 0 >"$F/seconds"
echo one >"$F/tree"
echo 2026-01-01 >"$F/date"
: >"$F/red"
: >"$F/lost"
ran() { # NAME N: so many commands, since the last time
	check "$1" 0 "^$2\$" sh -c "cat '$T/ran' 2>/dev/null | wc -l"
	rm -f "$T/ran" "$T/ran.whole"
}
records() { # NAME N
	check "$1" 0 "^$2 $2\$" sh -c "cat '$T'/cache/records/cell/*/cell | sed -n 's/^cell=//p' | awk '{ n++; if (!seen[\$0]++) cells++ } END { print n + 0, cells + 0 }'"
}

# --- state, matrix, state
check 'state: of nothing' 0 '^0 green, 0 red, 0 of an older tree, 7 not run; ' "$C/state"
check 'state: ... a row' 0 '^run CPU=cortex-a72 +- +not run \(6 min\)$' "$C/state"
check 'state: ... of some cells' 0 '^0 green, 0 red, 0 of an older tree, 1 not run; ' env ONLY='check' "$C/state"
check 'state: ... of no cell' '!' 'ONLY=nothing: no cell of' env ONLY=nothing "$C/state"
check 'matrix: of some cells' 0 '1 of 1 cells to run' env ONLY='check' "$C/matrix"
ran '... runs them' 1
check 'matrix: the rest' 0 '6 of 7 cells to run' "$C/matrix"
cp "$T/out" "$T/said"
ran '... runs it' 6
records '... each has its record' 7
check '... it tells how far it is' 0 '^green +run 1.2 x86_64 - - - \([0-9]+ s on .*\); done [1-6] of 6, running [0-2], left' cat "$T/said"
check '... and how it ended' 0 '^7 green, 0 red, 0 of an older tree, 0 not run; ' cat "$T/said"
check 'matrix: again' 0 '^7 green' "$C/matrix"
ran '... runs nothing' 0
check 'matrix: FRESH=1' 0 '^7 green' env FRESH=1 "$C/matrix"
ran '... runs all' 7
records '... each has its record' 7
"$C/state" >/dev/null
check 'state: Markdown' 0 '^\| check CONFIG=debug DEPTH=objects \| green \| - \|$' cat "$F/build/state/state.md"

# --- red, older, lost
echo two >"$F/tree"
echo 'run 1.2 arm64 - - -' >"$F/red"
echo 'run 1.10 x86_64 - - -' >"$F/lost"
echo 2026-01-02 >"$F/date"
check 'state: another tree' 0 '^0 green, 0 red, 7 of an older tree, 0 not run' "$C/state"
check 'matrix: red and lost' '!' '^5 green, 1 red, 1 of an older tree, 0 not run' "$C/matrix"
cp "$T/out" "$T/said"
check '... names what is red' 0 '^red: run 1.2 arm64 - - -: 9 tests$' cat "$T/said"
check '... and what has no verdict, and its log' 0 '^no verdict +run 1.10 x86_64 .*, status 1: build/matrix/run_1.10_x86_64_-_-_-.log\); done' cat "$T/said"
ran '... runs each once' 7
check 'state: row of red' 0 '^run +(green +red|red +green)$' "$C/state"
check 'state: row of older' 0 '^run .*green of an older tree' "$C/state"
: >"$F/red"
: >"$F/lost"
check 'matrix: what was neither' 0 '^7 green' "$C/matrix"
ran '... is run' 2
echo one >"$F/tree"
check 'state: the tree of before' 0 '^7 green' "$C/state"
dir=$(grep -lx 'cell=run 1.2 arm64 - - -' "$T"/cache/records/cell/*/cell | head -n 1)
for cell in "$T"/cache/records/cell/*/cell; do
	! grep -qx 'cell=run 1.2 arm64 - - -' "$cell" || echo x >>"$cell"
done
check 'state: a damaged record is none' 0 '^6 green, 0 red, 0 of an older tree, 1 not run' "$C/state"
rm -r "${dir%/cell}"

# --- SAVE
"$C/matrix" >/dev/null 2>&1
rm -f "$T/ran" "$T/ran.whole"
check 'state: SAVE=1' 0 '^7 green' env SAVE=1 "$C/state"
check '... one line a cell' 0 '^run 1.2 x86_64 - - -	[0-9a-f]{64}	green	9 tests	1 skipped	2026-01-0[12]	1	9, gcc 1=2$' cat "$F/records/1.2.tsv"
check '... all of the base' 0 '^5$' sh -c "wc -l <'$F/records/1.2.tsv'"
check '... sorted' 0 '' sh -c "tail -n +2 '$F/records/1.2.tsv' | LC_ALL=C sort -c"
cp -r "$F/records" "$T/records"
check 'state: SAVE=1 again' 0 '^7 green' env SAVE=1 "$C/state"
check '... changes nothing' 0 '' diff -r "$F/records" "$T/records"
echo two >"$F/tree"
echo 2026-01-03 >"$F/date"
echo 'run 1.2 arm64 - - -' >"$F/red"
ONLY='1.2 arm64 - ' FRESH=1 "$C/matrix" >/dev/null 2>&1 || true
rm -f "$T/ran" "$T/ran.whole"
ONLY='1.2 arm64 - ' SAVE=1 "$C/state" >/dev/null
check 'state: SAVE=1 of some cells leaves the others' 0 '^2$' sh -c "diff '$F/records/1.2.tsv' '$T/records/1.2.tsv' | grep -c '^[<>] run 1.2 arm64 - '"
check '... and no line comes twice' 0 '^5$' sh -c "cut -f 1 '$F/records/1.2.tsv' | sort -u | wc -l"
: >"$F/red"
rm -r "$F/records"
cp -r "$T/records" "$F/records"
echo one >"$F/tree"

# --- another clone, with a cache of its own
mv "$T/cache" "$T/cache.first"
rm -rf "$F/build"
check 'state: in another clone' 0 '^7 green, .*; 7 of them recorded elsewhere; to run all here' "$C/state"
check '... a row' 0 '^run CPU=cortex-a72 +- +green elsewhere$' "$C/state"
check 'matrix: what is recorded elsewhere is run' 0 '7 of 7 cells to run' "$C/matrix"
ran '... here' 7
check 'state: ... and is green here then' 0 '^7 green, 0 red, 0 of an older tree, 0 not run; ' "$C/state"

# --- killed
rm -r "$F/records"
child() { # PID NAME: a child of that name
	# shellcheck disable=SC2013
	for pid in $(cat "/proc/$1/task/$1/children"); do
		[ "$(cat "/proc/$pid/comm")" != "$2" ] || echo "$pid"
	done
}
# begin FILE N: a matrix in the background, until FILE has N lines; sets $matrix, $parallel
begin() {
	rm -rf "$T/cache" "$T/ran" "$T/ran.whole"
	"$C/matrix" >"$T/matrix.log" 2>&1 9>&- &
	matrix=$!
	n=0
	until [ -f "$T/$1" ] && [ "$(wc -l <"$T/$1")" -ge "$2" ]; do
		sleep 0.1
		[ $((n += 1)) -lt 200 ] || break
	done
	parallel=$(child $matrix parallel)
	[ -n "$parallel" ] || parallel=$(child $matrix perl)
}
echo 1 >"$F/seconds"
begin ran 2
kill -KILL "$parallel"
wait $matrix && ended=0 || ended=$?
check 'matrix: parallel is killed before any cell is done: it begins again' 0 '^7 green' cat "$T/matrix.log"
records '... each cell has one record' 7
begin ran.whole 2
kill -KILL "$parallel"
wait $matrix && ended=0 || ended=$?
check 'matrix: parallel is killed: it goes on by itself' 0 '^7 green' cat "$T/matrix.log"
check '... and says so' 0 '^0$' echo "$ended"
records '... each cell has one record' 7
check '... what had one was not run again' 0 '^7$' sh -c "wc -l <'$T/ran.whole'"

echo 2 >"$F/seconds"
begin ran.whole 2
kill -KILL "$matrix" "$parallel"
wait $matrix || true
sleep 0.5
cp "$T/ran.whole" "$T/ran.then"
sleep 2.5
check 'matrix: killed, and parallel too: nothing goes on' 0 '' diff "$T/ran.then" "$T/ran.whole"
echo 0 >"$F/seconds"
check '... it can be started again' 0 '^7 green' "$C/matrix"
records '... and each cell has one record' 7
check '... what had one was not run again' 0 '^7$' sh -c "wc -l <'$T/ran.whole'"
rm -f "$T/ran" "$T/ran.whole"

echo 2 >"$F/seconds"
begin ran.whole 2
kill -TERM "$matrix"
wait $matrix || true
sleep 0.5
cp "$T/ran.whole" "$T/ran.then"
sleep 2.5
check 'matrix: stopped: nothing goes on' 0 '' diff "$T/ran.then" "$T/ran.whole"
echo 0 >"$F/seconds"
check '... it can be started again' 0 '^7 green' "$C/matrix"
records '... and each cell has one record' 7

plan
