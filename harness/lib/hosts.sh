# SPDX-License-Identifier: GPL-2.0
# The machines that HOSTS names, and what make matrix keeps there. Sourced after lib.sh, and
# alone on a host.
# shellcheck shell=sh
# shellcheck disable=SC2034

# host_lines FILE: those that name a machine
host_lines() {
	[ -s "$1" ] || die "HOSTS=$1: there is no such file, or it is empty"
	grep -vE '^[[:space:]]*(#|$)' "$1" || die "HOSTS=$1: it names no machine"
}

# host_line LINE: sets $n, how many cells at a time, or nothing; $ssh, or nothing for this
# machine; and $host
host_line() {
	login=$(printf '%s\n' "$1" | sed 's,^[0-9]*/,,')
	n=$(printf '%s\n' "$1" | sed -n 's,^\([0-9]*\)/.*,\1,p')
	host=${login##* }
	case $login in
	:) ssh='' ;;
	*' '*) ssh=${login% *} ;;
	*) ssh=ssh ;;
	esac
	# It ends with the script, however that ends. A dead line is noticed within a minute.
	[ -z "$ssh" ] || ssh="setpriv --pdeathsig TERM $ssh -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=10 -o ServerAliveCountMax=3"
}

# trees_trim DIRECTORY: of the trees there, which other machines have pushed, leave the two
# used last and those where a job runs (matrix-job has the lock)
trees_trim() {
	find "$1" -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' -printf '%T@ %p\n' | sort -rn | tail -n +3 | cut -d ' ' -f 2- |
		while read -r tree; do
			lock=$tree/build/matrix/jobs
			if [ ! -e "$lock" ] || flock -n "$lock" true; then
				rm -rf "$tree"
				git --git-dir="$1/repo.git" update-ref -d "refs/heads/tree-${tree##*/}"
			fi
		done
}
