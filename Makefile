# SPDX-License-Identifier: GPL-2.0
# paired-flush: see README.md. Each command is one script in harness/commands, whose
# second line is its help.
COMMANDS := $(notdir $(wildcard harness/commands/*))
# the newest base
BASE ?= $(notdir $(patsubst %/base,%,$(shell grep -l '^NEWEST=' bases/*/base)))
ARCH ?= x86_64
# After the defaults: a variable that is exported before is defined, and empty.
export BASE ARCH CPU CONFIG LINUX KERNEL HEADERS TEST RUNS VARIANT ONLY DEPTH WITHOUT SERIES FROM FRESH SAVE HOSTS JOBS \
	ONTO PREFIX VERSION ASSISTED DEBIAN

.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
.PHONY: $(COMMANDS)
.DEFAULT:
	@echo 'make $@: there is no such command; "make help" lists them' >&2; exit 1
$(COMMANDS):
	@harness/commands/$@
