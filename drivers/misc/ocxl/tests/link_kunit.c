// SPDX-License-Identifier: GPL-2.0+
/*
 * KUnit tests of how a link attaches to an address space, and detaches from it.
 *
 * link.c is compiled once more here, with NPU functions that only record their
 * calls, in order. The address space is a real one, with real reference counts
 * and mmu_notifiers, and so is its end.
 */

/* The copy exports nothing and has no tracepoints of its own. */
#define __DISABLE_EXPORTS
#define NOTRACE

#include <kunit/test.h>
#include <linux/interrupt.h>
#include <linux/irqdomain.h>
#include <linux/mm.h>
#include <linux/mmu_context.h>
#include <linux/mmu_notifier.h>
#include <linux/pci.h>
#include <linux/radix-tree.h>
#include <linux/sched/mm.h>
#include <asm/copro.h>
#include <asm/pci-bridge.h>
#include <asm/pnv-ocxl.h>
#include <asm/xive.h>
#include <misc/ocxl.h>

#include "../ocxl_internal.h"

#define TEST_PASID	5

/* What happened to the link since the last forget(), in order. */
static char events[256];

/* The PE under test. An event while it is valid is marked with a "*". */
static struct ocxl_process_element *test_pe;

/* The mmu_notifier that is registered. There must be none when a test ends. */
static struct mmu_notifier *registered;
static struct mm_struct *registered_mm;

/* What the next calls return, if it is not 0. */
static int fail_register;
static int fail_insert;

static void event(const char *name)
{
	size_t n = strlen(events);

	scnprintf(events + n, sizeof(events) - n, "%s%s%s", n ? " " : "", name,
		  test_pe && test_pe->software_state ? "*" : "");
}

static void forget(void)
{
	events[0] = '\0';
}

static int npu_register(struct mmu_notifier *mn, struct mm_struct *mm)
{
	int rc = fail_register;

	event("register");
	if (!rc)
		rc = mmu_notifier_register(mn, mm);
	if (!rc) {
		registered = mn;
		registered_mm = mm;
	}
	return rc;
}

static void npu_unregister(struct mmu_notifier *mn, struct mm_struct *mm)
{
	event("unregister");
	if (registered == mn) {
		registered = NULL;
		mmu_notifier_unregister(mn, mm);
	}
}

static int npu_insert(struct radix_tree_root *root, unsigned long index,
		      void *item)
{
	/* The fault handler compares the PID of the PE with that of the mm. */
	event(test_pe->pid ? "insert" : "insert-without-pid");
	return fail_insert ?: radix_tree_insert(root, index, item);
}

static void npu_tlb_invalidate(void __iomem *arva, unsigned long pid,
			       unsigned long addr, unsigned long page_size)
{
	event(addr ? "invalidate-page" : "invalidate-pid");
}

static void __maybe_unused npu_mm_release(struct mm_struct *mm)
{
	event("mm-release");
}

static int npu_spa_remove_pe_from_cache(void *platform_data, int pe_handle)
{
	event("cache");
	return 0;
}

static void npu_spa_release(void *platform_data)
{
	event("spa-release");
	/* The PEs are freed next. */
	test_pe = NULL;
}

static void npu_unmap_lpar(void __iomem *arva)
{
	event("unmap-lpar");
}

static void __maybe_unused npu_disable_irq(unsigned int irq)
{
	event("disable-irq");
}

static const void *npu_free_irq(unsigned int irq, void *data)
{
	event("free-irq");
	return NULL;
}

static int npu_spa_setup(struct pci_dev *dev, void *spa_mem, int pe_mask,
			 void **platform_data)
{
	return 0;
}

/* There are ATSD registers. Nothing reads or writes them. */
static int npu_map_lpar(struct pci_dev *dev, u64 lparid, u64 lpcr,
			void __iomem **arva)
{
	*arva = (void __iomem *)dev;
	return 0;
}

/* No interrupt arrives. */

static int npu_get_xsl_irq(struct pci_dev *dev, int *hwirq)
{
	*hwirq = 1;
	return 0;
}

static int npu_map_xsl_regs(struct pci_dev *dev, void __iomem **dsisr,
			    void __iomem **dar, void __iomem **tfc,
			    void __iomem **pe_handle)
{
	return 0;
}

