// SPDX-License-Identifier: GPL-2.0-only
/// The flush functions of an architecture flush secondary TLBs as well. Calling
/// one of them and then flushing the secondary TLB makes a device invalidate,
/// and a CPU wait, twice.
///
//# The callee is known by its name: it may be in another file.
///
// Confidence: High
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report

@twice exists@
identifier f;
identifier flush =~ "^(flush_(tlb_mm|tlb_range|tlb_page|tlb_mm_range|pmd_tlb_range|pud_tlb_range|hugetlb_tlb_range|hugetlb_page)|__flush_tlb_(range|page)|(ptep|huge_ptep|pmdp_huge|pudp_huge|pmdp_collapse)_(clear_)?flush|(__)?radix__(flush_tlb_(mm|page|page_psize|range|range_psize|pwc_range_psize|collapsed_pmd)|flush_all_mm|flush_hugetlb_(page|tlb_range)|flush_p[mu]d_tlb_range))$";
position p, q;
@@

f(...)
{
... when any
\(flush@p(...)\|
  mmu_notifier_arch_invalidate_secondary_tlbs@p(...)\|
  mmu_notifier_invalidate_range@p(...)\)
... when any
\(mmu_notifier_arch_invalidate_secondary_tlbs@q(...)\|
  mmu_notifier_invalidate_range@q(...)\)
... when any
}

@depends on context@
identifier n =~ "^mmu_notifier_(arch_invalidate_secondary_tlbs|invalidate_range)$";
position twice.q;
@@

*n@q(...)

@script:python depends on org@
f << twice.f;
p << twice.p;
q << twice.q;
@@

if p[0].line != q[0].line:
    cocci.print_main("%s: flushes secondary TLBs a second time" % f, q)
    cocci.print_secs("first time", p)

@script:python depends on report@
f << twice.f;
p << twice.p;
q << twice.q;
@@

if p[0].line != q[0].line:
    coccilib.report.print_report(q[0], "ERROR: %s: flushes secondary TLBs a second time" % f)
