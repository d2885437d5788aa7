# How a kernel is configured and built; sourced after arch.sh, with SRC set to the
# directory of its source. build, bisect and check each have one of their own.
# shellcheck shell=sh
# shellcheck disable=SC2153

# Inside the source directory: kbuild then uses relative names for everything,
# and ccache finds what another clone in another directory has built.
OBJ=$SRC/obj-$FLAVOUR
FRAGMENTS=
kernel_arch=$KARCH
[ "$KARCH" != "$ARCH" ] || kernel_arch=
for name in common "common-$BASE" ${kernel_arch:+"$kernel_arch" "$kernel_arch-$BASE"} "$ARCH" "$ARCH-$BASE" \
	${CONFIG:+"$CONFIG" "$CONFIG-$BASE" "$CONFIG-$ARCH" "$CONFIG-$ARCH-$BASE"}; do
	[ ! -f "$TOP/configs/$name.config" ] || FRAGMENTS="$FRAGMENTS $TOP/configs/$name.config"
done

[ -f "$TOP/configs/$ARCH.config" ] || die "there is no configs/$ARCH.config"

CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache}
CCACHE_BASEDIR=$SRC
CCACHE_NOHASHDIR=1
CCACHE_COMPILERCHECK=content
CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-10G}
CCACHE_SLOPPINESS=time_macros
export CCACHE_DIR CCACHE_BASEDIR CCACHE_NOHASHDIR CCACHE_COMPILERCHECK CCACHE_MAXSIZE CCACHE_SLOPPINESS
unset KBUILD_OUTPUT KCONFIG_CONFIG MAKEFLAGS MFLAGS MAKEOVERRIDES M O V C

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
		KBUILD_BUILD_USER=paired-flush KBUILD_BUILD_HOST=localhost "$@"
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
