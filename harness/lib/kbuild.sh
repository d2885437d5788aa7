# SPDX-License-Identifier: GPL-2.0
# How a kernel is configured and built; sourced after arch.sh, with SRC set to the
# directory of its source. build, bisect and check each have one of their own.
# shellcheck shell=sh
# shellcheck disable=SC2153

. "$HARNESS/lib/machine.sh"

# Inside the source directory: kbuild then uses relative names for everything,
# and ccache finds what another clone in another directory has built.
OBJ=$SRC/obj-$FLAVOUR
kernel_arch=arch/$KARCH
[ "$KARCH" != "$ARCH" ] || kernel_arch=

# fragments CONFIG: the files that are merged over tinyconfig, in this order
fragments() {
	for name in common $kernel_arch "arch/$ARCH" ${1:+"more/$1" "more/$1-$ARCH"}; do
		for fragment in "$TOP/configs/$name.config" "$HOME_OF/configs/$name.config"; do
			[ ! -f "$fragment" ] || printf ' %s' "$fragment"
		done
	done
}
FRAGMENTS=$(fragments "$CONFIG")
[ -f "$TOP/configs/arch/$ARCH.config" ] || die "there is no configs/arch/$ARCH.config"

CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache}
CCACHE_BASEDIR=$SRC
CCACHE_NOHASHDIR=1
CCACHE_COMPILERCHECK=content
CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-10G}
CCACHE_SLOPPINESS=time_macros
export CCACHE_DIR CCACHE_BASEDIR CCACHE_NOHASHDIR CCACHE_COMPILERCHECK CCACHE_MAXSIZE CCACHE_SLOPPINESS
unset KBUILD_OUTPUT KCONFIG_CONFIG MAKEFLAGS MFLAGS MAKEOVERRIDES M O V C

# kernel_source COMMIT: what the kernel is made of, and no test or document: those
# that change make no other kernel
kernel_source() {
	{
		rgit ls-tree "$1" | grep -vE '	(Documentation|MAINTAINERS|scripts|tools)$'
		rgit ls-tree "$1" scripts/ tools/ | grep -vE '	(scripts/coccinelle|tools/testing)$'
	} || true
}

# kernel_key COMMIT CONFIG: names the kernel that prepare/build makes of the commit
kernel_key() {
	{
		echo "$ARCH $KARCH $IMAGE"
		kernel_source "$1"
		# shellcheck disable=SC2046
		cat $(fragments "$2")
		words "$HARNESS/prepare/build" "$HARNESS/lib/kbuild.sh"
	} | sha
}

# checkout COMMIT: to $SRC
checkout() {
	if [ ! -e "$SRC/.git" ]; then
		step "check out the source"
		rm -rf "$SRC"
		mkdir -p "${SRC%/*}"
		rgit worktree prune
		rgit worktree add -q --detach "$SRC" "$1"
		grep -qxF '/obj-*' "$REPO/info/exclude" || printf '/obj-*\n' >>"$REPO/info/exclude"
	else
		git -C "$SRC" checkout -q --force --detach "$1"
	fi
	mkdir -p "$OBJ"
}

# kmake ARGUMENT...: output to stdout and stderr
kmake() {
	env -u W make -C "$SRC" O="$OBJ" ARCH="$KARCH" CROSS_COMPILE="$CROSS" \
		CC="ccache ${CROSS}gcc" HOSTCC="ccache gcc" LOCALVERSION= \
		KBUILD_BUILD_TIMESTAMP='Tue Nov 14 22:13:20 UTC 2023' KBUILD_BUILD_VERSION=1 \
		KBUILD_BUILD_USER=paired-flush KBUILD_BUILD_HOST=localhost "$@" 4>&- 5>&- 6>&-
}

# configure FRAGMENT...: the base's fragments, and then these
configure() {
	kmake tinyconfig || return
	# shellcheck disable=SC2086
	(cd "$OBJ" && "$SRC/scripts/kconfig/merge_config.sh" -m .config $FRAGMENTS "$@") || return
	kmake olddefconfig
}

# kbuild IMAGE: the kernel, and modules if there are any
kbuild() {
	if grep -q '=m$' "$OBJ/.config"; then
		kmake -j"$JOBS" "$1" modules
	else
		kmake -j"$JOBS" "$1"
	fi
}

# build_errors LOG: what a compiler, make or the machine said of it
build_errors() {
	grep -nE 'error:|Error |\*\*\*|undefined reference|warning:' "$1" | tail -n 20 >&2
	# The log, on the same disk, may have had no room to say so.
	if grep -q 'No space left on device' "$1" || [ "$(df -k --output=avail "$OBJ" | tail -n 1)" -lt 100 ]; then
		note "the disk is full: $(df -h --output=avail,target "$OBJ" | awk 'END { print $1 " left on " $2 }'); make clean and make gc give room"
	elif grep -qE '(^|[]: ])Killed( |$)|signal 9|Error 137' "$1"; then
		note "the compiler was killed: out of memory? fewer jobs need less: JOBS=1"
	fi
}

# objects FROM TO: the objects of the C files between two commits that this
# architecture has and TO still holds, one a line
objects() {
	rgit diff --name-only --no-renames --diff-filter=d "$1" "$2" -- '*.c' | while read -r file; do
		case $file in
		tools/* | scripts/* | Documentation/*) ;;
		# What all architectures share of KVM is built by each one's Makefile.
		virt/kvm/*) printf '%s\n' "arch/$KARCH/kvm/../../../${file%.c}.o" ;;
		"arch/$KARCH/"*) printf '%s\n' "${file%.c}.o" ;;
		arch/*) ;;
		*) printf '%s\n' "${file%.c}.o" ;;
		esac
	done
}
