/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the software secondary TLB needs to know about an installed kernel that
 * it is built for as an external module. In a kernel tree the file of the same
 * name in lib/ knows just its own version.
 */
#ifndef _LIB_TEST_SECONDARY_TLB_BASE_H
#define _LIB_TEST_SECONDARY_TLB_BASE_H

#include <linux/pagevec.h>
#include <linux/version.h>

/* The callback of struct mmu_notifier_ops that flushes a secondary TLB. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define stlb_callback arch_invalidate_secondary_tlbs
#else
#define stlb_callback invalidate_range
#endif

/* Empty this CPU's batches of pages on their way to an LRU list. */
static inline void stlb_drain_lru(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	struct folio_batch batch;

	folio_batch_init(&batch);
	__folio_batch_release(&batch);
#else
	struct pagevec batch;

	pagevec_init(&batch);
	__pagevec_release(&batch);
#endif
}

/* The page fault handler of SVA cannot be called. */
#define STLB_SVA_FAULT	false
#define STLB_IMPORT_NS	MODULE_INFO(sva_fault, "N")

static inline int stlb_sva_fault(struct mm_struct *mm, unsigned long va,
				 bool write)
{
	return -EOPNOTSUPP;
}

#endif /* _LIB_TEST_SECONDARY_TLB_BASE_H */
