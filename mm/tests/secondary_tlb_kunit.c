// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the pairing of CPU and secondary TLB flushes.
 *
 * Every function that flushes user translations from the CPU TLBs also has to
 * flush them from the secondary TLBs of the mm: once, after the entry changed,
 * for all of the mapping that changed and for nothing else, whether or not a
 * CPU has the mm loaded.
 *
 * A recorder stands in for the secondary TLB. It subscribes to a fresh mm with
 * real VMAs and page tables, writes down every range that it is told to flush,
 * and looks at the page table entry at that moment. The tests then call the
 * flush functions one by one and compare.
 *
 * The message of an expectation that fails begins with what is wrong, in a word
 * for programs:
 *
 * unpaired	not flushed, or not often enough
 * double	flushed more often than needed
 * short	not all of the mapping was flushed
 * wide		more than the mapping was flushed
 * early	flushed before the entry changed
 * freed	flushed after the page was freed
 * startend	a subscriber with nothing to flush was called
 * lazy		a CPU in lazy TLB mode was left out
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/file.h>
#include <linux/hugetlb.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmu_notifier.h>
#include <linux/pagemap.h>
#include <linux/pgtable.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/sizes.h>

#include <asm/mmu.h>
#include <asm/pgalloc.h>
#include <asm/tlb.h>
#include <asm/tlbflush.h>

#include "../internal.h"
#include "secondary_tlb_kunit_base.h"

/* Every test maps one area, and this is where. */
#define STLB_ADDR		(4 * PUD_SIZE)

#define STLB_MAX_CALLS		64
#define STLB_BATCH_PAGES	8

enum stlb_setting {
	STLB_HERE,
	STLB_REMOTE,
	STLB_NEVER,
	STLB_LOCKED,
	NR_STLB_SETTINGS,
	/* Of x86 only, see test_gather_lazy(). */
	STLB_LAZY = NR_STLB_SETTINGS,
};

static const char * const stlb_setting_names[] = {
	[STLB_HERE] = "loaded here",
	[STLB_REMOTE] = "loaded elsewhere",
	[STLB_NEVER] = "never loaded",
	[STLB_LOCKED] = "under a spinlock",
	[STLB_LAZY] = "lazy elsewhere",
};

/* A range in pages, counted from the second page table of the area. */
struct stlb_range {
	const char *name;
	long first;
	/* 0: to the end of the area */
	unsigned long nr;
	/* Bytes cut off at both ends. */
	unsigned int skew;
};

static const struct stlb_range stlb_ranges[] = {
	{ "1 page", 0, 1 },
	{ "33 pages", 0, 33 },
	{ "34 pages", 0, 34 },
	{ "512 pages", 0, 512 },
	{ "513 pages", 0, 513 },
	{ "2 pages of 2 tables", -1, 2 },
	{ "unaligned", 1, 3, 24 },
	{ "many pages", 1, 0 },
};

struct stlb_param {
	enum stlb_setting setting;
	const struct stlb_range *range;
	const struct stlb_lazy *lazy;
	unsigned int hstate_idx;
};

struct stlb_call {
	unsigned long start;
	unsigned long end;
};

struct stlb_map {
	struct file *file;
	unsigned long len;
	unsigned long ret;
	struct completion done;
};

struct stlb {
	struct mm_struct *mm;
	/* Another one, which shares page tables with it. */
	struct mm_struct *sharer;
	struct file *file;
	enum stlb_setting setting;
	/* Held in one of the settings. */
	spinlock_t outer;
	/* The page table lock that the test holds. */
	spinlock_t *ptl;

	/* The subscriber whose secondary TLB has to be flushed. */
	struct mmu_notifier recorder;
	bool recorder_on;
	raw_spinlock_t lock;
	bool recording;
	unsigned int nr_calls;
	struct stlb_call calls[STLB_MAX_CALLS];
	/* The word of the page table that must have changed by then. */
	const unsigned long *entry;
	unsigned long old;
	bool early;
	/* The page that must not have been freed by then. */
	struct page *page;
	int refs;
	bool freed;

	/* A subscriber like KVM, with nothing to flush. */
	struct mmu_notifier window;
	bool window_on;
	unsigned int nr_windows;

	/* Keeps the mm loaded on another CPU. */
	struct task_struct *thread;
	struct completion loaded;
	struct stlb_map *map;
	/* Has that CPU stay in lazy TLB mode: is it, and is it still after that? */
	bool be_lazy;
	bool was_lazy;
	bool still_lazy;
	struct completion lazy;
};

static void stlb_record(struct mmu_notifier *mn, struct mm_struct *mm,
			unsigned long start, unsigned long end)
{
	struct stlb *s = container_of(mn, struct stlb, recorder);
	unsigned long flags;

	if (!s->recording)
		return;

	raw_spin_lock_irqsave(&s->lock, flags);
	if (s->nr_calls < STLB_MAX_CALLS) {
		s->calls[s->nr_calls].start = start;
		s->calls[s->nr_calls].end = end;
	}
	s->nr_calls++;
	if (s->entry && READ_ONCE(*s->entry) == s->old)
		s->early = true;
	if (s->page && page_ref_count(s->page) != s->refs)
		s->freed = true;
	raw_spin_unlock_irqrestore(&s->lock, flags);
}

static const struct mmu_notifier_ops stlb_recorder_ops = {
	.stlb_callback = stlb_record,
};

static int stlb_window_start(struct mmu_notifier *mn,
			     const struct mmu_notifier_range *range)
{
	struct stlb *s = container_of(mn, struct stlb, window);

	s->nr_windows++;
	return 0;
}

static void stlb_window_end(struct mmu_notifier *mn,
			    const struct mmu_notifier_range *range)
{
	struct stlb *s = container_of(mn, struct stlb, window);

	s->nr_windows++;
}

static const struct mmu_notifier_ops stlb_window_ops = {
	.invalidate_range_start = stlb_window_start,
	.invalidate_range_end = stlb_window_end,
};

static bool stlb_interval_invalidate(struct mmu_interval_notifier *interval,
				     const struct mmu_notifier_range *range,
				     unsigned long seq)
{
	mmu_interval_set_seq(interval, seq);
	return true;
}

static const struct mmu_interval_notifier_ops stlb_interval_ops = {
	.invalidate = stlb_interval_invalidate,
};

static const struct mmu_notifier_ops stlb_both_ops = {
	.invalidate_range_start = stlb_window_start,
	.invalidate_range_end = stlb_window_end,
	.stlb_callback = stlb_record,
};

/*
 * Every flush under test is made between stlb_begin() and stlb_end(), which put
 * the CPU into the state of the setting and back. Use no KUnit assertion there:
 * it would end the thread with the mm in use.
 */
static void stlb_begin(struct stlb *s)
{
	if (s->setting == STLB_HERE || s->setting == STLB_LOCKED)
		kthread_use_mm(s->mm);
	if (s->setting == STLB_LAZY) {
		WRITE_ONCE(s->be_lazy, true);
		wait_for_completion(&s->lazy);
	}

	s->recording = true;
	s->nr_calls = 0;
	s->nr_windows = 0;
	s->entry = NULL;
	s->early = false;
	s->page = NULL;
	s->freed = false;

	if (s->setting == STLB_LOCKED) {
		spin_lock(&s->outer);
		/* For sparse, which looks at one function at a time. */
		__release(&s->outer);
	}
}

static void stlb_end(struct stlb *s)
{
	if (s->setting == STLB_LOCKED) {
		__acquire(&s->outer);
		spin_unlock(&s->outer);
	}

	if (s->setting == STLB_HERE || s->setting == STLB_LOCKED)
		kthread_unuse_mm(s->mm);
	if (s->setting == STLB_LAZY) {
		WRITE_ONCE(s->be_lazy, false);
		wait_for_completion(&s->lazy);
	}
}

/* Ignore what an architecture flushed to prepare the entry. */
static void stlb_prepared(struct stlb *s)
{
	s->nr_calls = 0;
}

/* From here on no call may come before *@entry changes. */
static void stlb_watch_entry(struct stlb *s, const void *entry)
{
	s->entry = entry;
	s->old = READ_ONCE(*s->entry);
}

/* From here on no call may come after a reference to @page is dropped. */
static void stlb_watch_page(struct stlb *s, struct page *page)
{
	s->page = page;
	s->refs = page_ref_count(page);
}

