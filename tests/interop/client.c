/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include "client_coap.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 15, CID_LEN_MAX = CLIENT_CID_MAX };

/* A request without an answer is sent again after RFC 7252's ACK_TIMEOUT, as a new record. */
enum { ACK_TIMEOUT_MS = 2000, TRIES = 4, ECHOES_MAX = 2 };

static const char help[] =
	"[options] ADDRESS PORT REQUEST\n"
	"Sends the CoAP message in file REQUEST, a confirmable one, and succeeds when it is\n"
	"acknowledged with 2.04, in a session that is as it was wanted. Says what was negotiated.\n"
	"  --suite NAME[:NAME]   IANA's, 1.3's first; needed\n"
	"  --psk IDENTITY:HEX\n"
	"  --ca FILE             of the server's certificate\n"
	"  --cert FILE --key FILE\n"
	"  --raw-key FILE --raw-public FILE\n"
	"  --server-name NAME    asked for, and demanded\n"
	"  --group secp256r1|x25519\n"
	"  --max-fragment 512|1024|2048|4096\n"
	"  --resume id|ticket    a second session, which has to resume the first\n"
	"  --no-ems\n"
	"  --dtls 1.2|1.3|both   nothing else is offered; 1.2 without\n"
	"  --cid LEN             a connection ID of so many bytes, and the server's, which are "
	"demanded\n"
	"  --requests N          in each session, one after another\n"
	"  --between COMMAND     of the shell, run before each but the first\n"
	"  --move-to ADDRESS     before each but the first on to a new port, of this address of "
	"ours\n"
	"and with 1.3:\n"
	"  --psk-mode psk_ke|psk_dhe_ke   nothing else is offered\n"
	"  --no-key-share        the server has to ask for a key of the group\n"
	"  --update-keys         new keys on both sides, then two more requests\n";

enum {
	OPT_SUITE,
	OPT_PSK,
	OPT_CA,
	OPT_CERT,
	OPT_KEY,
	OPT_RAW_KEY,
	OPT_RAW_PUBLIC,
	OPT_SERVER_NAME,
	OPT_GROUP,
	OPT_MAX_FRAGMENT,
	OPT_RESUME,
	OPT_NO_EMS,
	OPT_DTLS,
	OPT_PSK_MODE,
	OPT_NO_KEY_SHARE,
	OPT_UPDATE_KEYS,
	OPT_CID,
	OPT_REQUESTS,
	OPT_BETWEEN,
	OPT_MOVE_TO,
};

static const struct option names[] = {
	{ "suite", required_argument, NULL, OPT_SUITE },
	{ "psk", required_argument, NULL, OPT_PSK },
	{ "ca", required_argument, NULL, OPT_CA },
	{ "cert", required_argument, NULL, OPT_CERT },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "raw-key", required_argument, NULL, OPT_RAW_KEY },
	{ "raw-public", required_argument, NULL, OPT_RAW_PUBLIC },
	{ "server-name", required_argument, NULL, OPT_SERVER_NAME },
	{ "group", required_argument, NULL, OPT_GROUP },
	{ "max-fragment", required_argument, NULL, OPT_MAX_FRAGMENT },
	{ "resume", required_argument, NULL, OPT_RESUME },
	{ "no-ems", no_argument, NULL, OPT_NO_EMS },
	{ "dtls", required_argument, NULL, OPT_DTLS },
	{ "psk-mode", required_argument, NULL, OPT_PSK_MODE },
	{ "no-key-share", no_argument, NULL, OPT_NO_KEY_SHARE },
	{ "update-keys", no_argument, NULL, OPT_UPDATE_KEYS },
	{ "cid", required_argument, NULL, OPT_CID },
	{ "requests", required_argument, NULL, OPT_REQUESTS },
	{ "between", required_argument, NULL, OPT_BETWEEN },
	{ "move-to", required_argument, NULL, OPT_MOVE_TO },
	{ 0 },
};

static bool set_psk(struct client_options *opt, char *text)
{
	char *hex = strrchr(text, ':');
	unsigned byte;

	if (hex == NULL || strlen(hex + 1) % 2 != 0 || strlen(hex + 1) / 2 > sizeof(opt->key))
		return false;
	*hex++ = 0;
	opt->identity = text;
	for (; *hex != 0; hex += 2) {
		if (sscanf(hex, "%2x", &byte) != 1)
			return false;
		opt->key[opt->key_len++] = (uint8_t)byte;
	}
	return true;
}

static bool set_resume(struct client_options *opt, const char *text)
{
	if (strcmp(text, "id") == 0)
		opt->resume = CLIENT_BY_ID;
	else if (strcmp(text, "ticket") == 0)
		opt->resume = CLIENT_BY_TICKET;
	return opt->resume != CLIENT_FULL;
}

