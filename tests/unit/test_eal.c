/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal.h"

#include "eal_host.h"
#include "port_spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A test-mode instance on lcores 0 and 2 with n poll cores, and one --port. */
struct setup {
	struct options opt;
	struct layout layout;
	struct eal_args args;
	char err[256];
};

static void prepare(struct setup *s, const char *port, unsigned n_poll)
{
	memset(s, 0, sizeof(*s));
	s->opt.n_ports = 1;
	s->opt.test_mode = true;
	s->opt.main_core = OPTIONS_NO_CORE;
	s->opt.log_level = LOG_LEVEL_NOTICE;
	assert_null(port_spec_parse(&s->opt.ports[0], port));
	s->layout.n_cores = 2;
	s->layout.cores[0].lcore = 0;
	s->layout.cores[1].lcore = 2;
	s->layout.main_lcore = 2;
	s->layout.n_poll = n_poll;
	s->layout.port_queues[0] = (uint16_t)n_poll;
}

static void make(struct setup *s)
{
	if (!eal_args_make(&s->args, &s->opt, &s->layout, 300, s->err, sizeof(s->err)))
		fail_msg("%s", s->err);
	assert_string_equal(s->args.argv[0], "sluice");
	assert_null(s->args.argv[s->args.argc]);
}

static bool has(const struct setup *s, const char *arg)
{
	for (int i = 1; i < s->args.argc; i++)
		if (strcmp(s->args.argv[i], arg) == 0)
			return true;
	return false;
}

static void assert_makes(const char *port, unsigned n_poll, const char *arg)
{
	struct setup s;

	prepare(&s, port, n_poll);
	make(&s);
	if (!has(&s, arg))
		fail_msg("no %s in: %s", arg, s.args.text);
	eal_args_free(&s.args);
}

static void test_mode_needs_nothing_of_the_host(void **state)
{
	struct setup s;

	(void)state;
	prepare(&s, "tap:t0", 1);
	make(&s);
	assert_string_equal(s.args.text,
			    "-l 0,2 --main-lcore=2 --file-prefix=sluice --log-level=warning "
			    "--no-huge --no-shconf -m 300 --no-pci --vdev=net_tap0,iface=t0");
	assert_string_equal(s.args.warning, "");
	assert_false(s.args.huge);
	eal_args_free(&s.args);
}

static void memory_has_a_floor(void **state)
{
	struct setup s;

	(void)state;
	prepare(&s, "tap:t0", 1);
	assert_true(eal_args_make(&s.args, &s.opt, &s.layout, 1, s.err, sizeof(s.err)));
	assert_true(has(&s, "64"));
	eal_args_free(&s.args);
}

/* Without --test-mode, and more asked for than any machine has free. */
static void too_few_huge_pages_are_done_without(void **state)
{
	struct setup s;

	(void)state;
	prepare(&s, "tap:t0", 1);
	s.opt.test_mode = false;
	assert_true(eal_args_make(&s.args, &s.opt, &s.layout, eal_host_free_huge_mb() + 1, s.err,
				  sizeof(s.err)));
	assert_true(has(&s, "--no-huge"));
	assert_non_null(strstr(s.args.warning, "huge pages"));
	eal_args_free(&s.args);
}

static void huge_pages_are_used_when_they_suffice(void **state)
{
	struct setup s;

	(void)state;
	prepare(&s, "vhost:/nonexistent/s", 1);
	s.opt.test_mode = false;
	assert_true(eal_args_make(&s.args, &s.opt, &s.layout, 0, s.err, sizeof(s.err)));
	assert_true(s.args.huge);
	assert_false(has(&s, "--no-huge"));
	assert_true(has(&s, "--in-memory"));
	assert_true(has(&s, "--single-file-segments"));
	eal_args_free(&s.args);
}

static void interfaces_get_a_queue_pair_a_core(void **state)
{
	(void)state;
	assert_makes("af_packet:lo", 3,
		     "--vdev=net_af_packet0,iface=lo,qpairs=3,framesz=2048,framecnt=1024,"
		     "blocksz=65536");
	/* lo has one channel */
	assert_makes("af_xdp:lo", 3, "--vdev=net_af_xdp0,iface=lo,start_queue=0,queue_count=1");
}

static void ring_size_is_whole_blocks(void **state)
{
	struct setup s;

	(void)state;
	prepare(&s, "af_packet:lo", 1);
	s.opt.rxd = 100;
	make(&s);
	assert_non_null(strstr(s.args.text, "framecnt=128,"));
	eal_args_free(&s.args);
}

static void more_queues_than_cores_by_config(void **state)
{
	struct setup s;

	(void)state;
	prepare(&s, "af_packet:lo", 1);
	s.layout.port_queues[0] = 4;
	make(&s);
	assert_non_null(strstr(s.args.text, "qpairs=4,"));
	s.layout.port_queues[0] = 1;
	s.layout.n_poll = 2; /* the second core polls other ports, but sends on this one */
	assert_int_equal(eal_queue_pairs(&s.layout, 0), 2);
	eal_args_free(&s.args);
}

static void pci_devices_are_allowed_by_their_full_name(void **state)
{
	struct setup s;

	(void)state;
	prepare(&s, "3b:00.0", 1);
	make(&s);
	assert_true(has(&s, "-a"));
	assert_true(has(&s, "0000:3b:00.0"));
	assert_false(has(&s, "--no-pci"));
	eal_args_free(&s.args);
	assert_makes("0001:3b:00.1", 1, "0001:3b:00.1");
}

static void missing_interface_is_named(void **state)
{
	struct setup s;

	(void)state;
	prepare(&s, "af_packet:nosuch0", 1);
	assert_false(eal_args_make(&s.args, &s.opt, &s.layout, 64, s.err, sizeof(s.err)));
	assert_non_null(strstr(s.err, "--port af_packet:nosuch0: no such interface"));
	eal_args_free(&s.args);
}