/* Is all of [start, end) in the ranges that were recorded? */
static bool stlb_covered(struct stlb *s, unsigned long start, unsigned long end)
{
	unsigned int nr = min(s->nr_calls, STLB_MAX_CALLS);
	unsigned long next;
	unsigned int i;

	for (; start < end; start = next) {
		next = start;
		for (i = 0; i < nr; i++) {
			if (s->calls[i].start <= start)
				next = max(next, s->calls[i].end);
		}
		if (next == start)
			return false;
	}
	return true;
}

/* Is there anything outside of [start, end) in the ranges recorded? */
static bool stlb_wider(struct stlb *s, unsigned long start, unsigned long end)
{
	unsigned int nr = min(s->nr_calls, STLB_MAX_CALLS);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (s->calls[i].start < start || s->calls[i].end > end)
			return true;
	}
	return false;
}

/*
 * The recorder was called @min to @max times, not before the entry changed. If
 * it was called, then for all of [start, end). A mapping of @size is flushed as
 * a whole, so a range may be rounded to @size.
 */
static void stlb_expect_calls(struct kunit *test, unsigned long start,
			      unsigned long end, unsigned long size,
			      unsigned int min, unsigned int max)
{
	struct stlb *s = test->priv;
	unsigned int nr = min(s->nr_calls, STLB_MAX_CALLS);
	unsigned long first = round_down(start, size);
	unsigned long last = round_up(end, size);
	bool covered, wider;
	unsigned int i;

	covered = !s->nr_calls || stlb_covered(s, start, end);
	wider = stlb_wider(s, first, last);

	KUNIT_EXPECT_GE_MSG(test, s->nr_calls, min,
			    "stlb: kinds=unpaired: flushed too seldom");
	KUNIT_EXPECT_LE_MSG(test, s->nr_calls, max,
			    "stlb: kinds=double: flushed too often");
	KUNIT_EXPECT_TRUE_MSG(test, covered,
			      "stlb: kinds=short: [%#lx, %#lx) is not covered",
			      start, end);
	KUNIT_EXPECT_FALSE_MSG(test, wider,
			       "stlb: kinds=wide: wider than [%#lx, %#lx)",
			       first, last);
	KUNIT_EXPECT_FALSE_MSG(test, s->early,
			       "stlb: kinds=early: flushed before the entry changed");
	KUNIT_EXPECT_FALSE_MSG(test, s->freed,
			       "stlb: kinds=freed: flushed after the page was freed");

	if (s->nr_calls >= min && s->nr_calls <= max && covered && !wider)
		return;
	for (i = 0; i < nr; i++)
		kunit_info(test, "recorded [%#lx, %#lx)\n", s->calls[i].start,
			   s->calls[i].end);
}

static void stlb_expect_no_window(struct kunit *test)
{
	struct stlb *s = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, s->nr_windows, 0,
			    "stlb: kinds=startend: called a subscriber with only start and end");
}

static void stlb_expect(struct kunit *test, unsigned long start,
			unsigned long end, unsigned long size)
{
	stlb_expect_calls(test, start, end, size, 1, 1);
	stlb_expect_no_window(test);
}

static void stlb_expect_whole_mm(struct kunit *test)
{
	stlb_expect(test, 0, -1UL, 1);
}

/*
 * A page table is removed. Drivers drop page-walk caches with any range. A
 * RISC-V IOMMU without NL, like RISC-V CPUs, drops them only for all of the mm.
 */
static void stlb_expect_table(struct kunit *test, unsigned long start,
			      unsigned long end, unsigned long size)
{
	if (IS_ENABLED(CONFIG_RISCV))
		stlb_expect_whole_mm(test);
	else
		stlb_expect(test, start, end, size);
}

static struct mm_struct *stlb_mm_alloc(void)
{
	struct mm_struct *mm = mm_alloc();

	if (mm) {
		mm->task_size = TASK_SIZE;
		arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	}
	return mm;
}

static unsigned long stlb_vm_mmap(struct file *file, unsigned long len)
{
	unsigned long flags = MAP_FIXED | MAP_NORESERVE;

	flags |= file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	return vm_mmap(file, STLB_ADDR, len, PROT_READ | PROT_WRITE, flags, 0);
}

/* What mmap() does, for an mm that is not to be loaded. */
static unsigned long stlb_insert_vma(struct mm_struct *mm, struct file *file,
				     unsigned long len)
{
	unsigned long flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE |
			      VM_NORESERVE;
	struct vm_area_struct *vma;
	int ret;

	if (file)
		flags |= VM_SHARED | VM_MAYSHARE;

	vma = vm_area_alloc(mm);
	if (!vma)
		return -ENOMEM;

	mmap_write_lock(mm);
	vma->vm_start = STLB_ADDR;
	vma->vm_end = STLB_ADDR + len;
	stlb_vm_flags_set(vma, flags);
	vma->vm_page_prot = vm_get_page_prot(flags);
	if (file) {
		vma->vm_file = get_file(file);
		ret = mmap_file(file, vma);
		if (ret)
			goto err_free;
	} else {
		vma_set_anonymous(vma);
	}
	ret = insert_vm_struct(mm, vma);
	if (ret)
		goto err_free;
	mmap_write_unlock(mm);

	return STLB_ADDR;

err_free:
	mmap_write_unlock(mm);
	if (file)
		fput(file);
	vm_area_free(vma);
	return ret;
}

#ifdef CONFIG_X86
/* Is this CPU in lazy TLB mode, with the page tables of @mm still loaded? */
static bool stlb_is_lazy(struct mm_struct *mm)
{
	return this_cpu_read(cpu_tlbstate_shared.is_lazy) &&
	       this_cpu_read(cpu_tlbstate.loaded_mm) == mm;
}
#else
static bool stlb_is_lazy(struct mm_struct *mm) { return false; }
#endif

/*
 * Be a kernel thread that has no mm of its own. While it cannot be preempted,
 * only an interrupt can make the CPU unload the mm.
 */
static void stlb_be_lazy(struct stlb *s)
{
	kthread_unuse_mm(s->mm);

	preempt_disable();
	s->was_lazy = stlb_is_lazy(s->mm);
	complete(&s->lazy);
	while (READ_ONCE(s->be_lazy))
		cpu_relax();
	s->still_lazy = stlb_is_lazy(s->mm);
	preempt_enable();

	kthread_use_mm(s->mm);
	complete(&s->lazy);
}

/* Has the mm loaded, never sleeps, and does what it is asked to. */
static int stlb_thread(void *data)
{
	struct stlb *s = data;
	struct stlb_map *map;

	kthread_use_mm(s->mm);
	complete(&s->loaded);

	while (!kthread_should_stop()) {
		/* Pairs with the release in stlb_map(). */
		map = smp_load_acquire(&s->map);
		if (map) {
			s->map = NULL;
			map->ret = stlb_vm_mmap(map->file, map->len);
			complete(&map->done);
		}
		if (READ_ONCE(s->be_lazy))
			stlb_be_lazy(s);
		cpu_relax();
		cond_resched();
	}

	kthread_unuse_mm(s->mm);
	return 0;
}

static struct vm_area_struct *stlb_map(struct kunit *test, unsigned long len,
				       unsigned long flags)
{
	struct stlb *s = test->priv;
	struct stlb_map map = { .file = s->file, .len = len };
	struct vm_area_struct *vma;
	unsigned long addr;

	if (s->setting == STLB_NEVER) {
		addr = stlb_insert_vma(s->mm, s->file, len);
	} else if (s->setting == STLB_REMOTE || s->setting == STLB_LAZY) {
		init_completion(&map.done);
		/* Pairs with the acquire in stlb_thread(). */
		smp_store_release(&s->map, &map);
		wait_for_completion(&map.done);
		addr = map.ret;
	} else {
		kthread_use_mm(s->mm);
		addr = stlb_vm_mmap(s->file, len);
		kthread_unuse_mm(s->mm);
	}
	KUNIT_ASSERT_EQ(test, addr, STLB_ADDR);

	mmap_write_lock(s->mm);
	vma = find_vma(s->mm, addr);
	if (vma)
		stlb_vm_flags_set(vma, flags);
	mmap_write_unlock(s->mm);
	KUNIT_ASSERT_NOT_NULL(test, vma);

	return vma;
}

/* Touch a page as an I/O page fault would. */
static int stlb_fault_mm(struct mm_struct *mm, unsigned long addr)
{
	bool unlocked = false;
	int ret;

	mmap_read_lock(mm);
	ret = fixup_user_fault(mm, addr, FAULT_FLAG_WRITE, &unlocked);
	mmap_read_unlock(mm);
	return ret;
}

static int stlb_fault(struct stlb *s, unsigned long addr)
{
	return stlb_fault_mm(s->mm, addr);
}

