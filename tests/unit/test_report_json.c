/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_json.h"

#include "load_report_fixture.h"

#include <unistd.h>

static char *const arguments[] = {
	"sluice-load",
	"--port",
	"kernel",
	"--target",
	"127.0.0.1:5684",
	"--master-key",
	"000102030405060708090a0b0c0d0e0f",
	"--suites",
	"AES_128_CCM_8",
	"--rate",
	"12.5k",
	"--mix",
	"con:80,non:20",
	"--seed",
	"77",
};

static struct load_options opt;

static int parse(void **state)
{
	(void)state;
	return load_options_parse(&opt, stdout, stderr,
				  (int)(sizeof(arguments) / sizeof(*arguments)),
				  arguments) == OPTIONS_GO
		       ? 0
		       : -1;
}

static int release(void **state)
{
	(void)state;
	load_options_free(&opt);
	return 0;
}

static void has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		print_error("no %s in it\n", part);
	assert_non_null(strstr(text, part));
}

/* Brackets that match and strings that end; what is between is json_writer's. */
static void is_balanced(const char *text)
{
	int depth = 0;
	bool in_string = false;

	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '"')
			in_string = !in_string;
		depth += !in_string && (*at == '{' || *at == '[');
		depth -= !in_string && (*at == '}' || *at == ']');
		assert_true(depth >= 0);
	}
	assert_int_equal(depth, 0);
	assert_false(in_string);
}

static void a_run(void **state)
{
	struct load_result *r = report_result_new();
	struct report_json j = { .opt = &opt, .measured = r, .total = r, .exit_status = 3 };
	struct report_text t;
	const char *text;

	(void)state;
	report_text_open(&t);
	assert_true(report_json_write(&j, t.out));
	text = report_text_done(&t);
	is_balanced(text);
	has(text, "\"action\": \"run\"");
	has(text, "\"target\": \"127.0.0.1:5684\"");
	has(text, "\"kernel\"");
	has(text, "\"TLS_PSK_WITH_AES_128_CCM_8\"");
	has(text, "\"rate\": 12500");
	has(text, "\"con_share\": 0.8");
	has(text, "\"seed\": 77");
	has(text, "\"answered_per_s\": 9999,");
	has(text, "\"busy\": 0.4321");
	has(text, "\"max\": 1099.89");
	has(text, "\"exit_status\": 3");
	/* every count, by its name in load_result.h */
#define HAS(name) has(text, "\"" #name "\": ");
	LOAD_COUNTS_LIST(HAS)
#undef HAS
	has(text, "\"answered\": 99990,");
	assert_null(strstr(text, "ndr"));
	assert_null(strstr(text, "handshake_cost"));
	free(t.text);
	free(r);
}

/* Keys of the fleet stay out of files that are passed around. */
static void no_secret(void **state)
{
	struct report_json j = { .opt = &opt };
	struct report_text t;
	const char *text;

	(void)state;
	report_text_open(&t);
	assert_true(report_json_write(&j, t.out));
	text = report_text_done(&t);
	is_balanced(text);
	assert_null(strstr(text, "000102"));
	assert_null(strstr(text, "master"));
	free(t.text);
}

static void searches_and_costs(void **state)
{
	struct search_result ndr = {
		.rate = 1e6, .min = 9e5, .max = 1.1e6, .held = 10, .repetitions = 10
	};
	struct search_result pdr = { .rate = 2e6, .generator_limit = true };
	const struct suite *psk = suite_by_id(TLS_PSK_WITH_AES_128_CCM_8);
	struct report_cost costs[] = {
		{ .suite = psk,
		  .psk = true,
		  .mode = CONNECT_FULL_TICKET,
		  .sum = { .n = 2, .tx_bytes = 10 } },
		{ .suite = psk, .psk = true, .mode = CONNECT_BY_ID, .sum = { .n = 1 } }
	};
	struct report_json j = {
		.opt = &opt, .ndr = &ndr, .pdr = &pdr, .costs = costs, .n_costs = 2
	};
	struct report_text t;
	const char *text;

	(void)state;
	report_text_open(&t);
	assert_true(report_json_write(&j, t.out));
	text = report_text_done(&t);
	is_balanced(text);
	has(text, "\"ndr\": {\n    \"max_loss\": 0,\n    \"rate\": 1000000,");
	has(text, "\"generator_limit\": true");
	has(text, "\"mode\": \"full, gives a ticket\",\n      \"keys\": \"pre-shared key\"");
	has(text, "\"mode\": \"resumed by id\"");
	has(text, "\"tx_bytes\": 10");
	free(t.text);
}

static void a_storm(void **state)
{
	struct storm_result *s = calloc(1, sizeof(*s));
	struct report_json j = { .opt = &opt, .storm = s };
	struct report_text t;
	const char *text;

	(void)state;
	assert_non_null(s);
	s->devices = s->served = 7;
	s->requests[STORM_DURING] = (struct storm_requests){ .due = 8, .answered = 6 };
	histogram_add(&s->time, 5000);
	report_text_open(&t);
	assert_true(report_json_write(&j, t.out));
	text = report_text_done(&t);
	is_balanced(text);
	has(text, "\"served\": 7,");
	has(text, "\"served_after_us\": {\n      \"count\": 1,");
	has(text, "\"due\": 8,\n      \"answered\": 6,\n      \"goodput\": 0.75,");
	free(t.text);
	free(s);
}

static void files(void **state)
{
	struct load_result *r = report_result_new();
	struct report_json j = { .opt = &opt, .measured = r };
	char path[] = "/tmp/test_report_json.XXXXXX", err[200], line[80];
	int fd = mkstemp(path);
	FILE *f;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_true(report_json_save(&j, path, err, sizeof(err)));
	f = fopen(path, "r");
	assert_non_null(fgets(line, sizeof(line), f));
	assert_string_equal(line, "{\n");
	fclose(f);
	assert_true(report_json_save_hgrm(&r->latency, path, err, sizeof(err)));
	f = fopen(path, "r");
	assert_non_null(fgets(line, sizeof(line), f));
	assert_non_null(strstr(line, "Percentile"));
	fclose(f);
	unlink(path);
	assert_false(report_json_save(&j, "/dev/full", err, sizeof(err)));
	assert_string_equal(err, "/dev/full: No space left on device");
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run),
		cmocka_unit_test(no_secret),
		cmocka_unit_test(searches_and_costs),
		cmocka_unit_test(a_storm),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, parse, release);
}
