// SPDX-License-Identifier: GPL-2.0+
/*
 * KUnit tests of the TLB invalidate commands that ocxl sends for a range.
 */
#include <kunit/test.h>
#include <linux/align.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../tlb_range.h"

/* An iterator that takes more steps is assumed not to end. */
#define MAX_ITERATIONS	(1024UL * 1024)

/*
 * Each command is waited for under a lock: more than these for one range
 * stall the system for longer than it takes to invalidate the whole PID.
 */
#define MAX_COMMANDS	64

/* An address that a huge page of any size can start at. */
#define BASE		((unsigned long)SZ_1G)

struct range_case {
	const char *name;
	unsigned long start;
	unsigned long end;
	/* of an exact case: the number of pages that commands have to name */
	unsigned long pages;
};

static const struct range_case range_cases[] = {
	{ "first page", 0, PAGE_SIZE },
	{ "first two pages", 0, 2 * PAGE_SIZE },
	{ "2 MiB", BASE, BASE + SZ_2M },
	{ "2 MiB across a boundary", BASE + SZ_1M, BASE + SZ_1M + SZ_2M },
	{ "1 GiB", BASE, BASE + SZ_1G },
	{ "unaligned, in one page", BASE + 8, BASE + 16 },
	{ "unaligned, two pages", BASE + PAGE_SIZE - 8, BASE + PAGE_SIZE + 8 },
	{ "unaligned, 2 MiB", BASE + 8, BASE + SZ_2M + 8 },
	{ "one page at the top", -PAGE_SIZE, -1UL },
	{ "four pages at the top", -4 * PAGE_SIZE, -1UL },
	{ "1 GiB at the top", -(unsigned long)SZ_1G, -1UL },
	{ "upper half", ~(-1UL >> 1), -1UL },
	{ "all", 0, -1UL },
	{ "all but the first page", PAGE_SIZE, -1UL },
};

/* A short range must not flush the other translations of the process. */
static const struct range_case exact_cases[] = {
	{ "one page", BASE, BASE + PAGE_SIZE, 1 },
	{ "four pages", BASE, BASE + 4 * PAGE_SIZE, 4 },
	{ "31 pages", BASE, BASE + 31 * PAGE_SIZE, 31 },
	{ "unaligned, in one page", BASE + 8, BASE + 16, 1 },
	{ "unaligned, two pages", BASE + PAGE_SIZE - 8, BASE + PAGE_SIZE + 8, 2 },
	{ "last page but one", -2 * PAGE_SIZE, -PAGE_SIZE, 1 },
	{ "empty", BASE, BASE, 0 },
	{ "empty, unaligned", BASE + 8, BASE + 8, 0 },
	{ "empty at 0", 0, 0, 0 },
};

static void range_case_desc(const struct range_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(range, range_cases, range_case_desc);
KUNIT_ARRAY_PARAM(exact, exact_cases, range_case_desc);

/* Count the commands of a range, MAX_ITERATIONS if they do not end. */
static unsigned long count_commands(const struct range_case *c)
{
	struct ocxl_tlb_range range;
	unsigned long addr, n;

	ocxl_tlb_range_init(&range, c->start, c->end);
	for (n = 0; n < MAX_ITERATIONS; n++) {
		if (!ocxl_tlb_range_next(&range, &addr))
			break;
	}
	return n;
}

static void terminates(struct kunit *test)
{
	const struct range_case *c = test->param_value;
	struct ocxl_tlb_range range;
	unsigned long addr, n;

	n = count_commands(c);
	KUNIT_ASSERT_LT_MSG(test, n, MAX_ITERATIONS,
			    "[%#lx, %#lx) never ends", c->start, c->end);

	/* once it is done, it stays done */
	ocxl_tlb_range_init(&range, c->start, c->end);
	while (n--)
		KUNIT_ASSERT_TRUE(test, ocxl_tlb_range_next(&range, &addr));
	KUNIT_EXPECT_FALSE(test, ocxl_tlb_range_next(&range, &addr));
	KUNIT_EXPECT_FALSE(test, ocxl_tlb_range_next(&range, &addr));
}

static void covers(struct kunit *test)
{
	const struct range_case *c = test->param_value;
	unsigned long addr, next, last, n;
	struct ocxl_tlb_range range;

	/* commands go up page by page, and miss none */
	next = ALIGN_DOWN(c->start, PAGE_SIZE);
	last = ALIGN_DOWN(c->end - 1, PAGE_SIZE);

	ocxl_tlb_range_init(&range, c->start, c->end);
	for (n = 0; n < MAX_ITERATIONS; n++) {
		if (!ocxl_tlb_range_next(&range, &addr))
			break;
		/* the whole PID */
		if (!addr)
			return;
		KUNIT_ASSERT_EQ_MSG(test, ALIGN_DOWN(addr, PAGE_SIZE), next,
				    "[%#lx, %#lx), command %lu",
				    c->start, c->end, n);
		if (next == last)
			return;
		next += PAGE_SIZE;
	}
	KUNIT_FAIL(test, "[%#lx, %#lx): ends before %#lx",
		   c->start, c->end, next);
}

static void few_commands(struct kunit *test)
{
	const struct range_case *c = test->param_value;

	KUNIT_EXPECT_LE_MSG(test, count_commands(c), MAX_COMMANDS,
			    "[%#lx, %#lx)", c->start, c->end);
}

static void not_widened(struct kunit *test)
{
	const struct range_case *c = test->param_value;
	struct ocxl_tlb_range range;
	unsigned long addr, n;

	ocxl_tlb_range_init(&range, c->start, c->end);
	for (n = 0; n <= c->pages; n++) {
		if (!ocxl_tlb_range_next(&range, &addr))
			break;
		KUNIT_EXPECT_NE(test, addr, 0);
	}
	KUNIT_EXPECT_EQ(test, n, c->pages);
}

/* What a nested mmu_gather made of the whole mm before v6.6. */
static void whole_mm_of_nested_gather(struct kunit *test)
{
	struct ocxl_tlb_range range;
	unsigned long addr;

	ocxl_tlb_range_init(&range, -1UL, -1UL);
	KUNIT_ASSERT_TRUE(test, ocxl_tlb_range_next(&range, &addr));
	KUNIT_EXPECT_EQ(test, addr, OCXL_TLB_PID);
}

static struct kunit_case ocxl_tlb_range_cases[] = {
	KUNIT_CASE_PARAM(terminates, range_gen_params),
	KUNIT_CASE_PARAM(covers, range_gen_params),
	KUNIT_CASE_PARAM(few_commands, range_gen_params),
	KUNIT_CASE_PARAM(not_widened, exact_gen_params),
	KUNIT_CASE(whole_mm_of_nested_gather),
	{}
};

static struct kunit_suite ocxl_tlb_range_suite = {
	.name = "ocxl_tlb_range",
	.test_cases = ocxl_tlb_range_cases,
};

kunit_test_suite(ocxl_tlb_range_suite);

MODULE_DESCRIPTION("KUnit tests of the ocxl TLB invalidate commands");
MODULE_LICENSE("GPL");
