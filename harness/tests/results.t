#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# results.t: report/results, from the tests' output to a table, and report/not-run
set -eu
. "$(dirname "$0")/tap.sh"

ktap() {
	mkdir -p "$T/$1"
	cat >"$T/$1/ktap"
}
ktap kt <<-'EOF'
	TAP version 13
	1..5
	#  RUN           op.munmap_base_overlap.safe ...
	# stlb: test=munmap size=base model=overlap check=safe
	# stlb: kinds=none leaf=64 inv=2 new=1
	#            OK  op.munmap_base_overlap.safe
	ok 1 op.munmap_base_overlap.safe
	#  RUN           op.hugetlb_cow_hugetlb_cover.safe ...
	# stlb: test=hugetlb_cow size=hugetlb model=cover check=safe
	# secondary_tlb.c:12:safe:Expected 0 (0) == stale (3)
	# stlb: kinds=stale-leaf leaf=1
	not ok 2 op.hugetlb_cow_hugetlb_cover.safe
	#  RUN           op.ksm_base_cover.safe ...
	# stlb: test=ksm size=base model=cover check=safe
	#      SKIP      no KSM
	ok 3 # SKIP no KSM
	#  RUN           op.fork_base_cover.safe ...
	# stlb: test=fork size=base model=cover check=safe
	not ok 4 op.fork_base_cover.safe
	#  RUN           life.bad_ioctl ...
	# stlb: test=life.bad_ioctl size=- model=- check=-
	ok 5 life.bad_ioctl
EOF
check 'results: a kernel in which KUnit said nothing' '!' '^KUnit ran no suite$' "$HARNESS/report/results" "$T/kt"
export PF_SUITE=selftest
check 'results: all kinds of lines' 0 '' "$HARNESS/report/results" "$T/kt"
check 'results: pass' 0 '^munmap	base	overlap	safe	pass	none	64	.*	new=1$' cat "$T/kt/results.tsv"
check 'results: violation' 0 '^hugetlb_cow	hugetlb	cover	safe	fail	stale-leaf	1	.*stale \(3\)' cat "$T/kt/results.tsv"
check 'results: skip without a name' 0 '^ksm	base	cover	safe	skip	-	.*	no KSM	-$' cat "$T/kt/results.tsv"
check 'results: failure without a diagnosis is an error' 0 '^fork	base	cover	safe	fail	error' cat "$T/kt/results.tsv"
check 'results: pass without kinds' 0 '^life.bad_ioctl	-	-	-	pass	-	' cat "$T/kt/results.tsv"
sed '/test=ksm /d' "$T/kt/ktap" | ktap kt6
check 'results: test that does not say what it is' '!' '^test op.ksm_base_cover.safe did not say what it is$' "$HARNESS/report/results" "$T/kt6"
sed 's/ check=safe$//' "$T/kt/ktap" | ktap kt7
check 'results: test that says but a part' '!' '^test op.fork_base_cover.safe did not say what it is$' "$HARNESS/report/results" "$T/kt7"
sed 's/kinds=none/size=thp kinds=none/' "$T/kt/ktap" | ktap kt8
check 'results: test that says it is two' '!' '^test op.munmap_base_overlap.safe said size=base first, and then size=thp$' "$HARNESS/report/results" "$T/kt8"
sed 's/kinds=none/size=base kinds=none/' "$T/kt/ktap" | ktap kt9
check 'results: test that says twice what it is' 0 '' "$HARNESS/report/results" "$T/kt9"
sed 's/test=fork size=base/test=ksm size=base/' "$T/kt/ktap" | ktap kt10
check 'results: two tests of one name' '!' '^two tests are called ksm base cover safe$' "$HARNESS/report/results" "$T/kt10"
head -n 12 "$T/kt/ktap" >"$T/short"
ktap kt2 <"$T/short"
check 'results: fewer results than planned' '!' 'planned 5 results and gave 2' "$HARNESS/report/results" "$T/kt2"
head -n 13 "$T/kt/ktap" >"$T/short"
ktap kt3 <"$T/short"
check 'results: ends within a test' '!' 'in the middle of op.ksm_base_cover.safe' "$HARNESS/report/results" "$T/kt3"
ktap kt4 </dev/null
check 'results: nothing' '!' 'no plan' "$HARNESS/report/results" "$T/kt4"
printf '%s\n' 1..1 '#  RUN           op.a.safe ...' '# stlb: test=a size=base model=cover check=safe' \
	'# stlb: chosen=no' 'ok 1 # SKIP not chosen' | ktap kt5
