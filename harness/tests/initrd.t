#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# initrd.t: prepare/initrd: same input, same bytes, whenever and wherever it is built
set -eu
. "$(dirname "$0")/tap.sh"

# tree DIRECTORY: a source with a selftest, and modules
tree() {
	mkdir -p "$1/source/tools/testing/selftests/mm" "$1/modules"
	cat >"$1/source/tools/testing/selftests/mm/secondary_tlb.c" <<-'END'
		#include <assert.h>
		#include <stdio.h>
		int main(int argc, char **argv) { assert(argc); return puts(__FILE__) < 0; }
	END
	echo module >"$1/modules/a.ko"
	echo a.ko >"$1/modules/order"
}
# initrd DIRECTORY SOURCE [MODULES]
# shellcheck disable=SC2317 # called by check
initrd() {
	"$HARNESS/prepare/initrd" "$1/initrd" "$2/source" "${3:+$2/modules}"
}
# content FILE
# shellcheck disable=SC2317
content() { gzip -dc "$1" | cpio -t --quiet; }

tree "$T/a"
tree "$T/deeper/down/b"
check 'initrd: is built' 0 '' initrd "$T/a" "$T/a" modules
for file in init tests/list tests/secondary_tlb modules/a.ko modules/order images/swap images/ext2; do
	check "initrd: has $file" 0 "^(\./)?$file\$" content "$T/a/initrd"
done
check 'initrd: leaves nothing else' 0 '' sh -c "cd '$T/a' && ls | grep -vxE 'initrd|source|modules' || true"
sleep 2
touch "$T/deeper/down/b/modules"/*
check 'initrd: is built elsewhere, later' 0 '' env TZ=Asia/Tokyo HOME=/ USER=x sh -c \
	'umask 077 && exec "$@"' sh "$HARNESS/prepare/initrd" "$T/deeper/down/b/initrd" "$T/deeper/down/b/source" "$T/deeper/down/b/modules"
check 'initrd: same bytes' 0 '' cmp "$T/a/initrd" "$T/deeper/down/b/initrd"
check 'initrd: another list of tests' 0 '' env TEST='munmap*' "$HARNESS/prepare/initrd" "$T/other" "$T/a/source" "$T/a/modules"
check 'initrd: ... makes another one' '!' differ cmp "$T/a/initrd" "$T/other"
# Helpers of the selftest in files beside it, and a header that the machine does not have.
cp -r "$T/a" "$T/helped"
mkdir -p "$T/helped/source/tools/include/uapi/linux"
echo '#define ONLY_LATER 0' >"$T/helped/source/tools/include/uapi/linux/only_later.h"
mm=$T/helped/source/tools/testing/selftests/mm
echo 'int helper(void) { return 0; }' >"$mm/vm_util.c"
: >"$mm/hugepage_settings.c"
printf '%s\n' '#include <linux/only_later.h>' 'int helper(void);' 'int main(void) { return helper() + ONLY_LATER; }' >"$mm/secondary_tlb.c"
check 'initrd: a selftest with helpers' 0 '' initrd "$T/helped" "$T/helped"
check 'initrd: ... that are missing' '!' 'the selftest does not build' sh -c ": >'$mm/vm_util.c' && exec \"\$@\"" sh \
	"$HARNESS/prepare/initrd" "$T/other" "$T/helped/source"
check 'initrd: KUnit alone needs no selftest' 0 '' env PF_SUITE=kunit "$HARNESS/prepare/initrd" "$T/other" "$T"
check 'initrd: a source without the selftest' '!' 'there is no selftest secondary_tlb.c' "$HARNESS/prepare/initrd" "$T/other" "$T"

plan
