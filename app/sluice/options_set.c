/* SPDX-License-Identifier: BSD-3-Clause */
#include "options_set.h"

#include "cid_format.h"
#include "node_spec.h"
#include "option_values.h"
#include "port_spec.h"
#include "suite_names.h"
#include "units.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/un.h>

const char *options_set_port(struct options *opt, const char *text)
{
	return port_specs_add(opt->ports, &opt->n_ports, text);
}

const char *options_set_listen(struct options *opt, const char *text)
{
	const char *reason;

	if (opt->n_listen == OPTIONS_LISTEN_MAX)
		return "more than 16 addresses";
	reason = listen_spec_parse(&opt->listen[opt->n_listen], text);
	if (reason == NULL)
		opt->n_listen++;
	return reason;
}

static bool parse_u16(const char **at, uint16_t *out, char behind)
{
	unsigned long v;
	char *end;

	*at += strspn(*at, " ");
	if (**at < '0' || **at > '9')
		return false;
	v = strtoul(*at, &end, 10);
	end += strspn(end, " ");
	if (v > UINT16_MAX || *end != behind)
		return false;
	*out = (uint16_t)v;
	*at = end + 1;
	return true;
}

const char *options_set_config(struct options *opt, const char *text)
{
	static const char syntax[] = "wants (port,queue,lcore),...";

	if (option_auto(text))
		return NULL;
	for (;;) {
		struct queue_spec *q = &opt->queues[opt->n_queues];

		if (opt->n_queues == OPTIONS_QUEUES_MAX)
			return "more than 256 queues";
		text += strspn(text, " ");
		if (*text++ != '(' || !parse_u16(&text, &q->port, ',') ||
		    !parse_u16(&text, &q->queue, ',') || !parse_u16(&text, &q->lcore, ')'))
			return syntax;
		opt->n_queues++;
		text += strspn(text, " ");
		if (*text == '\0')
			return NULL;
		if (*text++ != ',')
			return syntax;
	}
}

static const char *set_cores(struct core_set *out, const char *text)
{
	if (option_auto(text) || core_set_parse(out, text))
		return NULL;
	return "wants a list of cores below 128, like 1,3-5";
}

const char *options_set_workers(struct options *opt, const char *text)
{
	return set_cores(&opt->workers, text);
}

const char *options_set_handshake_cores(struct options *opt, const char *text)
{
	return set_cores(&opt->handshake_cores, text);
}

