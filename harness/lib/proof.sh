# SPDX-License-Identifier: GPL-2.0
# How a patch is shown to build; sourced after arch.sh, by bisect, alone and check.
# They share the source directory, and take the lock before they touch it.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2153

SRC=$W/bisect/src
. "$HARNESS/lib/kbuild.sh"
. "$HARNESS/lib/record.sh"

# proof_lock: until the script ends
proof_lock() {
	mkdir -p "$W/bisect"
	exec 9>"$W/bisect/lock"
	flock -n 9 || {
		step "wait for another bisect, alone or check of $BASE"
		flock 9
	}
}

# proof_key WHAT FROM TO FRAGMENT...: what the result depends on. WHAT is kernel or
# objects, of which there are those of the whole series.
proof_key() {
	what=$1
	from=$2
	to=$3
	shift 3
	# shellcheck disable=SC2086
	{
		echo "$ARCH $KARCH $what"
		[ "$what" = kernel ] || objects refs/tags/base refs/pf/series
		kernel_source "$from"
		kernel_source "$to"
		cat $FRAGMENTS "$@"
		words "$HARNESS/lib/kbuild.sh" "$HARNESS/lib/proof.sh"
		"${CROSS}gcc" --version
	} | sha
}

# proof_concerns FROM TO: something between the two commits is built for $ARCH
proof_concerns() {
	rgit diff --name-only --no-renames "$1" "$2" |
		grep -vE '^(Documentation|tools|scripts/coccinelle|LICENSES)/|^[A-Z]+$|^arch/' >/dev/null ||
		! rgit diff --quiet "$1" "$2" -- "arch/$KARCH"
}

# proof_configure COMMIT LOG FRAGMENT...: unless the last time gave the same
proof_configure() {
	machine_take build
	commit=$1
	log=$2
	shift 2
	: >"$log"
	checkout "$commit" >>"$log" 2>&1
	# shellcheck disable=SC2086
	input=$({
		cat $FRAGMENTS "$@"
		rgit ls-tree -r "$commit" | grep -E 'Kconfig|	scripts/|	Makefile$|	arch/[^/]*/Makefile$'
	} | sha256sum)
	[ "$(cat "$OBJ/pf-configured" 2>/dev/null)" != "$input" ] || return 0
	rm -f "$OBJ/pf-configured"
	configure "$@" >>"$log" 2>&1 || return
	echo "$input" >"$OBJ/pf-configured"
}

# proof_config LOG: the series has every option that the fragments ask for, since a
# driver that is not built proves nothing. Kernels with fewer patches do without those
# that later ones add.
proof_config() {
	proof_configure refs/pf/series "$1" || {
		build_errors "$1"
		die "$BASE $FLAVOUR: the series cannot be configured; the whole log: $1"
	}
	# shellcheck disable=SC2086
	"$HARNESS/prepare/check-config" "$OBJ/.config" $FRAGMENTS ||
		die "$BASE $FLAVOUR: the options above, asked for in configs/, were not taken"
}

# proof_known KEY: has this been shown before? $proof_why is what it gave then. Only
# what was right is kept.
proof_known() {
	record_have proof "$1" || return
	proof_why=$(cat "$record/result")
}

# proof_keep KEY RESULT
proof_keep() {
	tmp=$(record_new proof)
	printf '%s\n' "$2" >"$tmp/result"
	record_put proof "$1" "$tmp"
}

# proof_made: those of pf-objects that have been made, one a line
proof_made() {
	(cd "$OBJ" && { xargs -r ls -d <pf-objects 2>/dev/null || true; })
}

# proof_objects FROM TO: the objects of the C files between two commits go to the file
# pf-objects, and away: what an earlier variant or commit left is no result.
proof_objects() {
	objects "$1" "$2" >"$OBJ/pf-objects"
	(cd "$OBJ" && xargs -r rm -f <pf-objects)
}

# proof_candidates FROM TO LOG: of the C files between two commits, those that
# this configuration builds at TO, which is checked out, go to the file
# pf-candidates as objects. Kbuild knows which, if it is given their directories;
# of those that are switched off it says that it has no rule, hence -k.
proof_candidates() {
	proof_objects "$1" "$2"
	proof_why='does not build'
	# shellcheck disable=SC2046
	kmake -k -j"$JOBS" $(sed 's,/[^/]*$,/,; s,\.\./.*,,' "$OBJ/pf-objects" | sort -u) >>"$3" 2>&1 ||
		! grep -q 'error:' "$3" || return
	proof_made >"$OBJ/pf-candidates"
	[ -s "$OBJ/pf-candidates" ]
}

# proof_goals: the candidates that the commit has which is checked out
proof_goals() {
	while read -r object; do
		[ ! -f "$SRC/${object%.o}.c" ] || printf '%s\n' "$object"
	done <"$OBJ/pf-candidates"
}

# proof_build FROM TO LOG WHAT: the kernel, or the objects that are candidates, is
# built, and the compiler warns of nothing; of the C files that differ the objects are
# made again in any case. $proof_why is what went wrong, or how many of these this
# configuration has.
proof_build() {
	proof_objects "$1" "$2"
	proof_log=$3
	case $4 in
	kernel) set -- kbuild vmlinux ;;
	objects)
		# shellcheck disable=SC2046
		set -- kmake -j"$JOBS" $(proof_goals)
		;;
	esac
	proof_why='does not build'
	"$@" >>"$proof_log" 2>&1 || return
	proof_why='builds with warnings'
	# The linker's, of the kernel of old, are not meant.
	! grep -qE '\.[chS]:[0-9:]+ warning:' "$proof_log" || return
	proof_why=$(proof_made | wc -l)
}

