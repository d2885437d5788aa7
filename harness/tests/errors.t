#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# errors.t: when the machine cannot, it is said what is wrong and what to do
set -eu
. "$(dirname "$0")/tap.sh"
fake_top

# A kernel whose Makefile does what COMPILER says, in the place of a compiler.
mkdir -p "$K/scripts/kconfig" "$F/configs.own/arch"
printf '#!/bin/sh\n' >"$K/scripts/kconfig/merge_config.sh"
chmod +x "$K/scripts/kconfig/merge_config.sh"
rm "$F/configs"
mv "$F/configs.own" "$F/configs"
echo '# nothing' >"$F/configs/arch/x86_64.config"
cat >"$K/Makefile" <<'END'
tinyconfig olddefconfig:
	: >$(O)/.config
kernelrelease:
	@echo 7.3.4
bzImage:
	@sh -c '$(COMPILER)'
END
"$F/harness/commands/tree" 2>/dev/null
SRC=$F/build/tiny-local/src
# shellcheck disable=SC2317 # called by check
build() { env COMPILER="$1" "$F/harness/prepare/build" series; }

check 'build: a compiler that is killed' '!' 'the compiler was killed: out of memory\? fewer jobs need less: JOBS=1' \
	build 'echo "gcc: fatal error: Killed signal terminated program cc1" >&2; exit 1'
cp "$T/out" "$T/said"
check 'build: ... the log is named' 0 'does not build; the whole log: .*/build.log$' cat "$T/said"
check 'build: a linker that is killed' '!' 'out of memory\?' build 'kill -9 $$$$'
check 'build: a compiler that finds an error' '!' 'a.c:1:1: error: no' build 'echo "a.c:1:1: error: no" >&2; exit 1'
cp "$T/out" "$T/said"
check 'build: ... is not taken for one that was killed' '!' '' grep -E 'memory|disk' "$T/said"
check 'build: a full disk that is said' '!' 'the disk is full: .*; make clean and make gc give room' \
	build 'echo "a.s: fatal error: a.o: No space left on device" >&2; exit 1'
# What a git that was killed has left: not in what is being worked on, where git still runs.
W=$F/build/tiny-local
for lock in index.lock HEAD.lock; do
	touch "$W/repo.git/worktrees/src/$lock" "$W/repo.git/worktrees/linux/$lock"
	check "build: git's $lock in the source" '!' "^note: removed .*/worktrees/src/$lock, which" build 'echo "a.c:1:1: error: no" >&2; exit 1'
	cp "$T/out" "$T/said"
	check 'build: ... does not stop it' 0 'a.c:1:1: error: no' cat "$T/said"
	check 'build: ... that of make tree stays' 0 '' rm "$W/repo.git/worktrees/linux/$lock"
done
rm -rf "$W/src"
touch "$W/repo.git/worktrees/src/locked"
check 'build: a source that was never whole' '!' 'a.c:1:1: error: no' build 'echo "a.c:1:1: error: no" >&2; exit 1'
# And a real one, on which the log is, too.
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	# shellcheck disable=SC2016
	check 'build: a full disk' '!' 'the disk is full: 0 left on .*; make clean and make gc give room' \
		unshare -m sh -c 'mount -t tmpfs -o size=1M none "$1" && shift && exec "$@"' sh "$SRC/obj-x86_64" \
		env COMPILER='head -c 9000000 /dev/zero >$(O)/vmlinux' "$F/harness/prepare/build" series
	cp "$T/out" "$T/said"
	check 'build: ... the log is named' 0 'does not build; the whole log: .*/build.log$' cat "$T/said"
else
	skip 'build: a full disk' 'needs root, to mount a small one'
	skip 'build: ... the log is named' 'needs root, to mount a small one'
fi
check 'build: none of these has left a kernel' 0 '' find "$F/build/tiny-local" "$T/cache" -name image

# --- QEMU
echo >"$T/image"
# shellcheck disable=SC2317
boot() { env PATH="$1:$PATH" "$F/harness/guest/boot" "$T/boot" "$T/image" "$T/image"; }
mkdir "$T/old" "$T/new" "$T/dumb" "$T/killed" "$T/none"
fake() { # NAME COMMANDS
	printf '#!/bin/sh\n%s\n' "$2" >"$T/$1/qemu-system-x86_64"
	chmod +x "$T/$1/qemu-system-x86_64"
}
fake old 'echo "QEMU emulator version 6.2.0 (Debian 1:6.2+dfsg-2ubuntu6)"'
check 'boot: QEMU that is too old' '!' 'qemu-system-x86_64 has version 6.2.0; 7.2 \(Debian 12\) or newer is needed' boot "$T/old"
# shellcheck disable=SC2016
fake new '[ "$1" != --version ] || { echo "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)"; exit; }
echo "qemu: could not load kernel" >&2
exit 1'
check 'boot: a newer one is not' '!' 'QEMU failed \(status 1\): qemu: could not load kernel' boot "$T/new"
fake dumb 'echo "what?"'
check 'boot: QEMU whose version cannot be read' '!' 'does not run, or does not tell its version; install qemu-system-x86' boot "$T/dumb"
# shellcheck disable=SC2016
fake killed '[ "$1" != --version ] || { echo "QEMU emulator version 7.2.1"; exit; }
kill -9 $$'
check 'boot: QEMU that is killed' '!' 'QEMU was killed after [0-9]+ s, and not by the watchdog: out of memory\?' boot "$T/killed"
# All programs but one.
ln -s /usr/bin/* /usr/sbin/* "$T/none/" 2>/dev/null || true
rm -f "$T/none/qemu-system-x86_64"
check 'boot: no QEMU' '!' 'qemu-system-x86_64 does not run, .*; install qemu-system-x86' \
	env PATH="$T/none" "$F/harness/guest/boot" "$T/boot" "$T/image" "$T/image"
check 'boot: an image that is not there' '!' 'there is no kernel /nonexistent' "$F/harness/guest/boot" "$T/boot" /nonexistent "$T/image"

# --- packages
mkdir "$T/user"
for tool in sudo dpkg-query 'id echo 1000' 'apt-get exec echo'; do
	name=${tool%% *}
	commands=${tool#"$name"}
	printf '#!/bin/sh\n%s\n' "${commands:-exit 1}" >"$T/user/$name"
	chmod +x "$T/user/$name"
done
check 'packages: what a user without sudo is to type' '!' '^	sudo apt-get install -y --no-install-recommends qemu-system-x86$' boot "$T/user"
# shellcheck disable=SC2016
printf '#!/bin/sh\nshift\n[ "$1" = true ] || exec "$@"\n' >"$T/user/sudo"
printf '#!/bin/sh\nexit 100\n' >"$T/user/apt-get"
check 'packages: what cannot be installed' '!' 'apt-get could not install qemu-system-x86; see .*/install.log' boot "$T/user"

plan