/* A count between min and max, "auto" being 0. */
static bool set_count(uint32_t *out, const char *text, uint32_t min, uint32_t max)
{
	uint64_t v;

	*out = 0;
	if (option_auto(text))
		return true;
	if (!units_count(&v, text, max) || v < min)
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

const char *options_set_main_core(struct options *opt, const char *text)
{
	opt->main_core = OPTIONS_NO_CORE;
	if (option_auto(text) || set_count16(&opt->main_core, text, 0, CORE_MAX - 1))
		return NULL;
	return "wants a core below 128";
}

const char *options_set_rxd(struct options *opt, const char *text)
{
	return set_count16(&opt->rxd, text, 32, 32768) ? NULL : "wants auto or 32 to 32k";
}

const char *options_set_txd(struct options *opt, const char *text)
{
	return set_count16(&opt->txd, text, 32, 32768) ? NULL : "wants auto or 32 to 32k";
}

const char *options_set_burst(struct options *opt, const char *text)
{
	if (!set_count16(&opt->burst, text, 1, OPTIONS_BURST_MAX))
		return "wants auto or 1 to 64";
	if (opt->burst == 0)
		opt->burst = OPTIONS_BURST_DEFAULT;
	return NULL;
}

const char *options_set_mbufs(struct options *opt, const char *text)
{
	return set_count(&opt->mbufs, text, 512, 1 << 26) ? NULL : "wants auto or 512 to 64m";
}

const char *options_set_idle(struct options *opt, const char *text)
{
	opt->idle_auto = option_auto(text);
	opt->idle_sleep = strcmp(text, "sleep") == 0;
	if (opt->idle_auto || opt->idle_sleep || strcmp(text, "poll") == 0)
		return NULL;
	return "wants auto, poll or sleep";
}

const char *options_set_psk_file(struct options *opt, const char *text)
{
	opt->psk_file = text;
	return NULL;
}

const char *options_set_deny_file(struct options *opt, const char *text)
{
	opt->deny_file = text;
	return NULL;
}

const char *options_set_psk_derive(struct options *opt, const char *text)
{
	opt->psk_derive = text;
	return NULL;
}

const char *options_set_psk_socket(struct options *opt, const char *text)
{
	opt->psk_socket = text;
	return strlen(text) < sizeof(((struct sockaddr_un *)NULL)->sun_path)
		       ? NULL
		       : "wants 107 bytes at most";
}

const char *options_set_min_version(struct options *opt, const char *text)
{
	return option_dtls_version(&opt->policy.min_version, text);
}

const char *options_set_max_version(struct options *opt, const char *text)
{
	return option_dtls_version(&opt->policy.max_version, text);
}

/* psk_dhe_ke is always taken. */
const char *options_set_psk_modes(struct options *opt, const char *text)
{
	static const struct option_choice choices[] = {
		{ "psk_dhe_ke", false },
		{ "psk_dhe_ke,psk_ke", true },
		{ NULL, 0 },
	};
	int v;

	if (!option_choose(&v, text, choices))
		return "wants psk_dhe_ke, or psk_dhe_ke,psk_ke";
	opt->policy.psk_ke = v;
	return NULL;
}

const char *options_set_suites(struct options *opt, const char *text)
{
	return suite_names_parse(&opt->policy, option_auto(text) ? NULL : text);
}

const char *options_set_require_ems(struct options *opt, const char *text)
{
	return option_switch(&opt->policy.require_ems, text);
}

const char *options_set_test_mode(struct options *opt, const char *text)
{
	return option_switch(&opt->test_mode, text);
}

#define MS     UINT64_C(1000000)
#define SECOND (UINT64_C(1000) * MS)
#define MINUTE (UINT64_C(60000) * MS)
#define DAY    (UINT64_C(86400000) * MS)

const char *options_set_handshake_timeout(struct options *opt, const char *text)
{
	/* RFC 6347 §4.2.4.1: starts at a second, doubles up to no less than 60 s. */
	if (units_time_between(&opt->handshake_timeout_ns, text, 50 * MS, MINUTE))
		return NULL;
	return "wants 50ms to 60s";
}

const char *options_set_psk_timeout(struct options *opt, const char *text)
{
	return units_time_between(&opt->psk_timeout_ns, text, 10 * MS, MINUTE)
		       ? NULL
		       : "wants 10ms to 60s";
}

const char *options_set_session_timeout(struct options *opt, const char *text)
{
	return units_time_between(&opt->session_timeout_ns, text, SECOND, 3650 * DAY)
		       ? NULL
		       : "wants 1s to 3650d";
}

/* RFC 5246 §F.1.4 suggests 24 hours at most. */
const char *options_set_session_lifetime(struct options *opt, const char *text)
{
	uint64_t ns;

	if (!units_time_between(&ns, text, SECOND, 7 * DAY))
		return "wants 1s to 7d";
	opt->session_lifetime_s = (uint32_t)(ns / SECOND);
	return NULL;
}

const char *options_set_session_cache(struct options *opt, const char *text)
{
	opt->session_cache = 0;
	if (strcmp(text, "off") == 0 ||
	    (!option_auto(text) && set_count(&opt->session_cache, text, 0, 1 << 24)))
		return NULL;
	return "wants 0 to 16m";
}

const char *options_set_tickets(struct options *opt, const char *text)
{
	if (!option_auto(text) && set_count(&opt->tickets, text, 1, 3))
		return NULL;
	return "wants 1 to 3";
}

const char *options_set_ticket_key_file(struct options *opt, const char *text)
{
	opt->ticket_key_file = text;
	return NULL;
}

const char *options_set_no_resumption(struct options *opt, const char *text)
{
	return option_switch(&opt->no_resumption, text);
}

const char *options_set_stats_period(struct options *opt, const char *text)
{
	opt->stats_period_ns = 0;
	if (strcmp(text, "off") == 0 || strcmp(text, "0") == 0 ||
	    units_time_between(&opt->stats_period_ns, text, 100 * MS, DAY))
		return NULL;
	return "wants off or 100ms to 1d";
}

static const char *set_paths(const char **paths, unsigned *n, const char *text)
{
	if (*n == CERTIFICATES_OWN_MAX)
		return "more than 16";
	paths[(*n)++] = text;
	return NULL;
}

const char *options_set_cert(struct options *opt, const char *text)
{
	return set_paths(opt->certificates.chains, &opt->certificates.n_own, text);
}

const char *options_set_key(struct options *opt, const char *text)
{
	return set_paths(opt->certificates.keys, &opt->n_keys, text);
}

const char *options_set_client_ca(struct options *opt, const char *text)
{
	opt->certificates.trust.ca_path = text;
	opt->policy.client_x509 = true;
	return NULL;
}

const char *options_set_crl(struct options *opt, const char *text)
{
	opt->certificates.trust.crl_path = text;
	return NULL;
}

const char *options_set_crl_expired(struct options *opt, const char *text)
{
	opt->certificates.trust.crl_expired_good = strcmp(text, "accept") == 0;
	if (opt->certificates.trust.crl_expired_good || strcmp(text, "fail") == 0)
		return NULL;
	return "wants fail or accept";
}

const char *options_set_client_auth(struct options *opt, const char *text)
{
	static const struct option_choice kinds[] = {
		{ "none", CLIENT_AUTH_NONE },
		{ "optional", CLIENT_AUTH_OPTIONAL },
		{ "required", CLIENT_AUTH_REQUIRED },
		{ NULL, 0 },
	};
	int v;

	opt->client_auth_auto = option_auto(text);
	if (opt->client_auth_auto)
		return NULL;
	if (!option_choose(&v, text, kinds))
		return "wants none, optional or required";
	opt->policy.client_auth = (enum client_auth)v;
	return NULL;
}

const char *options_set_rpk_file(struct options *opt, const char *text)
{
	opt->certificates.rpks = text;
	opt->policy.client_rpk = true;
	return NULL;
}

const char *options_set_device_name(struct options *opt, const char *text)
{
	static const struct option_choice rules[] = {
		{ "cn", X509_NAME_CN },
		{ "dns", X509_NAME_DNS },
		{ "uri", X509_NAME_URI },
		{ "fingerprint", X509_NAME_FINGERPRINT },
		{ NULL, 0 },
	};
	int v;

	if (!option_choose(&v, text, rules))
		return "wants cn, dns, uri or fingerprint";
	opt->certificates.trust.name = (enum x509_name_rule)v;
	return NULL;
}

static uint16_t group_of(const char *name, size_t len)
{
	if (len == 6 && strncmp(name, "x25519", len) == 0)
		return ECDHE_X25519;
	if ((len == 9 && strncmp(name, "secp256r1", len) == 0) ||
	    (len == 5 && strncmp(name, "P-256", len) == 0))
		return ECDHE_SECP256R1;
	return ECDHE_NONE;
}

const char *options_set_groups(struct options *opt, const char *text)
{
	struct hello_policy *policy = &opt->policy;

	for (policy->n_groups = 0;; text++) {
		size_t len = strcspn(text, ",:");
		uint16_t group = group_of(text, len);

		if (group == ECDHE_NONE)
			return "wants x25519 or secp256r1, or both";
		if (policy->n_groups == ECDHE_GROUPS ||
		    (policy->n_groups == 1 && policy->groups[0] == group))
			return "the same group twice";
		policy->groups[policy->n_groups++] = group;
		text += len;
		if (*text == '\0')
			return NULL;
	}
}

const char *options_set_aead_engine(struct options *opt, const char *text)
{
	static const struct option_choice engines[] = {
		{ "auto", AEAD_ENGINE_AUTO },
		{ "mb64", AEAD_ENGINE_MB64 },
		{ "ipsec-mb", AEAD_ENGINE_IPSEC_MB },
		{ NULL, 0 },
	};
	struct aead *a;
	int v;

	if (!option_choose(&v, text, engines))
		return "wants auto, mb64 or ipsec-mb";
	a = aead_new((enum aead_engine)v);
	if (a == NULL && errno == ENOTSUP)
		return "this CPU lacks instructions that it needs";
	aead_free(a);
	opt->aead_engine = (enum aead_engine)v;
	return NULL;
}

const char *options_set_max_sessions(struct options *opt, const char *text)
{
	return set_count(&opt->max_sessions, text, 1, 1 << 28) ? NULL : "wants auto or 1 to 256m";
}

const char *options_set_max_handshakes(struct options *opt, const char *text)
{
	return !option_auto(text) && set_count(&opt->max_handshakes, text, 1, 1 << 20)
		       ? NULL
		       : "wants 1 to 1m";
}

const char *options_set_handshake_rate(struct options *opt, const char *text)
{
	static const char wants[] = "wants off, or two rates a second, of an address and of its "
				    "network, 1 to 100k each, like 100,1k";
	const char *comma = strchr(text, ',');
	char address[16] = "";

	opt->rate_address = opt->rate_network = 0;
	if (strcmp(text, "off") == 0)
		return NULL;
	if (comma == NULL || (size_t)(comma - text) >= sizeof(address))
		return wants;
	memcpy(address, text, (size_t)(comma - text));
	if (option_auto(address) || option_auto(comma + 1) ||
	    !set_count(&opt->rate_address, address, 1, 100000) ||
	    !set_count(&opt->rate_network, comma + 1, 1, 100000))
		return wants;
	return opt->rate_network < opt->rate_address
		       ? "a network has no fewer than one of its addresses"
		       : NULL;
}

const char *options_set_rekey_after(struct options *opt, const char *text)
{
	return set_count(&opt->rekey_after, text, 16, 1 << 30) ? NULL : "wants auto or 16 to 1024m";
}

const char *options_set_replay_window(struct options *opt, const char *text)
{
	uint64_t v;

	if (!units_count(&v, text, 1024) || v == 0 || v % 64 != 0)
		return "wants a multiple of 64 up to 1024";
	opt->replay_window = (unsigned)v;
	return NULL;
}

/* What is given is answered for, and checked for reachability (RFC 9853). */
const char *options_set_cid_length(struct options *opt, const char *text)
{
	struct hello_policy *policy = &opt->policy;
	uint64_t v;

	if (!units_count(&v, text, CID_LEN_MAX) || (v != 0 && v < CID_LEN_MIN))
		return "wants 0 or 8 to 16";
	opt->cid_length = policy->cid_len = (uint8_t)v;
	policy->cid = policy->rrc = v != 0;
	return NULL;
}

const char *options_set_cid_key_file(struct options *opt, const char *text)
{
	opt->cid_key_file = text;
	return NULL;
}

const char *options_set_node_id(struct options *opt, const char *text)
{
	uint64_t v;

	if (!units_count(&v, text, UINT8_MAX))
		return "wants 0 to 255";
	opt->node_id = (uint8_t)v;
	return NULL;
}

const char *options_set_node(struct options *opt, const char *text)
{
	return node_specs_add(opt->nodes, &opt->n_nodes, text);
}

const char *options_set_node_reply(struct options *opt, const char *text)
{
	opt->node_reply_direct = strcmp(text, "direct") == 0;
	if (opt->node_reply_direct || strcmp(text, "through") == 0)
		return NULL;
	return "wants through or direct";
}

const char *options_set_sink(struct options *opt, const char *text)
{
	if (strncmp(text, "kafka:", 6) == 0)
		return option_not_in_this_build;
	if (strcmp(text, "null") != 0 && strcmp(text, "stdout") != 0 &&
	    (strncmp(text, "file:", 5) != 0 || text[5] == '\0'))
		return "wants null, stdout or file:PATH";
	opt->sink = text;
	return NULL;
}

const char *options_set_ack(struct options *opt, const char *text)
{
	opt->ack_delivered = strcmp(text, "delivered") == 0;
	if (opt->ack_delivered || strcmp(text, "enqueue") == 0)
		return NULL;
	return "wants enqueue or delivered";
}

const char *options_set_off(struct options *opt, const char *text)
{
	(void)opt;
	return strcmp(text, "off") == 0 ? NULL : option_not_in_this_build;
}

const char *options_set_log_level(struct options *opt, const char *text)
{
	static const struct option_choice levels[] = {
		{ "error", LOG_LEVEL_ERROR },   { "warning", LOG_LEVEL_WARNING },
		{ "notice", LOG_LEVEL_NOTICE }, { "info", LOG_LEVEL_INFO },
		{ "debug", LOG_LEVEL_DEBUG },   { NULL, 0 },
	};
	int v;

	if (!option_choose(&v, text, levels))
		return "wants error, warning, notice, info or debug";
	opt->log_level = (enum log_level)v;
	return NULL;
}

const char *options_set_show_layout(struct options *opt, const char *text)
{
	(void)text;
	opt->action = OPTIONS_SHOW_LAYOUT;
	return NULL;
}

const char *options_set_check_config(struct options *opt, const char *text)
{
	(void)text;
	opt->action = OPTIONS_CHECK_CONFIG;
	return NULL;
}
