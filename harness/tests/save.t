#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# save.t: make tree, save and clean, on a kernel of four files
set -eu
. "$(dirname "$0")/tap.sh"
fake_top
# shellcheck disable=SC2317 # called by check
save() { "$F/harness/commands/save"; }
# shellcheck disable=SC2317
tree() { "$F/harness/commands/tree"; }
# shellcheck disable=SC2317
clean() { "$F/harness/commands/clean"; }
snapshot() { (cd "$F" && find bases lib tools -type f -exec stat -c '%n %a' {} + -exec sha256sum {} +) | sort; }
git_() { git -C "$L" -c user.name=x -c user.email=x@y "$@"; }

check 'tree: an empty queue' 0 '0 patches' tree
sed -i 's/^5$/five/' "$L/lib/Makefile"
echo 'int driver;' >"$L/lib/driver.c"
echo '#define B' >"$L/lib/perbase.h"
echo 'int test;' >"$L/tools/testing/selftests/vm/test.c"
chmod +x "$L/tools/testing/selftests/vm/test.c"
check 'save: changes not committed' '!' 'not committed' save
git_ commit -qam 'lib: add driver

Why: because.

  indented,  odd   spacing'
check 'save: files that git does not track' '!' 'does not track.*|lib/driver.c' save
git_ add -f lib/driver.c lib/perbase.h tools
git_ commit -q --amend --no-edit
sed -i 's/^15$/fifteen/' "$L/mm/memory.c"
git_ commit -qam 'mm: change memory'
check 'save: two commits' 0 'saved 2 patches' save
check 'save: new file stored once' 0 'int driver' cat "$F/lib/driver.c"
check 'save: path of this base mapped' 0 'int test' cat "$F/tools/testing/selftests/mm/test.c"
check 'save: header of this base stays in the patch' 0 '\+#define B' cat "$HOME_OF/patches/lib-add-driver.patch"
check 'save: file mode kept' 0 '^755' stat -c %a "$F/tools/testing/selftests/mm/test.c"
sed -i 's/^\(lib-add.*\)/# about the kit\n\1 # kit/' "$HOME_OF/series"
snapshot >"$T/before"
check 'tree: the saved queue' 0 '2 patches' tree
check 'save: nothing to save' 0 'nothing to save' save
snapshot >"$T/after"
check 'round trip is byte-identical' 0 '' diff "$T/before" "$T/after"
rm -rf "$F/build"
check 'tree: in a new clone' 0 '2 patches' tree
check 'round trip in a new clone' 0 'nothing to save' save
snapshot >"$T/after"
check 'round trip in a new clone is byte-identical' 0 '' diff "$T/before" "$T/after"
check 'control is the kit alone' 0 '^15$' git --git-dir="$F/build/tiny-local/repo.git" show refs/pf/control:mm/memory.c
check 'series is all of it' 0 '^fifteen$' git --git-dir="$F/build/tiny-local/repo.git" show refs/pf/series:mm/memory.c

git_ commit -q --amend -m 'mm: change memory, reworded'
check 'tree: refuses commits that are not saved' '!' 'not saved' tree
check 'save: reworded' 0 'saved 2 patches' save
check 'series keeps its comments and marks' 0 '^lib-add-driver # kit$' cat "$HOME_OF/series"
check 'the reworded patch has its new name' 0 'reworded' cat "$HOME_OF/patches/mm-change-memory-reworded.patch"
check 'and not its old one' '!' '' cat "$HOME_OF/patches/mm-change-memory.patch"
git_ commit -q --amend --no-edit --author='y <y@z>'
check 'save: says whose name is not kept' 0 'that y is its author is not kept' save
snapshot >"$T/before"
echo 'int more;' >>"$L/lib/driver.c"
git_ commit -qam 'lib: change driver'
check 'save: a later edit of a file stored once' '!' 'fold the change' save
check 'clean: refuses unsaved commits' '!' 'not saved' clean
git_ checkout -q --detach
git_ branch -f series refs/pf/tree
check 'clean: refuses unsaved commits on no branch' '!' 'not saved' clean
git_ branch -f series HEAD
git_ checkout -q series
echo 'int new;' >"$L/lib/new.c"
check 'clean: refuses new files, which are ignored' '!' 'lib/new.c' clean
rm "$L/lib/new.c"
echo 'fn new() {}' >"$L/lib/new"
check 'clean: refuses new files of any name' '!' 'lib/new$' clean
rm "$L/lib/new"
touch "$L/vmlinux" "$L/.config" "$L/lib/new.o"
check 'clean: what a build leaves is no work' '!' 'commits that are not saved' clean
rm "$L/vmlinux" "$L/.config" "$L/lib/new.o"
mkdir "$(git_ rev-parse --path-format=absolute --git-path rebase-merge)"
check 'save: refuses in a rebase' '!' 'rebase, merge or am is going on' save
check 'tree: refuses in a rebase' '!' 'rebase, merge or am is going on' tree
check 'clean: refuses in a rebase' '!' 'rebase, merge or am is going on' clean
rmdir "$(git_ rev-parse --path-format=absolute --git-path rebase-merge)"
mv "$L" "$T/gone"
check 'tree: refuses to make it anew over commits that are not saved' '!' 'is gone, but .* commits that were not saved' tree
check 'clean: refuses unsaved commits without a tree' '!' 'not saved' clean
mv "$T/gone" "$L"
check 'clean: refuses what is no base' '!' 'there is no bases/../configs' env BASE=../configs "$F/harness/commands/clean"
check 'clean: refuses a path to a base' '!' 'there is no bases/../bases/tiny' env BASE=../bases/tiny "$F/harness/commands/clean"
snapshot >"$T/after"
check 'a refused save changes nothing' 0 '' diff "$T/before" "$T/after"
git_ reset -q --hard HEAD^
echo 'int edited;' >>"$L/lib/driver.c"
check 'tree: refuses changes not committed' '!' 'not committed' tree
git_ reset -q --hard HEAD^
echo 'int edited;' >>"$L/lib/driver.c"
git_ commit -q -a --amend --no-edit
git_ cherry-pick refs/pf/tree >/dev/null
cp "$F/lib/driver.c" "$T/driver.c"
echo 'int meanwhile;' >>"$F/lib/driver.c"
check 'save: file changed in the repository meanwhile' '!' 'changed since make tree' save
cp "$T/driver.c" "$F/lib/driver.c"
check 'save: edit folded into the commit that adds the file' 0 'saved 2 patches' save
check 'save: the stored file has the edit' 0 'int edited' cat "$F/lib/driver.c"

plan
