// SPDX-License-Identifier: GPL-2.0+
/*
 * KUnit tests of the commands that go to the ATSD registers of a PAU.
 *
 * The registers are memory here. A command stays pending until the test
 * completes it.
 */
#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include <linux/timer.h>
#include <asm/io.h>
#include <asm/pnv-ocxl.h>

#define FIRST_PID	1
#define SECOND_PID	2
#define FIRST_ADDR	0x10000UL
#define SECOND_ADDR	0x20000UL
#define PENDING		BIT_ULL(63)

struct atsd_fixture {
	/* launch, AVA, status, as in the PAU */
	u64 regs[3];
	struct timer_list done;
	u64 ava, lnch;
};

static void __iomem *registers(struct atsd_fixture *f)
{
	return (void __iomem *)f->regs;
}

static int first_link(void *data)
{
	pnv_ocxl_tlb_invalidate(registers(data), FIRST_PID, FIRST_ADDR,
				PAGE_SIZE);
	return 0;
}

/* The first command is complete. Read from the registers what it was. */
static void first_done(struct timer_list *timer)
{
	struct atsd_fixture *f = container_of(timer, struct atsd_fixture, done);

	f->ava = in_be64(registers(f) + PNV_OCXL_ATSD_AVA);
	f->lnch = in_be64(registers(f) + PNV_OCXL_ATSD_LNCH);
	out_be64(registers(f) + PNV_OCXL_ATSD_STAT, 0);
}

/*
 * Two links of a PAU have the same registers. While a command of one is
 * pending, the other must not write to them.
 */
static void links_of_a_pau_take_turns(struct kunit *test)
{
	struct atsd_fixture *f;
	struct task_struct *task;
	u64 ava, lnch;
	unsigned int cpu;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f);

	/* What one command leaves in the registers. */
	first_link(f);
	ava = in_be64(registers(f) + PNV_OCXL_ATSD_AVA);
	lnch = in_be64(registers(f) + PNV_OCXL_ATSD_LNCH);
	KUNIT_ASSERT_NE(test, lnch, 0);
	memset(f->regs, 0, sizeof(f->regs));

	timer_setup(&f->done, first_done, 0);

	/* The first one spins with preemption disabled: on another CPU. */
	migrate_disable();
	cpu = cpumask_any_but(cpu_online_mask, smp_processor_id());
	task = cpu < nr_cpu_ids ? kthread_create(first_link, f, "first_link") : NULL;
	if (IS_ERR_OR_NULL(task)) {
		migrate_enable();
		kunit_skip(test, "needs a thread on another CPU");
	}
	kthread_bind(task, cpu);
	get_task_struct(task);

	out_be64(registers(f) + PNV_OCXL_ATSD_STAT, PENDING);
	wake_up_process(task);
	while (!in_be64(registers(f) + PNV_OCXL_ATSD_LNCH))
		cond_resched();

	mod_timer(&f->done, jiffies + msecs_to_jiffies(20));
	pnv_ocxl_tlb_invalidate(registers(f), SECOND_PID, SECOND_ADDR,
				PAGE_SIZE);
	timer_delete_sync(&f->done);
	migrate_enable();
	kthread_stop(task);
	put_task_struct(task);

	KUNIT_EXPECT_EQ(test, f->ava, ava);
	KUNIT_EXPECT_EQ(test, f->lnch, lnch);
}

static struct kunit_case ocxl_atsd_cases[] = {
	KUNIT_CASE(links_of_a_pau_take_turns),
	{}
};

static struct kunit_suite ocxl_atsd_suite = {
	.name = "ocxl_atsd",
	.test_cases = ocxl_atsd_cases,
};

kunit_test_suite(ocxl_atsd_suite);
