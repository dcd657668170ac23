/* SPDX-License-Identifier: BSD-3-Clause */
#include "json_writer.h"

#include "load_report_fixture.h"

static void golden(void **state)
{
	struct report_text t;
	struct json_writer w = { .depth = 0 };

	(void)state;
	report_text_open(&t);
	w.out = t.out;
	json_writer_open(&w, NULL, '{');
	json_writer_uint(&w, "most", UINT64_MAX);
	json_writer_double(&w, "half", 0.5);
	json_writer_bool(&w, "yes", true);
	json_writer_string(&w, "none", NULL);
	json_writer_open(&w, "empty", '[');
	json_writer_close(&w, ']');
	json_writer_open(&w, "list", '[');
	json_writer_string(&w, NULL, "a");
	json_writer_open(&w, NULL, '{');
	json_writer_uint(&w, "n", 0);
	json_writer_close(&w, '}');
	json_writer_close(&w, ']');
	json_writer_bool(&w, "no", false);
	json_writer_close(&w, '}');
	assert_string_equal(report_text_done(&t), "{\n"
						  "  \"most\": 18446744073709551615,\n"
						  "  \"half\": 0.5,\n"
						  "  \"yes\": true,\n"
						  "  \"none\": null,\n"
						  "  \"empty\": [],\n"
						  "  \"list\": [\n"
						  "    \"a\",\n"
						  "    {\n"
						  "      \"n\": 0\n"
						  "    }\n"
						  "  ],\n"
						  "  \"no\": false\n"
						  "}\n");
	free(t.text);
}

static void text_is_escaped(void **state)
{
	struct report_text t;
	struct json_writer w = { .depth = 0 };

	(void)state;
	report_text_open(&t);
	w.out = t.out;
	json_writer_string(&w, NULL, "a\"b\\c\n\x7f\xc3");
	assert_string_equal(report_text_done(&t), "\"a\\\"b\\\\c\\u000a\\u007f\\ufffd\"");
	free(t.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(text_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
