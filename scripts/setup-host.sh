#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What a host offers a kernel-bypass program: huge pages, IOMMU, drivers of network devices, isolated
# cores, frequency governor. Reports by default; changes only what it is told to.
#
#   setup-host.sh [--check]        report (the default)
#   setup-host.sh --huge-pages N   reserve N huge pages of 2 MB, and mount hugetlbfs
#   setup-host.sh --bind PCI       give a network device to vfio-pci
#   setup-host.sh --unbind PCI     give it back to the kernel's driver
set -euo pipefail

usage() {
	sed -n '3,10s/^# \{0,1\}//p' "$0"
	exit "$1"
}

fail() {
	echo "setup-host.sh: $*" >&2
	exit 1
}

need_root() { [ "$(id -u)" = 0 ] || fail "$1 needs root"; }

read_or() { cat "$1" 2>/dev/null || echo "$2"; }

report_huge_pages() {
	local dir size total free node
	echo "huge pages"
	for dir in /sys/kernel/mm/hugepages/hugepages-*; do
		[ -d "$dir" ] || { echo "  the kernel has none"; break; }
		size=${dir##*hugepages-}
		total=$(read_or "$dir/nr_hugepages" 0)
		free=$(read_or "$dir/free_hugepages" 0)
		echo "  $size: $total reserved, $free free"
	done
	for node in /sys/devices/system/node/node*/hugepages/hugepages-2048kB; do
		[ -d "$node" ] || continue
		echo "  $(basename "${node%/hugepages/*}"), 2048kB: $(read_or "$node/nr_hugepages" 0)"
	done
	if grep -q ' hugetlbfs ' /proc/mounts; then
		awk '$3 == "hugetlbfs" { print "  mounted at " $2 }' /proc/mounts
	else
		echo "  hugetlbfs is not mounted"
	fi
	echo "  without them: --test-mode (slower, needs no set-up)"
}

report_iommu() {
	local groups
	groups=$(find /sys/kernel/iommu_groups -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)
	echo "IOMMU"
	if [ "$groups" -gt 0 ]; then
		echo "  on, $groups groups"
	else
		echo "  off: vfio-pci needs intel_iommu=on or amd_iommu=on on the kernel's command line,"
		echo "  or its mode without IOMMU (enable_unsafe_noiommu_mode)"
	fi
	if [ -d /sys/module/vfio_pci ]; then
		echo "  vfio-pci is loaded"
	else
		echo "  vfio-pci is not loaded"
	fi
}

report_devices() {
	local device class driver name found=
	echo "network devices on PCI"
	for device in /sys/bus/pci/devices/*; do
		class=$(read_or "$device/class" 0)
		[ "${class:0:4}" = 0x02 ] || continue
		found=1
		driver=$(basename "$(readlink "$device/driver" 2>/dev/null || echo none)")
		name=$(find "$device/net" -mindepth 1 -maxdepth 1 -printf '%f ' 2>/dev/null || true)
		echo "  $(basename "$device"): driver $driver, node $(read_or "$device/numa_node" -1)${name:+, kernel interface $name}"
	done
	[ -n "$found" ] || echo "  none; af_packet, af_xdp, tap and vhost ports work all the same"
}

report_cores() {
	local isolated nohz governors
	isolated=$(read_or /sys/devices/system/cpu/isolated "")
	nohz=$(read_or /sys/devices/system/cpu/nohz_full "")
	governors=$(cat /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor 2>/dev/null | sort |
		uniq -c | awk '{ printf "%s%s on %s cores", sep, $2, $1; sep = ", " }' || true)
	echo "cores"
	echo "  online: $(read_or /sys/devices/system/cpu/online '?'), for this process: $(nproc)"
	echo "  isolated (isolcpus=): ${isolated:-none}"
	echo "  without ticks (nohz_full=): ${nohz:-none}"
	echo "  governor: ${governors:-not to be set here}"
	echo "  threads a core: $(read_or /sys/devices/system/cpu/smt/active '?' | sed 's/^1$/two (SMT on)/; s/^0$/one/')"
}

check() {
	report_huge_pages
	report_iommu
	report_devices
	report_cores
}

set_huge_pages() {
	local want=$1 got dir=/sys/kernel/mm/hugepages/hugepages-2048kB
	[[ $want =~ ^[0-9]+$ ]] || fail "--huge-pages wants a number ($want)"
	need_root --huge-pages
	[ -w "$dir/nr_hugepages" ] || fail "this kernel does not let huge pages be reserved"
	echo "$want" > "$dir/nr_hugepages"
	got=$(cat "$dir/nr_hugepages")
	if ! grep -q ' hugetlbfs ' /proc/mounts; then
		mkdir -p /dev/hugepages
		mount -t hugetlbfs hugetlbfs /dev/hugepages
	fi
	[ "$got" = "$want" ] || fail "got $got of $want huge pages: memory is short or fragmented"
	echo "reserved $got huge pages of 2 MB"
}

bind_device() {
	[ -d "/sys/bus/pci/devices/$1" ] || fail "there is no PCI device $1 (as 0000:3b:00.0)"
	need_root --bind
	if [ "$2" = vfio-pci ]; then
		modprobe vfio-pci || fail "vfio-pci cannot be loaded"
		dpdk-devbind.py --bind=vfio-pci "$1"
		echo "$1 belongs to vfio-pci"
	else
		dpdk-devbind.py --unbind "$1"
		echo "$1" > /sys/bus/pci/drivers_probe
		echo "$1 belongs to the kernel"
	fi
}

[ "$#" -gt 0 ] || set -- --check
while [ "$#" -gt 0 ]; do
	case "$1" in
	--check) check ;;
	--huge-pages | --bind | --unbind)
		[ "$#" -ge 2 ] || fail "$1 wants a value"
		case "$1" in
		--huge-pages) set_huge_pages "$2" ;;
		--bind) bind_device "$2" vfio-pci ;;
		--unbind) bind_device "$2" kernel ;;
		esac
		shift
		;;
	-h | --help) usage 0 ;;
	*) echo "setup-host.sh: $1: unknown option" >&2; usage 2 >&2 ;;
	esac
	shift
done
