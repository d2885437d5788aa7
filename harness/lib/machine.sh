# SPDX-License-Identifier: GPL-2.0
# Who may use this machine's cores: one build, or as many guests as there are cores and
# memory for. All clones with the same cache wait for each other. Sourced after lib.sh.
# shellcheck shell=sh

# How many guests at a time.
machine_slots() {
	memory=$(awk '/^MemTotal:/ { print int($2 / (6 * 1024 * 1024)) }' /proc/meminfo)
	slots=$(nproc)
	[ "$memory" -ge "$slots" ] || slots=$memory
	[ "$slots" -ge 1 ] || slots=1
	echo "$slots"
}

# machine_take build|guest: wait for it, and have it until machine_release or the end
# of the script. Who comes first is served first.
machine_take() {
	[ -z "${PF_MACHINE:-}" ] || return 0
	mkdir -p "$CACHE/locks"
	exec 5>"$CACHE/locks/turn" 6>"$CACHE/locks/machine"
	# flock(1) waits as long as this script lives, and no longer: it holds what this
	# script has locked.
	flock -n 5 || {
		step "wait for this machine, which is at other work"
		setpriv --pdeathsig TERM flock 5
	}
	case $1 in
	build)
		setpriv --pdeathsig TERM flock 6
		# Nested commands need not wait for this one.
		PF_MACHINE=build
		export PF_MACHINE
		source_unlock
		;;
	guest)
		setpriv --pdeathsig TERM flock -s 6
		slots=$(machine_slots)
		taken=
		while [ -z "$taken" ]; do
			for slot in $(seq "$slots"); do
				exec 4>"$CACHE/locks/guest.$slot"
				if flock -n 4; then
					taken=$slot
					break
				fi
			done
			[ -n "$taken" ] || sleep 0.5
		done
		;;
	esac
	exec 5>&-
}

# source_unlock: remove the locks that a git which was killed has left in $SRC. None can be
# in use: all that check out there hold a lock of their own (flock 9), which a git that
# outlives its script has inherited. Here, and not in checkout() of lib/kbuild.sh, which is
# in the key of every kernel.
source_unlock() {
	for lock in "$REPO"/worktrees/*/index.lock "$REPO"/worktrees/*/HEAD.lock "$REPO"/worktrees/*/locked; do
		[ -f "$lock" ] || continue
		[ "$(cat "${lock%/*}/gitdir")" = "$(realpath -m "$SRC")/.git" ] || continue
		note "note: removed $lock, which a git that was killed has left"
		rm -f "$lock"
	done
}

machine_release() {
	unset PF_MACHINE
	exec 4>&- 6>&-
}
