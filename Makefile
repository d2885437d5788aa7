# paired-flush: see README.md. Each command is one script in harness/.
BASE ?= 7.3
ARCH ?= x86_64
# After the defaults: a variable that is exported before is defined, and empty.
export BASE ARCH CPU CONFIG LINUX KERNEL HEADERS TEST RUNS VARIANT ONLY WITHOUT

.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
.PHONY: help run control selftest kunit figures reverts steps cost stock tree save check bisect mbox quilt cocci test clean alone regress kvm

help:		## this text
	@echo 'make COMMAND [BASE=7.3|6.1|6.12] [ARCH=x86_64] [CPU=cortex-a72] [CONFIG=debug|drivers] [LINUX=tree or tarball] [TEST=pattern] [RUNS=n]'
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' Makefile
run:		## the verdict: control kernel and series, built, booted in QEMU, compared
	@harness/run both
control:	## the control kernel alone: the unpatched base must fail the listed tests, no others
	@harness/run control
selftest:	## the selftest on the series kernel: all must pass; TEST='munmap*' runs some
	@ONLY=selftest harness/run series
kunit:		## the KUnit suites on the series kernel: all must pass
	@ONLY=kunit harness/run series
stock:		## the kernel that Debian ships, nothing built but the module; or KERNEL=image HEADERS=directory
	@harness/stock-run
regress:	## the selftests/mm (6.1: vm) of the base: same results on the control kernel and on the series
	@harness/regress
kvm:		## the selftests of KVM of the base, on nested paging: same results on both kernels
	@CONFIG=kvm harness/regress
tree:		## build/<base>/linux: the kernel with the patches as git commits, to work on
	@harness/tree
save:		## write the commits of build/<base>/linux back to patches/<base>
	@harness/save
figures:	## what each operation costs before and after the series, from the last make run
	@harness/figures
reverts:	## the series less one fix, for each fix: the tests listed for it must fail; WITHOUT=patch for one
	@harness/reverts
steps:		## patch by patch from the control kernel to the series: no test fails in a new way, but for a flush too many
	@harness/steps
cost:		## what a process without a secondary TLB pays for a flush, in instructions, and which functions ask
	@harness/cost
check:		## the series without running it: mails, checkpatch, sparse, maintainers, semantic patches; ONLY=pattern
	@harness/check
bisect:		## every patch builds alone: the kernel, in VARIANTs objects; VARIANT='default nonotifier nohugetlb nothp', ONLY=objects|kernel
	@harness/bisect
alone:		## each fix applies to the base and builds there without the rest; ONLY=applies|objects
	@harness/alone
mbox:		## build/<base>/mbox: the series as mail-ready patches, proven with git am
	@harness/mbox
quilt:		## build/<base>/quilt: the series as a quilt queue with DEP-3 headers
	@harness/quilt
cocci:		## the semantic patches over a tree: LINUX=directory
	@harness/cocci "$(LINUX)"
test:		## what CI runs: the harness's own tests, stock kernels, control kernels
	@harness/test
clean:		## remove build/<base>, or with BASE= all of build/; refuses while there is unsaved work
	@harness/clean