/* An area of base pages, the first @nr of its second page table present. */
static struct vm_area_struct *stlb_map_pages(struct kunit *test,
					     unsigned int nr)
{
	struct vm_area_struct *vma = stlb_map(test, PUD_SIZE, VM_NOHUGEPAGE);
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ(test, 0,
				stlb_fault(test->priv, STLB_ADDR + PMD_SIZE +
						       i * PAGE_SIZE));
	return vma;
}

static pte_t *stlb_pte_lock(struct stlb *s, unsigned long addr)
	__acquires(s->ptl)
{
	return pte_offset_map_lock(s->mm, pmd_off(s->mm, addr), addr, &s->ptl);
}

static void stlb_pte_unlock(struct stlb *s, pte_t *ptep)
	__releases(s->ptl)
{
	pte_unmap_unlock(ptep, s->ptl);
}

/*
 * Flush what was gathered. Under a spinlock only this is allowed, since the
 * rest can sleep.
 */
static void stlb_gather_end(struct stlb *s, struct mmu_gather *tlb)
{
	if (s->setting == STLB_LOCKED) {
		tlb_flush_mmu_tlbonly(tlb);
		stlb_end(s);
		tlb_finish_mmu(tlb);
	} else {
		tlb_finish_mmu(tlb);
		stlb_end(s);
	}
}

/*
 * Base pages
 */
static void test_flush_tlb_mm(struct kunit *test)
{
	struct stlb *s = test->priv;

	stlb_map_pages(test, 1);

	stlb_begin(s);
	flush_tlb_mm(s->mm);
	stlb_end(s);

	stlb_expect_whole_mm(test);
}

static void test_flush_tlb_range(struct kunit *test)
{
	const struct stlb_param *param = test->param_value;
	const struct stlb_range *range = param->range;
	struct vm_area_struct *vma = stlb_map_pages(test, 1);
	struct stlb *s = test->priv;
	unsigned long start, end;

	start = STLB_ADDR + PMD_SIZE + range->first * PAGE_SIZE;
	end = range->nr ? start + range->nr * PAGE_SIZE : vma->vm_end;
	start += range->skew;
	end -= range->skew;

	stlb_begin(s);
	flush_tlb_range(vma, start, end);
	stlb_end(s);

	stlb_expect(test, start, end, PAGE_SIZE);
}

static void test_flush_tlb_page(struct kunit *test)
{
	struct vm_area_struct *vma = stlb_map_pages(test, 1);
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;

	stlb_begin(s);
	flush_tlb_page(vma, addr);
	stlb_end(s);

	stlb_expect(test, addr, addr + PAGE_SIZE, PAGE_SIZE);
}

static void test_ptep_clear_flush(struct kunit *test)
{
	struct vm_area_struct *vma = stlb_map_pages(test, 1);
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;
	pte_t *ptep;
	pte_t pte;

	stlb_begin(s);
	ptep = stlb_pte_lock(s, addr);
	stlb_watch_entry(s, ptep);
	pte = ptep_clear_flush(vma, addr, ptep);
	set_pte_at(s->mm, addr, ptep, pte);
	stlb_pte_unlock(s, ptep);
	stlb_end(s);

	stlb_expect(test, addr, addr + PAGE_SIZE, PAGE_SIZE);
}

/*
 * A page that looks older than it is does no harm. That is not worth a command
 * to a device, for which a CPU has to wait.
 */
static void test_ptep_clear_flush_young(struct kunit *test)
{
	struct vm_area_struct *vma = stlb_map_pages(test, 1);
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;
	pte_t *ptep;
	bool young;

	stlb_begin(s);
	ptep = stlb_pte_lock(s, addr);
	stlb_watch_entry(s, ptep);
	young = ptep_clear_flush_young(vma, addr, ptep);
	stlb_pte_unlock(s, ptep);
	stlb_end(s);

	KUNIT_EXPECT_TRUE(test, young);
	stlb_expect_calls(test, addr, addr + PAGE_SIZE, PAGE_SIZE, 0, 0);
	stlb_expect_no_window(test);
}

/*
 * Where an IOMMU walks the page table again before it reports a fault, nothing
 * has to be flushed when a permission is added.
 */
static void test_ptep_set_access_flags(struct kunit *test)
{
	struct vm_area_struct *vma = stlb_map_pages(test, 1);
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;
	int changed;
	pte_t *ptep;
	pte_t pte;

	stlb_begin(s);
	ptep = stlb_pte_lock(s, addr);
	pte = ptep_get(ptep);
	ptep_set_wrprotect(s->mm, addr, ptep);
	stlb_prepared(s);
	stlb_watch_entry(s, ptep);
	changed = ptep_set_access_flags(vma, addr, ptep, pte, 1);
	stlb_pte_unlock(s, ptep);
	stlb_end(s);

	KUNIT_EXPECT_TRUE(test, changed);
	stlb_expect_calls(test, addr, addr + PAGE_SIZE, PAGE_SIZE,
			  STLB_MIN_RELAX_CALLS, 1);
	stlb_expect_no_window(test);
}

/*
 * A device has taken a write fault on a page that is already writable and
 * dirty. Its old entry has to be dropped for the device to make progress.
 */
#ifdef STLB_SVA_FAULT
static void test_sva_write_fault(struct kunit *test)
{
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;
	int ret;

	stlb_map_pages(test, 1);
	stlb_begin(s);
	ret = stlb_sva_write_fault(s->mm, addr + 8);
	stlb_end(s);

	KUNIT_EXPECT_EQ(test, ret, 0);
	stlb_expect_calls(test, addr, addr + PAGE_SIZE, PAGE_SIZE, 1, 1);
	stlb_expect_no_window(test);
}
#else
static void test_sva_write_fault(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_IOMMU_SVA");
}
#endif

static void test_gather_pages(struct kunit *test)
{
	struct vm_area_struct *vma = stlb_map_pages(test, 3);
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;
	struct mmu_gather tlb;
	struct page *page;
	pte_t pte[3];
	pte_t *ptep;
	int i;

	page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	get_page(page);

	stlb_begin(s);
	tlb_gather_mmu(&tlb, s->mm);
	tlb_start_vma(&tlb, vma);
	tlb_change_page_size(&tlb, PAGE_SIZE);
	ptep = stlb_pte_lock(s, addr);
	stlb_watch_entry(s, ptep);
	stlb_watch_page(s, page);
	for (i = 0; i < ARRAY_SIZE(pte); i++) {
		pte[i] = ptep_get_and_clear(s->mm, addr + i * PAGE_SIZE,
					    ptep + i);
		tlb_remove_tlb_entry(&tlb, ptep + i, addr + i * PAGE_SIZE);
	}
	stlb_pte_unlock(s, ptep);
	tlb_remove_page(&tlb, page);
	stlb_gather_end(s, &tlb);
	put_page(page);

	ptep = stlb_pte_lock(s, addr);
	for (i = 0; i < ARRAY_SIZE(pte); i++)
		set_pte_at(s->mm, addr + i * PAGE_SIZE, ptep + i, pte[i]);
	stlb_pte_unlock(s, ptep);

	stlb_expect(test, addr, addr + 3 * PAGE_SIZE, PAGE_SIZE);
}

/* Hand a page table, of which no entry is left, to the gather. */
static void stlb_free_pte_table(struct mmu_gather *tlb, pgtable_t table,
				unsigned long addr)
{
	tlb_change_page_size(tlb, PAGE_SIZE);
	pte_free_tlb(tlb, table, addr);
}

static void stlb_gather_pte_table(struct kunit *test)
{
	struct stlb *s = test->priv;
	struct mmu_gather tlb;
	pgtable_t table;

	stlb_map_pages(test, 1);
	table = pte_alloc_one(s->mm);
	KUNIT_ASSERT_NOT_NULL(test, table);

	stlb_begin(s);
	tlb_gather_mmu(&tlb, s->mm);
	stlb_free_pte_table(&tlb, table, STLB_ADDR + PMD_SIZE);
	stlb_gather_end(s, &tlb);
}

/*
 * A page table may be freed once the secondary TLB has dropped its walk cache
 * for the table. A flush of any address that the table maps is enough.
 */
static void test_gather_pte_table(struct kunit *test)
{
	unsigned long addr = STLB_ADDR + PMD_SIZE;

	stlb_gather_pte_table(test);
	stlb_expect_table(test, addr, addr + PAGE_SIZE, PMD_SIZE);
}

