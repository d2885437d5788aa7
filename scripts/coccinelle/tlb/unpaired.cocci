// SPDX-License-Identifier: GPL-2.0-only
/// A function that flushes user translations from the TLBs of CPUs has to flush
/// secondary TLBs, those of IOMMUs and devices, too.
///
//# Not looked at are the primitives, whose callers are, and functions that by
//# their name are the half for the CPUs (_cpus), flush this CPU only, everything,
//# the kernel's part of the address space, or a guest's translations. A function
//# whose secondary flush is made elsewhere is a false positive.
///
// Confidence: Low
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report

@paired@
identifier f;
position p;
@@

f@p(...)
{
<+...
\(mmu_notifier_arch_invalidate_secondary_tlbs\|mmu_notifier_invalidate_range\)(...)
...+>
}

@unpaired@
identifier f !~ "local_|kernel|lpid|kvm|^flush_tlb_all$|^(fixup|do|_|_)_?tlbiel?_|^vale?1is$|^vae1is$|^broadcast_tlb_flush$|_cpus$";
identifier flush =~ "^(_+tlbiel?_(pid|va|va_range|pid_multicast|va_multicast|va_range_multicast)|pseries_rpt_invalidate|sbi_remote_sfence_vma(_asid)?|flush_tlb_multi|broadcast_tlb_flush|invlpgb_flush_[a-z_]*|__flush_(s1_)?tlb_range_op)$";
identifier tlbi =~ "^__tlbi(_level)?$";
identifier op =~ "^(aside1is|vae1is|vale1is)$";
position p != paired.p;
@@

f@p(...)
{
<+...
\(flush(...)\|tlbi(op, ...)\)
...+>
}

@depends on context@
identifier unpaired.f;
position unpaired.p;
@@

*f@p(...) { ... }

@script:python depends on org@
f << unpaired.f;
p << unpaired.p;
@@

cocci.print_main("%s: flushes the TLBs of CPUs, but not secondary TLBs" % f, p)

@script:python depends on report@
f << unpaired.f;
p << unpaired.p;
@@

coccilib.report.print_report(p[0], "ERROR: %s: flushes the TLBs of CPUs, but not secondary TLBs" % f)
