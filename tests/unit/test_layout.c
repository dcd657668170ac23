/* SPDX-License-Identifier: BSD-3-Clause */
#include "layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct core_set cores(const char *list)
{
	struct core_set set;

	assert_true(core_set_parse(&set, list));
	return set;
}

/* Options as the parser leaves them, with n ports; list arguments may be NULL. */
static struct options make_options(unsigned n_ports, const char *workers, const char *handshake)
{
	struct options opt = { .n_ports = n_ports, .main_core = OPTIONS_NO_CORE };

	for (unsigned i = 0; i < n_ports; i++) {
		opt.ports[i].kind = PORT_TAP;
		snprintf(opt.ports[i].dev, sizeof(opt.ports[i].dev), "tap:t%u", i);
	}
	if (workers != NULL)
		opt.workers = cores(workers);
	if (handshake != NULL)
		opt.handshake_cores = cores(handshake);
	return opt;
}

static void add_queue(struct options *opt, unsigned port, unsigned queue, unsigned lcore)
{
	opt->queues[opt->n_queues++] =
		(struct queue_spec){ (uint16_t)port, (uint16_t)queue, (uint16_t)lcore };
}

static struct layout make(const struct options *opt, const char *available)
{
	struct core_set set = cores(available);
	struct layout l;
	char err[256] = "";

	if (!layout_make(&l, opt, &set, err, sizeof(err)))
		fail_msg("%s", err);
	return l;
}

static void refuses(const struct options *opt, const char *available, const char *message)
{
	struct core_set set = cores(available);
	struct layout l;
	char err[256] = "";

	assert_false(layout_make(&l, opt, &set, err, sizeof(err)));
	assert_string_equal(err, message);
}

/* "0:phw 1:w": every core with the first letters of its roles, main in brackets. */
static const char *roles(const struct layout *l)
{
	static char text[1024];
	size_t len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < l->n_cores; i++) {
		const struct layout_core *c = &l->cores[i];

		len += (size_t)snprintf(text + len, sizeof(text) - len,
					c->lcore == l->main_lcore ? "%s[%u]:%s%s%s" : "%s%u:%s%s%s",
					i ? " " : "", c->lcore, c->roles & LAYOUT_POLL ? "p" : "",
					c->roles & LAYOUT_HANDSHAKE ? "h" : "",
					c->roles & LAYOUT_WORKER ? "w" : "");
	}
	return text;
}

static void defaults_by_number_of_cores(void **state)
{
	struct options opt = make_options(1, NULL, NULL);
	struct layout l = make(&opt, "3");

	(void)state;
	assert_string_equal(roles(&l), "[3]:phw");
	l = make(&opt, "0-1");
	assert_string_equal(roles(&l), "[0]:p 1:hw");
	l = make(&opt, "0-2");
	assert_string_equal(roles(&l), "[0]:p 1:h 2:w");
	l = make(&opt, "0-3");
	assert_string_equal(roles(&l), "[0]:p 1:p 2:h 3:w");
	l = make(&opt, "1-8");
	assert_string_equal(roles(&l), "[1]:p 2:p 3:p 4:p 5:h 6:h 7:w 8:w");
}

static void every_poll_core_has_a_queue_on_every_port(void **state)
{
	struct options opt = make_options(2, NULL, NULL);
	struct layout l = make(&opt, "0-3");

	(void)state;
	assert_int_equal(l.n_queues, 4);
	assert_int_equal(l.port_queues[0], 2);
	assert_int_equal(l.port_queues[1], 2);
	assert_false(l.explicit_queues);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(l.queues[i].lcore, i / 2);
		assert_int_equal(l.queues[i].queue, i / 2);
		assert_int_equal(l.queues[i].port, i % 2);
	}
	assert_int_equal(l.cores[1].first_queue, 2);
	assert_int_equal(l.cores[1].n_queues, 2);
	assert_int_equal(l.cores[2].n_queues, 0);
}

static void cores_are_numbered_by_role(void **state)
{
	struct options opt = make_options(1, "1,4", "4");
	struct layout l;

	(void)state;
	add_queue(&opt, 0, 0, 4);
	add_queue(&opt, 0, 1, 2);
	l = make(&opt, "0-5");
	assert_string_equal(roles(&l), "[1]:w 2:p 4:phw");
	assert_int_equal(l.n_poll, 2);
	assert_int_equal(l.n_worker, 2);
	assert_int_equal(l.n_handshake, 1);
	assert_int_equal(l.cores[l.poll[0]].lcore, 2);
	assert_int_equal(l.cores[l.poll[1]].lcore, 4);
	assert_int_equal(l.cores[l.worker[0]].lcore, 1);
	assert_int_equal(l.cores[l.worker[1]].lcore, 4);
	assert_int_equal(l.cores[l.handshake[0]].lcore, 4);
	assert_int_equal(l.cores[0].poll, LAYOUT_NONE);
	assert_int_equal(l.cores[0].worker, 0);
	assert_int_equal(l.cores[2].poll, 1);
	assert_int_equal(l.cores[2].worker, 1);
	assert_int_equal(l.cores[2].handshake, 0);
	assert_true(l.explicit_queues);
}

