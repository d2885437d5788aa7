# SPDX-License-Identifier: GPL-2.0
#
# The other configurations of powerpc have a POWER8, whose MMU has the hash page
# table only. POWER9 also has the radix page table, and the kernel uses it. The
# kind of flush depends on whether there are other CPUs.

from ..qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(linux_arch='powerpc',
			   kconfig='''
CONFIG_PPC64=y
CONFIG_CPU_LITTLE_ENDIAN=y
CONFIG_PPC_RADIX_MMU=y
CONFIG_HVC_CONSOLE=y
''',
			   qemu_arch='ppc64',
			   kernel_path='vmlinux',
			   kernel_command_line='console=hvc0',
			   extra_qemu_params=['-M', 'pseries', '-cpu', 'power9',
					      '-smp', '2'])
