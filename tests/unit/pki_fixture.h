/* SPDX-License-Identifier: BSD-3-Clause */
/* A directory of a test's own for the files that pki.h writes, and a place for messages. */
#pragma once

#include "pki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct pki_dir dir;
static char err[256];

static inline int pki_fixture_setup(void **state)
{
	(void)state;
	pki_dir_new(&dir);
	err[0] = '\0';
	return 0;
}

static inline int pki_fixture_teardown(void **state)
{
	(void)state;
	pki_dir_free(&dir);
	return 0;
}

#define PKI_TEST(f) cmocka_unit_test_setup_teardown(f, pki_fixture_setup, pki_fixture_teardown)
