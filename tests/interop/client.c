/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DATAGRAM_MAX = 2048, PATIENCE_S = 15, ADDRESS_MAX = 64 };

/* An acknowledgement begins like its request, but for type and code: version, token's length,
 * message ID, token (RFC 7252 §3). */
enum {
	COAP_CON = 0x40,
	COAP_ACK = 0x60,
	COAP_TYPE_MASK = 0xf0,
	COAP_CHANGED = 0x44,
	MESSAGE_ID_AT = 2
};

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
	"and with 1.3:\n"
	"  --psk-mode psk_ke|psk_dhe_ke   nothing else is offered\n"
	"  --no-key-share        the server has to ask for a key of the group\n"
	"  --update-keys         new keys on both sides, then a second request\n";

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
	};

	switch (name) {
	case OPT_PSK:
		return set_psk(opt, text);
	case OPT_RESUME:
		return set_resume(opt, text);
	case OPT_MAX_FRAGMENT:
		opt->max_fragment = (unsigned)strtoul(text, NULL, 10);
		return true;
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

static int udp_socket(const char *address, const char *port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	const struct sockaddr *to = (const struct sockaddr *)&v4;
	socklen_t len = sizeof(v4);
	int fd;

	v4.sin_port = v6.sin6_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1) {
		to = (const struct sockaddr *)&v6;
		len = sizeof(v6);
	} else if (inet_pton(AF_INET, address, &v4.sin_addr) != 1) {
		return -1;
	}
	fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, to, len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct request {
	uint8_t bytes[DATAGRAM_MAX];
	size_t len;
};

static bool read_request(const char *path, struct request *request)
{
	FILE *file = fopen(path, "rb");

	if (file == NULL)
		return false;
	request->len = fread(request->bytes, 1, sizeof(request->bytes), file);
	(void)fclose(file);
	return request->len >= 4;
}

static bool answers(const struct request *request, const uint8_t *answer, size_t len)
{
	size_t token_len = request->bytes[0] & 0x0f;

	return len >= 4 + token_len && token_len + 4 <= request->len &&
	       (request->bytes[0] & COAP_TYPE_MASK) == COAP_CON &&
	       answer[0] == (COAP_ACK | token_len) && answer[1] == COAP_CHANGED &&
	       memcmp(answer + 2, request->bytes + 2, 2 + token_len) == 0;
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
	       (opt->max_fragment == 0 || report->max_fragment == opt->max_fragment);
}

static bool say_report(const struct client_options *opt, bool again)
{
	struct client_report report = { 0 };

	library_report(&report);
	printf("version: %s\nsuite: %s\ngroup: %s\nresumed: %s\n", report.version, report.suite,
	       report.group, report.resumed ? "yes" : "no");
	return is_wanted(opt, &report) && report.resumed == again;
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static bool ask(const struct request *request)
{
	uint8_t answer[DATAGRAM_MAX];
	bool ok = library_write(request->bytes, request->len);
	int len = ok ? library_read(answer, sizeof(answer)) : 0;

	ok = len > 0 && answers(request, answer, (size_t)len);
	printf("answer: %s\n", ok ? "2.04" : "none");
	return ok;
}

/* A message of its own: with the same ID the server would take it for a repetition. */
static bool ask_anew(const struct request *request)
{
	struct request next = *request;

	next.bytes[MESSAGE_ID_AT]++;
	return ask(&next);
}

static bool session(const struct client_options *opt, int fd, const struct request *request,
		    bool again)
{
	double start = now_ms();
	bool ok;

	if (!library_connect(fd, again))
		return false;
	printf("connected: %.1f ms\n", now_ms() - start);
	ok = say_report(opt, again) && ask(request);
	printf("answered: %.1f ms\n", now_ms() - start);
	if (ok && opt->update_keys)
		ok = library_update_keys() && ask_anew(request);
	library_close();
	return ok;
}

static bool sessions(const struct client_options *opt, char **arguments)
{
	int n = opt->resume == CLIENT_FULL ? 1 : 2;
	struct request request;
	bool ok = read_request(arguments[2], &request) && library_start(opt);

	for (int i = 0; ok && i < n; i++) {
		int fd = udp_socket(arguments[0], arguments[1]);

		ok = fd >= 0 && session(opt, fd, &request, i > 0);
		if (fd >= 0)
			close(fd);
	}
	library_stop();
	return ok;
}

int main(int argc, char **argv)
{
	struct client_options opt = { 0 };
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
