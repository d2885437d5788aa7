#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# sparse.t: prepare/sparse and report/sparse-messages
set -eu
. "$(dirname "$0")/tap.sh"

mkdir -p "$T/source/lib"
printf '%s\n' 'int a[strlen(b)];' 'MODULE_LICENSE("GPL");' \
	'module_param(a, int, 0444);' >"$T/source/lib/a.c"
printf '%s\n' '  CHECK   lib/a.c' '../lib/a.c:2:1: error: bad constant expression' \
	'../lib/a.c:3:1: error: bad constant expression' \
	'../lib/a.c:1:7: error: bad constant expression' '../lib/a.c:2:1: warning: other' >"$T/sparse.raw"
"$HARNESS/report/sparse-messages" "$T/source" <"$T/sparse.raw" >"$T/sparse.out"
printf '%s\n' 'lib/a.c: error: bad constant expression' 'lib/a.c: warning: other' >"$T/sparse.good"
check 'sparse-messages: what it says of every module is left out, and nothing else' 0 '' \
	cmp "$T/sparse.out" "$T/sparse.good"
mkdir "$T/bin"
printf '#!/bin/sh\necho "$@"\n' >"$T/bin/sparse"
chmod +x "$T/bin/sparse"
check 'sparse: extensions of RISC-V that it does not know' 0 '^-m64 -march=rv64imac -D A=x_y a.c$' \
	env PATH="$T/bin:$PATH" "$HARNESS/prepare/sparse" -m64 -march=rv64imac_zicsr_zifencei -D A=x_y a.c

plan