static bool set_dtls(struct client_options *opt, const char *text)
{
	if (strcmp(text, "1.3") == 0)
		opt->dtls = CLIENT_DTLS_1_3;
	else if (strcmp(text, "both") == 0)
		opt->dtls = CLIENT_DTLS_BOTH;
	return opt->dtls != CLIENT_DTLS_1_2 || strcmp(text, "1.2") == 0;
}

static bool set_psk_mode(struct client_options *opt, const char *text)
{
	if (strcmp(text, "psk_ke") == 0)
		opt->psk_mode = CLIENT_PSK_KE;
	else if (strcmp(text, "psk_dhe_ke") == 0)
		opt->psk_mode = CLIENT_PSK_DHE_KE;
	return opt->psk_mode != CLIENT_PSK_ANY;
}

static bool set_number(unsigned *to, const char *text, unsigned most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*to = (unsigned)n;
	return end != text && *end == 0 && n <= most;
}

static bool set_cid(struct client_options *opt, const char *text)
{
	unsigned len = 0;
	bool ok = set_number(&len, text, CID_LEN_MAX);

	opt->cid_len = (int)len;
	return ok;
}

static bool set_option(struct client_options *opt, int name, char *text)
{
	const char **const places[] = {
		[OPT_SUITE] = &opt->suites,
		[OPT_CA] = &opt->ca,
		[OPT_CERT] = &opt->chain,
		[OPT_KEY] = &opt->chain_key,
		[OPT_RAW_KEY] = &opt->raw_key,
		[OPT_RAW_PUBLIC] = &opt->raw_public,
		[OPT_SERVER_NAME] = &opt->server_name,
		[OPT_GROUP] = &opt->group,
		[OPT_BETWEEN] = &opt->between,
		[OPT_MOVE_TO] = &opt->move_to,
	};

	switch (name) {
	case OPT_PSK:
		return set_psk(opt, text);
	case OPT_RESUME:
		return set_resume(opt, text);
	case OPT_MAX_FRAGMENT:
		return set_number(&opt->max_fragment, text, 4096);
	case OPT_REQUESTS:
		return set_number(&opt->n_requests, text, 250);
	case OPT_CID:
		return set_cid(opt, text);
	case OPT_NO_EMS:
		return opt->no_ems = true;
	case OPT_DTLS:
		return set_dtls(opt, text);
	case OPT_PSK_MODE:
		return set_psk_mode(opt, text);
	case OPT_NO_KEY_SHARE:
		return opt->no_key_share = true;
	case OPT_UPDATE_KEYS:
		return opt->update_keys = true;
	case '?':
		return false;
	default:
		*places[name] = text;
		return true;
	}
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool set_address(union address *a, const char *text, uint16_t port)
{
	*a = (union address){ 0 };
	if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(port);
		return true;
	}
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = htons(port);
	return inet_pton(AF_INET, text, &a->v4.sin_addr) == 1;
}

static socklen_t address_len(const union address *a)
{
	return a->any.sa_family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
}

