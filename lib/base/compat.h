/* SPDX-License-Identifier: BSD-3-Clause */
/* Differences between DPDK releases, 22.11 (Debian 12) and later, in one place. */
#pragma once

#include <rte_telemetry.h>
#include <rte_version.h>

/* 23.03 renamed the u64 calls; the old names are gone since 25.11. */
#if RTE_VERSION < RTE_VERSION_NUM(23, 3, 0, 0)
#define compat_tel_add_dict_uint rte_tel_data_add_dict_u64
#else
#define compat_tel_add_dict_uint rte_tel_data_add_dict_uint
#endif
