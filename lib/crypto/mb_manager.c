/* SPDX-License-Identifier: BSD-3-Clause */
#include "mb_manager.h"

#include "locked.h"

#include <errno.h>

static IMB_ARCH init(IMB_MGR *mgr, enum mb_width width)
{
	IMB_ARCH arch = IMB_ARCH_NONE;

	init_mb_mgr_auto(mgr, &arch);
	if (width == MB_NARROW && arch > IMB_ARCH_AVX) {
		init_mb_mgr_avx(mgr);
		arch = IMB_ARCH_AVX;
	}
	/* Without AES-NI it would look tables up by key bytes. */
	return imb_get_errno(mgr) == 0 && arch != IMB_ARCH_NOAESNI ? arch : IMB_ARCH_NONE;
}

IMB_MGR *mb_manager_new(enum mb_width width)
{
	void *memory = locked_alloc(imb_get_mb_mgr_size());
	IMB_MGR *mgr;

	if (memory == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	mgr = imb_set_pointers_mb_mgr(memory, 0, 1);
	if (mgr == NULL || init(mgr, width) == IMB_ARCH_NONE) {
		locked_free(memory, imb_get_mb_mgr_size());
		errno = ENOTSUP;
		return NULL;
	}
	return mgr;
}

void mb_manager_free(IMB_MGR *mgr) { locked_free(mgr, imb_get_mb_mgr_size()); }

const char *mb_manager_arch(const IMB_MGR *mgr)
{
	static const char *const names[IMB_ARCH_NUM] = {
		[IMB_ARCH_NOAESNI] = "ipsec-mb without AES-NI",
		[IMB_ARCH_SSE] = "ipsec-mb SSE",
		[IMB_ARCH_AVX] = "ipsec-mb AVX",
		[IMB_ARCH_AVX2] = "ipsec-mb AVX2",
		[IMB_ARCH_AVX512] = "ipsec-mb AVX512",
	};

	return names[mgr->used_arch];
}
