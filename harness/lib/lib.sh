# SPDX-License-Identifier: GPL-2.0
# Common to all scripts of the harness; sourced, after "set -eu", by scripts in the
# rooms of harness/ (commands, prepare, guest, report, tests).
# shellcheck shell=sh
# shellcheck disable=SC2034

HARNESS=$(cd "$(dirname "$0")/.." && pwd)
TOP=$(cd "$HARNESS/.." && pwd)

# What a user may set; a command says in its head which of these it reads.
#	BASE	a directory in bases/
#	ARCH	a file in harness/arch/
#	CPU	a CPU of QEMU, instead of the one that the file of ARCH names
#	CONFIG	a fragment in configs/more/, built in addition
#	LINUX	another tree or tarball than the source package of BASE
#	TEST	a pattern: tests of the selftest, or programs
#	ONLY	a regular expression: of the parts of a command, those that match
#	DEPTH	how far bisect and alone go
#	SERIES	a subset of the series
#	FROM	who sends the patches: "Name <mail>"
#	RUNS	how often to boot; FRESH=1: boot, and forget the record
#	PF_CACHE	where downloads, kernels and records are kept
# All other names that begin with PF_ are between scripts of the harness, and not taken
# from whoever typed the command.
if [ -z "${PF_START:-}" ]; then
	for name in $(env | sed -n 's/^\(PF_[A-Z_]*\)=.*/\1/p'); do
		[ "$name" = PF_CACHE ] || unset "$name"
	done
	unset name
	PF_START=$(date +%s)
fi
export PF_START

BUILD=$TOP/build
CACHE=${PF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/paired-flush}
# without BASE, the newest one; an empty BASE is for "make clean"
BASE=${BASE-$(cd "$TOP/bases" && grep -l '^NEWEST=' ./*/base | cut -d / -f 2)}
ARCH=${ARCH:-x86_64}
CONFIG=${CONFIG:-}
CPU=${CPU:-}
LINUX=${LINUX:-}
TEST=${TEST:-}
JOBS=${JOBS:-$(nproc)}

# No message of a tool is parsed in another language; no git setting of the
# user's, and no repository a hook may have left in the environment, plays in.
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C PATH GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY

# A line of progress: base, arch, step, seconds since the command was typed.
step() {
	printf '[%s %s%s%s %4ds] %s\n' "$BASE" "$ARCH" "${CPU:+ ${CPU%%,*}}" "${CONFIG:+ $CONFIG}" \
		$(($(date +%s) - PF_START)) "$*" >&2
}

note() {
	printf '%s\n' "$*" >&2
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# words FILE...: what the harness executes of its own files. A comment that changes
# makes no result stale.
words() {
	sed '/^[ \t]*#/d; /^[ \t]*$/d' "$@"
}

# karches: the names that all our architectures have in the kernel
karches() {
	sed -n 's/^KARCH=//p' "$HARNESS"/arch/* | sort -u
}

sha() {
	sha256sum | cut -d ' ' -f 1
}

# BASE is the name of a directory in bases/, and no path to one elsewhere.
need_base() {
	case $BASE in
	*/*) ;;
	*) [ ! -f "$TOP/bases/$BASE/base" ] || return 0 ;;
	esac
	die "BASE=$BASE: there is no bases/$BASE; have: $(cd "$TOP/bases" && echo *)"
}

