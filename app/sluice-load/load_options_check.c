/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_options_check.h"

#include "addr_text.h"
#include "load_options_table.h"
#include "load_places.h"
#include "port_spec.h"
#include "record.h"

#define SECOND UINT64_C(1000000000)

/* RFC 7252 §4.8.2: MAX_TRANSMIT_WAIT with the default parameters. */
#define COAP_WAIT (93 * SECOND)

static bool refuse(const struct load_options *opt, const char *name, const char *reason,
		   const char *value)
{
	return option_values_report(opt->values, name, reason, value);
}

static bool is_given(const struct load_options *opt, const char *name)
{
	return option_values_given(opt->values, name);
}

/* Given, and not as "auto". */
static bool is_set(const struct load_options *opt, const char *name)
{
	const char *text = option_values_text(opt->values, name);

	return text != NULL && !option_auto(text);
}

static bool is_13(const struct load_options *opt) { return opt->policy.max_version == DTLS_1_3; }

/* Whether the server proves itself by a certificate or raw key. */
static bool shows_key(const struct load_options *opt)
{
	return opt->server_ca != NULL || opt->server_keys != NULL;
}

bool load_options_by_psk(const struct load_options *opt, const struct suite *suite)
{
	return suite_is_13(suite) ? !shows_key(opt) : suite_has_psk(suite);
}

static bool any_suite(const struct load_options *opt, bool psk)
{
	for (size_t i = 0; i < opt->policy.n_suites; i++)
		if (load_options_by_psk(opt, opt->policy.suites[i]) == psk)
			return true;
	return false;
}

bool load_options_need_keys(const struct load_options *opt)
{
	return opt->action == LOAD_WRITE_PSK || any_suite(opt, true);
}

/* Defaults that depend on others */

/* What a small device offers: no more public-key operations than it needs. */
static bool is_offered(const struct load_options *opt, const struct suite *suite)
{
	if (is_13(opt))
		return suite_is_13(suite) && suite->id != TLS_AES_128_CCM_8_SHA256;
	if (shows_key(opt))
		return suite->id == TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8;
	return suite->kx == KX_PSK;
}

static void complete_suites(struct load_options *opt)
{
	struct hello_policy *policy = &opt->policy;

	if (policy->psk_ke)
		policy->n_groups = 0;
	policy->client_x509 = is_13(opt) && opt->server_ca != NULL;
	if (is_set(opt, "suites"))
		return;
	for (size_t i = 0; i < SUITE_N; i++)
		if (is_offered(opt, suite_at(i)))
			policy->suites[policy->n_suites++] = suite_at(i);
}

static void complete_requests(struct load_options *opt)
{
	bool max = opt->action == LOAD_RUN && opt->rate == 0;

	if (opt->action == LOAD_SEARCH && !is_set(opt, "retransmit"))
		opt->retransmit = LOAD_RETRANSMIT_OFF;
	if (opt->answer_timeout_ns == 0)
		opt->answer_timeout_ns =
			opt->retransmit == LOAD_RETRANSMIT_OFF ? SECOND : COAP_WAIT;
	opt->window = LOAD_INFLIGHT_MAX;
	if (opt->inflight == 0)
		opt->inflight = max ? LOAD_INFLIGHT_MAX : LOAD_INFLIGHT;
	else if (max || opt->inflight < opt->window)
		opt->window = opt->inflight;
}

/* The first address of the target's family. */
static const struct frame_addr *own_address(const struct load_options *opt)
{
	for (unsigned p = 0; p < opt->n_ports; p++) {
		for (unsigned a = 0; a < opt->ports[p].n_addrs; a++) {
			const struct frame_addr *addr = &opt->ports[p].addrs[a];

			if (frame_addr_is_ip6(addr) != flow_ip_is_mapped(opt->target_ip))
				return addr;
		}
	}
	return NULL;
}

