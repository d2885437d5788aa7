#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# gc.t: what make gc leaves in a cache, and of the trees that other machines have pushed
set -eu
. "$(dirname "$0")/tap.sh"
HOME=$T/home
C=$HOME/.cache/paired-flush
export HOME
unset PF_CACHE XDG_CACHE_HOME
check 'gc: no cache' '!' "there is no cache $C" "$HARNESS/commands/gc"

mkdir -p "$C/debs" "$C/sources" "$C/kernels/.new.abc"
for n in $(seq 302); do
	mkdir "$C/kernels/$(printf 'a%063d' "$n")"
done
# Made first, used last.
first=$(printf 'a%063d' 1)
touch -d '1 hour' "$C/kernels/$first"
touch -d '2 days ago' "$C/kernels/.new.abc"
for key in old new; do
	mkdir -p "$C/records/cell/a$key" "$C/records/proof/a$key"
done
touch -d '181 days ago' "$C/records/cell/aold" "$C/records/proof/aold"
for deb in linux-a_6.1.9-1_amd64 linux-a_6.1.10-1_amd64 linux-b_1_all; do
	: >"$C/debs/$deb.deb"
done
mkdir "$C/sources/old.git" "$C/sources/new.git"
touch -d '61 days ago' "$C/sources/old.git"

# trees of a matrix: c1 is the oldest
M=$C/matrix
git init -q --bare "$M/repo.git"
commit=$(git_identity && git --git-dir="$M/repo.git" commit-tree -m x "$(git --git-dir="$M/repo.git" hash-object -w -t tree /dev/null)")
for n in 1 2 3 4; do
	mkdir -p "$M/c$n/build/matrix"
	: >"$M/c$n/build/matrix/jobs"
	touch -d "$((9 - n)) hours ago" "$M/c$n"
	git --git-dir="$M/repo.git" update-ref "refs/heads/tree-c$n" "$commit"
done
rm -r "$M/c2/build"
touch -d '7 hours ago' "$M/c2"
exec 7<"$M/c1/build/matrix/jobs"
flock -s 7
check 'gc: says what there was and is' 0 "^$C: [0-9]+ MB, [0-9]+ MB before\$" "$HARNESS/commands/gc"
check 'gc: 300 kernels stay' 0 '^300$' sh -c "ls -A '$C/kernels' | wc -l"
check 'gc: ... those used last' 0 '' test -d "$C/kernels/$first"
check 'gc: records of the last 180 days' 0 '^anew anew $' sh -c "cd '$C/records' && ls cell proof | grep -v : | xargs printf '%s '"
check 'gc: the newest download of each package' 0 '^linux-a_6.1.10-1_amd64.deb linux-b_1_all.deb $' sh -c "cd '$C/debs' && printf '%s ' *"
check 'gc: sources of the last 60 days' 0 '^new.git $' sh -c "cd '$C/sources' && printf '%s ' *"
check 'gc: of the trees the last two, and one where a job runs' 0 '^c1 c3 c4 repo.git $' sh -c "cd '$M' && printf '%s ' *"
check 'gc: ... and their branches' 0 '^tree-c1 tree-c3 tree-c4 $' sh -c "git --git-dir='$M/repo.git' for-each-ref --format='%(refname:short)' | xargs printf '%s '"
exec 7<&-
check 'gc: when the job has ended' 0 MB "$HARNESS/commands/gc"
check 'gc: ... its tree goes, too' 0 '^c3 c4 repo.git $' sh -c "cd '$M' && printf '%s ' *"

# --- of other machines; ssh is one that runs the command here, with another home
mkdir -p "$T/bin" "$T/far/.cache/paired-flush/kernels/aa" "$T/far/.cache/paired-flush/debs"
: >"$T/far/.cache/paired-flush/debs/a_1_all.deb"
: >"$T/far/.cache/paired-flush/debs/a_2_all.deb"
cat >"$T/bin/ssh" <<END
#!/bin/sh
while [ "\$1" = -o ]; do shift 2; done
[ "\$1" != dead ] || { echo 'ssh: connect to host dead port 22: No route to host' >&2; exit 255; }
shift
cd '$T/far' && HOME='$T/far' exec sh -c "\$1"
END
chmod +x "$T/bin/ssh"
PATH=$T/bin:$PATH
printf '# machines\n:\n4/far\n' >"$T/hosts"
check 'gc: HOSTS' 0 "^far: $T/far/.cache/paired-flush: " env HOSTS="$T/hosts" "$HARNESS/commands/gc"
cp "$T/out" "$T/said"
check 'gc: ... with this machine' 0 "^$C: " cat "$T/said"
check 'gc: ... the cache there' 0 '^a_2_all.deb $' sh -c "cd '$T/far/.cache/paired-flush/debs' && printf '%s ' *"
printf 'dead\nfar\n' >"$T/hosts"
check 'gc: HOSTS, one of which is dead' '!' '^dead: .*No route to host' env HOSTS="$T/hosts" "$HARNESS/commands/gc"
check 'gc: HOSTS that is no file' '!' 'HOSTS=/nonexistent: there is no such file' env HOSTS=/nonexistent "$HARNESS/commands/gc"
echo '# none' >"$T/hosts"
check 'gc: HOSTS that names none' '!' 'it names no machine' env HOSTS="$T/hosts" "$HARNESS/commands/gc"

plan