# Read bases/<name>/base and set what follows from the command's variables.
load_base() {
	need_base
	SOURCE='' SELFTESTS=mm ARCHES='' PERBASE='' STOCK_IMAGES='' NEWEST='' WALKS='' PARTS=''
	HOME_OF=$TOP/bases/$BASE
	# shellcheck disable=SC1091
	. "$HOME_OF/base"
	case " $ARCHES " in
	*" $ARCH "*) ;;
	*) die "ARCH=$ARCH: bases/$BASE has: $ARCHES" ;;
	esac
	[ -z "$CONFIG" ] || [ -f "$TOP/configs/more/$CONFIG.config" ] || [ -f "$TOP/configs/more/$CONFIG-$ARCH.config" ] ||
		die "CONFIG=$CONFIG: for $ARCH, configs/more/ has: $(cd "$TOP/configs/more" &&
			printf '%s\n' ./*.config | cut -c 3- | sed -n "s/-$ARCH\.config//p; t; s/\.config//; /-/!p" | sort -u | tr '\n' ' ')"
	W=$BUILD/$BASE${LINUX:+-local}
	# what to type after "make COMMAND" in advice
	THIS="BASE=$BASE${LINUX:+ LINUX=$LINUX}"
	REPO=$W/repo.git
	PATCHES=$HOME_OF/patches
	FLAVOUR=$ARCH${CONFIG:+-$CONFIG}
	REPORT=$BUILD/report/${W##*/}-$FLAVOUR${CPU:+-$(printf %s "$CPU" | tr -c 'a-zA-Z0-9.-' _)}
	mkdir -p "$W"
	export SELFTESTS FLAVOUR
}

need_source_base() {
	[ -n "$SOURCE" ] || die "BASE=$BASE has no source package, only stock kernels: make stock BASE=$BASE"
}

# need_packages name...: have the Debian packages installed.
need_packages() {
	missing=
	for pkg; do
		case $(dpkg-query -W -f '${db:Status-Status}' "$pkg" 2>/dev/null) in
		installed) ;;
		*) missing="$missing $pkg" ;;
		esac
	done
	[ -n "$missing" ] || return 0
	root=
	if [ "$(id -u)" != 0 ]; then
		if ! sudo -n true 2>/dev/null; then
			die "missing Debian packages; type:
	sudo apt-get install -y --no-install-recommends$missing"
		fi
		root='sudo -n'
	fi
	step "install$missing"
	set -f
	# shellcheck disable=SC2086
	set -- $root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 \
		install -y --no-install-recommends $missing
	set +f
	mkdir -p "$BUILD"
	if ! "$@" >"$BUILD/install.log" 2>&1; then
		# A machine that has no package lists yet, or old ones.
		$root apt-get -qq update >>"$BUILD/install.log" 2>&1 || true
		"$@" >>"$BUILD/install.log" 2>&1 ||
			die "apt-get could not install$missing; see $BUILD/install.log"
	fi
}

git_identity() {
	GIT_AUTHOR_NAME=paired-flush GIT_AUTHOR_EMAIL=paired-flush@localhost
	GIT_AUTHOR_DATE='1700000000 +0000'
	GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
	GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
	export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE
	export GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE
}

rgit() {
	git --git-dir="$REPO" "$@"
}

# tree_forgotten TREE: the new files in it that are not those of a build, if any.
# Debian's .gitignore ends with "/*", so git status shows no new file. Without that
# line, what is ignored is what a build leaves; at the top, where the line's opposite
# undoes all others, this has to be named.
tree_forgotten() {
	git -C "$1" ls-files --others --exclude-standard -x '!/*' |
		grep -vE '^(\.kunit/|debian/|(vmlinux|System\.map|Module\.symvers|modules?[-.]|\.[^/]*$|[^/]*\.(o|a|ko|mod|mod\.c|order|symvers)$|built-in))' || true
}
# need_idle TREE: git is in the middle of nothing there.
need_idle() {
	for busy in rebase-merge rebase-apply MERGE_HEAD CHERRY_PICK_HEAD; do
		[ ! -e "$(git -C "$1" rev-parse --path-format=absolute --git-path $busy)" ] ||
			die "$1: a rebase, merge or am is going on; finish or abort it first"
	done
}

# The patches of BASE as they now stand, as commits on its pristine source.
compose_series() {
	"$HARNESS/prepare/source"
	"$HARNESS/prepare/compose" "$REPO" "$HOME_OF" "$TOP"
}
