/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_import.h"

#include "hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* An identity on the wire, an external key, and the key that it is imported as, which are
 * tests/unit/psk_import_vectors.py's. The key's length says for which hash. */
static const struct {
	const char *identity, *external_key, *key, *external;
	size_t external_len;
} rows[] = {
	{ "0004646576310000fefc0001", "0102030405060708090a0b0c0d0e0f10",
	  "2a18451c59d65b611c35fc6a87da4dac52fc1d802123f3ec945b6758ab6b1004", "dev1", 4 },
	{ "0004646576310000fefc0002", "0102030405060708090a0b0c0d0e0f10",
	  "e6dbff4800e60f216ae47bd32c763440c48235ae5cedabb1e2d4d755e77acd87"
	  "a136a00b43c18a8320010f45b89db069",
	  "dev1", 4 },
	{ "0004646576310018636c69656e742030323a30303a30303a30303a30303a3031fefc0001",
	  "0102030405060708090a0b0c0d0e0f10",
	  "8f40ec042e53e67236003ac089e4ca9a97518d3d72850d5e3fe4e64e186a60e1", "dev1", 4 },
	{ "0003610062000100fefc0002",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	  "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
	  "f57ce587d349d51782ebdba32fa2ad77561a8fd6767d48350d3704f873fbc0f2"
	  "860aa9263e6473c292a548fd8025f0f0",
	  "a\0b", 3 },
};

static void keys_are_those_of_python(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t identity[64], external[64], want[HASH_MAX], got[HASH_MAX];
		struct rd name, whole = rd_of(identity, hex(identity, rows[i].identity));
		size_t external_len = hex(external, rows[i].external_key);
		size_t len = hex(want, rows[i].key);
		enum prf_hash hash = len == 48 ? PRF_SHA384 : PRF_SHA256;

		assert_true(psk_import_parse(whole, hash, &name));
		assert_int_equal(rd_len(&name), rows[i].external_len);
		assert_memory_equal(name.p, rows[i].external, rows[i].external_len);
		assert_true(psk_import_key(whole, hash, rd_of(external, external_len), got));
		assert_memory_equal(got, want, len);
	}
}

static void identities_are_read_as_they_were_written(void **state)
{
	uint8_t written[64], want[64];
	struct wr w = wr_of(written, sizeof(written));
	size_t len = hex(want, rows[1].identity);

	(void)state;
	psk_import_write(&w, rd_of((const uint8_t *)"dev1", 4), PRF_SHA384);
	assert_int_equal(wr_len(&w), len);
	assert_int_equal(len, 4 + PSK_IMPORT_MORE);
	assert_memory_equal(written, want, len);
}

/* bad-input F2, F4: what is none, cut or lengthened anywhere, of TLS, of a version before, of
 * another hash, of nobody. */
static void other_identities_are_none(void **state)
{
	static const char *const others[] = {
		"0004646576310000fefc0002", "0004646576310000fefc0003", "000464657631000003040001",
		"0004646576310000fefd0001", "00000000fefc0001",         "64657631",
	};
	uint8_t identity[64];
	struct rd name;
	size_t len = hex(identity, rows[0].identity);

	(void)state;
	for (size_t n = 0; n < len; n++)
		assert_false(psk_import_parse(rd_of(identity, n), PRF_SHA256, &name));
	identity[len] = 0;
	assert_false(psk_import_parse(rd_of(identity, len + 1), PRF_SHA256, &name));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		len = hex(identity, others[i]);
		assert_false(psk_import_parse(rd_of(identity, len), PRF_SHA256, &name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_those_of_python),
		cmocka_unit_test(identities_are_read_as_they_were_written),
		cmocka_unit_test(other_identities_are_none),
	};

	return cmocka_run_group_tests_name("psk_import", tests, NULL, NULL);
}