#if CONFIG_PGTABLE_LEVELS > 2
static void stlb_free_pmd_table(struct mmu_gather *tlb, pmd_t *table,
				unsigned long addr)
{
	tlb_change_page_size(tlb, PAGE_SIZE);
	pmd_free_tlb(tlb, table, addr);
}

static void test_gather_pmd_table(struct kunit *test)
{
	struct stlb *s = test->priv;
	struct mmu_gather tlb;
	pmd_t *table;

	stlb_map_pages(test, 1);
	table = pmd_alloc_one(s->mm, STLB_ADDR);
	KUNIT_ASSERT_NOT_NULL(test, table);

	stlb_begin(s);
	tlb_gather_mmu(&tlb, s->mm);
	stlb_free_pmd_table(&tlb, table, STLB_ADDR);
	stlb_gather_end(s, &tlb);

	stlb_expect_table(test, STLB_ADDR, STLB_ADDR + PAGE_SIZE, PUD_SIZE);
}
#else
static void test_gather_pmd_table(struct kunit *test)
{
	kunit_skip(test, "has no PMD tables");
}
#endif

/* An address space that is freed as a whole, with its tables. */
static void test_gather_fullmm(struct kunit *test)
{
	struct stlb *s = test->priv;
	struct mmu_gather tlb;
	pgtable_t table;

	stlb_map_pages(test, 1);
	table = pte_alloc_one(s->mm);
	KUNIT_ASSERT_NOT_NULL(test, table);

	stlb_begin(s);
	tlb_gather_mmu_fullmm(&tlb, s->mm);
	stlb_free_pte_table(&tlb, table, STLB_ADDR + PMD_SIZE);
	stlb_gather_end(s, &tlb);

	stlb_expect_whole_mm(test);
}

/*
 * While another thread gathers from the same mm, tlb_finish_mmu() flushes all
 * of the mm: the other thread has cleared entries that this one passed over,
 * and they are not known.
 */
static void test_gather_nested(struct kunit *test)
{
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;
	struct mmu_gather other, tlb;
	pgtable_t table;

	stlb_map_pages(test, 1);
	table = pte_alloc_one(s->mm);
	KUNIT_ASSERT_NOT_NULL(test, table);

	tlb_gather_mmu(&other, s->mm);
	stlb_begin(s);
	tlb_gather_mmu(&tlb, s->mm);
	stlb_free_pte_table(&tlb, table, addr);
	stlb_gather_end(s, &tlb);
	tlb_finish_mmu(&other);

	stlb_expect_whole_mm(test);
}

/* Where base pages are large, huge pages and tables map more than 4 GiB. */
static void test_gather_large(struct kunit *test)
{
	unsigned long addr = STLB_ADDR;
	struct stlb *s = test->priv;
	struct mmu_gather tlb;
	bool covered;

	stlb_map_pages(test, 1);

	stlb_begin(s);
	tlb_gather_mmu(&tlb, s->mm);
	tlb_flush_pud_range(&tlb, addr, SZ_16G);
	stlb_gather_end(s, &tlb);

	/* Some architectures are right to flush all of the mm for that much. */
	covered = stlb_covered(s, addr, addr + SZ_16G);
	KUNIT_EXPECT_GE_MSG(test, s->nr_calls, 1,
			    "stlb: kinds=unpaired: flushed too seldom");
	KUNIT_EXPECT_LE_MSG(test, s->nr_calls, 1,
			    "stlb: kinds=double: flushed too often");
	KUNIT_EXPECT_TRUE_MSG(test, !s->nr_calls || covered,
			      "stlb: kinds=short: [%#lx, %#lx) is not covered",
			      addr, (unsigned long)(addr + SZ_16G));
	stlb_expect_no_window(test);
}

/*
 * Transparent huge pages
 */
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static struct vm_area_struct *stlb_map_thp(struct kunit *test, pmd_t **pmdp)
{
	struct vm_area_struct *vma = stlb_map(test, PMD_SIZE, VM_HUGEPAGE);
	struct stlb *s = test->priv;

	KUNIT_ASSERT_EQ(test, 0, stlb_fault(s, STLB_ADDR));
	*pmdp = pmd_off(s->mm, STLB_ADDR);
	if (!pmd_trans_huge(READ_ONCE(**pmdp)))
		kunit_skip(test, "no transparent huge page");
	return vma;
}

static void test_flush_pmd_tlb_range(struct kunit *test)
{
	unsigned long addr = STLB_ADDR;
	struct vm_area_struct *vma;
	struct stlb *s = test->priv;
	pmd_t *pmdp;

	vma = stlb_map_thp(test, &pmdp);

	stlb_begin(s);
	flush_pmd_tlb_range(vma, addr, addr + HPAGE_PMD_SIZE);
	stlb_end(s);

	stlb_expect(test, addr, addr + HPAGE_PMD_SIZE, HPAGE_PMD_SIZE);
}

static void stlb_test_huge_pmd(struct kunit *test,
			       pmd_t (*clear)(struct vm_area_struct *vma,
					      unsigned long addr, pmd_t *pmdp))
{
	unsigned long addr = STLB_ADDR;
	struct vm_area_struct *vma;
	struct stlb *s = test->priv;
	pmd_t *pmdp;
	pmd_t pmd;

	vma = stlb_map_thp(test, &pmdp);

	stlb_begin(s);
	s->ptl = pmd_lock(s->mm, pmdp);
	stlb_watch_entry(s, pmdp);
	pmd = clear(vma, addr, pmdp);
	set_pmd_at(s->mm, addr, pmdp, pmd);
	spin_unlock(s->ptl);
	stlb_end(s);

	stlb_expect(test, addr, addr + HPAGE_PMD_SIZE, HPAGE_PMD_SIZE);
}

static void test_pmdp_huge_clear_flush(struct kunit *test)
{
	stlb_test_huge_pmd(test, pmdp_huge_clear_flush);
}

static void test_pmdp_invalidate(struct kunit *test)
{
	stlb_test_huge_pmd(test, pmdp_invalidate);
}

/* A table of base pages is removed. */
static void test_pmdp_collapse_flush(struct kunit *test)
{
	struct vm_area_struct *vma = stlb_map_pages(test, 1);
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;
	pmd_t *pmdp;
	pmd_t pmd;

	if (!has_transparent_hugepage())
		kunit_skip(test, "no transparent huge pages");
	pmdp = pmd_off(s->mm, addr);

	stlb_begin(s);
	s->ptl = pmd_lock(s->mm, pmdp);
	stlb_watch_entry(s, pmdp);
	pmd = pmdp_collapse_flush(vma, addr, pmdp);
	pmd_populate(s->mm, pmdp, pmd_pgtable(pmd));
	spin_unlock(s->ptl);
	stlb_end(s);

	stlb_expect_table(test, addr, addr + PMD_SIZE, PMD_SIZE);
}

static void test_gather_thp(struct kunit *test)
{
	unsigned long addr = STLB_ADDR;
	struct vm_area_struct *vma;
	struct stlb *s = test->priv;
	struct mmu_gather tlb;
	pmd_t *pmdp;
	pmd_t pmd;

	vma = stlb_map_thp(test, &pmdp);

	stlb_begin(s);
	tlb_gather_mmu(&tlb, s->mm);
	tlb_start_vma(&tlb, vma);
	tlb_change_page_size(&tlb, HPAGE_PMD_SIZE);
	s->ptl = pmd_lock(s->mm, pmdp);
	stlb_watch_entry(s, pmdp);
	pmd = pmdp_huge_get_and_clear(s->mm, addr, pmdp);
	tlb_remove_pmd_tlb_entry(&tlb, pmdp, addr);
	spin_unlock(s->ptl);
	stlb_gather_end(s, &tlb);
	spin_lock(s->ptl);
	set_pmd_at(s->mm, addr, pmdp, pmd);
	spin_unlock(s->ptl);

	stlb_expect(test, addr, addr + HPAGE_PMD_SIZE, HPAGE_PMD_SIZE);
}
#else
static void stlb_no_thp(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_TRANSPARENT_HUGEPAGE");
}

#define test_flush_pmd_tlb_range	stlb_no_thp
#define test_pmdp_huge_clear_flush	stlb_no_thp
#define test_pmdp_invalidate		stlb_no_thp
#define test_pmdp_collapse_flush	stlb_no_thp
#define test_gather_thp			stlb_no_thp
#endif

#if defined(CONFIG_TRANSPARENT_HUGEPAGE) && \
	defined(CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD)