static bool is_on_link(const struct frame_addr *addr, const uint8_t ip[16])
{
	unsigned bits = addr->prefix_len + (frame_addr_is_ip6(addr) ? 0U : 96U);

	if (memcmp(addr->ip, ip, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || (addr->ip[bits / 8] ^ ip[bits / 8]) >> (8 - bits % 8) == 0;
}

/* Who moves needs two. */
static uint32_t places_needed(const struct load_options *opt)
{
	return opt->migrate_share > 0 ? 2 : 1;
}

static bool complete_sources(struct load_options *opt)
{
	struct load_sources *s = &opt->sources;
	const struct frame_addr *own = own_address(opt);
	uint8_t last[16];
	uint32_t places;
	uint16_t port;

	if (own == NULL)
		return refuse(opt, "--sources",
			      "none given, and no --port has an address of the target's kind",
			      NULL);
	memcpy(s->first_ip, own->ip, sizeof(s->first_ip));
	places = opt->devices * places_needed(opt);
	s->n_addrs = (places - 1) / load_sources_ports(s) + 1;
	load_sources_at(s, places - 1, last, &port);
	if (load_sources_check(s, opt->devices) != NULL || !is_on_link(own, last))
		return refuse(opt, "--sources",
			      "none given, and the port's network is too small for the devices",
			      NULL);
	return true;
}

bool load_options_complete(struct load_options *opt)
{
	complete_requests(opt);
	complete_suites(opt);
	if (opt->action == LOAD_WRITE_PSK || opt->kernel || is_set(opt, "sources") ||
	    opt->n_ports == 0 || !is_given(opt, "target"))
		return true;
	return complete_sources(opt);
}

/* Contradictions */

enum { RUN = 1 << LOAD_RUN, SEARCH = 1 << LOAD_SEARCH, HANDSHAKES = 1 << LOAD_HANDSHAKES };

/* Where an option means something; one that is not here means something everywhere. */
static const struct {
	const char *name;
	unsigned actions;
} uses[] = {
	{ "handshake-rate", RUN | SEARCH | HANDSHAKES },
	{ "handshakes-at-once", RUN | SEARCH | HANDSHAKES },
	{ "resume", RUN | SEARCH | HANDSHAKES },
	{ "churn", RUN | SEARCH },
	{ "cid-migrate", RUN | SEARCH },
	{ "key-update", RUN | SEARCH },
	{ "storm", RUN },
	{ "storm-at", RUN },
	{ "rate", RUN },
	{ "ramp", RUN },
	{ "warmup", RUN | SEARCH | HANDSHAKES },
	{ "duration", RUN | SEARCH | HANDSHAKES },
	{ "payload", RUN | SEARCH },
	{ "mix", RUN | SEARCH },
	{ "path", RUN | SEARCH },
	{ "inflight", RUN | SEARCH },
	{ "retransmit", RUN | SEARCH },
	{ "answer-timeout", RUN | SEARCH },
	{ "late", RUN | SEARCH },
	{ "hostile", RUN | SEARCH },
	{ "hgrm", RUN | HANDSHAKES },
};

static const char *const action_names[] = {
	[LOAD_SEARCH] = "search",
	[LOAD_HANDSHAKES] = "handshakes-only",
	[LOAD_HANDSHAKE_COST] = "report",
	[LOAD_WRITE_PSK] = "write-psk",
};

static bool refuse_pair(const struct load_options *opt, const char *name, const char *other)
{
	char written[40], reason[60];

	snprintf(written, sizeof(written), "--%s", name);
	snprintf(reason, sizeof(reason), "not together with --%s", other);
	return refuse(opt, written, reason, NULL);
}

static bool check_action(const struct load_options *opt)
{
	const char *chosen = action_names[opt->action];

	for (int a = LOAD_SEARCH; a <= LOAD_WRITE_PSK; a++) {
		/* --handshakes-only=no chooses nothing. */
		if ((int)opt->action == a || !is_given(opt, action_names[a]) ||
		    (a == LOAD_HANDSHAKES && opt->action == LOAD_RUN))
			continue;
		return refuse_pair(opt, action_names[a], chosen);
	}
	/* A run's command line with --write-psk behind it is convenient, and says nothing false. */
	if (opt->action == LOAD_WRITE_PSK)
		return true;
	for (size_t i = 0; i < sizeof(uses) / sizeof(*uses); i++) {
		if ((uses[i].actions >> opt->action & 1) == 0 && is_given(opt, uses[i].name))
			return refuse_pair(opt, uses[i].name, chosen);
	}
	return true;
}

static bool check_suites(const struct load_options *opt)
{
	for (size_t i = 0; i < opt->policy.n_suites; i++)
		if (suite_is_13(opt->policy.suites[i]) != is_13(opt))
			return refuse(opt, "--suites", "not all of them are of --version",
				      option_values_text(opt->values, "suites"));
	return true;
}

static bool check_certificates(const struct load_options *opt)
{
	if (opt->server_ca != NULL && opt->server_keys != NULL)
		return refuse_pair(opt, "server-keys", "server-ca");
	if ((opt->cert == NULL) != (opt->key == NULL))
		return refuse(opt, opt->cert == NULL ? "--cert" : "--key", "none given", NULL);
	if (opt->cert != NULL && !shows_key(opt))
		return refuse(opt, "--cert", "without --server-ca or --server-keys", NULL);
	if (any_suite(opt, false) && !shows_key(opt))
		return refuse(opt, "--suites", "certificates want --server-ca or --server-keys",
			      option_values_text(opt->values, "suites"));
	return true;
}

static bool check_fleet(const struct load_options *opt)
{
	if (!load_options_need_keys(opt))
		return true;
	if (opt->identities != NULL && opt->psk_derive != NULL)
		return refuse_pair(opt, "psk-derive", "identities FILE");
	if (opt->identities != NULL && opt->master_key != NULL)
		return refuse_pair(opt, "master-key", "identities FILE");
	if (opt->psk_derive != NULL && opt->master_key != NULL)
		return refuse_pair(opt, "master-key", "psk-derive");
	if (opt->identities != NULL && opt->action == LOAD_WRITE_PSK)
		return refuse(opt, "--write-psk", "not together with --identities FILE", NULL);
	if (opt->identities == NULL && opt->psk_derive == NULL && opt->master_key == NULL)
		return refuse(opt, "--psk-derive",
			      "none given, nor --master-key, and identities are derived", NULL);
	return true;
}

static bool check_ports(const struct load_options *opt)
{
	const char *dev, *reason;

	if (opt->kernel && opt->n_ports > 0)
		return refuse(opt, "--port", "kernel and devices do not mix", opt->ports[0].dev);
	if (opt->kernel && opt->has_eal_args)
		return refuse(opt, "--port", "kernel sockets take no EAL options", NULL);
	if (opt->kernel)
		return true;
	reason = port_specs_check(opt->ports, opt->n_ports, opt->has_eal_args, &dev);
	if (reason != NULL)
		return refuse(opt, "--port", reason, dev);
	if (is_given(opt, "threads"))
		return refuse(opt, "--threads", "for --port kernel; DPDK ports have a core each",
			      NULL);
	return true;
}

static bool check_cores(const struct load_options *opt)
{
	unsigned n = core_set_count(&opt->cores);

	if (n == 0 || n == (opt->kernel ? opt->threads : opt->n_ports))
		return true;
	return refuse(opt, "--cores",
		      opt->kernel ? "not as many as --threads" : "not as many as ports",
		      option_values_text(opt->values, "cores"));
}

static bool is_group(const uint8_t ip[16])
{
	return flow_ip_is_mapped(ip) ? ip[12] >= 224 : ip[0] == 0xff;
}

static bool is_unspecified(const uint8_t ip[16])
{
	static const uint8_t zero[16];

	return flow_ip_is_mapped(ip) ? ip[12] == 0 : memcmp(ip, zero, 16) == 0;
}

/* Kernel sockets reach this very host, too. */
static bool can_be_host(const struct load_options *opt, const uint8_t ip[16])
{
	return opt->kernel ? !is_group(ip) && !is_unspecified(ip) : addr_text_is_host(ip);
}

static bool check_target(const struct load_options *opt)
{
	if (!is_given(opt, "target"))
		return refuse(opt, "--target", "none given", NULL);
	if (!can_be_host(opt, opt->target_ip))
		return refuse(opt, "--target", "not an address of a host",
			      option_values_text(opt->values, "target"));
	return true;
}

static bool check_sources(const struct load_options *opt)
{
	const struct load_sources *s = &opt->sources;
	const char *text = option_values_text(opt->values, "sources"), *reason;
	uint8_t last[16];
	uint16_t port;

	if (s->n_addrs == 0)
		return true;
	reason = load_sources_check(s, opt->devices);
	if (reason == NULL && load_places_each(s, opt->devices) < places_needed(opt))
		reason = "fewer than two for a device, and --cid-migrate";
	if (reason != NULL)
		return refuse(opt, "--sources", reason, text);
	if (flow_ip_is_mapped(s->first_ip) != flow_ip_is_mapped(opt->target_ip))
		return refuse(opt, "--sources", "not of the target's kind of address", text);
	load_sources_at(s, s->n_addrs * load_sources_ports(s) - 1, last, &port);
	if (!can_be_host(opt, s->first_ip) || !can_be_host(opt, last))
		return refuse(opt, "--sources", "not addresses of hosts", text);
	/* A kernel's sockets may well speak from the address that they speak to. */
	if (!opt->kernel && load_sources_find(s, opt->target_ip, s->first_port) != LOAD_NO_DEVICE)
		return refuse(opt, "--sources", "the target is among them", text);
	return true;
}

static bool check_load(const struct load_options *opt)
{
	if (opt->action == LOAD_RUN && opt->rate == 0 && opt->ramp_ns != 0)
		return refuse(opt, "--ramp", "not together with --rate max", NULL);
	if (opt->action != LOAD_HANDSHAKES && opt->resume_share > 0 && opt->churn_share == 0 &&
	    opt->storm == 0)
		return refuse(opt, "--resume",
			      "nobody connects twice: --churn, --storm or --handshakes-only", NULL);
	if (opt->migrate_share > 0 && !opt->policy.cid)
		return refuse(opt, "--cid-migrate", "without --cid: the server would not know them",
			      NULL);
	if (opt->key_update != 0 && !is_13(opt))
		return refuse(opt, "--key-update", "--version 1.2 has none", NULL);
	if (opt->hgrm != NULL && opt->json != NULL && strcmp(opt->hgrm, opt->json) == 0)
		return refuse(opt, "--hgrm", "the same file as --json", opt->hgrm);
	return true;
}

/* Each generator core needs a device that stays, whose requests are measured. */
static bool check_storm(const struct load_options *opt)
{
	uint64_t cores = opt->kernel ? opt->threads : opt->n_ports;

	if (opt->storm == 0 && is_given(opt, "storm-at"))
		return refuse(opt, "--storm-at", "without --storm", NULL);
	if (opt->storm == 0)
		return true;
	if (opt->storm + 2 * cores > opt->devices)
		return refuse(opt, "--storm", "leaves fewer than two devices a generator core",
			      option_values_text(opt->values, "storm"));
	if (opt->churn_share > 0)
		return refuse_pair(opt, "churn", "storm");
	if (opt->storm_at_ns >= opt->duration_ns)
		return refuse(opt, "--storm-at", "not within --duration",
			      option_values_text(opt->values, "storm-at"));
	return true;
}

bool load_options_check(const struct load_options *opt)
{
	if (!check_action(opt) || !check_suites(opt) || !check_certificates(opt) ||
	    !check_fleet(opt))
		return false;
	if (opt->action == LOAD_WRITE_PSK)
		return true;
	return check_ports(opt) && check_cores(opt) && check_target(opt) && check_sources(opt) &&
	       check_load(opt) && check_storm(opt);
}