static void one_core_in_every_list(void **state)
{
	struct options opt = make_options(1, "0", "0");
	struct layout l;

	(void)state;
	add_queue(&opt, 0, 0, 0);
	l = make(&opt, "0-3");
	assert_string_equal(roles(&l), "[0]:phw");
}

static void what_is_open_goes_to_idle_cores(void **state)
{
	struct options opt = make_options(1, NULL, NULL);
	struct layout l;

	(void)state;
	add_queue(&opt, 0, 0, 2);
	l = make(&opt, "0-3");
	assert_string_equal(roles(&l), "[0]:h 1:w 2:p 3:w");
	l = make(&opt, "2");
	assert_string_equal(roles(&l), "[2]:phw");
	opt = make_options(1, "0", NULL);
	l = make(&opt, "0-1");
	assert_string_equal(roles(&l), "[0]:hw 1:p");
	opt = make_options(1, NULL, "0");
	l = make(&opt, "0-2");
	assert_string_equal(roles(&l), "[0]:h 1:p 2:w");
	opt = make_options(1, "0-1", NULL);
	l = make(&opt, "0-1");
	assert_string_equal(roles(&l), "[0]:phw 1:hw");
}

static void main_core_may_have_no_role(void **state)
{
	struct options opt = make_options(1, "1", "1");
	struct layout l;
	struct core_set used;
	char text[CORE_SET_TEXT_MAX];

	(void)state;
	add_queue(&opt, 0, 0, 2);
	opt.main_core = 0;
	l = make(&opt, "0-2");
	assert_string_equal(roles(&l), "[0]: 1:hw 2:p");
	used = layout_lcores(&l);
	assert_string_equal(core_set_print(text, &used), "0-2");
	opt.main_core = 9;
	refuses(&opt, "0-2", "--main-core: lcore 9 is not available (0-2)");
}

static void contradictions_name_port_queue_and_lcore(void **state)
{
	struct options opt = make_options(1, NULL, NULL);

	(void)state;
	add_queue(&opt, 0, 0, 1);
	add_queue(&opt, 0, 0, 2);
	refuses(&opt, "0-3", "--config: port 0 queue 0 lcore 2: lcore 1 polls it already");
	opt.n_queues = 0;
	add_queue(&opt, 0, 0, 7);
	refuses(&opt, "0-3", "--config: port 0 queue 0 lcore 7: lcore 7 is not available (0-3)");
	opt.n_queues = 0;
	add_queue(&opt, 0, 0, 300);
	refuses(&opt, "0-3",
		"--config: port 0 queue 0 lcore 300: lcore 300 is not available (0-3)");
	opt.n_queues = 0;
	add_queue(&opt, 1, 0, 2);
	refuses(&opt, "0-3", "--config: port 1 queue 0 lcore 2: there is no port 1");
	opt.n_queues = 0;
	add_queue(&opt, 0, 0, 1);
	add_queue(&opt, 0, 2, 1);
	refuses(&opt, "0-3", "--config: port 0 queue 2 lcore 1: nobody polls queue 1");
}

static void a_port_that_nobody_polls(void **state)
{
	struct options opt = make_options(2, NULL, NULL);

	(void)state;
	add_queue(&opt, 0, 0, 1);
	refuses(&opt, "0-3", "--config: port 1 queue 0: no lcore polls it");
}

static void lists_beyond_the_cores(void **state)
{
	struct options opt = make_options(1, "1,5", NULL);

	(void)state;
	refuses(&opt, "0-3", "--workers: lcore 5 is not available (0-3)");
	opt = make_options(1, NULL, "4");
	refuses(&opt, "0-3", "--handshake-cores: lcore 4 is not available (0-3)");
}

static void ports_by_number(void **state)
{
	struct options opt = make_options(2, NULL, NULL);
	struct layout l;

	(void)state;
	opt.ports[0].kind = opt.ports[1].kind = PORT_NUMBER;
	opt.ports[0].number = 3;
	opt.ports[1].number = 1;
	add_queue(&opt, 3, 0, 0);
	add_queue(&opt, 1, 0, 1);
	l = make(&opt, "0-1");
	assert_int_equal(l.queues[0].port, 0);
	assert_int_equal(l.queues[0].lcore, 0);
	assert_int_equal(l.queues[1].port, 1);
	opt.queues[1].port = 0;
	refuses(&opt, "0-1", "--config: port 0 queue 0 lcore 1: there is no port 0");
	opt.queues[1] = (struct queue_spec){ 3, 1, 1 };
	refuses(&opt, "0-1", "--config: port 1 queue 0: no lcore polls it");
}