static void test_flush_pud_tlb_range(struct kunit *test)
{
	struct vm_area_struct *vma = stlb_map_pages(test, 1);
	unsigned long addr = STLB_ADDR;
	struct stlb *s = test->priv;

	stlb_begin(s);
	flush_pud_tlb_range(vma, addr, addr + HPAGE_PUD_SIZE);
	stlb_end(s);

	stlb_expect(test, addr, addr + HPAGE_PUD_SIZE, HPAGE_PUD_SIZE);
}

/*
 * Only device memory is mapped so. Make an entry that cannot be used from user
 * space, so that the pages are not counted as mapped.
 */
static void test_pudp_huge_clear_flush(struct kunit *test)
{
	struct vm_area_struct *vma = stlb_map(test, PUD_SIZE, VM_NOHUGEPAGE);
	unsigned long addr = STLB_ADDR;
	struct stlb *s = test->priv;
	unsigned long pfn;
	p4d_t *p4dp;
	pud_t *pudp;
	pud_t pud;

	if (!has_transparent_hugepage())
		kunit_skip(test, "no transparent huge pages");

	p4dp = p4d_alloc(s->mm, pgd_offset(s->mm, addr), addr);
	KUNIT_ASSERT_NOT_NULL(test, p4dp);
	pudp = pud_alloc(s->mm, p4dp, addr);
	KUNIT_ASSERT_NOT_NULL(test, pudp);

	pfn = round_down(page_to_pfn(ZERO_PAGE(0)), PUD_SIZE >> PAGE_SHIFT);
	pud = pud_mkhuge(pfn_pud(pfn, PAGE_KERNEL));

	stlb_begin(s);
	s->ptl = pud_lock(s->mm, pudp);
	set_pud_at(s->mm, addr, pudp, pud);
	stlb_watch_entry(s, pudp);
	pudp_huge_clear_flush(vma, addr, pudp);
	spin_unlock(s->ptl);
	stlb_end(s);

	stlb_expect(test, addr, addr + HPAGE_PUD_SIZE, HPAGE_PUD_SIZE);
}
#else
static void stlb_no_pud(struct kunit *test)
{
	kunit_skip(test, "has no huge pages of a PUD");
}

#define test_flush_pud_tlb_range	stlb_no_pud
#define test_pudp_huge_clear_flush	stlb_no_pud
#endif

/*
 * hugetlb, every size that there is
 */
#ifdef CONFIG_HUGETLBFS
/* Two huge pages of address space. */
static struct vm_area_struct *stlb_map_huge(struct kunit *test)
{
	const struct stlb_param *param = test->param_value;
	struct stlb *s = test->priv;
	struct file *file;
	struct hstate *h;

	h = &hstates[param->hstate_idx];

	file = hugetlb_file_setup("secondary_tlb", 2 * huge_page_size(h),
				  STLB_NORESERVE, HUGETLB_ANONHUGE_INODE,
				  huge_page_shift(h));
	if (IS_ERR(file))
		kunit_skip(test, "no hugetlbfs");
	s->file = file;

	return stlb_map(test, 2 * huge_page_size(h), 0);
}

/* The same with the first page present. */
static struct vm_area_struct *stlb_map_huge_page(struct kunit *test,
						 pte_t **ptep)
{
	struct vm_area_struct *vma = stlb_map_huge(test);
	struct stlb *s = test->priv;

	if (stlb_fault(s, STLB_ADDR))
		kunit_skip(test, "no huge page");
	*ptep = huge_pte_offset(s->mm, STLB_ADDR,
				huge_page_size(hstate_vma(vma)));
	KUNIT_ASSERT_NOT_NULL(test, *ptep);
	return vma;
}

/* riscv flushes to install an entry of several PTEs, even where there was none. */
static void stlb_put_back(struct stlb *s, pte_t *ptep, pte_t pte,
			  unsigned long size)
{
	s->recording = false;
	stlb_set_huge_pte_at(s->mm, STLB_ADDR, ptep, pte, size);
}

static void test_flush_tlb_range_huge(struct kunit *test)
{
	struct vm_area_struct *vma = stlb_map_huge(test);
	unsigned long size = huge_page_size(hstate_vma(vma));
	struct stlb *s = test->priv;

	stlb_begin(s);
	flush_tlb_range(vma, vma->vm_start, vma->vm_end);
	stlb_end(s);

	stlb_expect(test, STLB_ADDR, STLB_ADDR + 2 * size, size);
}

static void test_flush_hugetlb_tlb_range(struct kunit *test)
{
	struct vm_area_struct *vma = stlb_map_huge(test);
	unsigned long size = huge_page_size(hstate_vma(vma));
	struct stlb *s = test->priv;

	stlb_begin(s);
	flush_hugetlb_tlb_range(vma, STLB_ADDR + size, vma->vm_end);
	stlb_end(s);

	stlb_expect(test, STLB_ADDR + size, STLB_ADDR + 2 * size, size);
}

static void test_huge_ptep_clear_flush(struct kunit *test)
{
	struct vm_area_struct *vma;
	struct stlb *s = test->priv;
	unsigned long size;
	pte_t *ptep;
	pte_t pte;

	vma = stlb_map_huge_page(test, &ptep);
	size = huge_page_size(hstate_vma(vma));

	stlb_begin(s);
	s->ptl = huge_pte_lock(hstate_vma(vma), s->mm, ptep);
	stlb_watch_entry(s, ptep);
	pte = huge_ptep_clear_flush(vma, STLB_ADDR, ptep);
	stlb_put_back(s, ptep, pte, size);
	spin_unlock(s->ptl);
	stlb_end(s);

	stlb_expect(test, STLB_ADDR, STLB_ADDR + size, size);
}

static void test_huge_ptep_set_access_flags(struct kunit *test)
{
	struct vm_area_struct *vma;
	struct stlb *s = test->priv;
	unsigned long size;
	int changed;
	pte_t *ptep;
	pte_t pte;

	vma = stlb_map_huge_page(test, &ptep);
	size = huge_page_size(hstate_vma(vma));

	stlb_begin(s);
	s->ptl = huge_pte_lock(hstate_vma(vma), s->mm, ptep);
	pte = stlb_huge_ptep_get(s->mm, STLB_ADDR, ptep);
	huge_ptep_set_wrprotect(s->mm, STLB_ADDR, ptep);
	stlb_prepared(s);
	stlb_watch_entry(s, ptep);
	changed = huge_ptep_set_access_flags(vma, STLB_ADDR, ptep, pte, 1);
	spin_unlock(s->ptl);
	stlb_end(s);

	KUNIT_EXPECT_TRUE(test, changed);
	stlb_expect_calls(test, STLB_ADDR, STLB_ADDR + size, size,
			  STLB_MIN_RELAX_CALLS, 1);
	stlb_expect_no_window(test);
}

static void test_gather_hugetlb(struct kunit *test)
{
	struct vm_area_struct *vma;
	struct stlb *s = test->priv;
	struct mmu_gather tlb;
	unsigned long size;
	struct hstate *h;
	pte_t *ptep;
	pte_t pte;

	vma = stlb_map_huge_page(test, &ptep);
	h = hstate_vma(vma);
	size = huge_page_size(h);

	stlb_begin(s);
	tlb_gather_mmu(&tlb, s->mm);
	tlb_start_vma(&tlb, vma);
	tlb_change_page_size(&tlb, size);
	s->ptl = huge_pte_lock(h, s->mm, ptep);
	stlb_watch_entry(s, ptep);
	pte = stlb_huge_ptep_get_and_clear(s->mm, STLB_ADDR, ptep, size);
	tlb_remove_huge_tlb_entry(h, &tlb, ptep, STLB_ADDR);
	spin_unlock(s->ptl);
	stlb_gather_end(s, &tlb);
	spin_lock(s->ptl);
	stlb_put_back(s, ptep, pte, size);
	spin_unlock(s->ptl);

	stlb_expect(test, STLB_ADDR, STLB_ADDR + size, size);
}

