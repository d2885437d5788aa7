#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# abi.t: report/abi: what modules see of two kernels, from what a build leaves
set -eu
. "$(dirname "$0")/tap.sh"
B=$T/before
A=$T/after
# shellcheck disable=SC2317 # called by check
abi() { "$HARNESS/report/abi" "$B" "$A" "$@"; }

# symvers DIRECTORY CRC-of-walk CRC-of-free CRC-of-plain
symvers() {
	printf '%s\twalk\tvmlinux\tEXPORT_SYMBOL_GPL\t\n%s\tfree\tvmlinux\tEXPORT_SYMBOL\t\n%s\tplain\tdrivers/d\tEXPORT_SYMBOL\tNS\n' \
		"$2" "$3" "$4" >"$1/symvers"
}
# as pahole prints them
structs() {
	cat >"$1/structs" <<'END'
struct ops {
	void                       (*release)(struct ops *, int); /*     0     8 */
	int *                      (*old)(void (*)(int)); /*     8     8 */

	/* size: 16, cachelines: 1, members: 2 */
	/* last cacheline: 16 bytes */
};
union un {
	int                        a;                    /*     0     4 */
	struct ops *               o;                    /*     0     8 */
};
struct mm {
	struct ops *               ops;                  /*     0     8 */
	short int                  s:3;                  /*     8: 0  2 */
	short int                  t:5;                  /*     8: 3  2 */

	/* XXX 6 bytes hole, try to pack */

	struct {
		int                in;                   /*    16     4 */
		int                lock;                 /*    20     4 */
	} anon;                                          /*    16     8 */
	struct {
		int                in;                   /*    24     4 */
	} array[2]; /*    24     8 */
	unsigned long              map[2];               /*    32    16 */

	/* size: 48, cachelines: 1, members: 6 */
} __attribute__((__aligned__(8)));
END
}
# as genksyms leaves them
symtypes() {
	mkdir -p "$1/symtypes/mm" "$1/symtypes/drivers"
	cat >"$1/symtypes/mm/walk.symtypes" <<'END'
s#ops struct ops { void ( * release ) ( s#ops * , int ) ; int * ( * old ) ( void ( * ) ( int ) ) ; } 
u#un union un { int a ; s#ops * o ; } 
t#u typedef unsigned long u 
e#e enum e { A , B = 3 } 
s#opaque struct opaque { UNKNOWN } 
s#mm struct mm { s#ops * ops ; short s : 3 ; short t : 5 ; struct { int in ; int lock ; } anon ; struct { int in ; } array [ 2 ] ; t#u map [ 2 ] ; } 
walk int walk ( s#mm * , e#e ) 
free void free ( u#un , s#opaque * ) 
END
	printf 't#u typedef unsigned long u \nplain t#u plain ( int ) \n' >"$1/symtypes/drivers/d.symtypes"
}
fresh() {
	for dir in "$B" "$A"; do
		rm -rf "$dir"
		mkdir -p "$dir"
		symvers "$dir" 0x11111111 0x22222222 0x33333333
		structs "$dir"
		symtypes "$dir"
	done
}
# type NAME FROM TO: in its definition after
type() { sed -i "/^$1 /s/$2/$3/" "$A/symtypes/mm/walk.symtypes"; }

fresh
check 'abi: nothing' 0 '^0 exports added, 0 removed; 0 structures change; 0 of 3 CRCs differ, 0 for another reason$' abi

# --- exports
printf '0x44444444\tfresh\tlib/k\tEXPORT_SYMBOL_GPL\tNS\n' >>"$A/symvers"
check 'abi: an export more' 0 '^ +\+ fresh \(lib/k, EXPORT_SYMBOL_GPL, namespace NS\)$' abi
check 'abi: ... is counted' 0 '^1 exports added, 0 removed' abi
fresh
sed -i /plain/d "$A/symvers"
check 'abi: an export less' '!' '^not ok  - plain \(drivers/d, EXPORT_SYMBOL, namespace NS\)$' abi
printf '# head\nplain\tnobody has it\n' >"$T/listed"
check 'abi: ... listed' 0 '^ +- plain .*: nobody has it$' abi "$T/listed"
printf 'plain nobody\n' >"$T/listed"
check 'abi: ... not as a list is' '!' 'a line is a type or an export, and a reason, with a tab: plain nobody' abi "$T/listed"
fresh
sed -i 's/EXPORT_SYMBOL	$/EXPORT_SYMBOL_GPL	/' "$A/symvers"
check 'abi: another licence' '!' '^not ok  free: EXPORT_SYMBOL -> EXPORT_SYMBOL_GPL$' abi
fresh
sed -i 's/	NS$/	OTHER/' "$A/symvers"
check 'abi: another namespace' '!' '^not ok  plain: EXPORT_SYMBOL, namespace NS -> .*OTHER$' abi

# --- structures, and the CRCs that they explain
fresh
symvers "$A" 0x1 0x22222222 0x33333333
type s#mm 's#ops \* ops ;' '& int flags ;'
sed -i 's/^\tshort int                  s:3;.*/\tint flags; \/*    12     4 *\/\n&/' "$A/structs"
check 'abi: a member in a hole' 0 '^ +struct mm: flags is new \(at 12\+4\) \(in 1 CRCs\)$' abi
check 'abi: ... explains a CRC' 0 '^0 exports added, 0 removed; 1 structures change; 1 of 3 CRCs differ, 0 for another' abi
fresh
symvers "$A" 0x1 0x22222222 0x33333333
type s#mm 'map \[ 2 \]' 'map [ 3 ]'
sed -i 's/size: 48/size: 56/' "$A/structs"
check 'abi: another size' 0 '^ +struct mm: size 48 -> 56' abi
fresh
symvers "$A" 0x1 0x22222222 0x33333333
type s#mm 'int in ; int lock ;' 'int lock ; int in ;'
sed -i 's/\*    16     4 \*/* 20 4 */; t; s/\*    20     4 \*/* 16 4 */' "$A/structs"
check 'abi: offsets in a structure that has no name' 0 '^ +struct mm: in at 16\+4 -> 20\+4 ' abi
fresh
symvers "$A" 0x1 0x22222222 0x33333333
type s#mm 't : 5' 't : 6'
sed -i 's/\*     8: 3  2/*     8: 4  2/' "$A/structs"
check 'abi: a bit field' 0 '^ +struct mm: t at 8:3\+2 -> 8:4\+2 ' abi
fresh
symvers "$A" 0x11111111 0x2 0x33333333
type u#un 'int a' 'long a'
sed -i '/ a; /s/0     4/0     8/' "$A/structs"
check 'abi: a union' 0 '^ +union un: a at 0\+4 -> 0\+8 ' abi
fresh
symvers "$A" 0x1 0x2 0x33333333
type s#ops 'int \* ( \* old )' 'int x ; &'
sed -i 's/size: 16, c/size: 24, c/' "$A/structs"
check 'abi: a structure that others point to explains theirs' 0 '1 structures change; 2 of 3 CRCs differ, 0 for another reason$' abi

fresh
symvers "$A" 0x1 0x2 0x33333333
type s#ops 'int \* ( \* old )' 'long x ; &'
sed -i '/\*old/s/    8     8/   16     8/' "$A/structs"
check 'abi: a callback, by its name' 0 '^ +struct ops: old at 8\+8 -> 16\+8 ' abi
fresh
symvers "$A" 0x11111111 0x2 0x33333333
type u#un 's#ops \* o' 'int o [ 4 ]'
type s#ops old young
sed -i '/ o; /s/0     8/0    16/' "$A/structs"
check 'abi: a type that a union has lost is no reason' 0 '1 structures change; 1 of 3 CRCs differ, 0 for another reason$' abi

# --- other reasons
fresh
symvers "$A" 0x1 0x2 0x33333333
type s#ops 'old' 'young'
sed -i 's/(\*old)/(*young)/' "$A/structs"
check 'abi: a member with another name' '!' '^not ok  walk: struct ops \(of the same layout\)$' abi
check 'abi: ... in all that has it' '!' '^not ok  free: struct ops ' abi
check 'abi: ... is no structure that changes' '!' '; 0 structures change; 2 of 3 CRCs differ, 2 for another reason$' abi
printf 's#ops\trenamed\n' >"$T/listed"
check 'abi: ... listed' 0 '^ +struct ops \(in 2 CRCs\): renamed$' abi "$T/listed"
printf 'walk\tall take it\nfree\tall take it\n' >"$T/listed"
check 'abi: ... the exports listed' 0 '^ +walk: struct ops .*: all take it$' abi "$T/listed"
printf 's#ops\trenamed\ns#gone\twas there\n' >"$T/listed"
check 'abi: ... and one listed that does not change' 0 '^note: .* has s#gone, which does not change$' abi "$T/listed"
fresh
symvers "$A" 0x1 0x2 0x33333333
type s#ops 'old' 'young'
type s#mm 't : 5' 't : 6'
sed -i 's/(\*old)/(*young)/; s/\*     8: 3  2/*     8: 4  2/' "$A/structs"
check 'abi: a structure that changes does not hide another' '!' '^not ok  walk: struct ops ' abi
fresh
symvers "$A" 0x11111111 0x2 0x33333333
type s#opaque UNKNOWN 'int z ;'
check 'abi: a declaration that became a definition' '!' '^not ok  free: struct opaque \(only declared before\)$' abi
fresh
symvers "$A" 0x11111111 0x2 0x33333333
sed -i 's/UNKNOWN/int z ;/' "$B/symtypes/mm/walk.symtypes"
check 'abi: ... and the reverse' '!' '^not ok  free: struct opaque \(only declared now\)$' abi
fresh
symvers "$A" 0x1 0x22222222 0x33333333
type e#e 'B = 3' 'C , B'
check 'abi: an enum' '!' '^not ok  walk: enum e$' abi
fresh
symvers "$A" 0x11111111 0x2 0x33333333
type free 'void free' 'int free'
check 'abi: its own declaration' '!' '^not ok  free: its declaration$' abi
fresh
symvers "$A" 0x1 0x22222222 0x33333333
type s#mm 's#ops \* ops ;' '& s#fresh * f ;'
echo 's#fresh struct fresh { t#u v ; } ' >>"$A/symtypes/mm/walk.symtypes"
sed -i 's/size: 48/size: 56/' "$A/structs"
check 'abi: a type that a structure has brought is no reason' 0 '1 of 3 CRCs differ, 0 for another reason$' abi
fresh
symvers "$A" 0x11111111 0x2 0x33333333
check 'abi: a CRC without a difference in its types' '!' '^not ok  free: nothing in its .symtypes differs$' abi
sed -i '/^free/d' "$A/symtypes/mm/walk.symtypes"
check 'abi: ... or without types' '!' '^not ok  free: no .symtypes has it$' abi
fresh
symvers "$A" 0x11111111 0x2 0x33333333
type s#opaque UNKNOWN 'int z ;'
mv "$A/symtypes/mm/walk.symtypes" "$A/symtypes/mm/moved.symtypes"
check 'abi: an export in another file' '!' '^not ok  free: struct opaque ' abi

fresh
for dir in "$B" "$A"; do
	sed -i 's/^s#mm struct mm {/& s#n1 * n ;/' "$dir/symtypes/mm/walk.symtypes"
	seq 3000 | awk -v end="${dir##*/}" '{ printf "s#n%d struct n%d { %s x ; } \n", $1, $1, $1 < 3000 ? "s#n" $1 + 1 " *" : end }' >>"$dir/symtypes/mm/walk.symtypes"
done
symvers "$A" 0x1 0x22222222 0x33333333
check 'abi: types nested deep' '!' '^not ok  walk: struct n3000$' abi

# --- what cannot be compared
# shellcheck disable=SC2317
status() { ended=0; "$@" || ended=$?; echo "status $ended"; }
fresh
symvers "$A" 0x00000000 0x00000000 0x00000000
check 'abi: no CRC' 0 '^status 2$' status abi
cp "$T/out" "$T/said"
check 'abi: ... and says so' 0 'after/symvers has no CRC: CONFIG_MODVERSIONS' cat "$T/said"
fresh
: >"$B/structs"
check 'abi: no structures' '!' 'before/structs is empty' abi
fresh
rm -r "$A/symtypes/mm" "$A/symtypes/drivers"
check 'abi: no types' '!' 'after/symtypes has no export' abi
fresh
rm "$A/symvers"
check 'abi: no exports' '!' 'after/symvers is empty or not there' abi

# --- the command, with a make that makes what the source says
fake_top
mkdir -p "$T/bin" "$K/scripts/kconfig"
cat >"$T/bin/make" <<'END'
#!/bin/sh
# As much of kbuild as make abi sees: tinyconfig, olddefconfig, vmlinux with modules.
while [ $# != 0 ]; do
	case $1 in
	-C) src=$2 && shift ;;
	O=*) obj=${1#O=} ;;
	KBUILD_SYMTYPES=1) types=1 ;;
	-*) ;;
	*=*) ;;
	*) goals="$goals $1" ;;
	esac
	shift
