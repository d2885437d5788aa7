# SPDX-License-Identifier: GPL-2.0
# A cell of the matrix is a command with its base, architecture, CPU, configuration and
# depth. Its verdict is a record under the hash of what it depends on in this
# repository: "make state" prints it, "make matrix" runs what has none. Sourced by the
# commands that are cells, after arch.sh and kbuild.sh if they build or boot.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2153

. "$HARNESS/lib/record.sh"

# cell_name COMMAND: its six words
cell_name() {
	echo "$1 $BASE $ARCH ${CPU:--} ${CONFIG:--} ${DEPTH:--}"
}

# commit_sources: what is built at each commit of the series
commit_sources() {
	while read -r commit name; do
		echo "$name"
		kernel_source "$commit"
	done <"$REPO/pf-series"
}

# of_base FILE...: what bases/<base> has of them; that a file is not there counts, too
of_base() {
	for file; do
		echo "$file"
		[ ! -f "$HOME_OF/$file" ] || words "$HOME_OF/$file"
	done
}

# kept NAME COMMAND...: what the command prints. lib/cell-key sets PF_KEPT, a directory
# where that is kept for the other cells.
kept() {
	if [ -z "${PF_KEPT:-}" ]; then
		shift
		"$@"
		return
	fi
	keep=$PF_KEPT/$1
	shift
	[ -f "$keep" ] || "$@" >"$keep"
	cat "$keep"
}

# cell_inputs COMMAND: all that its verdict depends on, as text. The compiler, QEMU and
# the like are not in it: they are named in the record.
cell_inputs() {
	cell_name "$1"
	# Commits are named by their hashes, which depend on the messages and the base.
	case $1 in
	mbox | quilt)
		words "$HARNESS/commands/$1"
		cat "$REPO/pf-series"
		if [ "$1" = quilt ]; then
			words "$HARNESS/lib/subset.awk" "$HOME_OF/series"
			of_base base upstream
		else
			of_base cover-letter
		fi
		return
		;;
	esac
	words "$HARNESS/commands/$1" "$HARNESS"/report/* "$HARNESS/lib/arch.sh" "$HARNESS/arch/$ARCH" "$HARNESS/lib/glob.awk"
	# The one who boots, and what is in the guest.
	case $1 in
	bisect | alone | check | abi) ;;
	*)
		words "$HARNESS/guest/boot" "$HARNESS/guest/kernels" "$HARNESS/prepare/initrd"
		cat "$HARNESS/guest/init.c"
		;;
	esac
	if [ "$1" = stock ]; then
		cat "$TOP"/lib/test_secondary_tlb* "$HARNESS"/guest/stock/* "$TOP/tools/testing/selftests/mm/secondary_tlb.c"
		cat "$TOP"/bases/*/tools/testing/selftests/mm/* "$TOP"/bases/*/patches/selftests-*
		of_base expected-stock
		return
	fi
	for which in control series; do
		kept "$BASE-$FLAVOUR-$which" kernel_key "$(rgit rev-parse "refs/pf/$which")" "$CONFIG"
	done
	case $1 in
	run | reverts | steps)
		of_base expected known-warnings
		for file in secondary_tlb.c secondary_tlb_base.h vm_util.c vm_util.h hugepage_settings.c hugepage_settings.h; do
			rgit ls-tree refs/pf/series "tools/testing/selftests/$SELFTESTS/$file"
		done
		rgit ls-tree refs/pf/series lib/test_secondary_tlb_uapi.h
		;;
	esac
	case $1 in
	reverts) [ ! -d "$HOME_OF/reverts" ] || find "$HOME_OF/reverts" -type f | sort | xargs -r cat ;;
	steps) kept "$BASE" commit_sources ;;
	bisect)
		words "$HARNESS/lib/proof.sh"
		kept "$BASE" commit_sources
		;;
	alone)
		words "$HARNESS/lib/proof.sh"
		words "$HOME_OF/series"
		kept "$BASE" commit_sources
		;;
	# With the messages.
	check)
		words "$HARNESS/lib/proof.sh" "$HARNESS/commands/mbox" "$HARNESS/commands/cocci"
		cat "$REPO/pf-series"
		of_base cover-letter cocci
		;;
	abi)
		words "$HARNESS/lib/proof.sh"
		kernel_source refs/tags/base
		cat "$TOP/configs/more/abi.config"
		[ ! -f "$TOP/configs/more/kvm-$ARCH.config" ] || cat "$TOP/configs/more/kvm-$ARCH.config"
		of_base abi
		;;
	cost) cat "$HARNESS/guest/cost.c" ;;
	regress | kvm)
		words "$HARNESS/commands/regress"
		cat "$HARNESS/guest/regress.list"
		;;
	esac
}

# cell_begin COMMAND: before anything is built, so that what is edited meanwhile does
# not count. A part of a command is no cell; PF_PART says that another command calls.
cell_begin() {
	cell_key=
	[ -z "${TEST:-}${ONLY:-}${WITHOUT:-}${SERIES:-}${LINUX:-}${VARIANT:-}${KERNEL:-}${PF_SUITE:-}${PF_KIT:-}${PF_PART:-}" ] || return 0
	cell_command=$1
	# Not in a pipe: an input that cannot be read ends the script.
	cell_key=$(cell_inputs "$1")
	cell_key=$(printf '%s\n' "$cell_key" | sha)
	cell_started=$(date +%s)
}

# cell_versions: of what the key does not hold
cell_versions() {
	printf '%s' "${package:-$(cat "$W/version" 2>/dev/null)}"
	case $cell_command in
	mbox)
		printf ', git %s' "$(git --version | sed 's/[^0-9]*//')"
		return
		;;
	quilt)
		printf ', quilt %s' "$(quilt --version)"
		return
		;;
	esac
	printf ', gcc %s' "$("${CROSS}gcc" -dumpfullversion 2>/dev/null)"
	case $cell_command in
	bisect | alone | check | abi) ;;
	*) printf ', qemu %s' "$(${QEMU%% *} --version 2>/dev/null | sed -n '1s/.*version \([0-9.]*\).*/\1/p')" ;;
	esac
}

# cell_end green|red COUNTS [SKIPS]
cell_end() {
	[ -n "$cell_key" ] || return 0
	tmp=$(record_new cell)
	{
		echo "cell=$(cell_name "$cell_command")"
		echo "key=$cell_key"
		echo "verdict=$1"
		echo "counts=$2"
		echo "skips=${3:--}"
		echo "date=$(date -u '+%F %R')"
		echo "seconds=$(($(date +%s) - cell_started))"
		echo "versions=$(cell_versions)"
	} >"$tmp/cell"
	record_put cell "$cell_key" "$tmp"
}
