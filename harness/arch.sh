# What differs between architectures; sourced after load_base. One place for
# all of them: compiler, image, packages, and QEMU's command line.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2153

# Two nodes of 2 GiB: one of them has room for a huge page of 1 GiB.
QEMU_MEM=4096
PAGE_SIZE=4096
# Two NUMA nodes of one CPU each.
QEMU_NUMA="-object memory-backend-ram,id=m0,size=$((QEMU_MEM / 2))M -numa node,cpus=0,memdev=m0
-object memory-backend-ram,id=m1,size=$((QEMU_MEM / 2))M -numa node,cpus=1,memdev=m1"
BOOT_NUMA=
CROSS_PACKAGES=
QEMU_THREAD=${QEMU_THREAD:-multi}
case $ARCH in
x86_64)
	KARCH=x86
	CROSS=
	IMAGE=arch/x86/boot/bzImage
	QEMU_PACKAGES='qemu-system-x86'
	# sockets=2: without ACPI the kernel finds the second CPU in the MP table
	QEMU='qemu-system-x86_64 -machine q35 -smp 2,sockets=2'
	QEMU_CPU=${CPU:-max}
	# One thread for both CPUs. With one each, QEMU 7.2 now and then lets a CPU
	# execute code as it was before the kernel patched it: on a busy machine a
	# stock kernel came upon an int3 in __schedule() that should have been gone, in
	# one of 38 boots. A guest takes longer, up to 100 s for 60, but one core.
	QEMU_THREAD=single
	CONSOLE='console=ttyS0 reboot=t'
	# Nor does it find nodes without ACPI: it makes its own. Kernels that are
	# shipped have ACPI, and get QEMU_NUMA.
	BOOT_NUMA='numa=fake=2'
	;;
arm64)
	KARCH=arm64
	CROSS=aarch64-linux-gnu-
	IMAGE=arch/arm64/boot/Image
	QEMU_PACKAGES='qemu-system-arm'
	CROSS_PACKAGES='gcc-aarch64-linux-gnu libc6-dev-arm64-cross'
	QEMU="qemu-system-aarch64 -machine virt,gic-version=3 -smp 2,sockets=2 $QEMU_NUMA"
	QEMU_CPU=${CPU:-max,pauth-impdef=on}
	CONSOLE='console=ttyAMA0'
	;;
ppc64le | ppc64le-4k)
	KARCH=powerpc
	CROSS=powerpc64le-linux-gnu-
	IMAGE=vmlinux
	QEMU_PACKAGES='qemu-system-ppc'
	CROSS_PACKAGES='gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross'
	QEMU="qemu-system-ppc64 -machine pseries -smp 2,sockets=2,threads=1 $QEMU_NUMA"
	# POWER9: radix, as all processors with OpenCAPI
	QEMU_CPU=${CPU:-POWER9}
	CONSOLE='console=hvc0'
	[ "$ARCH" = ppc64le-4k ] || PAGE_SIZE=65536
	;;
riscv64)
	KARCH=riscv
	CROSS=riscv64-linux-gnu-
	IMAGE=arch/riscv/boot/Image
	QEMU_PACKAGES='qemu-system-misc opensbi'
	CROSS_PACKAGES='gcc-riscv64-linux-gnu libc6-dev-riscv64-cross'
	QEMU="qemu-system-riscv64 -machine virt -smp 2,sockets=2 $QEMU_NUMA"
	QEMU_CPU=${CPU:-rv64,svnapot=on}
	# QEMU 7.2 describes extensions in the old way only
	CONSOLE='console=ttyS0 riscv_isa_fallback'
	;;
*)
	die "ARCH=$ARCH: harness/arch.sh does not know it"
	;;
esac
# Without NUMA balancing, which changes page tables now and then, and with the stack
# at the same address each time: the pages of it that fork() has copied are counted,
# too. A huge page of 1 GiB is there from the start, or not at all.
BOOT_ARGS="$CONSOLE numa_balancing=disable norandmaps hugepagesz=1G hugepages=1 panic=-1 ignore_loglevel printk.devkmsg=on"
BUILD_PACKAGES="gcc make git flex bison bc libelf-dev libssl-dev rsync cpio kmod xz-utils ccache $CROSS_PACKAGES"
USER_PACKAGES="gcc libc6-dev cpio e2fsprogs util-linux $CROSS_PACKAGES"
