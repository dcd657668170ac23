/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fleet: many devices in one process, over kernel UDP sockets, for those tests in namespaces that
 * must know which readings were answered (--acked), or have devices that die in mid-handshake
 * (--abandon), or send the moment they may (--non). For all else there is sluice-load.
 *
 *   fleet --psk-file FILE --devices N            writes the devices' credentials and exits
 *   fleet --target ADDR --devices N [options]    runs them
 *
 * Each device has a socket of its own, makes a DTLS 1.2 PSK handshake, posts --readings readings
 * {"d":DEVICE,"n":READING}, one after the other (CON: when the one before was answered; NON: at
 * once), and leaves. Exit status 0: every handshake finished and, for CON, every reading was
 * answered with 2.xx.
 */
#include "coap_msg.h"
#include "deadline.h"
#include "event_protect.h"
#include "job.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NAME_MAX_LEN = 16, PORT = 5684, DATAGRAM_MAX = 2048, ACK_TIMEOUT_MS = 2000, TRIES = 5 };

#define MS_NS UINT64_C(1000000)

enum state { IDLE, SHAKING, POSTING, DONE, FAILED };

struct device {
	struct handshake *handshake;
	struct protect session;
	int fd;
	uint32_t reading; /* of --readings: the one under way */
	uint8_t tries;
	uint8_t state; /* enum state */
};