static void a_port_with_fewer_queues(void **state)
{
	struct options opt = make_options(2, NULL, NULL);
	struct layout l = make(&opt, "0-3");
	char err[128];

	(void)state;
	assert_true(layout_limit_queues(&l, 1, 1, err, sizeof(err)));
	assert_int_equal(l.n_queues, 3);
	assert_int_equal(l.port_queues[0], 2);
	assert_int_equal(l.port_queues[1], 1);
	assert_int_equal(l.cores[0].n_queues, 2);
	assert_int_equal(l.cores[1].n_queues, 1);
	assert_true(layout_limit_queues(&l, 0, 1, err, sizeof(err)));
	assert_int_equal(l.cores[1].n_queues, 0);
	assert_int_equal(l.cores[1].poll, 1); /* it still owns sessions */
}

static void a_port_with_fewer_queues_than_asked_for(void **state)
{
	struct options opt = make_options(1, NULL, NULL);
	struct layout l;
	char err[128] = "";

	(void)state;
	add_queue(&opt, 0, 0, 0);
	add_queue(&opt, 0, 1, 1);
	l = make(&opt, "0-1");
	assert_true(layout_limit_queues(&l, 0, 2, err, sizeof(err)));
	assert_false(layout_limit_queues(&l, 0, 1, err, sizeof(err)));
	assert_string_equal(err, "--config: port 0 queue 1 lcore 1: the port has 1 queue");
}

static void many_cores_do_not_overflow_the_queues(void **state)
{
	struct options opt = make_options(OPTIONS_PORTS_MAX, NULL, NULL);
	struct layout l = make(&opt, "0-127");

	(void)state;
	assert_int_equal(l.n_poll, 32); /* 256 queues on 8 ports */
	assert_int_equal(l.n_queues, OPTIONS_QUEUES_MAX);
	assert_int_equal(l.n_cores, 128);
	assert_int_equal(l.n_poll + l.n_handshake + l.n_worker, 128);
}

static char *printed(const struct layout *l, const struct options *opt,
		     const struct layout_port_info *info)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	layout_print(f, l, opt, info);
	fclose(f);
	return text;
}

static void table_before_and_after_opening(void **state)
{
	struct options opt = make_options(1, NULL, NULL);
	struct layout l = make(&opt, "0-2");
	const struct layout_port_info info = { .rss = "udp", .offloads = "rx-udp" };
	char *text;

	(void)state;
	l.cores[0].socket = 1;
	l.cores[1].socket = -1;
	l.cores[2].socket = 0;
	text = printed(&l, &opt, NULL);
	assert_string_equal(text, "PORT                         QUEUE LCORE NUMA  ROLE             "
				  "            RSS          OFFLOADS\n"
				  "0 tap:t0                         0     0    1  main+poll        "
				  "            -            -\n"
				  "-                                -     1    -  handshake        "
				  "            -            -\n"
				  "-                                -     2    0  worker           "
				  "            -            -\n");
	free(text);
	text = printed(&l, &opt, &info);
	assert_non_null(strstr(text, "main+poll                    udp          rx-udp\n"));
	free(text);
}

static void set_eal(struct options *opt, int n, char *const args[])
{
	opt->has_eal_args = true;
	opt->n_eal_args = n;
	opt->eal_args = args;
}

static void cores_of_eal(void **state)
{
	static char *const forms[][2] = { { "-l", "1,3-4" },       { "-l1,3-4", "-n4" },
					  { "--lcores", "1,3-4" }, { "--lcores=1,3-4", "-n4" },
					  { "-c", "1a" },          { "-c0x1a", "-n4" } };
	struct options opt = { .n_ports = 1 };
	struct core_set set;
	char err[128], text[CORE_SET_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		set_eal(&opt, 2, forms[i]);
		assert_true(layout_cores(&set, &opt, err, sizeof(err)));
		assert_string_equal(core_set_print(text, &set), "1,3-4");
	}
	set_eal(&opt, 2, (char *const[]){ "--lcores", "(0-1)@2" });
	assert_false(layout_cores(&set, &opt, err, sizeof(err)));
	assert_string_equal(err, "EAL's core list is not a plain one like 1,3-5 ((0-1)@2)");
	set_eal(&opt, 1, (char *const[]){ "-l" });
	assert_false(layout_cores(&set, &opt, err, sizeof(err)));
}

