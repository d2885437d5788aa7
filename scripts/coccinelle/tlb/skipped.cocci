// SPDX-License-Identifier: GPL-2.0-only
/// Once a function flushes secondary TLBs, every path through it must do so: no
/// early return, and no condition that is about the CPUs.
///
//# A return is no finding where it says that the mm has no context, and so never
//# ran (pid == MMU_NO_CONTEXT), or where it comes after a call of another
//# flush function, which notifies by itself.
///
// Confidence: Low
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report

@has@
identifier f;
position p;
@@

f@p(...)
{
<+...
\(mmu_notifier_arch_invalidate_secondary_tlbs\|mmu_notifier_invalidate_range\)(...)
...+>
}

@warned@
identifier pid;
position q;
@@

(
if (\(WARN_ON\|WARN_ON_ONCE\)(...)) return@q ...;
|
if (unlikely(pid == MMU_NO_CONTEXT)) return@q ...;
)

@early exists@
identifier has.f;
position has.p;
position q != warned.q;
@@

f@p(...)
{
... when != \(mmu_notifier_arch_invalidate_secondary_tlbs\|mmu_notifier_invalidate_range\)(...)
    when != \(flush_tlb_mm\|flush_tlb_range\|flush_tlb_page\|flush_tlb_mm_range\|__flush_tlb_range\|__flush_tlb_page\|radix__flush_tlb_mm\|radix__flush_all_mm\|radix__flush_tlb_range_psize\|radix__flush_tlb_pwc_range_psize\)(...)
return@q ...;
... when any
}

@depends on context@
position early.q;
@@

*return@q ...;

@script:python depends on org@
f << has.f;
q << early.q;
@@

cocci.print_main("%s: returns without the flush of secondary TLBs" % f, q)

@script:python depends on report@
f << has.f;
q << early.q;
@@

coccilib.report.print_report(q[0], "ERROR: %s: returns without the flush of secondary TLBs" % f)
