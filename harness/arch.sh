# What differs between architectures; sourced after load_base. One place for
# all of them: compiler, image, packages, and QEMU's command line.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2153

QEMU_MEM=2048
QEMU_CPU=max
PAGE_SIZE=4096
case $ARCH in
x86_64)
	KARCH=x86
	CROSS=
	IMAGE=arch/x86/boot/bzImage
	ARCH_PACKAGES='qemu-system-x86'
	QEMU='qemu-system-x86_64 -machine q35 -smp 2,sockets=2'
	# sockets=2: without ACPI the kernel finds the second CPU in the MP table
	CONSOLE='console=ttyS0 reboot=t'
	;;
*)
	die "ARCH=$ARCH: harness/arch.sh does not know it"
	;;
esac
# Two NUMA nodes: emulated by the kernel, or, for a shipped kernel that cannot, by QEMU.
BOOT_NUMA='numa=fake=2'
QEMU_NUMA="-object memory-backend-ram,id=m0,size=$((QEMU_MEM / 2))M -numa node,cpus=0,memdev=m0
-object memory-backend-ram,id=m1,size=$((QEMU_MEM / 2))M -numa node,cpus=1,memdev=m1"
BOOT_ARGS="$CONSOLE panic=-1 ignore_loglevel printk.devkmsg=on"
BUILD_PACKAGES='gcc make git flex bison bc libelf-dev libssl-dev rsync cpio kmod xz-utils ccache'
USER_PACKAGES='gcc libc6-dev cpio e2fsprogs util-linux'