#ifdef STLB_PMD_SHARING
/* Map a page through a PMD table that another mm has as well. */
static struct vm_area_struct *stlb_map_shared_table(struct kunit *test,
						    pte_t **ptep)
{
	struct hstate *h = size_to_hstate(PMD_SIZE);
	struct stlb *s = test->priv;
	struct vm_area_struct *vma;
	unsigned long addr;
	struct file *file;

	if (!h)
		kunit_skip(test, "no huge pages of a PMD");
	file = hugetlb_file_setup("secondary_tlb", PUD_SIZE, STLB_NORESERVE,
				  HUGETLB_ANONHUGE_INODE, PMD_SHIFT);
	if (IS_ERR(file))
		kunit_skip(test, "no hugetlbfs");
	s->file = file;

	s->sharer = stlb_mm_alloc();
	KUNIT_ASSERT_NOT_NULL(test, s->sharer);
	/* Only VMAs with the same flags can share a table. */
	if (s->setting == STLB_NEVER) {
		addr = stlb_insert_vma(s->sharer, file, PUD_SIZE);
	} else {
		kthread_use_mm(s->sharer);
		addr = stlb_vm_mmap(file, PUD_SIZE);
		kthread_unuse_mm(s->sharer);
	}
	KUNIT_ASSERT_EQ(test, addr, STLB_ADDR);
	if (stlb_fault_mm(s->sharer, STLB_ADDR))
		kunit_skip(test, "no huge page");

	vma = stlb_map(test, PUD_SIZE, 0);
	KUNIT_ASSERT_EQ(test, 0, stlb_fault(s, STLB_ADDR));
	*ptep = huge_pte_offset(s->mm, STLB_ADDR, PMD_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, *ptep);
	KUNIT_ASSERT_PTR_EQ(test, *ptep,
			    huge_pte_offset(s->sharer, STLB_ADDR, PMD_SIZE));
	return vma;
}

/* Give up the table, as munmap(), mprotect() and others do. */
static void stlb_unshare(struct kunit *test)
{
	struct address_space *mapping;
	struct vm_area_struct *vma;
	struct stlb *s = test->priv;
	struct mmu_gather tlb;
	int unshared;
	pte_t *ptep;

	vma = stlb_map_shared_table(test, &ptep);
	mapping = vma->vm_file->f_mapping;

	stlb_begin(s);
	stlb_watch_entry(s, pud_offset(p4d_offset(pgd_offset(s->mm, STLB_ADDR),
						  STLB_ADDR), STLB_ADDR));
	hugetlb_vma_lock_write(vma);
	i_mmap_lock_write(mapping);
	tlb_gather_mmu_vma(&tlb, vma);
	s->ptl = huge_pte_lock(hstate_vma(vma), s->mm, ptep);
	unshared = huge_pmd_unshare(&tlb, vma, STLB_ADDR, ptep);
	spin_unlock(s->ptl);
	huge_pmd_unshare_flush(&tlb, vma);
	i_mmap_unlock_write(mapping);
	hugetlb_vma_unlock_write(vma);
	stlb_gather_end(s, &tlb);

	KUNIT_EXPECT_EQ(test, unshared, 1);
}

/*
 * Another mm keeps the page table. Only that mm is flushed before the table is
 * freed, so all that has cached the table for this mm has to be flushed now.
 */
static void test_huge_pmd_unshare(struct kunit *test)
{
	stlb_unshare(test);
	stlb_expect_table(test, STLB_ADDR, STLB_ADDR + PUD_SIZE, PUD_SIZE);
}
#else
static void stlb_unshare(struct kunit *test)
{
	kunit_skip(test, "shares no page tables");
}

#define test_huge_pmd_unshare		stlb_unshare
#endif

/* Let huge pages be allocated as they are needed. */
static unsigned long stlb_overcommit[HUGE_MAX_HSTATE];

static void stlb_huge_init(void)
{
	struct hstate *h;

	for_each_hstate(h) {
		stlb_overcommit[h - hstates] = h->nr_overcommit_huge_pages;
		if (!hstate_is_gigantic(h))
			h->nr_overcommit_huge_pages += 2;
	}
}

static void stlb_huge_exit(void)
{
	struct hstate *h;

	for_each_hstate(h)
		h->nr_overcommit_huge_pages = stlb_overcommit[h - hstates];
}

static unsigned long stlb_huge_size(unsigned int i)
{
	return i < hugetlb_max_hstate ? huge_page_size(&hstates[i]) : 0;
}
#else
static void stlb_no_hugetlb(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_HUGETLBFS");
}

#define test_flush_tlb_range_huge	stlb_no_hugetlb
#define test_flush_hugetlb_tlb_range	stlb_no_hugetlb
#define test_huge_ptep_clear_flush	stlb_no_hugetlb
#define test_huge_ptep_set_access_flags	stlb_no_hugetlb
#define test_gather_hugetlb		stlb_no_hugetlb
#define test_huge_pmd_unshare		stlb_no_hugetlb
#define stlb_unshare			stlb_no_hugetlb

static void stlb_huge_init(void) { }
static void stlb_huge_exit(void) { }
static unsigned long stlb_huge_size(unsigned int i) { return 0; }
#endif

/*
 * Contiguous PTEs, which share an entry of the TLB (arm64)
 */
#ifdef CONFIG_ARM64_CONTPTE
#define STLB_CONT_ORDER		(CONT_PTE_SHIFT - PAGE_SHIFT)

/*
 * A block of pages that were never written to, and that nothing else uses.
 * Begins the flush and returns with the page table locked.
 */
static pte_t *stlb_map_contpte(struct kunit *test, struct page **page,
			       struct vm_area_struct **vma)
{
	pgprot_t prot = vm_get_page_prot(VM_READ | VM_WRITE | VM_SHARED);
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;
	pte_t *ptep;

	/* There has to be a table. */
	*vma = stlb_map_pages(test, 0);
	KUNIT_ASSERT_EQ(test, 0, stlb_fault(s, addr + CONT_PTE_SIZE));
	*page = alloc_pages(GFP_KERNEL | __GFP_COMP, STLB_CONT_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, *page);

	stlb_begin(s);
	ptep = stlb_pte_lock(s, addr);
	set_ptes(s->mm, addr, ptep,
		 pte_mkyoung(pfn_pte(page_to_pfn(*page), prot)), CONT_PTES);
	return ptep;
}

static void stlb_unmap_contpte(struct stlb *s, struct page *page)
{
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	unsigned int i;
	pte_t *ptep;

	ptep = stlb_pte_lock(s, addr);
	for (i = 0; i < CONT_PTES; i++)
		pte_clear(s->mm, addr + i * PAGE_SIZE, ptep + i);
	stlb_pte_unlock(s, ptep);
	flush_tlb_mm(s->mm);
	__free_pages(page, STLB_CONT_ORDER);
}

/*
 * An IOMMU that does not update the dirty state may still have the page as
 * read-only, if no callback was made. Its write fault has to drop the entry.
 */
static void stlb_expect_write_fault(struct kunit *test, bool relaxed,
				    unsigned long addr)
{
#ifdef STLB_SVA_FAULT
	struct stlb *s = test->priv;

	/* The page fault handler sleeps. */
	if (!relaxed || s->setting == STLB_LOCKED)
		return;
	stlb_begin(s);
	KUNIT_EXPECT_EQ(test, stlb_sva_write_fault(s->mm, addr), 0);
	stlb_end(s);
	stlb_expect_calls(test, addr, addr + PAGE_SIZE, PAGE_SIZE, 1, 1);
#endif
}

/*
 * One page of the block is dirty. Unfolding the block makes all of them dirty,
 * with a flush of the block unless the CPUs need none (BBML3). Then the page is
 * flushed.
 */
static void test_contpte_clear_flush(struct kunit *test)
{
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct vm_area_struct *vma;
	struct stlb *s = test->priv;
	struct page *page;
	bool relaxed;
	pte_t *ptep;

	ptep = stlb_map_contpte(test, &page, &vma);
	WRITE_ONCE(ptep[3], pte_mkdirty(READ_ONCE(ptep[3])));
	ptep_clear_flush(vma, addr + PAGE_SIZE, ptep + 1);
	relaxed = !pte_rdonly(READ_ONCE(ptep[0]));
	stlb_pte_unlock(s, ptep);
	stlb_end(s);

	stlb_expect_calls(test, addr + PAGE_SIZE, addr + 2 * PAGE_SIZE,
			  CONT_PTE_SIZE, 1, 2);
	stlb_expect_no_window(test);
	stlb_expect_write_fault(test, relaxed, addr);
	stlb_unmap_contpte(s, page);
}

/* A read fault makes all of them dirty, too, with no flush of the CPUs at all. */
static void test_contpte_set_access_flags(struct kunit *test)
{
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct vm_area_struct *vma;
	struct stlb *s = test->priv;
	struct page *page;
	bool relaxed;
	pte_t *ptep;

	ptep = stlb_map_contpte(test, &page, &vma);
	WRITE_ONCE(ptep[3], pte_mkdirty(READ_ONCE(ptep[3])));
	ptep_set_access_flags(vma, addr, ptep, ptep_get(ptep), 0);
	relaxed = !pte_rdonly(READ_ONCE(ptep[1]));
	stlb_pte_unlock(s, ptep);
	stlb_end(s);

	stlb_expect_calls(test, addr, addr + CONT_PTE_SIZE, CONT_PTE_SIZE, 0, 1);
	stlb_expect_no_window(test);
	stlb_expect_write_fault(test, relaxed, addr + PAGE_SIZE);
	stlb_unmap_contpte(s, page);
}
#else
static void stlb_no_contpte(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_ARM64_CONTPTE");
}