static void users_own_arguments_are_kept_and_completed(void **state)
{
	static char *theirs[] = { "-l", "0,2", "--no-pci", "--vdev=net_ring0" };
	struct setup s;

	(void)state;
	prepare(&s, "tap:t0", 1);
	s.opt.has_eal_args = true;
	s.opt.n_eal_args = 4;
	s.opt.eal_args = theirs;
	make(&s);
	assert_string_equal(s.args.text,
			    "-l 0,2 --no-pci --vdev=net_ring0 --vdev=net_tap0,iface=t0");
	eal_args_free(&s.args);
	s.opt.main_core = 2;
	make(&s);
	assert_true(has(&s, "--main-lcore=2"));
	eal_args_free(&s.args);
}

static void numbered_ports_add_nothing(void **state)
{
	static char *theirs[] = { "--vdev=net_ring0" };
	struct setup s;

	(void)state;
	prepare(&s, "0", 1);
	s.opt.has_eal_args = true;
	s.opt.n_eal_args = 1;
	s.opt.eal_args = theirs;
	make(&s);
	assert_string_equal(s.args.text, "--vdev=net_ring0");
	eal_args_free(&s.args);
}

static void too_many_arguments_are_refused(void **state)
{
	static char *theirs[EAL_ARGS_MAX + 1];
	struct setup s;

	(void)state;
	prepare(&s, "0", 1);
	for (unsigned i = 0; i <= EAL_ARGS_MAX; i++)
		theirs[i] = "-v";
	s.opt.has_eal_args = true;
	s.opt.n_eal_args = EAL_ARGS_MAX;
	s.opt.eal_args = theirs;
	assert_false(eal_args_make(&s.args, &s.opt, &s.layout, 64, s.err, sizeof(s.err)));
	eal_args_free(&s.args);
}

struct place {
	char dir[32], path[64], port[96];
};

static void make_place(struct place *p, const char *kind)
{
	strcpy(p->dir, "/tmp/test_eal.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/s", p->dir);
	snprintf(p->port, sizeof(p->port), "%s:%s", kind, p->path);
}

static int bind_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void first_of_two_listens(void **state)
{
	struct place p;
	int fd;
	char arg[160];

	(void)state;
	make_place(&p, "vhost");
	snprintf(arg, sizeof(arg), "--vdev=net_vhost0,iface=%s,queues=2,client=0", p.path);
	assert_makes(p.port, 2, arg);
	fd = bind_to(p.path);
	assert_int_equal(listen(fd, 1), 0);
	snprintf(arg, sizeof(arg), "--vdev=net_vhost0,iface=%s,queues=2,client=1", p.path);
	assert_makes(p.port, 2, arg);
	close(fd);
	/* What a killed process left behind is removed. */
	snprintf(arg, sizeof(arg), "--vdev=net_vhost0,iface=%s,queues=2,client=0", p.path);
	assert_makes(p.port, 2, arg);
	assert_int_not_equal(access(p.path, F_OK), 0);
	rmdir(p.dir);
}

static void virtio_user_connects_to_a_listener(void **state)
{
	struct place p;
	struct setup s;
	int fd;
	char arg[160];

	(void)state;
	make_place(&p, "virtio_user");
	fd = bind_to(p.path);
	assert_int_equal(listen(fd, 1), 0);
	snprintf(arg, sizeof(arg),
		 "--vdev=net_virtio_user0,path=%s,queues=2,queue_size=1024,cq=1,server=0", p.path);
	assert_makes(p.port, 2, arg);
	close(fd);
	prepare(&s, p.port, 1);
	make(&s);
	assert_non_null(strstr(s.args.text, ",queue_size=1024,server=1"));
	/* The device's one size holds the longer queue, as far as it can. */
	s.opt.rxd = 64;
	s.opt.txd = 1025;
	eal_args_free(&s.args);
	make(&s);
	assert_non_null(strstr(s.args.text, ",queue_size=2048,server=1"));
	s.opt.rxd = 32768;
	eal_args_free(&s.args);
	make(&s);
	assert_non_null(strstr(s.args.text, ",queue_size=4096,server=1"));
	assert_non_null(strstr(s.args.warning, "waiting for a vhost peer"));
	eal_args_free(&s.args);
	rmdir(p.dir);
}

static void files_that_are_no_sockets_stay(void **state)
{
	struct place p;
	FILE *f;

	(void)state;
	make_place(&p, "vhost");
	f = fopen(p.path, "w");
	assert_non_null(f);
	fclose(f);
	assert_true(eal_host_claim_socket(p.path));
	assert_int_equal(access(p.path, F_OK), 0);
	unlink(p.path);
	rmdir(p.dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode_needs_nothing_of_the_host),
		cmocka_unit_test(memory_has_a_floor),
		cmocka_unit_test(too_few_huge_pages_are_done_without),
		cmocka_unit_test(huge_pages_are_used_when_they_suffice),
		cmocka_unit_test(interfaces_get_a_queue_pair_a_core),
		cmocka_unit_test(ring_size_is_whole_blocks),
		cmocka_unit_test(more_queues_than_cores_by_config),
		cmocka_unit_test(pci_devices_are_allowed_by_their_full_name),
		cmocka_unit_test(missing_interface_is_named),
		cmocka_unit_test(users_own_arguments_are_kept_and_completed),
		cmocka_unit_test(numbered_ports_add_nothing),
		cmocka_unit_test(too_many_arguments_are_refused),
		cmocka_unit_test(first_of_two_listens),
		cmocka_unit_test(virtio_user_connects_to_a_listener),
		cmocka_unit_test(files_that_are_no_sockets_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