/* Of the first address of ours where `from` is NULL; -1: there is none. */
static int udp_socket(const char *from, const union address *to)
{
	int fd = socket(to->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union address source;

	if (fd < 0)
		return -1;
	if ((from == NULL ||
	     (set_address(&source, from, 0) && bind(fd, &source.any, address_len(&source)) == 0)) &&
	    connect(fd, &to->any, address_len(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The library keeps its file descriptor, and finds another socket behind it. */
static bool move(int fd, const char *to_own)
{
	union address server;
	socklen_t len = sizeof(server);
	int moved = getpeername(fd, &server.any, &len) == 0 ? udp_socket(to_own, &server) : -1;
	bool ok = moved >= 0 && dup2(moved, fd) == fd;

	if (moved >= 0)
		close(moved);
	return ok;
}

static bool is_among(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (; *list != 0; list += *list == ':') {
		size_t next = strcspn(list, ":");

		if (next == len && strncmp(list, name, len) == 0)
			return true;
		list += next;
	}
	return false;
}

static bool is_wanted(const struct client_options *opt, const struct client_report *report)
{
	static const char *const versions[] = {
		[CLIENT_DTLS_1_2] = "1.2", [CLIENT_DTLS_1_3] = "1.3", [CLIENT_DTLS_BOTH] = "1.3:1.2"
	};

	return is_among(versions[opt->dtls], report->version) &&
	       is_among(opt->suites, report->suite) &&
	       (opt->cid_len == CLIENT_CID_NONE) == (report->cid_len == CLIENT_CID_NONE) &&
	       (opt->max_fragment == 0 || report->max_fragment == opt->max_fragment);
}

static bool say_report(const struct client_options *opt, bool again)
{
	struct client_report report = { .cid_len = CLIENT_CID_NONE };

	library_report(&report);
	printf("version: %s\nsuite: %s\ngroup: %s\nresumed: %s\n", report.version, report.suite,
	       report.group, report.resumed ? "yes" : "no");
	if (report.cid_len != CLIENT_CID_NONE)
		printf("cid: %d bytes\n", report.cid_len);
	return is_wanted(opt, &report) && report.resumed == again;
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

const uint8_t *client_own_cid(void)
{
	static uint8_t cid[CLIENT_CID_MAX];
	static bool drawn;

	if (!drawn)
		drawn = getrandom(cid, sizeof(cid), 0) == sizeof(cid);
	return cid;
}

/* The length of what the server said, which is 0 when it did not before it was asked often. */
static size_t ask_until_answered(int fd, const struct client_request *request, uint8_t *answer)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int len = 0;

	for (unsigned i = 0; i < TRIES && len == 0; i++) {
		if (!library_write(request->bytes, request->len))
			return 0;
		if (poll(&ready, 1, ACK_TIMEOUT_MS) > 0)
			len = library_read(answer, CLIENT_DATAGRAM_MAX);
	}
	return len > 0 ? (size_t)len : 0;
}

static bool ask(int fd, struct client_request *request)
{
	uint8_t answer[CLIENT_DATAGRAM_MAX];
	enum client_answer is = CLIENT_ANSWER_ECHO;

	for (unsigned i = 0; i <= ECHOES_MAX && is == CLIENT_ANSWER_ECHO; i++) {
		size_t len = ask_until_answered(fd, request, answer);

		is = client_request_answered(request, answer, len);
		if (is == CLIENT_ANSWER_ECHO) {
			printf("answer: 4.01\n");
			if (!client_request_echo(request, answer, len))
				break;
		}
	}
	printf("answer: %s\n", is == CLIENT_ANSWER_CHANGED ? "2.04" : "none");
	return is == CLIENT_ANSWER_CHANGED;
}

static bool ask_more(const struct client_options *opt, int fd, struct client_request *request)
{
	bool ok = true;

	for (unsigned i = 1; ok && i < opt->n_requests; i++) {
		client_request_next(request);
		(void)fflush(stdout);
		ok = (opt->between == NULL || system(opt->between) == 0) &&
		     (opt->move_to == NULL || move(fd, opt->move_to)) && ask(fd, request);
	}
	return ok;
}

static bool session(const struct client_options *opt, int fd, struct client_request request,
		    bool again)
{
	double start = now_ms();
	bool ok;

	if (!library_connect(fd, again))
		return false;
	printf("connected: %.1f ms\n", now_ms() - start);
	ok = say_report(opt, again) && ask(fd, &request);
	printf("answered: %.1f ms\n", now_ms() - start);
	ok = ok && ask_more(opt, fd, &request);
	if (ok && opt->update_keys) {
		client_request_next(&request);
		ok = library_update_keys() && ask(fd, &request);
		/* Meanwhile the other side's new keys came. */
		client_request_next(&request);
		ok = ok && ask(fd, &request);
	}
	library_close();
	return ok;
}

static bool sessions(const struct client_options *opt, char **arguments)
{
	int n = opt->resume == CLIENT_FULL ? 1 : 2;
	struct client_request request;
	union address server;
	unsigned port;
	bool ok = client_request_read(&request, arguments[2]) &&
		  set_number(&port, arguments[1], UINT16_MAX) &&
		  set_address(&server, arguments[0], (uint16_t)port) && library_start(opt);

	for (int i = 0; ok && i < n; i++) {
		int fd = udp_socket(NULL, &server);

		ok = fd >= 0 && session(opt, fd, request, i > 0);
		if (fd >= 0)
			close(fd);
	}
	library_stop();
	return ok;
}

int main(int argc, char **argv)
{
	struct client_options opt = { .cid_len = CLIENT_CID_NONE };
	bool ok = true;
	int name;

	while (ok && (name = getopt_long(argc, argv, "", names, NULL)) != -1)
		ok = set_option(&opt, name, optarg);
	if (!ok || argc - optind != 3 || opt.suites == NULL) {
		(void)fprintf(stderr, "%s %s", argv[0], help);
		return 2;
	}
	/* A server that says nothing ends the program. */
	alarm(PATIENCE_S);
	return sessions(&opt, argv + optind) ? 0 : 1;
}