static void npu_unmap_xsl_regs(void __iomem *dsisr, void __iomem *dar,
			       void __iomem *tfc, void __iomem *pe_handle)
{
}

static unsigned int npu_create_mapping(struct irq_domain *host,
				       irq_hw_number_t hwirq)
{
	return 1;
}

static void npu_dispose_mapping(unsigned int virq)
{
}

static int npu_request_irq(unsigned int irq, irq_handler_t handler,
			   unsigned long flags, const char *name, void *data)
{
	return 0;
}

static u32 npu_alloc_irq(void)
{
	return 0;
}

static void npu_free_hw_irq(u32 irq)
{
}

static int npu_handle_mm_fault(struct mm_struct *mm, unsigned long ea,
			       unsigned long dsisr, vm_fault_t *flt)
{
	return -EFAULT;
}

#define mmu_notifier_register	npu_register
#define mmu_notifier_unregister	npu_unregister
#define radix_tree_insert	npu_insert
#define pnv_ocxl_tlb_invalidate	npu_tlb_invalidate
#define pnv_ocxl_mm_release	npu_mm_release
#define pnv_ocxl_spa_remove_pe_from_cache npu_spa_remove_pe_from_cache
#define pnv_ocxl_spa_setup	npu_spa_setup
#define pnv_ocxl_spa_release	npu_spa_release
#define pnv_ocxl_map_lpar	npu_map_lpar
#define pnv_ocxl_unmap_lpar	npu_unmap_lpar
#define pnv_ocxl_get_xsl_irq	npu_get_xsl_irq
#define pnv_ocxl_map_xsl_regs	npu_map_xsl_regs
#define pnv_ocxl_unmap_xsl_regs	npu_unmap_xsl_regs
#define irq_create_mapping	npu_create_mapping
#define irq_dispose_mapping	npu_dispose_mapping
#define request_irq		npu_request_irq
#define disable_irq		npu_disable_irq
#define free_irq		npu_free_irq
#define xive_native_alloc_irq	npu_alloc_irq
#define xive_native_free_irq	npu_free_hw_irq
#define copro_handle_mm_fault	npu_handle_mm_fault

/* A guest may not read the LPIDR or the LPCR. */
#undef mfspr
#define mfspr(reg)		((reg) * 0UL)

/* These are the names of the driver, which may be part of this kernel. */
#define ocxl_link_setup		test_link_setup
#define ocxl_link_release	test_link_release
#define ocxl_link_add_pe	test_link_add_pe
#define ocxl_link_update_pe	test_link_update_pe
#define ocxl_link_remove_pe	test_link_remove_pe
#define ocxl_link_irq_alloc	test_link_irq_alloc
#define ocxl_link_free_irq	test_link_free_irq

static int test_link_setup(struct pci_dev *dev, int mask, void **link);
static void test_link_release(struct pci_dev *dev, void *link);
static int test_link_add_pe(void *link, int pasid, u32 pidr, u32 tidr, u64 amr,
			    u16 bdf, struct mm_struct *mm,
			    void (*xsl_err_cb)(void *data, u64 addr, u64 dsisr),
			    void *xsl_err_data);
static int __maybe_unused test_link_update_pe(void *link, int pasid, u16 tid);
static int test_link_remove_pe(void *link, int pasid);
static int __maybe_unused test_link_irq_alloc(void *link, int *hw_irq);
static void __maybe_unused test_link_free_irq(void *link, int hw_irq);

#include "../link.c"

#undef mmu_notifier_unregister

struct fixture {
	struct pci_dev dev;
	struct pci_bus bus;
	struct pci_controller host;
	struct ocxl_link *link;
	struct mm_struct *mm;
	/* the process has not ended */
	bool alive;
	/* references to the mm while no PE has it */
	int mm_count;
};

static int attach(struct fixture *f)
{
	return ocxl_link_add_pe(f->link, TEST_PASID, f->mm->context.id, 0, 0, 0,
				f->mm, NULL, NULL);
}

static void release_link(struct fixture *f)
{
	ocxl_link_release(&f->dev, f->link);
	f->link = NULL;
}

static void expect_mm_left_alone(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_NULL(test, registered);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->mm->mm_count), f->mm_count);
	if (radix_enabled())
		KUNIT_EXPECT_EQ(test, atomic_read(&f->mm->context.copros), 0);
}

