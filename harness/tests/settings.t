#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# settings.t: what a user has set reaches the harness if it is documented, and not else
set -eu
. "$(dirname "$0")/tap.sh"
fake_top
mkdir "$T/bin"
cat >"$T/bin/qemu-system-x86_64" <<'END'
#!/bin/sh
[ "$1" != --version ] || { echo 'QEMU emulator version 7.2.9'; exit; }
echo "$@" >"$FAKE/qemu"
END
chmod +x "$T/bin/qemu-system-x86_64"
PATH=$T/bin:$PATH
FAKE=$T
export PATH FAKE
echo image >"$T/image"
# shellcheck disable=SC2317 # called by check
boot() { env "$@" "$F/harness/guest/boot" "$T/boot" "$T/image" "$T/image" >/dev/null || true; cat "$T/boot/boot" "$T/qemu"; }
# shellcheck disable=SC2317
initrd() {
	env "$@" "$F/harness/prepare/initrd" "$T/initrd" "$T/source" && gzip -dc "$T/initrd" | cpio -i --quiet --to-stdout '*tests/list' tests/list
}
mkdir -p "$T/source/tools/testing/selftests/mm" "$T/tests"
echo 'int main(void) { return 0; }' >"$T/source/tools/testing/selftests/mm/secondary_tlb.c"
echo '1 /tests/other' >"$T/tests/list"

# As a user types it, PF_START is not set; between scripts it is.
for setting in PF_WATCHDOG=5 'PF_QEMU_MORE=-snapshot' PF_QEMU_THREAD=multi PF_BOOT_MORE=nokaslr PF_QEMU_NUMA=-none PF_MACHINE=build; do
	check "a user's $setting" 0 '^watchdog=660$' boot -u PF_START "$setting"
	cp "$T/out" "$T/said"
	check '... is not taken' 0 '^-machine q35 -smp 2,sockets=2 -cpu max -accel tcg,thread=single .* numa=fake=2 ' cat "$T/said"
done
check "a script's PF_WATCHDOG is" 0 '^watchdog=5$' boot PF_WATCHDOG=5
check "a script's PF_QEMU_MORE is" 0 ' -snapshot -cpu' boot PF_QEMU_MORE=-snapshot
for setting in PF_TEST_TIMEOUT=5 PF_SUITE=kunit "PF_TESTS=$T/tests" "PF_PROGRAM=$T/nonexistent.c" "PF_INIT=$T/nonexistent.c"; do
	check "a user's ${setting%%=*} is not taken" 0 '^600 /tests/secondary_tlb' initrd -u PF_START "$setting"
done
check "a script's PF_TEST_TIMEOUT is" 0 '^5 /tests/secondary_tlb' initrd PF_TEST_TIMEOUT=5
check "a script's PF_TESTS is" 0 '^1 /tests/other' initrd PF_TESTS="$T/tests"
check "a user's CPU is taken" 0 ' -cpu qemu64 ' boot -u PF_START CPU=qemu64
check "a user's TEST is taken" 0 '^600 /tests/secondary_tlb -d munmap\*$' initrd -u PF_START TEST='munmap*'

# PF_CACHE is documented.
check "a user's PF_CACHE is taken" 0 "under $T/elsewhere \(PF_CACHE\)" env -u PF_START PF_CACHE="$T/elsewhere" "$F/harness/commands/help"
check '... or where caches are' 0 "under $T/xdg/paired-flush \(PF_CACHE\)" \
	env -u PF_START -u PF_CACHE XDG_CACHE_HOME="$T/xdg" "$F/harness/commands/help"

# Nor does git, or a language, as the user has it.
mkdir "$T/home"
printf '[core]\n\tautocrlf = true\n\tfsmonitor = /nonexistent\n[diff]\n\tnoprefix = true\n[user]\n\tname = me\n[commit]\n\tgpgsign = true\n' >"$T/home/.gitconfig"
printf 'a\r\nb\r\n' >"$K/lib/crlf"
check "a user's git settings are not" 0 '0 patches' \
	env -u PF_START HOME="$T/home" GIT_DIR="$T/git" GIT_INDEX_FILE="$T/git.index" "$F/harness/commands/tree"
check '... and change no file' 0 '' cmp "$K/lib/crlf" "$L/lib/crlf"
check '... nor is anything written elsewhere' '!' '' sh -c "ls '$T'/git*"

plan