struct fleet {
	struct sockaddr_in target;
	uint32_t n, n_readings;
	uint32_t window; /* devices at work at once */
	bool non, abandon;
	uint32_t seconds; /* 0: until all are done */
	const char *target_text, *psk_file, *acked_file;
	FILE *acked; /* payloads that were answered with 2.xx */
	struct device *devices;
	struct deadlines *deadlines;
	struct handshake_config handshake;
	struct hello_policy policy;
	struct aead *aead;
	int epoll;
	uint32_t started, finished, failed;
	uint64_t answered, unavailable, other;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint32_t id_of(const struct fleet *f, const struct device *d)
{
	return (uint32_t)(d - f->devices);
}

/* Device i is "devI"; its key is the 16 bytes of text "key-000000000I.". */
static size_t device_name(uint32_t i, char out[NAME_MAX_LEN])
{
	return (size_t)snprintf(out, NAME_MAX_LEN, "dev%u", i);
}

static void device_key(uint32_t i, char out[17]) { snprintf(out, 17, "key-%011u.", i); }

static void leave(struct fleet *f, struct device *d, enum state state)
{
	if (d->state == DONE || d->state == FAILED)
		return;
	handshake_free(d->handshake);
	d->handshake = NULL;
	close(d->fd);
	deadlines_set(f->deadlines, id_of(f, d), DEADLINE_NONE);
	d->state = (uint8_t)state;
	f->finished++;
	f->failed += state == FAILED;
}

static void seal_and_send(struct device *d, enum record_type type, const uint8_t *text, size_t len)
{
	uint8_t out[DATAGRAM_MAX];
	struct wr w = wr_of(out, sizeof(out));

	if (protect_write(&d->session, &w, 1, (uint8_t)type, DTLS_1_2, text, len))
		(void)!send(d->fd, out, wr_len(&w), 0);
}

static int reading_text(const struct fleet *f, const struct device *d, char *out, size_t cap)
{
	return snprintf(out, cap, "{\"d\":%u,\"n\":%u}", id_of(f, d), d->reading);
}

static void post(struct fleet *f, struct device *d)
{
	uint8_t msg[256], token[2] = { (uint8_t)(d->reading >> 8), (uint8_t)d->reading };
	struct wr w = wr_of(msg, sizeof(msg));
	uint16_t at = 0;
	char text[64];
	int len = reading_text(f, d, text, sizeof(text));

	coap_header_write(&w, f->non ? COAP_NON : COAP_CON, COAP_POST, (uint16_t)(d->reading + 1),
			  token, sizeof(token));
	coap_option_write(&w, &at, COAP_URI_PATH, "s", 1);
	coap_option_write_uint(&w, &at, COAP_CONTENT_FORMAT, 50);
	coap_payload_write(&w, text, (size_t)len);
	seal_and_send(d, RECORD_APPDATA, msg, wr_len(&w));
}

static void post_next(struct fleet *f, struct device *d)
{
	static const uint8_t close_notify[] = { ALERT_WARNING, ALERT_CLOSE_NOTIFY };

	d->tries = 0;
	while (f->non && d->reading < f->n_readings) {
		post(f, d);
		d->reading++;
	}
	if (d->reading >= f->n_readings) {
		seal_and_send(d, RECORD_ALERT, close_notify, sizeof(close_notify));
		leave(f, d, DONE);
		return;
	}
	post(f, d);
	deadlines_set(f->deadlines, id_of(f, d), now_ns() + ACK_TIMEOUT_MS * MS_NS);
}

static void on_response(struct fleet *f, struct device *d, const struct coap_msg *m)
{
	char text[64];

	if (m->type == COAP_CON) {
		uint8_t ack[COAP_HEADER_LEN];
		struct wr w = wr_of(ack, sizeof(ack));

		coap_header_write(&w, COAP_ACK, COAP_EMPTY, m->mid, NULL, 0);
		seal_and_send(d, RECORD_APPDATA, ack, wr_len(&w));
	}
	/* An empty ACK: the answer comes separately, and nothing is to be repeated. */
	if (m->code == COAP_EMPTY) {
		deadlines_set(f->deadlines, id_of(f, d), now_ns() + 30000 * MS_NS);
		return;
	}
	if (f->non || m->token_len != 2 || (m->token[0] << 8 | m->token[1]) != (uint16_t)d->reading)
		return;
	if (m->code >> 5 == 2) {
		f->answered++;
		reading_text(f, d, text, sizeof(text));
		if (f->acked != NULL)
			fprintf(f->acked, "%s\n", text);
	} else if (m->code == COAP_UNAVAILABLE) {
		f->unavailable++;
	} else {
		f->other++;
	}
	d->reading++;
	post_next(f, d);
}

static void on_record(struct fleet *f, struct device *d, const struct record *r)
{
	uint8_t text[PROTECT_RECORD_MAX];
	struct protect_content c;
	struct coap_msg m;

	if (r->epoch != 1 || protect_open(&d->session, r, text, &c) != STATUS_OK)
		return;
	protect_mark(&d->session, &c);
	if (c.type == RECORD_ALERT)
		leave(f, d, FAILED);
	else if (c.type == RECORD_APPDATA &&
		 coap_msg_parse(rd_of(text, c.len), &m) == COAP_PARSE_OK)
		on_response(f, d, &m);
}

static void on_records(struct fleet *f, struct device *d, const uint8_t *bytes, size_t len)
{
	struct rd datagram = rd_of(bytes, len);
	struct record record;

	while (d->state == POSTING && rd_len(&datagram) > 0)
		if (record_next(&datagram, &record) == STATUS_OK)
			on_record(f, d, &record);
}

static void installed(struct fleet *f, struct device *d, const struct handshake_event *event)
{
	d->session = event_protect(f->aead, true, event);
	handshake_free(d->handshake);
	d->handshake = NULL;
	d->state = POSTING;
	post_next(f, d);
}

static void drain(struct fleet *f, struct device *d)
{
	uint8_t datagram[HANDSHAKE_DATAGRAM_MAX];
	struct handshake_event event;
	struct handshake_job *job;
	size_t len;
	unsigned sent = 0;

	while ((job = handshake_job(d->handshake)) != NULL) {
		job_run(job, NULL);
		handshake_job_done(d->handshake, now_ns());
	}
	while (handshake_output(d->handshake, datagram, &len)) {
		(void)!send(d->fd, datagram, len, 0);
		sent++;
	}
	handshake_event(d->handshake, &event);
	if (event.kind == HANDSHAKE_INSTALL) {
		installed(f, d, &event);
	} else if (event.kind == HANDSHAKE_FAILED) {
		leave(f, d, FAILED);
	} else {
		deadlines_set(f->deadlines, id_of(f, d), handshake_deadline(d->handshake));
		/* Killed in mid-handshake: the second hello, with its cookie, was the last sign. */
		if (f->abandon && d->tries++ > 0 && sent > 0)
			leave(f, d, DONE);
	}
}

static void on_readable(struct fleet *f, struct device *d)
{
	uint8_t datagram[DATAGRAM_MAX];
	ssize_t len;

	while (d->state == SHAKING || d->state == POSTING) {
		len = recv(d->fd, datagram, sizeof(datagram), MSG_DONTWAIT);
		if (len < 0)
			return;
		if (d->state == POSTING) {
			on_records(f, d, datagram, (size_t)len);
			continue;
		}
		(void)handshake_input(d->handshake, now_ns(), datagram, (size_t)len);
		drain(f, d);
	}
}

static void on_deadline(struct fleet *f, struct device *d)
{
	if (d->state == SHAKING) {
		handshake_timeout(d->handshake, now_ns());
		drain(f, d);
	} else if (d->state == POSTING && d->tries++ < TRIES) {
		post(f, d);
		deadlines_set(f->deadlines, id_of(f, d), now_ns() + ACK_TIMEOUT_MS * MS_NS);
	} else {
		leave(f, d, FAILED);
	}
}

static bool start(struct fleet *f, struct device *d)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = d };
	char name[NAME_MAX_LEN], key[17];
	size_t name_len = device_name(id_of(f, d), name);

	device_key(id_of(f, d), key);
	f->started++;
	d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (d->fd < 0 || connect(d->fd, (struct sockaddr *)&f->target, sizeof(f->target)) != 0 ||
	    epoll_ctl(f->epoll, EPOLL_CTL_ADD, d->fd, &ev) != 0) {
		perror("fleet: socket");
		return false;
	}
	d->handshake = handshake_new(&f->handshake, HANDSHAKE_CLIENT, now_ns());
	if (d->handshake == NULL ||
	    !handshake_client_credential(d->handshake, (const uint8_t *)name, name_len,
					 (const uint8_t *)key, 16))
		return false;
	d->state = SHAKING;
	handshake_timeout(d->handshake, now_ns());
	drain(f, d);
	return true;
}