done
echo "make$goals" >>"$FAKE/made"
case $goals in
' tinyconfig') : >"$obj/.config" ;;
' olddefconfig') cat "$src/lib/options" >>"$obj/.config" 2>/dev/null ;;
' vmlinux modules')
	[ "${types:-}" = 1 ] || exit 1
	mkdir -p "$obj/mm"
	crc=0x$(cksum <"$src/mm/memory.c" | cut -d ' ' -f 1)
	printf '%s\twalk\tvmlinux\tEXPORT_SYMBOL\t\n' "$crc" >"$obj/Module.symvers"
	[ ! -f "$src/lib/export" ] || printf '0x1\tfresh\tvmlinux\tEXPORT_SYMBOL\t\n' >>"$obj/Module.symvers"
	n=$(sed -n 10p "$src/mm/memory.c")
	printf 's#mm struct mm { int %s ; } \nwalk int walk ( s#mm * ) \n' "$n" >"$obj/mm/memory.symtypes"
	n=$(sed -n 15p "$src/mm/memory.c")
	printf 'struct mm {\n\tint x; /*  %s   4 */\n};\n' "$n" >"$obj/vmlinux"
	;;
esac
exit 0
END
cat >"$T/bin/pahole" <<'END'
#!/bin/sh
[ "$1" != --version ] || { echo v1; exit; }
cat "$1"
END
chmod +x "$T/bin/make" "$T/bin/pahole"
printf '#!/bin/sh\nshift\ncat "$@" >.new && mv .new .config\n' >"$K/scripts/kconfig/merge_config.sh"
chmod +x "$K/scripts/kconfig/merge_config.sh"
echo 'config OLD' >"$K/lib/Kconfig"
PATH=$T/bin:$PATH
FAKE=$T
export PATH FAKE
# shellcheck disable=SC2317
cabi() { : >"$T/made"; "$F/harness/commands/abi"; }
made() { # NAME N: so many kernels
	check "$1" 0 "^$2\$" sh -c "grep -c vmlinux '$T/made' 2>/dev/null || true"
}
mkdir -p "$F/lib"
echo export >"$F/lib/export"
patch 'lib: kit' 'Files: lib/export' </dev/null >"$HOME_OF/patches/lib-kit.patch"
seq 20 | sed '10s/.*/ten/; 15s/.*/16/' >"$T/new"
seq 20 >"$T/old"
{
	echo 'diff --git a/mm/memory.c b/mm/memory.c'
	diff -u --label a/mm/memory.c --label b/mm/memory.c "$T/old" "$T/new" || true
} | patch 'mm: move' >"$HOME_OF/patches/mm-move.patch"
printf 'lib-kit # kit\nmm-move\n' >"$HOME_OF/series"
check 'make abi: a structure' 0 '^1 exports added, 0 removed; 1 structures change; 1 of 1 CRCs differ, 0 for another reason$' cabi
made 'make abi: ... of two kernels' 2
rm -r "$F/build/tiny-local/abi"
check 'make abi: ... is known the next time' 0 '^1 exports added' cabi
made 'make abi: ... without a kernel' 0
check 'make abi: without the kit' 0 '^0 exports added' env SERIES=nokit "$F/harness/commands/abi"
sed '15s/.*/15/' "$T/new" >"$T/newer"
{
	echo 'diff --git a/mm/memory.c b/mm/memory.c'
	diff -u --label a/mm/memory.c --label b/mm/memory.c "$T/old" "$T/newer" || true
} | patch 'mm: move' >"$HOME_OF/patches/mm-move.patch"
check 'make abi: another reason' '!' '^not ok  walk: struct mm \(of the same layout\)$' cabi
made 'make abi: ... with the base as it was' 1
check 'make abi: ... is no record' '!' '^not ok  walk' cabi
made 'make abi: ... but nothing is built again' 0
printf 's#mm\trenamed\n' >"$HOME_OF/abi"
check 'make abi: ... listed in the base' 0 '^ +struct mm \(in 1 CRCs\): renamed$' cabi
echo 'CONFIG_OLD=y' >"$F/lib/options"
sed -i 's,^Files:.*,Files: lib/export lib/options,' "$HOME_OF/patches/lib-kit.patch"
check 'make abi: an option of the base that the series sets' '!' 'CONFIG_OLD:  in the base, y in the series' cabi
echo 'CONFIG_FRESH=y' >"$F/lib/options"
check 'make abi: ... and one of its own' 0 '^1 exports added' cabi

plan
