# paired-flush: see README.md. Each command is one script in harness/.
export BASE ARCH CONFIG LINUX KERNEL HEADERS TEST
BASE ?= 7.3
ARCH ?= x86_64

.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
.PHONY: help run control kunit stock tree save selftest test clean

help:		## this text
	@echo 'make COMMAND [BASE=7.3|6.1|6.12] [ARCH=x86_64] [CONFIG=debug] [LINUX=tree or tarball] [TEST=pattern]'
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' Makefile
run:		## the verdict: control kernel and series, built, booted in QEMU, compared
	@harness/run both
control:	## the control kernel alone: the unpatched base must fail the listed tests, no others
	@harness/run control
selftest:	## the selftest on the series kernel: all must pass; TEST=pattern runs some
	@ONLY=selftest harness/run series
kunit:		## the KUnit suites on the series kernel: all must pass
	@ONLY=kunit harness/run series
stock:		## the kernel that Debian ships, nothing built but the module; or KERNEL=image HEADERS=directory
	@harness/stock-run
tree:		## build/<base>/linux: the kernel with the patches as git commits, to work on
	@harness/tree
save:		## write the commits of build/<base>/linux back to patches/<base>
	@harness/save
test:		## what CI runs: the harness's own tests, stock kernels, control kernels
	@harness/test
clean:		## remove build/<base>, or with BASE= all of build/; refuses while there is unsaved work
	@harness/clean
