# Common to all scripts of the harness; sourced, after "set -eu".
# shellcheck shell=sh
# shellcheck disable=SC2034

TOP=${PF_TOP:-$(cd "$(dirname "$0")/.." && pwd)}
HARNESS=$(cd "$(dirname "$0")" && pwd)
BUILD=$TOP/build
CACHE=${PF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/paired-flush}
BASE=${BASE-7.3}
ARCH=${ARCH:-x86_64}
CONFIG=${CONFIG:-}
CPU=${CPU:-}
LINUX=${LINUX:-}
TEST=${TEST:-}
JOBS=${JOBS:-$(nproc)}
PF_START=${PF_START:-$(date +%s)}
export PF_START TOP

# No message of a tool is parsed in another language; no git setting of the
# user's, and no repository a hook may have left in the environment, plays in.
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C PATH GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY

# A line of progress: base, arch, step, seconds since the command was typed.
step() {
	printf '[%s %s%s %4ds] %s\n' "$BASE" "$ARCH" "${CONFIG:+ $CONFIG}" \
		$(($(date +%s) - PF_START)) "$*" >&2
}

note() {
	printf '%s\n' "$*" >&2
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# BASE is the name of a file in bases/, and no path to one elsewhere.
need_base() {
	case $BASE in
	*/*) ;;
	*) [ ! -f "$TOP/bases/$BASE" ] || return 0 ;;
	esac
	die "BASE=$BASE: there is no bases/$BASE; have: $(cd "$TOP/bases" && echo *)"
}

# Read bases/<name> and set what follows from the command's variables.
load_base() {
	need_base
	SOURCE='' SELFTESTS=mm ARCHES='' PERBASE='' STOCK_IMAGE=''
	# shellcheck disable=SC1090
	. "$TOP/bases/$BASE"
	case $CONFIG in
	'' | debug | drivers | kvm | nonotifier | regress) ;;
	*) die "CONFIG=$CONFIG: give nothing, debug, drivers, kvm, nonotifier or regress" ;;
	esac
	case " $ARCHES " in
	*" $ARCH "*) ;;
	*) die "ARCH=$ARCH: bases/$BASE has: $ARCHES" ;;
	esac
	[ -z "$CONFIG" ] || [ -f "$TOP/configs/$CONFIG.config" ] || [ -f "$TOP/configs/$CONFIG-$ARCH.config" ] ||
		die "CONFIG=$CONFIG: there is no configs/$CONFIG-$ARCH.config"
	W=$BUILD/$BASE${LINUX:+-local}
	# what to type after "make COMMAND" in advice
	THIS="BASE=$BASE${LINUX:+ LINUX=$LINUX}"
	REPO=$W/repo.git
	PATCHES=$TOP/patches/$BASE
	FLAVOUR=$ARCH${CONFIG:+-$CONFIG}
	REPORT=$BUILD/report/${W##*/}-$FLAVOUR${CPU:+-${CPU%%,*}}
	mkdir -p "$W"
	export SELFTESTS
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

# A function of awk: does TEXT match PATTERN, in which "*" stands for anything?
AWK_GLOB='
	function glob(pattern, text) {
		if (pattern == "*" || pattern == text) return 1
		gsub(/[.+?()^$|{}\\]|\[|\]/, "\\\\&", pattern)
		gsub(/\*/, ".*", pattern)
		return text ~ ("^" pattern "$")
	}
'

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
	"$HARNESS/source"
	"$HARNESS/compose" "$REPO" "$PATCHES" "$TOP"
}
