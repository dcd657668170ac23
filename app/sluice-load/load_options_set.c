/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_options_set.h"

#include "addr_text.h"
#include "load_port.h"
#include "port_spec.h"
#include "record.h"
#include "secret_file.h"
#include "suite_names.h"
#include "units.h"

#define MS   UINT64_C(1000000)
#define HOUR (UINT64_C(3600000) * MS)

/* A CoAP message with its path, in a record, fits LOAD_DATAGRAM_MAX: RFC 7252 §4.6. */
enum { PAYLOAD_MAX = 1024, PATH_MAX_LEN = 128, SEGMENT_MAX = 255 };
enum { DEVICES_MAX = 100000000 };

static bool set_count(uint32_t *out, const char *text, uint32_t min, uint32_t max)
{
	uint64_t v;

	if (!units_decimal(&v, text, max) || v < min)
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool set_count16(uint16_t *out, const char *text, uint16_t min, uint16_t max)
{
	uint32_t v;

	if (!set_count(&v, text, min, max))
		return false;
	*out = (uint16_t)v;
	return true;
}

static const char *set_share(double *out, const char *text)
{
	return units_share(out, text) ? NULL : "wants a percentage from 0 to 100";
}

/* Network */

const char *load_options_set_port(struct load_options *opt, const char *text)
{
	if (strcmp(text, "kernel") == 0) {
		opt->kernel = true;
		return NULL;
	}
	return port_specs_add(opt->ports, &opt->n_ports, text);
}

static bool parse_addr(uint8_t out[16], const char *text, size_t len)
{
	struct addr_text addr;

	if (!addr_text_split(&addr, text, len))
		return false;
	return addr.is_ip6 ? addr_text_ip6(out, addr.ip) : addr_text_ip4(out, addr.ip);
}

const char *load_options_set_target(struct load_options *opt, const char *text)
{
	const char *colon = strrchr(text, ':');

	if (colon == NULL || !set_count16(&opt->target_port, colon + 1, 1, UINT16_MAX) ||
	    !parse_addr(opt->target_ip, text, (size_t)(colon - text)))
		return "wants ADDR:PORT, or [ADDR]:PORT for IPv6";
	return NULL;
}

/* ":PORT-PORT" */
static bool parse_port_range(struct load_sources *out, const char *text)
{
	const char *dash = strchr(text, '-');
	char first[16];

	if (dash == NULL || (size_t)(dash - text) >= sizeof(first))
		return false;
	memcpy(first, text, (size_t)(dash - text));
	first[dash - text] = '\0';
	return set_count16(&out->first_port, first, 1, UINT16_MAX) &&
	       set_count16(&out->last_port, dash + 1, 1, UINT16_MAX) &&
	       out->first_port <= out->last_port;
}

/* "+COUNT", up to the end or a colon. */
static bool parse_addr_count(struct load_sources *out, const char *text, size_t len)
{
	char count[16];

	if (len >= sizeof(count))
		return false;
	memcpy(count, text, len);
	count[len] = '\0';
	return set_count(&out->n_addrs, count, 1, 1 << 16);
}

const char *load_options_set_sources(struct load_options *opt, const char *text)
{
	static const char syntax[] = "wants ADDR[+COUNT][:PORT-PORT], IPv6 as [ADDR]";
	struct load_sources *s = &opt->sources;
	size_t len = *text == '[' ? strcspn(text, "]") + 1 : strcspn(text, "+:");

	*s = (struct load_sources){ .first_port = LOAD_SOURCES_FIRST_PORT,
				    .last_port = UINT16_MAX };
	if (option_auto(text))
		return NULL;
	s->n_addrs = 1;
	if (len > strlen(text) || !parse_addr(s->first_ip, text, len))
		return syntax;
	text += len;
	if (*text == '+') {
		len = strcspn(++text, ":");
		if (!parse_addr_count(s, text, len))
			return syntax;
		text += len;
	}
	if (*text == ':')
		return parse_port_range(s, text + 1) ? NULL : syntax;
	return *text == '\0' ? NULL : syntax;
}

const char *load_options_set_cores(struct load_options *opt, const char *text)
{
	if (option_auto(text) || core_set_parse(&opt->cores, text))
		return NULL;
	return "wants a list of cores below 128, like 1,3-5";
}

const char *load_options_set_threads(struct load_options *opt, const char *text)
{
	uint32_t v;

	if (!set_count(&v, text, 1, LOAD_CORES_MAX))
		return "wants 1 to 64";
	opt->threads = v;
	return NULL;
}

const char *load_options_set_rxd(struct load_options *opt, const char *text)
{
	opt->rxd = 0;
	if (option_auto(text) || set_count16(&opt->rxd, text, 32, 32768))
		return NULL;
	return "wants auto or 32 to 32k";
}

const char *load_options_set_txd(struct load_options *opt, const char *text)
{
	opt->txd = 0;
	if (option_auto(text) || set_count16(&opt->txd, text, 32, 32768))
		return NULL;
	return "wants auto or 32 to 32k";
}

const char *load_options_set_burst(struct load_options *opt, const char *text)
{
	return set_count16(&opt->burst, text, 1, LOAD_BURST_MAX) ? NULL : "wants 1 to 64";
}

const char *load_options_set_test_mode(struct load_options *opt, const char *text)
{
	return option_switch(&opt->test_mode, text);
}

/* Fleet */

const char *load_options_set_devices(struct load_options *opt, const char *text)
{
	return set_count(&opt->devices, text, 1, DEVICES_MAX) ? NULL : "wants 1 to 100m";
}

const char *load_options_set_identities(struct load_options *opt, const char *text)
{
	opt->identities = strcmp(text, "derive") == 0 ? NULL : text;
	return NULL;
}

const char *load_options_set_master_key(struct load_options *opt, const char *text)
{
	size_t len = strspn(text, "0123456789abcdefABCDEF");

	if (text[len] != '\0' || len % 2 != 0 || len < 32 || len > 128)
		return "wants 32 to 128 hex digits";
	opt->master_key = text;
	return NULL;
}

const char *load_options_set_psk_derive(struct load_options *opt, const char *text)
{
	opt->psk_derive = text;
	return NULL;
}

const char *load_options_set_server_ca(struct load_options *opt, const char *text)
{
	opt->server_ca = text;
	return NULL;
}

const char *load_options_set_server_keys(struct load_options *opt, const char *text)
{
	opt->server_keys = text;
	opt->policy.client_rpk = true;
	return NULL;
}

const char *load_options_set_cert(struct load_options *opt, const char *text)
{
	opt->cert = text;
	return NULL;
}

const char *load_options_set_key(struct load_options *opt, const char *text)
{
	opt->key = text;
	return NULL;
}

const char *load_options_set_resume_by(struct load_options *opt, const char *text)
{
	opt->resume_by_id = strcmp(text, "id") == 0;
	return opt->resume_by_id || strcmp(text, "ticket") == 0 ? NULL : "wants ticket or id";
}

const char *load_options_set_suites(struct load_options *opt, const char *text)
{
	struct hello_policy *policy = &opt->policy;

	policy->groups[0] = ECDHE_X25519;
	policy->groups[1] = ECDHE_SECP256R1;
	policy->n_groups = ECDHE_GROUPS;
	/* auto: which they are, other options say. */
	return option_auto(text) ? NULL : suite_names_parse(policy, text);
}

const char *load_options_set_version(struct load_options *opt, const char *text)
{
	const char *reason = option_dtls_version(&opt->policy.min_version, text);

	opt->policy.max_version = opt->policy.min_version;
	return reason;
}

const char *load_options_set_psk_mode(struct load_options *opt, const char *text)
{
	opt->policy.psk_ke = strcmp(text, "psk_ke") == 0;
	return opt->policy.psk_ke || strcmp(text, "psk_dhe_ke") == 0 ? NULL
								     : "wants psk_dhe_ke or psk_ke";
}

const char *load_options_set_psk_import(struct load_options *opt, const char *text)
{
	return option_switch(&opt->psk_import, text);
}

const char *load_options_set_max_fragment_length(struct load_options *opt, const char *text)
{
	opt->max_fragment_length = 0;
	if (strcmp(text, "off") == 0)
		return NULL;
	for (unsigned code = 1; code <= HS_FRAGMENT_LENGTHS; code++) {
		uint16_t v;

		if (set_count16(&v, text, hs_fragment_length(code), hs_fragment_length(code)))
			opt->max_fragment_length = (uint8_t)code;
	}
	return opt->max_fragment_length != 0 ? NULL : "wants off, 512, 1024, 2048 or 4096";
}

const char *load_options_set_record_size_limit(struct load_options *opt, const char *text)
{
	opt->record_size_limit = 0;
	if (strcmp(text, "off") == 0 ||
	    set_count16(&opt->record_size_limit, text, HS_RECORD_SIZE_MIN, RECORD_PLAINTEXT_MAX))
		return NULL;
	return "wants off or 64 to 16384";
}

/* A positive rate; max is 0. */
static const char *set_rate(double *out, const char *text)
{
	*out = 0;
	if (strcmp(text, "max") == 0 || (units_rate(out, text) && *out > 0 && *out <= 1e9))
		return NULL;
	return "wants max, or a rate a second above 0, like 250k or 1.5M";
}

const char *load_options_set_handshake_rate(struct load_options *opt, const char *text)
{
	return set_rate(&opt->handshake_rate, text);
}

const char *load_options_set_handshakes_at_once(struct load_options *opt, const char *text)
{
	return set_count(&opt->handshakes_at_once, text, 1, 1000000) ? NULL : "wants 1 to 1m";
}

const char *load_options_set_resume(struct load_options *opt, const char *text)
{
	return set_share(&opt->resume_share, text);
}

const char *load_options_set_storm(struct load_options *opt, const char *text)
{
	return set_count(&opt->storm, text, 0, DEVICES_MAX) ? NULL : "wants 0 to 100m";
}

const char *load_options_set_storm_at(struct load_options *opt, const char *text)
{
	return units_time_between(&opt->storm_at_ns, text, 0, HOUR) ? NULL : "wants 0 to 1h";
}

/* With them devices offer the return routability check, which they have. */
const char *load_options_set_cid(struct load_options *opt, const char *text)
{
	uint32_t len = 0;
	bool off = strcmp(text, "off") == 0;

	if (!off && !set_count(&len, text, 0, LOAD_CID_MAX))
		return "wants off or 0 to 20";
	opt->policy.cid = opt->policy.rrc = !off;
	opt->policy.cid_len = (uint8_t)len;
	return NULL;
}

const char *load_options_set_cid_migrate(struct load_options *opt, const char *text)
{
	return set_share(&opt->migrate_share, text);
}

const char *load_options_set_churn(struct load_options *opt, const char *text)
{
	return set_share(&opt->churn_share, text);
}

const char *load_options_set_key_update(struct load_options *opt, const char *text)
{
	uint32_t n;

	opt->key_update = 0;
	if (strcmp(text, "off") == 0)
		return NULL;
	if (!set_count(&n, text, 4, 1 << 24))
		return "wants off, or 4 to 16m";
	opt->key_update = n;
	return NULL;
}

/* Load */

const char *load_options_set_rate(struct load_options *opt, const char *text)
{
	return set_rate(&opt->rate, text);
}

const char *load_options_set_ramp(struct load_options *opt, const char *text)
{
	return units_time_between(&opt->ramp_ns, text, 0, 24 * HOUR) ? NULL : "wants 0 to 24h";
}

const char *load_options_set_warmup(struct load_options *opt, const char *text)
{
	return units_time_between(&opt->warmup_ns, text, 0, 24 * HOUR) ? NULL : "wants 0 to 24h";
}

const char *load_options_set_duration(struct load_options *opt, const char *text)
{
	return units_time_between(&opt->duration_ns, text, MS, 720 * HOUR) ? NULL
									   : "wants 1ms to 30d";
}

const char *load_options_set_payload(struct load_options *opt, const char *text)
{
	static const char wants[] = "wants SIZE or MIN-MAX, up to 1024";
	const char *dash = strchr(text, '-');
	char min[16];
	size_t len = dash != NULL ? (size_t)(dash - text) : strlen(text);

	if (len >= sizeof(min))
		return wants;
	memcpy(min, text, len);
	min[len] = '\0';
	if (!set_count16(&opt->payload_min, min, 0, PAYLOAD_MAX) ||
	    !set_count16(&opt->payload_max, dash != NULL ? dash + 1 : min, 0, PAYLOAD_MAX) ||
	    opt->payload_min > opt->payload_max)
		return wants;
	return NULL;
}

/* One "con:80"; moves *text behind it and its comma. */
static bool parse_part(const char **text, double *con, double *non)
{
	size_t len = strcspn(*text, ",");
	char part[24];
	double *to;

	if (len >= sizeof(part))
		return false;
	memcpy(part, *text, len);
	part[len] = '\0';
	*text += len;
	if (**text == ',' && *++*text == '\0')
		return false;
	to = strncmp(part, "con:", 4) == 0 ? con : non;
	if (to == non && strncmp(part, "non:", 4) != 0)
		return false;
	return *to < 0 && units_share(to, part + 4);
}

const char *load_options_set_mix(struct load_options *opt, const char *text)
{
	double con = -1, non = -1;

	do {
		if (!parse_part(&text, &con, &non))
			return "wants con:PCT,non:PCT";
	} while (*text != '\0');
	if (con < 0)
		con = 1 - non;
	else if (non < 0)
		non = 1 - con;
	if (con + non < 1 - 1e-9 || con + non > 1 + 1e-9)
		return "the parts are not 100 together";
	opt->con_share = con;
	return NULL;
}

const char *load_options_set_path(struct load_options *opt, const char *text)
{
	if (*text == '/' || strlen(text) > PATH_MAX_LEN)
		return "wants segments like s/load, 128 bytes at most";
	for (const char *at = text; *at != '\0'; at += *at == '/') {
		size_t len = strcspn(at, "/");

		if (len == 0 || len > SEGMENT_MAX || (at[len] == '/' && at[len + 1] == '\0'))
			return "an empty segment";
		at += len;
	}
	opt->path = text;
	return NULL;
}

const char *load_options_set_inflight(struct load_options *opt, const char *text)
{
	opt->inflight = 0;
	return option_auto(text) || set_count(&opt->inflight, text, 1, 16000000)
		       ? NULL
		       : "wants auto or 1 to 16m";
}

const char *load_options_set_retransmit(struct load_options *opt, const char *text)
{
	opt->retransmit = LOAD_RETRANSMIT_COAP;
	if (strcmp(text, "off") == 0)
		opt->retransmit = LOAD_RETRANSMIT_OFF;
	else if (!option_auto(text) && strcmp(text, "coap") != 0)
		return "wants auto, coap or off";
	return NULL;
}

const char *load_options_set_answer_timeout(struct load_options *opt, const char *text)
{
	opt->answer_timeout_ns = 0;
	if (option_auto(text) || units_time_between(&opt->answer_timeout_ns, text, MS, HOUR))
		return NULL;
	return "wants auto or 1ms to 1h";
}

const char *load_options_set_late(struct load_options *opt, const char *text)
{
	return units_time_between(&opt->late_ns, text, MS / 1000, HOUR) ? NULL : "wants 1us to 1h";
}

/* Trouble */

const char *load_options_set_loss(struct load_options *opt, const char *text)
{
	return set_share(&opt->loss, text);
}

const char *load_options_set_reorder(struct load_options *opt, const char *text)
{
	return set_share(&opt->reorder, text);
}

const char *load_options_set_duplicate(struct load_options *opt, const char *text)
{
	return set_share(&opt->duplicate, text);
}

const char *load_options_set_hostile(struct load_options *opt, const char *text)
{
	return set_share(&opt->hostile, text);
}

const char *load_options_set_seed(struct load_options *opt, const char *text)
{
	return units_count(&opt->seed, text, UINT64_MAX) ? NULL : "wants a number";
}

/* Instead of a run */

static bool set_search_item(struct load_options *opt, const char *item)
{
	if (strcmp(item, "ndr") == 0) {
		opt->search_ndr = true;
		return true;
	}
	if (strcmp(item, "pdr") != 0 && strncmp(item, "pdr=", 4) != 0)
		return false;
	opt->search_pdr = true;
	return item[3] == '\0' || (units_share(&opt->pdr_loss, item + 4) && opt->pdr_loss > 0);
}

const char *load_options_set_search(struct load_options *opt, const char *text)
{
	char item[16];
	size_t len;

	opt->search_ndr = opt->search_pdr = false;
	opt->pdr_loss = 0.005;
	do {
		len = strcspn(text, ",");
		if (len >= sizeof(item))
			return "wants ndr, pdr or pdr=PCT";
		memcpy(item, text, len);
		item[len] = '\0';
		if (!set_search_item(opt, item))
			return "wants ndr, pdr or pdr=PCT";
		text += len;
	} while (*text++ == ',');
	opt->action = LOAD_SEARCH;
	return NULL;
}

const char *load_options_set_handshakes_only(struct load_options *opt, const char *text)
{
	bool on;
	const char *reason = option_switch(&on, text);

	if (reason == NULL && on)
		opt->action = LOAD_HANDSHAKES;
	return reason;
}

const char *load_options_set_report(struct load_options *opt, const char *text)
{
	opt->action = LOAD_HANDSHAKE_COST;
	return strcmp(text, "handshake-cost") == 0 ? NULL : "wants handshake-cost";
}

const char *load_options_set_write_psk(struct load_options *opt, const char *text)
{
	opt->action = LOAD_WRITE_PSK;
	opt->write_psk = text;
	return NULL;
}

/* Results */

const char *load_options_set_json(struct load_options *opt, const char *text)
{
	opt->json = text;
	return NULL;
}

const char *load_options_set_hgrm(struct load_options *opt, const char *text)
{
	opt->hgrm = text;
	return NULL;
}

const char *load_options_set_progress(struct load_options *opt, const char *text)
{
	return option_switch(&opt->progress, text);
}
