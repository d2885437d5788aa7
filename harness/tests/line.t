#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# line.t: make matrix on another machine, and its controller vanishes without a word. Nothing
# is built: the command sleeps. The machine is a network namespace with an sshd and a home
# of its own; all is inside another one, and this machine's network stays as it is.
# shellcheck disable=SC2317
set -eu
if [ "${1:-}" != apart ] && unshare --net --mount true 2>/dev/null; then
	exec unshare --net --mount "$0" apart
fi
. "$(dirname "$0")/tap.sh"
why=
[ "${1:-}" = apart ] || why='only root can make namespaces'
for tool in ip ps sshd ssh parallel; do
	command -v "$tool" >/dev/null || why="there is no $tool here"
done
[ -z "$why" ] || {
	skip 'matrix: a controller that vanishes' "$why"
	plan
}
fake_top
unset BASE LINUX
C=$F/harness/commands
H=$T/home
mount -t tmpfs tmpfs /run

rm -r "$F/bases/tiny" "$F/harness"
mkdir -p "$F/harness" "$H/.ssh" "$H/.cache/paired-flush"
cp -r "$HARNESS/lib" "$HARNESS/report" "$HARNESS/arch" "$F/harness/"
mkdir "$C"
cp "$HARNESS/commands/matrix" "$C/"
# Not a minute.
sed -i 's/sleep 60/sleep 1/' "$F/harness/lib/matrix-job"
base 1.2 mm
printf 'run\t*\t*\t-\t-\t-\t1\n' >"$F/harness/matrix.tsv"
cat >"$F/harness/lib/cell-key" <<'END'
#!/bin/sh
[ $# = 0 ] || exec echo key-of-it
sed 's/ \([^ ]*\)$/\tkey-of-it\t\1/'
END
cat >"$C/run" <<'END'
#!/bin/sh
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$HARNESS/lib/record.sh"
echo began >>~/ran
sleep "$(cat ~/seconds)"
tmp=$(record_new cell)
printf '%s\n' "cell=run $BASE $ARCH - - -" key=key-of-it verdict=green counts=1 skips=- date=2026-01-01 seconds=1 versions=1 >"$tmp/cell"
record_put cell key-of-it "$tmp"
END
chmod +x "$F/harness/lib/cell-key" "$C/run"
rm "$F/configs"
printf 'build/\n' >"$F/.gitignore"
git -C "$F" init -q
git -C "$F" add -A
(git_identity && git -C "$F" commit -q -m x)

# The other machine.
near=10.77.1.1
far=10.77.1.2
chmod 700 "$H" "$H/.ssh"
ssh-keygen -q -t ed25519 -N '' -f "$T/key"
ssh-keygen -q -t ed25519 -N '' -f "$H/.ssh/host_key"
cp "$T/key.pub" "$H/.ssh/authorized_keys"
printf '%s\n' 'HostKey /root/.ssh/host_key' 'UsePAM yes' 'PasswordAuthentication no' 'PermitRootLogin prohibit-password' \
	"ListenAddress $far:22" 'PidFile none' >"$H/.ssh/sshd_config"
printf '%s ' $far | cat - "$H/.ssh/host_key.pub" >"$T/known_hosts"
printf '%s\n' 'Host pf-far' "	HostName $far" '	User root' "	IdentityFile $T/key" '	IdentitiesOnly yes' \
	"	UserKnownHostsFile $T/known_hosts" >"$T/ssh_config"
echo "1/ssh -F $T/ssh_config pf-far" >"$T/hosts"
ip link set lo up
ip netns add pf-far
ip link add name near type veth peer name far netns pf-far
ip addr add $near/24 dev near
ip link set near up
ip -n pf-far addr add $far/24 dev far
ip -n pf-far link set far up
ip -n pf-far link set lo up
# TCP gives up after seconds instead of a quarter of an hour.
# shellcheck disable=SC2016
ip netns exec pf-far unshare --mount --uts --pid --fork --kill-child --mount-proc sh -euc '
	hostname pf-far
	mount --bind "$1" /root
	mount -t tmpfs tmpfs /run
	mkdir /run/sshd
	echo 3 >/proc/sys/net/ipv4/tcp_retries2
	cd /
	exec env -i PATH="$PATH" /usr/sbin/sshd -D -e -f /root/.ssh/sshd_config' sh "$H" >"$T/sshd.log" 2>&1 &
trap 'ip netns pids pf-far | xargs -r kill -KILL 2>/dev/null || true; rm -rf "$T"' EXIT
for _ in $(seq 50); do
	! ssh -F "$T/ssh_config" pf-far true 2>/dev/null || break
	sleep 0.2
done
jobs_there() {
	for pid in $(ip netns pids pf-far); do
		{ tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -E 'lib/matrix-job|commands/run' || true
	done
}
# within SECONDS COMMAND...: prints nothing, by then
within() {
	n=$1
	shift
	while [ -n "$("$@")" ] && [ "$n" -gt 0 ]; do
		sleep 1
		n=$((n - 1))
	done
	"$@"
}

echo 3 >"$H/seconds"
check 'line: a cell runs there' 0 '^1 green' env HOSTS="$T/hosts" "$C/matrix"
cp "$T/out" "$T/said"
check 'line: ... and no shell says what it ended' '!' '' grep Terminated "$T/said"
check 'line: ... once' 0 '^began$' cat "$H/ran"
check 'line: ... and nothing is left there' 0 '' within 3 jobs_there

# No packet comes back from now on; then the power is lost.
echo 300 >"$H/seconds"
HOSTS=$T/hosts FRESH=1 setsid "$C/matrix" >"$T/matrix.log" 2>&1 &
matrix=$!
for _ in $(seq 100); do
	[ "$(wc -l <"$H/ran")" -lt 2 ] || break
	sleep 0.2
done
check 'line: it runs again' 0 'commands/run' jobs_there
ip addr del $near/24 dev near
# What has ended meanwhile, or has just begun.
for _ in 1 2 3; do
	# shellcheck disable=SC2046
	kill -KILL $(ps -o pid= -s "$matrix") 2>/dev/null || true
done
wait "$matrix" || true
check 'line: nothing is left here' 1 '' ps -o pid= -s "$matrix"
check 'line: the job ends when its controller has vanished' 0 '' within 30 jobs_there

plan
