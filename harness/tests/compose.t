#!/bin/sh
# compose.t: prepare/compose and source, by way of make tree and alone: a series becomes commits
set -eu
. "$(dirname "$0")/tap.sh"
fake_top
# shellcheck disable=SC2317 # called by check
tree() { "$F/harness/commands/tree"; }
# shellcheck disable=SC2317
alone() { DEPTH=applies "$F/harness/commands/alone"; }
# of REF PATH: a file of the commit
# shellcheck disable=SC2317
of() { git --git-dir="$F/build/tiny-local/repo.git" show "refs/pf/$1:$2"; }

# patch SUBJECT [LINE...]: a patch to stdout; the lines come between "---" and the diff,
# which is stdin
patch() {
	printf 'Subject: [PATCH] %s\n\nWhy: because.\n---\n' "$1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@"
	printf '\n'
	cat
}
change() { # FILE LINE TEXT: the diff that puts TEXT in the place of a line of "seq 20"
	printf 'diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n' "$1" "$1" "$1" "$1"
	seq 20 >"$T/old"
	sed "$2s/.*/$3/" "$T/old" | diff -u "$T/old" - | tail -n +3
}

mkdir -p "$T/patches"
change lib/Makefile 5 five | patch 'lib: add driver' 'Files: lib/driver.c' >"$T/patches/lib-add-driver.patch"
change mm/memory.c 15 fifteen | patch 'mm: change memory' >"$T/patches/mm-change-memory.patch"
printf '# head\nlib-add-driver # kit\nmm-change-memory\n' >"$T/series"
echo 'int driver;' >"$F/lib/driver.c"
fresh() {
	rm -f "$HOME_OF"/patches/*
	cp "$T/patches"/* "$HOME_OF/patches/"
	cp "$T/series" "$HOME_OF/series"
}
fresh
check 'compose: two patches' 0 '2 patches' tree
check 'compose: the same again' 0 '2 patches' tree
check 'compose: control is the kit alone' 0 '^15$' of control mm/memory.c
check 'compose: ... with its file' 0 '^int driver;$' of control lib/driver.c
check 'compose: series is all of it' 0 '^fifteen$' of series mm/memory.c

# --- alone
check 'alone: a patch that needs no other' 0 '^mm-change-memory +yes ' alone
sed -i 's/ # kit//; s/^mm-change.*/& # after lib-add/' "$HOME_OF/series"
check 'alone: on the one that it names' 0 '^mm-change-memory +yes +- +lib-add$' alone
sed -i 's/lib-add$/nothing/' "$HOME_OF/series"
check 'alone: names one that is not before it' '!' 'is after nothing.*: no patch before' alone
fresh

# --- without
# shellcheck disable=SC2317
without() {
	WITHOUT=$1 SELFTESTS=vm FLAVOUR=x86_64 "$F/harness/prepare/compose" "$F/build/tiny-local/repo.git" "$HOME_OF" "$F" &&
		of without-x86_64 mm/memory.c
}
check 'without: the series less one patch' 0 '^15$' without mm-change
check 'without: no such patch' '!' 'no patch in .* begins so' without nothing

# --- what cannot be composed
sed -i 's/^---$/---\nv2: a note/' "$HOME_OF/patches/mm-change-memory.patch"
check 'compose: notes that save would lose' '!' 'there can be no notes.*v2: a note' tree
fresh
sed -i 's/^ 14$/ fourteen/' "$HOME_OF/patches/mm-change-memory.patch"
check 'compose: patch that does not apply' '!' 'mm-change-memory.patch does not apply' tree
check 'compose: ... says where' '!' 'mm/memory.c:12' tree
fresh
rm "$F/lib/driver.c"
check 'compose: named file that does not exist' '!' 'names lib/driver.c, which does not exist' tree
echo 'int driver;' >"$F/lib/driver.c"
echo 'nothing' >>"$HOME_OF/series"
check 'compose: patch in the series that does not exist' '!' 'names nothing, but there is no .*/patches/nothing.patch' tree
fresh
sed -i 's/^lib-add-driver/nothing/' "$HOME_OF/series"
check 'compose: ... of which others follow, is said, and nothing else' '!' 'names nothing, but there is no' tree
cp "$T/out" "$T/said"
check 'compose: ... once' 0 '^1$' grep -c '^[^[]' "$T/said"
fresh
echo 'lib-add-driver after' >>"$HOME_OF/series"
check 'compose: what follows a name is known' '!' 'only "# kit" or "# after NAME..." may follow a name' tree
fresh

# --- a tree to compose on
git init -q "$T/clone"
cp -r "$K/." "$T/clone/"
git -C "$T/clone" add -A -f .
rm "$F/build/tiny-local/import.index"
check 'LINUX: a git tree, of which the working tree counts' 0 '2 patches on tree clone' env LINUX="$T/clone" "$F/harness/commands/tree"
check 'bad LINUX' '!' 'no such tree' env LINUX=/nonexistent "$F/harness/commands/tree"
check 'LINUX: a file that is no tarball' '!' 'nor a tarball' env LINUX="$K/Kbuild" "$F/harness/commands/tree"

plan