#define test_contpte_clear_flush	stlb_no_contpte
#define test_contpte_set_access_flags	stlb_no_contpte
#endif

/*
 * Batched unmap, as reclaim does it
 */
static void stlb_unmap_page(struct stlb *s, unsigned long addr)
{
	struct folio *folio;
	pte_t *ptep;

	ptep = stlb_pte_lock(s, addr);
	folio = page_folio(pte_page(ptep_get(ptep)));
	folio_get(folio);
	stlb_pte_unlock(s, ptep);

	folio_lock(folio);
	try_to_unmap(folio, TTU_BATCH_FLUSH);
	folio_unlock(folio);
	folio_put(folio);
}

/* Map pages of a file, unmap them again and begin the flush. */
static void stlb_unmap_begin(struct kunit *test)
{
	struct stlb *s = test->priv;
	struct file *file;
	unsigned int i;

	file = shmem_kernel_file_setup("secondary_tlb", PUD_SIZE,
				       STLB_NORESERVE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	s->file = file;
	stlb_map_pages(test, STLB_BATCH_PAGES);

	stlb_begin(s);
	for (i = 0; i < STLB_BATCH_PAGES; i++)
		stlb_unmap_page(s, STLB_ADDR + PMD_SIZE + i * PAGE_SIZE);
}

static void stlb_expect_unmapped(struct kunit *test)
{
	struct stlb *s = test->priv;
	unsigned int i;
	pte_t *ptep;

	for (i = 0; i < STLB_BATCH_PAGES; i++) {
		ptep = stlb_pte_lock(s, STLB_ADDR + PMD_SIZE + i * PAGE_SIZE);
		KUNIT_EXPECT_TRUE(test, pte_none(ptep_get(ptep)));
		stlb_pte_unlock(s, ptep);
	}
}

/* One for each range that is added to the batch, and none for the batch. */
static void test_try_to_unmap(struct kunit *test)
{
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;

	stlb_unmap_begin(test);
	try_to_unmap_flush();
	stlb_end(s);

	stlb_expect_unmapped(test);
	stlb_expect_calls(test, addr, addr + STLB_BATCH_PAGES * PAGE_SIZE,
			  PAGE_SIZE, STLB_BATCH_PAGES, STLB_BATCH_PAGES);
}

/* A CPU may still have to flush what was unmapped. */
static bool stlb_batch_is_pending(struct mm_struct *mm)
{
#ifdef CONFIG_ARCH_WANT_BATCHED_UNMAP_TLB_FLUSH
	/* The mm is new: so is what was counted. */
	return atomic_read(&mm->tlb_flush_batched);
#else
	return false;
#endif
}

/* What a CPU may still have to flush, the secondary TLB has flushed. */
static void test_flush_tlb_batched_pending(struct kunit *test)
{
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;
	unsigned int nr_calls;
	bool pending;
	pte_t *ptep;

	stlb_unmap_begin(test);
	pending = stlb_batch_is_pending(s->mm);
	nr_calls = s->nr_calls;
	ptep = stlb_pte_lock(s, addr);
	flush_tlb_batched_pending(s->mm);
	stlb_pte_unlock(s, ptep);
	nr_calls = s->nr_calls - nr_calls;
	try_to_unmap_flush();
	stlb_end(s);

	stlb_expect_unmapped(test);
	if (!pending)
		kunit_skip(test, "unmaps are not batched here");
	KUNIT_EXPECT_EQ_MSG(test, nr_calls, 0,
			    "stlb: kinds=double: flushed a second time");
}

/*
 * CPUs in lazy TLB mode (x86)
 */
#ifdef CONFIG_X86
struct stlb_lazy {
	const char *name;
	void (*gather)(struct kunit *test);
	bool flushed;
};

static void stlb_gather_page(struct kunit *test)
{
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;
	struct mmu_gather tlb;

	stlb_map_pages(test, 1);

	stlb_begin(s);
	tlb_gather_mmu(&tlb, s->mm);
	tlb_change_page_size(&tlb, PAGE_SIZE);
	tlb_flush_pte_range(&tlb, addr, PAGE_SIZE);
	stlb_gather_end(s, &tlb);
}

/*
 * A CPU that runs a kernel thread translates no user address, and flushes when
 * it goes back to the mm. So it need not be interrupted when a page is
 * unmapped. But it may walk page tables speculatively, from its walk cache.
 * When a table is freed or unshared, it has to unload the mm.
 */
static const struct stlb_lazy stlb_lazy[] = {
	{ "page", stlb_gather_page, false },
	{ "freed table", stlb_gather_pte_table, true },
	{ "unshared table", stlb_unshare, true },
};

static void test_gather_lazy(struct kunit *test)
{
	const struct stlb_param *param = test->param_value;
	struct stlb *s = test->priv;

#ifdef CONFIG_PARAVIRT
	if (pv_ops.mmu.flush_tlb_multi != native_flush_tlb_multi)
		kunit_skip(test, "the hypervisor flushes");
#endif
	param->lazy->gather(test);

	if (!s->was_lazy)
		kunit_skip(test, "the other CPU is not in lazy TLB mode");
	if (param->lazy->flushed)
		KUNIT_EXPECT_FALSE_MSG(test, s->still_lazy,
				       "stlb: kinds=lazy: a lazy CPU keeps the page tables");
	else
		KUNIT_EXPECT_TRUE_MSG(test, s->still_lazy,
				      "a lazy CPU was interrupted");
}

static struct stlb_param stlb_lazy_params[] = {
	{ .setting = STLB_LAZY, .lazy = &stlb_lazy[0] },
	{ .setting = STLB_LAZY, .lazy = &stlb_lazy[1] },
	{ .setting = STLB_LAZY, .lazy = &stlb_lazy[2] },
};

static void stlb_lazy_desc(struct stlb_param *param, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s", param->lazy->name,
		 stlb_setting_names[param->setting]);
}

KUNIT_ARRAY_PARAM(stlb_lazy, stlb_lazy_params, stlb_lazy_desc);
#endif

/*
 * Subscribers
 */

/* A subscriber with nothing to flush, alone. */
static void test_start_end_only(struct kunit *test)
{
	struct vm_area_struct *vma = stlb_map_pages(test, 1);
	unsigned long addr = STLB_ADDR + PMD_SIZE;
	struct stlb *s = test->priv;
	struct mmu_gather tlb;
	pte_t *ptep;
	pte_t pte;

	mmu_notifier_unregister(&s->recorder, s->mm);
	s->recorder_on = false;

	stlb_begin(s);
	flush_tlb_mm(s->mm);
	flush_tlb_range(vma, addr, addr + PAGE_SIZE);
	flush_tlb_page(vma, addr);
	ptep = stlb_pte_lock(s, addr);
	pte = ptep_clear_flush(vma, addr, ptep);
	set_pte_at(s->mm, addr, ptep, pte);
	stlb_pte_unlock(s, ptep);
	tlb_gather_mmu(&tlb, s->mm);
	tlb_change_page_size(&tlb, PAGE_SIZE);
	tlb_flush_pte_range(&tlb, addr, PAGE_SIZE);
	stlb_gather_end(s, &tlb);

	stlb_expect_no_window(test);
}

/* The two kinds of subscription exclude each other. */
static void test_start_end_and_flush(struct kunit *test)
{
	struct mmu_notifier both = { .ops = &stlb_both_ops };
	struct stlb *s = test->priv;
	int ret = 0;

	stlb_suppress_warning(test) {
		ret = mmu_notifier_register(&both, s->mm);
	}
	if (!ret)
		mmu_notifier_unregister(&both, s->mm);
	KUNIT_EXPECT_EQ(test, ret, -EINVAL);
}

/* An interval notifier subscribes without a struct mmu_notifier. */
static void test_interval_notifier(struct kunit *test)
{
	struct mmu_interval_notifier interval;
	struct stlb *s = test->priv;
	int ret;

	ret = mmu_interval_notifier_insert(&interval, s->mm, STLB_ADDR,
					   PAGE_SIZE, &stlb_interval_ops);
	if (!ret)
		mmu_interval_notifier_remove(&interval);
	KUNIT_EXPECT_EQ(test, ret, 0);
}

