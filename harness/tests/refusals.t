#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# refusals.t: what a command is given, and there is not
set -eu
. "$(dirname "$0")/tap.sh"
fake_top
check 'bad BASE' '!' 'there is no bases/9.9' env BASE=9.9 "$F/harness/commands/tree"
check 'bad ARCH' '!' 'ARCH=vax' env ARCH=vax "$F/harness/commands/tree"
check 'bad CONFIG' '!' 'CONFIG=fast' env CONFIG=fast "$F/harness/commands/tree"
check 'CONFIG that ARCH has not' '!' 'CONFIG=drivers: .*: .*debug' env CONFIG=drivers ARCH=riscv64 BASE=7.3 "$HARNESS/commands/tree"
check 'BASE that is empty' '!' 'BASE=: there is no' env BASE= "$F/harness/commands/tree"
check 'bad DEPTH of bisect' '!' 'DEPTH=half' env DEPTH=half "$F/harness/commands/bisect"
check 'bad VARIANT of bisect' '!' 'VARIANT=foo' env VARIANT=foo "$F/harness/commands/bisect"
check 'bad DEPTH of alone' '!' 'DEPTH=half' env DEPTH=half "$F/harness/commands/alone"
check 'bad RUNS of run' '!' 'RUNS=many' env RUNS=many "$F/harness/commands/run"
check 'a base without a source' '!' 'has no source package, only stock kernels: make stock BASE=6.12' env LINUX= BASE=6.12 "$HARNESS/commands/run"

plan
