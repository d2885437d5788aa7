#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# additions.t: a base is a directory, an architecture a file and a fragment of the
# configuration: what is added so, all parts of the harness take
set -eu
. "$(dirname "$0")/tap.sh"
fake_top
unset BASE LINUX
# A top with copies of what may not change, so that it can be seen to.
rm -r "${F:?}"
mkdir -p "$F/bases" "$F/lib"
cp -r "$TOP/configs" "$F/configs"
cp -r "$HARNESS" "$F/harness"
cp -r "$TOP/bases/7.3" "$F/bases/9.9"
cp "$TOP/Makefile" "$F/"
snapshot() { (cd "$F" && find . -path ./build -prune -o -type f -exec sha256sum {} +) | sort -k 2; }
cat >"$F/harness/commands/zzz-cells" <<'END'
#!/bin/sh
# zzz-cells: prints the cells
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$HARNESS/lib/cells.sh"
cells
END
chmod +x "$F/harness/commands/zzz-cells"
# shellcheck disable=SC2317 # called by check
cells() { ONLY=$1 "$F/harness/commands/zzz-cells"; }
# shellcheck disable=SC2317
mk() { make -s --no-print-directory -C "$F" "$@"; }
# Its patches, on the kernel of four files: those of the copy need a real one.
H=$F/bases/9.9
rm "$H"/patches/* "$H"/reverts/*
change lib/Makefile 5 five | patch 'lib: add driver' 'Files: lib/driver.c' >"$H/patches/lib-add-driver.patch"
change mm/memory.c 15 fifteen | patch 'mm: change memory' >"$H/patches/mm-change-memory.patch"
printf 'lib-add-driver # kit\nmm-change-memory\n' >"$H/series"
echo 'int driver;' >"$F/lib/driver.c"
printf '*\tbase\t*\t*\tfork\t*\tsafe\terror\tmm-change\tbase,revert\n' >"$H/expected"
git init -q --bare "$F/build/9.9/repo.git"
repo() { git --git-dir="$F/build/9.9/repo.git" "$@"; }
repo config core.bare false
repo --work-tree="$K" add -A -f .
repo --work-tree="$K" -c user.name=x -c user.email=x@y commit -q -m base
repo tag base
echo 9.9 >"$F/build/9.9/version"
snapshot >"$T/before"

# --- a base
check 'base: make help names it' 0 'BASE	9\.9$' mk help
check 'base: it has cells' 0 '^run 9.9 x86_64 - - - ' cells .
for cell in 'run 9.9 riscv64 - - -' 'run 9.9 x86_64 - debug -' 'bisect 9.9 arm64 - drivers objects' 'check 9.9 riscv64 - - -' \
	'reverts 9.9 ppc64le - - -' 'regress 9.9 x86_64 - regress -'; do
	check "base: ... $cell" 0 "^$cell " cells .
done
check 'base: ... no stock, of which it has no image' '!' '' sh -c "ONLY=stock '$F/harness/commands/zzz-cells' | grep ."
check 'base: ... no row of another one' '!' '' sh -c "ONLY=midr= '$F/harness/commands/zzz-cells' | grep ."
key() { # CELL...: a cell-key, which is printed
	check "base: cell-key $*" 0 '^[0-9a-f]{64}$' "$F/harness/lib/cell-key" "$@"
	cut -c 1-64 "$T/out" | tail -n 1 >"$T/key"
}
for cell in 'run 9.9 x86_64 - - -' 'run 9.9 arm64 cortex-a72 - -' 'reverts 9.9 riscv64 - - -' 'alone 9.9 x86_64 - drivers objects' \
	'check 9.9 x86_64 - drivers -' 'steps 9.9 x86_64 - - -'; do
	# shellcheck disable=SC2086
	key $cell
	cat "$T/key" >>"$T/keys"
done
check 'base: ... each another one' 0 '^6$' sh -c "sort -u '$T/keys' | wc -l"
key run 9.9 x86_64 - - -
cp "$T/key" "$T/run.key"
key run 9.9 x86_64 - - -
check 'base: the same again' 0 '' cmp "$T/key" "$T/run.key"
sed -i 's/^+fifteen/+sixteen/' "$H/patches/mm-change-memory.patch"
key run 9.9 x86_64 - - -
check 'base: another patch is another key' '!' differ cmp "$T/key" "$T/run.key"
sed -i 's/^+sixteen/+fifteen/' "$H/patches/mm-change-memory.patch"
key run 9.9 x86_64 - - -
check 'base: ... and back' 0 '' cmp "$T/key" "$T/run.key"
echo '# a comment' >>"$F/harness/guest/boot"
key run 9.9 x86_64 - - -
check 'base: a comment in the harness is none' 0 '' cmp "$T/key" "$T/run.key"
sed -i '$d' "$F/harness/guest/boot"
check 'base: make tree' 0 '2 patches on 9.9' mk tree BASE=9.9
check 'base: ... has the patches' 0 '^fifteen$' cat "$F/build/9.9/linux/mm/memory.c"
check 'base: make save' 0 'nothing to save' mk save BASE=9.9
check 'base: make alone' 0 '^mm-change-memory +yes' mk alone BASE=9.9 DEPTH=applies
check 'base: make state' 0 '^run +not run' mk state ONLY='run 9.9'
snapshot >"$T/after"
check 'base: no other file has changed' 0 '' diff "$T/before" "$T/after"

# --- an architecture
cp "$F/harness/arch/riscv64" "$F/harness/arch/riscv128"
cp "$F/configs/arch/riscv64.config" "$F/configs/arch/riscv128.config"
sed -i "s/^ARCHES=.*/ARCHES='x86_64 riscv128'/" "$H/base"
snapshot >"$T/before"
check 'arch: make help names it' 0 'ARCH	.* riscv128 ' mk help
check 'arch: lib/cpu knows its CPU' 0 '^rv64,svnapot=on$' "$F/harness/lib/cpu" riscv128 -
check 'arch: ... or what is given' 0 '^max$' "$F/harness/lib/cpu" riscv128 max
check 'arch: it has cells' 0 '^run 9.9 riscv128 - - - ' cells .
check 'arch: ... none of an architecture that the base has not' '!' '' sh -c "ONLY=arm64 '$F/harness/commands/zzz-cells' | grep ."
check 'arch: ... and they have keys' 0 '^[0-9a-f]{64}$' "$F/harness/lib/cell-key" run 9.9 riscv128 - - -
check 'arch: make state' 0 '^run +(not run .* +){2}' mk state ONLY='run 9.9 [xr][^ ]* - - -'
check 'arch: make alone' 0 '^mm-change-memory +yes' mk alone BASE=9.9 ARCH=riscv128 DEPTH=applies
check 'arch: without its fragment' '!' 'there is no configs/arch/riscv128.config' \
	sh -c "rm '$F/configs/arch/riscv128.config' && exec '$F/harness/lib/cell-key' run 9.9 riscv128 - - -"
cp "$F/configs/arch/riscv64.config" "$F/configs/arch/riscv128.config"
check 'arch: that the base has not' '!' 'ARCH=arm64: bases/9.9 has: x86_64 riscv128' mk tree BASE=9.9 ARCH=arm64
snapshot >"$T/after"
check 'arch: no other file has changed' 0 '' diff "$T/before" "$T/after"

plan