static bool run(struct fleet *f)
{
	uint64_t end_ns = f->seconds ? now_ns() + f->seconds * 1000 * MS_NS : UINT64_MAX;
	struct epoll_event events[64];
	uint32_t id;

	while (f->finished < f->n && now_ns() < end_ns) {
		while (f->started < f->n && f->started - f->finished < f->window)
			if (!start(f, &f->devices[f->started]))
				return false;
		int n = epoll_wait(f->epoll, events, 64, 5);

		for (int i = 0; i < n; i++)
			on_readable(f, events[i].data.ptr);
		while (deadlines_due(f->deadlines, now_ns(), &id))
			on_deadline(f, &f->devices[id]);
	}
	return true;
}

static bool prepare(struct fleet *f)
{
	struct rlimit files = { 1 << 20, 1 << 20 };

	setrlimit(RLIMIT_NOFILE, &files);
	f->aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	f->devices = calloc(f->n, sizeof(*f->devices));
	f->deadlines = deadlines_new(f->n);
	f->epoll = epoll_create1(0);
	f->policy.suites[0] = suite_by_id(TLS_PSK_WITH_AES_128_GCM_SHA256);
	f->policy.n_suites = 1;
	f->handshake = (struct handshake_config){
		.policy = &f->policy,
		.aead = f->aead,
		.timeout_ns = 1000 * MS_NS,
		.timeout_max_ns = 60000 * MS_NS,
		.give_up_ns = 30000 * MS_NS,
		.mtu = 1200,
	};
	handshake_config_system(&f->handshake);
	return f->aead && f->devices && f->deadlines && f->epoll >= 0 && f->policy.suites[0];
}

static int write_credentials(const char *path, uint32_t n)
{
	FILE *out = fopen(path, "w");
	char name[NAME_MAX_LEN], key[17];

	if (out == NULL)
		return EXIT_FAILURE;
	for (uint32_t i = 0; i < n; i++) {
		device_name(i, name);
		device_key(i, key);
		fprintf(out, "%s:", name);
		for (int k = 0; k < 16; k++)
			fprintf(out, "%02x", (unsigned)(uint8_t)key[k]);
		fputc('\n', out);
	}
	return fclose(out) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool set_target(struct fleet *f, const char *text)
{
	f->target.sin_family = AF_INET;
	f->target.sin_port = htons(PORT);
	return inet_pton(AF_INET, text, &f->target.sin_addr) == 1;
}

/* An option sets a number, a text or a flag. */
struct option_row {
	const char *name;
	uint32_t *number;
	const char **text;
	bool *flag;
};

static bool parse_one(const struct option_row *rows, char ***argv)
{
	const struct option_row *row = rows;

	while (row->name != NULL && strcmp(row->name, **argv) != 0)
		row++;
	if (row->name == NULL)
		return false;
	if (row->flag != NULL) {
		*row->flag = true;
		return true;
	}
	if (*++*argv == NULL)
		return false;
	if (row->number != NULL)
		*row->number = (uint32_t)strtoul(**argv, NULL, 10);
	else
		*row->text = **argv;
	return true;
}

static bool parse(struct fleet *f, char **argv)
{
	const struct option_row rows[] = {
		{ .name = "--target", .text = &f->target_text },
		{ .name = "--psk-file", .text = &f->psk_file },
		{ .name = "--acked", .text = &f->acked_file },
		{ .name = "--devices", .number = &f->n },
		{ .name = "--readings", .number = &f->n_readings },
		{ .name = "--window", .number = &f->window },
		{ .name = "--seconds", .number = &f->seconds },
		{ .name = "--non", .flag = &f->non },
		{ .name = "--abandon", .flag = &f->abandon },
		{ .name = NULL },
	};

	while (*++argv != NULL)
		if (!parse_one(rows, &argv))
			return false;
	if (f->acked_file != NULL && (f->acked = fopen(f->acked_file, "w")) == NULL)
		return false;
	return f->n > 0 &&
	       (f->psk_file != NULL || (f->target_text != NULL && set_target(f, f->target_text)));
}

int main(int argc, char **argv)
{
	static struct fleet f = {
		.n_readings = 1,
		.window = 500,
	};

	(void)argc;
	if (!parse(&f, argv)) {
		fprintf(stderr, "fleet: see the head of fleet.c for the options\n");
		return 2;
	}
	if (f.psk_file != NULL)
		return write_credentials(f.psk_file, f.n);
	if (!prepare(&f) || !run(&f))
		return EXIT_FAILURE;
	if (f.acked != NULL)
		fclose(f.acked);
	printf("devices %u, finished %u, failed %u, answered %lu, unavailable %lu, other %lu\n",
	       f.n, f.finished, f.failed, f.answered, f.unavailable, f.other);
	return f.failed == 0 && f.finished == f.n && f.other == 0 && f.unavailable == 0
		       ? EXIT_SUCCESS
		       : EXIT_FAILURE;
}
