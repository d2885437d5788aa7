# SPDX-License-Identifier: GPL-2.0
# The selftest in the form that runs on any kernel; sourced after lib.sh.
# shellcheck shell=sh

# The oldest base that is built. Kernel headers come from a source of the same base, too,
# since the program that is built with them is in the key of the boot.
first=$(cd "$TOP/bases" && grep -l '^SOURCE=' ./*/base | head -n 1 | cut -d / -f 2)

# oldest_selftest DIR: the selftest, as the oldest base has it, to DIR, which then looks as
# a kernel source. That has its helpers in a header of its own, which is in the patch.
oldest_selftest() {
	mkdir -p "$1/tools/testing/selftests/mm" "$1/lib"
	cp "$TOP/tools/testing/selftests/mm/secondary_tlb.c" "$1/tools/testing/selftests/mm/"
	cp "$TOP/lib/test_secondary_tlb_uapi.h" "$1/lib/"
	patch=$(grep -l '^+++ b/.*/secondary_tlb_base\.h$' "$TOP/bases/$first"/patches/*.patch) ||
		die "no patch in bases/$first/patches adds secondary_tlb_base.h, with which the selftest runs on any kernel"
	(cd "$1" && GIT_CEILING_DIRECTORIES=${1%/*} && export GIT_CEILING_DIRECTORIES &&
		git apply "$TOP/bases/$first/tools/testing/selftests/mm/secondary_tlb.c.diff" &&
		git apply -p5 --directory=tools/testing/selftests/mm --include='*/secondary_tlb_base.h' "$patch") ||
		die "the selftest cannot be made that of bases/$first; see above"
}