static void a_role_has_64_cores_at_most(void **state)
{
	struct options opt = make_options(1, "0-63", "0-63");

	(void)state;
	make(&opt, "0-127");
	opt = make_options(1, "0-64", NULL);
	refuses(&opt, "0-127", "--workers: more than 64 lcores");
	opt = make_options(1, NULL, "0-64");
	refuses(&opt, "0-127", "--handshake-cores: more than 64 lcores");
	opt = make_options(1, NULL, NULL);
	for (unsigned i = 0; i < 65; i++)
		add_queue(&opt, 0, i, i);
	refuses(&opt, "0-127", "--config: more than 64 lcores");
}

static void cores_of_the_scheduler(void **state)
{
	struct options opt = { .n_ports = 1 };
	struct core_set set;
	char err[128];

	(void)state;
	assert_true(layout_cores(&set, &opt, err, sizeof(err)));
	assert_true(core_set_count(&set) >= 1);
	/* Other arguments of EAL name no cores. */
	set_eal(&opt, 2, (char *const[]){ "--log-level=8", "--no-huge" });
	assert_true(layout_cores(&set, &opt, err, sizeof(err)));
}

/* Two ports with a queue pair each, a core each: each core sends where it receives. */
static void scarce_transmit_queues_go_to_who_polls(void **state)
{
	struct options opt = make_options(2, NULL, NULL);
	struct layout l;

	(void)state;
	add_queue(&opt, 0, 0, 0);
	add_queue(&opt, 1, 0, 1);
	l = make(&opt, "0-1");
	assert_int_equal(l.n_poll, 2);
	assert_int_equal(layout_tx_queue(&l, 0, 0, 1), 0);
	assert_int_equal(layout_tx_queue(&l, 0, 1, 1), LAYOUT_NO_TX_QUEUE);
	assert_int_equal(layout_tx_queue(&l, 1, 0, 1), LAYOUT_NO_TX_QUEUE);
	assert_int_equal(layout_tx_queue(&l, 1, 1, 1), 0);
	/* Enough for all. */
	for (unsigned poll = 0; poll < 2; poll++)
		for (unsigned port = 0; port < 2; port++)
			assert_int_equal(layout_tx_queue(&l, port, poll, 2), poll);
}

/* Who polls the port first, then the others; never one queue for two cores. */
static void transmit_queues_are_not_shared(void **state)
{
	struct options opt = make_options(2, NULL, NULL);
	struct layout l;

	(void)state;
	add_queue(&opt, 0, 0, 0);
	add_queue(&opt, 1, 0, 1);
	add_queue(&opt, 1, 1, 2);
	add_queue(&opt, 0, 1, 3);
	l = make(&opt, "0-3");
	assert_int_equal(l.n_poll, 4);
	assert_int_equal(layout_tx_queue(&l, 1, 1, 3), 0);
	assert_int_equal(layout_tx_queue(&l, 1, 2, 3), 1);
	assert_int_equal(layout_tx_queue(&l, 1, 0, 3), 2);
	assert_int_equal(layout_tx_queue(&l, 1, 3, 3), LAYOUT_NO_TX_QUEUE);
	assert_int_equal(layout_tx_queue(&l, 0, 0, 1), 0);
	assert_int_equal(layout_tx_queue(&l, 0, 3, 1), LAYOUT_NO_TX_QUEUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_by_number_of_cores),
		cmocka_unit_test(every_poll_core_has_a_queue_on_every_port),
		cmocka_unit_test(cores_are_numbered_by_role),
		cmocka_unit_test(one_core_in_every_list),
		cmocka_unit_test(what_is_open_goes_to_idle_cores),
		cmocka_unit_test(main_core_may_have_no_role),
		cmocka_unit_test(contradictions_name_port_queue_and_lcore),
		cmocka_unit_test(a_port_that_nobody_polls),
		cmocka_unit_test(lists_beyond_the_cores),
		cmocka_unit_test(ports_by_number),
		cmocka_unit_test(a_port_with_fewer_queues),
		cmocka_unit_test(a_port_with_fewer_queues_than_asked_for),
		cmocka_unit_test(many_cores_do_not_overflow_the_queues),
		cmocka_unit_test(table_before_and_after_opening),
		cmocka_unit_test(cores_of_eal),
		cmocka_unit_test(a_role_has_64_cores_at_most),
		cmocka_unit_test(cores_of_the_scheduler),
		cmocka_unit_test(scarce_transmit_queues_go_to_who_polls),
		cmocka_unit_test(transmit_queues_are_not_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