/* An AFU may use the mm from the moment on that the PE is valid. */
static void attach_registers_first(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, attach(f), 0);
	KUNIT_EXPECT_STREQ(test, events, "register insert");
	KUNIT_EXPECT_NE(test, be32_to_cpu(test_pe->software_state), 0);
}

static void attach_without_notifier(struct kunit *test)
{
	struct fixture *f = test->priv;

	fail_register = -EINTR;
	KUNIT_ASSERT_EQ(test, attach(f), -EINTR);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(test_pe->software_state), 0);
	expect_mm_left_alone(test);

	/* The PASID can be used again after the error. */
	fail_register = 0;
	KUNIT_EXPECT_EQ(test, attach(f), 0);
}

static void attach_without_memory(struct kunit *test)
{
	struct fixture *f = test->priv;

	fail_insert = -ENOMEM;
	KUNIT_ASSERT_EQ(test, attach(f), -ENOMEM);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(test_pe->software_state), 0);
	expect_mm_left_alone(test);
}

/* As long as the device can have translations, it must be told of changes. */
static void detach_unregisters_last(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, attach(f), 0);
	forget();
	KUNIT_EXPECT_EQ(test, ocxl_link_remove_pe(f->link, TEST_PASID), 0);
	KUNIT_EXPECT_STREQ(test, events, "cache invalidate-pid unregister");
	expect_mm_left_alone(test);
}

/* The process ends first, and its page tables go. */
static void end_of_mm(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, attach(f), 0);
	forget();
	f->alive = false;
	mmput(f->mm);
	/* The PE stays valid, to avoid a checkstop. */
	KUNIT_EXPECT_STREQ(test, events, "mm-release* invalidate-pid*");
	KUNIT_EXPECT_EQ(test, ocxl_link_remove_pe(f->link, TEST_PASID), 0);
	KUNIT_EXPECT_NULL(test, registered);
}

/* The device is unbound, and an AFU did not answer. */
static void link_with_pe_left(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, attach(f), 0);
	forget();
	release_link(f);
	/*
	 * The PE is invalid before it is taken from the context cache, the
	 * cache is empty before the link is invalidated, and both are done
	 * while there are registers and an SPA.
	 */
	KUNIT_EXPECT_STREQ(test, events,
			   "disable-irq* cache invalidate-pid unregister unmap-lpar spa-release free-irq");
	expect_mm_left_alone(test);
}

static int link_test_init(struct kunit *test)
{
	struct fixture *f;
	void *link;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;

	f->dev.bus = &f->bus;
	f->bus.sysdata = &f->host;

	f->mm = mm_alloc();
	if (!f->mm)
		return -ENOMEM;

	test_pe = NULL;
	if (ocxl_link_setup(&f->dev, 0, &link)) {
		mmput(f->mm);
		return -ENOMEM;
	}
	mmgrab(f->mm);
	f->alive = true;
	f->mm_count = atomic_read(&f->mm->mm_count);
	f->link = link;
	test->priv = f;

	fail_register = 0;
	fail_insert = 0;
	registered = NULL;
	test_pe = f->link->spa->spa_mem + TEST_PASID;
	forget();
	return 0;
}

static void link_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;

	if (f->link) {
		if (radix_tree_lookup(&f->link->spa->pe_tree, TEST_PASID))
			ocxl_link_remove_pe(f->link, TEST_PASID);
		release_link(f);
	}
	/* A test that has failed may have left it. */
	if (registered)
		mmu_notifier_unregister(registered, registered_mm);
	registered = NULL;
	if (f->alive)
		mmput(f->mm);
	mmdrop(f->mm);
}

static struct kunit_case ocxl_link_cases[] = {
	KUNIT_CASE(attach_registers_first),
	KUNIT_CASE(attach_without_notifier),
	KUNIT_CASE(attach_without_memory),
	KUNIT_CASE(detach_unregisters_last),
	KUNIT_CASE(end_of_mm),
	KUNIT_CASE(link_with_pe_left),
	{}
};

static struct kunit_suite ocxl_link_suite = {
	.name = "ocxl_link",
	.init = link_test_init,
	.exit = link_test_exit,
	.test_cases = ocxl_link_cases,
};

kunit_test_suite(ocxl_link_suite);