check 'results: a pattern that no test matches' '!' 'name like TEST=x' env TEST=x "$HARNESS/report/results" "$T/kt5"

# --- KUnit
mkdir -p "$T/ku"
: >"$T/ku/ktap"
cat >"$T/ku/kunit" <<-'EOF2'
	KTAP version 1
	1..1
	    KTAP version 1
	    # Subtest: secondary_tlb
	    1..4
	        KTAP version 1
	        # Subtest: test_flush_tlb_range
	        ok 1 34 pages, loaded here
	    # test_flush_tlb_range: EXPECTATION FAILED at mm/tests/x.c:9
	    Expected wider to be false, but is true
	stlb: kinds=wide: wider than [0x1, 0x2)
	    # test_flush_tlb_range: EXPECTATION FAILED at mm/tests/x.c:10
	stlb: kinds=double,wide: flushed too often
	        not ok 2 512 pages, never loaded
	    not ok 1 test_flush_tlb_range
	        # Subtest: test_contpte
	        ok 1 loaded here # SKIP needs contpte
	    ok 2 test_contpte # SKIP needs contpte
	    # test_both: EXPECTATION FAILED at mm/tests/x.c:11
	not flushed, wider than all
	    not ok 3 test_both
	        # Subtest: test_old
	    # test_old: skipped: no huge page
	        ok 1 loaded here
	        ok 2 never loaded
	    # test_old: pass:1 fail:0 skip:1 total:2
	    ok 4 test_old
	not ok 1 secondary_tlb
EOF2
check 'results: KUnit' 0 '' env PF_SUITE=kunit "$HARNESS/report/results" "$T/ku"
check 'results: KUnit case that passes' 0 '^flush_tlb_range	34-pages	loaded-here	kunit	pass	none' cat "$T/ku/results.tsv"
check 'results: KUnit case that fails, and how' 0 '^flush_tlb_range	512-pages	never-loaded	kunit	fail	wide,double' cat "$T/ku/results.tsv"
check 'results: KUnit case that is skipped' 0 '^contpte	-	loaded-here	kunit	skip	-	.*needs contpte' cat "$T/ku/results.tsv"
check 'results: KUnit case that fails, and why' 0 '	wider than \[0x1, 0x2\); flushed too often	-$' cat "$T/ku/results.tsv"
check 'results: KUnit case without parameters, nor kinds' 0 '^both	-	-	kunit	fail	error	.*	-	-$' cat "$T/ku/results.tsv"
check 'results: KUnit parameter that is skipped, of an old kernel' 0 '^old	-	loaded-here	kunit	skip	-	.*no huge page' cat "$T/ku/results.tsv"
check 'results: and the next that is not' 0 '^old	-	never-loaded	kunit	pass	none' cat "$T/ku/results.tsv"
sed -i '/skipped: /d' "$T/ku/kunit"
check 'results: KUnit parameters that are skipped and do not say so' '!' 'results of test_old are pass:2 fail:0 skip:0, and KUnit' env PF_SUITE=kunit "$HARNESS/report/results" "$T/ku"
sed -i '$d' "$T/ku/kunit"
check 'results: KUnit suite that does not end' '!' 'KUnit planned 1 suites, and 0 came to their end' env PF_SUITE=kunit "$HARNESS/report/results" "$T/ku"

# --- not-run
printf 'test\tsize\tmodel\tcheck\tverdict\na\t-\t-\tsafe\tfail\nb\t-\t-\tsafe\tskip\nc\t-\t-\tsafe\tpass\n' >"$T/control.tsv"
sed 's/fail/pass/; s/skip/pass/' "$T/control.tsv" >"$T/series.tsv"
check 'not-run: all run' 0 '' "$HARNESS/report/not-run" "$T/control.tsv" "$T/series.tsv"
sed -i 's/^a\(.*\)pass/a\1skip/' "$T/series.tsv"
check 'not-run: a test that fails on the base and is skipped with the series' 0 '^a - - safe: is skipped$' "$HARNESS/report/not-run" "$T/control.tsv" "$T/series.tsv"
sed -i '/^c/d' "$T/series.tsv"
check 'not-run: a test that is not there' 0 '^c - - safe: did not run$' "$HARNESS/report/not-run" "$T/control.tsv" "$T/series.tsv"

plan
