# SPDX-License-Identifier: GPL-2.0
# What all architectures have in common, and then the file of ARCH in harness/arch/;
# sourced after load_base.
#
# Such a file sets
#	KARCH		its name in the kernel (arch/$KARCH)
#	CROSS		the prefix of its compiler, or nothing
#	IMAGE		what QEMU boots, as the kernel's make names it
#	QEMU, QEMU_CPU, CONSOLE, QEMU_PACKAGES, CROSS_PACKAGES
# and, where the default below is not right, what is set here. It may have a function
# elf IMAGE, which writes the ELF file in an image, for "make cost" to list the sites.
# Its configuration is configs/arch/$ARCH.config, over configs/arch/$KARCH.config.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2153

# Two nodes of 2 GiB and one CPU: one of them has room for a huge page of 1 GiB.
QEMU_MEM=4096
QEMU_NUMA="-object memory-backend-ram,id=m0,size=$((QEMU_MEM / 2))M -numa node,cpus=0,memdev=m0
-object memory-backend-ram,id=m1,size=$((QEMU_MEM / 2))M -numa node,cpus=1,memdev=m1"
# options of the kernel for two nodes, where QEMU cannot describe them
BOOT_NUMA=
# how a stock kernel gets its nodes, if in another way
QEMU_NUMA_STOCK=
PAGE_SIZE=4096
CROSS_PACKAGES=
QEMU_THREAD=multi
REGRESS=
[ -f "$HARNESS/arch/$ARCH" ] || die "ARCH=$ARCH: there is no harness/arch/$ARCH; have: $(cd "$HARNESS/arch" && echo *)"
# shellcheck disable=SC1090
. "$HARNESS/arch/$ARCH"
QEMU_CPU=${CPU:-$QEMU_CPU}
QEMU_THREAD=${PF_QEMU_THREAD:-$QEMU_THREAD}
# Without NUMA balancing, which changes page tables now and then, and with the stack
# at the same address each time: the pages of it that fork() has copied are counted,
# too. A huge page of 1 GiB is there from the start, or not at all.
BOOT_ARGS="$CONSOLE numa_balancing=disable norandmaps hugepagesz=1G hugepages=1 panic=-1 ignore_loglevel printk.devkmsg=on"
BUILD_PACKAGES="gcc make git flex bison bc libelf-dev libssl-dev rsync cpio kmod xz-utils ccache $CROSS_PACKAGES"
USER_PACKAGES="gcc libc6-dev cpio e2fsprogs util-linux $CROSS_PACKAGES"