/*
 * Parameters: each setting, with each range or each huge page size
 */
static struct stlb_param stlb_setting_params[NR_STLB_SETTINGS];
static struct stlb_param stlb_range_params[NR_STLB_SETTINGS *
					   ARRAY_SIZE(stlb_ranges)];
static struct stlb_param stlb_huge_params[NR_STLB_SETTINGS * 4];

/* For what may sleep. */
static struct stlb_param stlb_sleep_params[] = {
	{ .setting = STLB_HERE },
	{ .setting = STLB_REMOTE },
	{ .setting = STLB_NEVER },
};

static void stlb_setting_desc(struct stlb_param *param, char *desc)
{
	strscpy(desc, stlb_setting_names[param->setting],
		KUNIT_PARAM_DESC_SIZE);
}

static void stlb_range_desc(struct stlb_param *param, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s", param->range->name,
		 stlb_setting_names[param->setting]);
}

static void stlb_huge_desc(const struct stlb_param *param, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu KiB, %s",
		 stlb_huge_size(param->hstate_idx) / SZ_1K,
		 stlb_setting_names[param->setting]);
}

KUNIT_ARRAY_PARAM(stlb_setting, stlb_setting_params, stlb_setting_desc);
KUNIT_ARRAY_PARAM(stlb_range, stlb_range_params, stlb_range_desc);
KUNIT_ARRAY_PARAM(stlb_sleep, stlb_sleep_params, stlb_setting_desc);

static const void *stlb_huge_gen_params(STLB_GEN_PARAMS)
{
	const struct stlb_param *param = prev;

	param = param ? param + 1 : stlb_huge_params;
	if (param == stlb_huge_params + ARRAY_SIZE(stlb_huge_params) ||
	    !stlb_huge_size(param->hstate_idx))
		return NULL;
	stlb_huge_desc(param, desc);
	return param;
}

static int stlb_suite_init(struct kunit_suite *suite)
{
	struct stlb_param *param;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stlb_setting_params); i++)
		stlb_setting_params[i].setting = i;

	for (i = 0; i < ARRAY_SIZE(stlb_range_params); i++) {
		param = &stlb_range_params[i];
		param->setting = i % NR_STLB_SETTINGS;
		param->range = &stlb_ranges[i / NR_STLB_SETTINGS];
	}

	for (i = 0; i < ARRAY_SIZE(stlb_huge_params); i++) {
		param = &stlb_huge_params[i];
		param->setting = i % NR_STLB_SETTINGS;
		param->hstate_idx = i / NR_STLB_SETTINGS;
	}

	stlb_huge_init();
	return 0;
}

static void stlb_suite_exit(struct kunit_suite *suite)
{
	stlb_huge_exit();
}

static int stlb_register(struct stlb *s)
{
	int ret;

	s->recorder.ops = &stlb_recorder_ops;
	ret = mmu_notifier_register(&s->recorder, s->mm);
	if (ret)
		return ret;
	s->recorder_on = true;

	s->window.ops = &stlb_window_ops;
	ret = mmu_notifier_register(&s->window, s->mm);
	if (ret)
		return ret;
	s->window_on = true;
	return 0;
}

/*
 * The thread of the test stays on its CPU, so that an mm which it has loaded is
 * loaded on this CPU alone.
 */
static int stlb_init(struct kunit *test)
{
	const struct stlb_param *param = test->param_value;
	unsigned int cpu = raw_smp_processor_id();
	unsigned int other = cpumask_any_but(cpu_online_mask, cpu);
	struct task_struct *thread;
	struct stlb *s;
	int ret;

	test->priv = NULL;
#ifdef CONFIG_PPC_BOOK3S_64
	if (!radix_enabled())
		kunit_skip(test, "hash MMU: nobody can subscribe");
#endif
	s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	raw_spin_lock_init(&s->lock);
	spin_lock_init(&s->outer);
	init_completion(&s->loaded);
	init_completion(&s->lazy);
	s->setting = param ? param->setting : STLB_NEVER;
	test->priv = s;

	if ((s->setting == STLB_REMOTE || s->setting == STLB_LAZY) &&
	    other >= nr_cpu_ids)
		kunit_skip(test, "needs two CPUs");

	ret = set_cpus_allowed_ptr(current, cpumask_of(cpu));
	if (ret)
		return ret;

	s->mm = stlb_mm_alloc();
	if (!s->mm)
		return -ENOMEM;

	ret = stlb_register(s);
	if (ret)
		return ret;

	if (s->setting != STLB_REMOTE && s->setting != STLB_LOCKED &&
	    s->setting != STLB_LAZY)
		return 0;
	if (other >= nr_cpu_ids)
		return 0;

	thread = kthread_create(stlb_thread, s, "secondary_tlb");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	kthread_bind(thread, other);
	s->thread = thread;
	wake_up_process(thread);
	wait_for_completion(&s->loaded);
	return 0;
}

static void stlb_exit(struct kunit *test)
{
	struct stlb *s = test->priv;

	if (!s)
		return;
	if (s->thread)
		kthread_stop(s->thread);
	if (s->window_on)
		mmu_notifier_unregister(&s->window, s->mm);
	if (s->recorder_on)
		mmu_notifier_unregister(&s->recorder, s->mm);
	if (s->mm)
		mmput(s->mm);
	if (s->sharer)
		mmput(s->sharer);
	if (s->file) {
		fput(s->file);
		/* Give huge pages back to the next test. */
		flush_delayed_fput();
	}
}

static struct kunit_case stlb_test_cases[] = {
	KUNIT_CASE_PARAM(test_flush_tlb_mm, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_flush_tlb_range, stlb_range_gen_params),
	KUNIT_CASE_PARAM(test_flush_tlb_page, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_ptep_clear_flush, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_ptep_clear_flush_young, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_ptep_set_access_flags, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_sva_write_fault, stlb_sleep_gen_params),
	KUNIT_CASE_PARAM(test_gather_pages, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_gather_pte_table, stlb_sleep_gen_params),
	KUNIT_CASE_PARAM(test_gather_pmd_table, stlb_sleep_gen_params),
	KUNIT_CASE_PARAM(test_gather_fullmm, stlb_sleep_gen_params),
	KUNIT_CASE_PARAM(test_gather_nested, stlb_sleep_gen_params),
	KUNIT_CASE_PARAM(test_gather_large, stlb_setting_gen_params),

	KUNIT_CASE_PARAM(test_flush_pmd_tlb_range, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_pmdp_huge_clear_flush, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_pmdp_invalidate, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_pmdp_collapse_flush, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_gather_thp, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_flush_pud_tlb_range, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_pudp_huge_clear_flush, stlb_setting_gen_params),

	KUNIT_CASE_PARAM(test_flush_tlb_range_huge, stlb_huge_gen_params),
	KUNIT_CASE_PARAM(test_flush_hugetlb_tlb_range, stlb_huge_gen_params),
	KUNIT_CASE_PARAM(test_huge_ptep_clear_flush, stlb_huge_gen_params),
	KUNIT_CASE_PARAM(test_huge_ptep_set_access_flags, stlb_huge_gen_params),
	KUNIT_CASE_PARAM(test_gather_hugetlb, stlb_huge_gen_params),
	KUNIT_CASE_PARAM(test_huge_pmd_unshare, stlb_sleep_gen_params),

	KUNIT_CASE_PARAM(test_contpte_clear_flush, stlb_setting_gen_params),
	KUNIT_CASE_PARAM(test_contpte_set_access_flags,
			 stlb_setting_gen_params),

	KUNIT_CASE_PARAM(test_try_to_unmap, stlb_sleep_gen_params),
	KUNIT_CASE_PARAM(test_flush_tlb_batched_pending, stlb_sleep_gen_params),

#ifdef CONFIG_X86
	KUNIT_CASE_PARAM(test_gather_lazy, stlb_lazy_gen_params),
#endif

	KUNIT_CASE_PARAM(test_start_end_only, stlb_setting_gen_params),
	KUNIT_CASE(test_start_end_and_flush),
	KUNIT_CASE(test_interval_notifier),
	{}
};

static struct kunit_suite stlb_test_suite = {
	.name = "secondary_tlb",
	.suite_init = stlb_suite_init,
	.suite_exit = stlb_suite_exit,
	.init = stlb_init,
	.exit = stlb_exit,
	.test_cases = stlb_test_cases,
};

kunit_test_suite(stlb_test_suite);
