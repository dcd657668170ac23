/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values are first collected as text, from the command line, then from the file where the command
 * line is silent, then parsed in the order of the table. So there is one parser an option, and
 * --dump-config writes the texts back.
 */
#include "options.h"

#include "node_spec.h"
#include "options_file.h"
#include "options_table.h"
#include "port_spec.h"
#include "record.h"

/* Which option a line of the file was about, for the report. */
struct file_walk {
	struct option_values *values;
	bool on_command_line[OPTION_ROWS_MAX];
	unsigned line;
	char name[64], value[256];
};

static const char *take_row(void *arg, const char *name, const char *value, unsigned line)
{
	struct file_walk *f = arg;
	const struct option_def *def = option_find(&options_table, name);

	f->line = line;
	snprintf(f->name, sizeof(f->name), "--%s", name);
	snprintf(f->value, sizeof(f->value), "%s", value);
	if (def == NULL)
		return "unknown option";
	if (def->kind == OPTION_COMMAND)
		return "for the command line only";
	if (f->on_command_line[def - options_table.rows])
		return NULL;
	if (def->kind != OPTION_LIST && option_values_given(f->values, name))
		return "given twice";
	return option_values_add(f->values, def, value, line);
}

static bool read_file(struct option_values *values)
{
	struct file_walk f = { .values = values };
	const char *path = option_values_text(values, "f"), *reason;
	char where[300];
	unsigned line;

	if (path == NULL)
		return true;
	values->file = path;
	for (size_t i = 0; i < options_table.n_rows; i++)
		f.on_command_line[i] = values->rows[i].n > 0;
	if (options_file_read(path, take_row, &f, &line, &reason))
		return true;
	if (line == 0)
		return option_values_report(values, "-f", reason, path);
	snprintf(where, sizeof(where), "%s at %s:%u", reason, path, line);
	/* A line that is not name = value never got as far as take_row. */
	if (line != f.line)
		return option_values_report(values, "-f", where, NULL);
	return option_values_report(values, f.name, where, f.value);
}

static bool set_all(struct options *opt)
{
	if (!option_values_set(opt->values, opt))
		return false;
	if (opt->max_sessions == 0)
		opt->max_sessions = opt->test_mode ? 64 << 10 : 1 << 20;
	if (opt->idle_auto)
		opt->idle_sleep = opt->test_mode;
	return true;
}

static bool check_ports(const struct options *opt)
{
	const char *dev, *reason;

	reason = port_specs_check(opt->ports, opt->n_ports, opt->has_eal_args, &dev);
	return reason == NULL || option_values_report(opt->values, "--port", reason, dev);
}

/* Whether a port has an address that this --listen means. One without addresses has none to be
 * missed. */
static bool serves(const struct port_spec *port, const struct listen_spec *l)
{
	if ((l->any4 || l->any6) && port->n_addrs == 0)
		return true;
	for (unsigned i = 0; i < port->n_addrs; i++)
		if (frame_addr_is_ip6(&port->addrs[i]) ? l->any6 : l->any4)
			return true;
	return port_spec_has(port, l->ip);
}

static bool check_listen(const struct options *opt)
{
	const struct option_values *values = opt->values;
	size_t row = (size_t)(option_find(&options_table, "listen") - options_table.rows);

	for (unsigned i = 0; i < opt->n_listen; i++) {
		const struct listen_spec *l = &opt->listen[i];
		bool found = l->any4 && l->any6;

		for (unsigned p = 0; p < opt->n_ports; p++)
			found = found || serves(&opt->ports[p], l);
		if (!found)
			return option_values_report(values, "--listen", "no port has this address",
						    values->rows[row].texts[i].value);
	}
	return true;
}

static bool has_psk(const struct options *opt)
{
	return opt->psk_file != NULL || opt->psk_derive != NULL || opt->psk_socket != NULL;
}

/* Who is taken by what, and whether there is enough to do it. */
static bool check_credentials(const struct options *opt)
{
	const struct certificates_config *c = &opt->certificates;
	struct option_values *values = opt->values;

	if (c->n_own != opt->n_keys)
		return option_values_report(values, "--key", "wants one for each --cert", NULL);
	if (!has_psk(opt) && c->n_own == 0)
		return option_values_report(values, "--psk-file",
					    "none given: no device could log in", NULL);
	if (c->trust.crl_path != NULL && c->trust.ca_path == NULL)
		return option_values_report(values, "--crl", "wants --client-ca", NULL);
	if (opt->policy.client_auth != CLIENT_AUTH_NONE && c->trust.ca_path == NULL &&
	    c->rpks == NULL)
		return option_values_report(values, "--client-auth",
					    "wants --client-ca or --rpk-file", NULL);
	if (opt->client_auth_auto && c->n_own > 0 && opt->policy.client_auth == CLIENT_AUTH_NONE)
		return option_values_report(values, "--client-auth",
					    "without --client-ca or --rpk-file anybody could "
					    "log in: say none if that is meant",
					    NULL);
	if ((c->trust.ca_path != NULL || c->rpks != NULL) && c->n_own == 0)
		return option_values_report(values, "--cert",
					    "none given: devices with "
					    "certificates want to see ours",
					    NULL);
	if (opt->policy.n_suites == 0)
		return option_values_report(values, "--suites",
					    "none of them goes with the versions and credentials",
					    NULL);
	return true;
}

/* Later versions are lower numbers. */
static bool check_versions(const struct options *opt)
{
	return opt->policy.max_version <= opt->policy.min_version ||
	       option_values_report(opt->values, "--max-version", "older than --min-version", NULL);
}

static bool check_nodes(const struct options *opt)
{
	const char *option, *reason = node_specs_check(opt, &option);

	return reason == NULL || option_values_report(opt->values, option, reason, NULL);
}

static bool check_all(const struct options *opt)
{
	return check_ports(opt) && check_listen(opt) && check_nodes(opt) &&
	       (opt->action == OPTIONS_SHOW_LAYOUT || check_credentials(opt));
}

/* Whether its version is wanted, and there is a credential for it. */
static bool suite_fits(const struct options *opt, const struct suite *suite)
{
	bool certificate = opt->certificates.n_own > 0;

	if (suite_is_13(suite))
		return opt->policy.max_version == DTLS_1_3 && (has_psk(opt) || certificate);
	return opt->policy.min_version == DTLS_1_2 &&
	       (suite_has_psk(suite) ? has_psk(opt) : certificate);
}

/* Only suites that fit, and only versions that have one. */
static void settle_policy(struct options *opt)
{
	struct hello_policy *policy = &opt->policy;
	bool has_12 = false, has_13 = false;
	size_t n = 0;

	for (size_t i = 0; i < policy->n_suites; i++) {
		const struct suite *suite = policy->suites[i];

		if (!suite_fits(opt, suite))
			continue;
		policy->suites[n++] = suite;
		has_13 = has_13 || suite_is_13(suite);
		has_12 = has_12 || !suite_is_13(suite);
	}
	policy->n_suites = n;
	if (n > 0) {
		policy->max_version = has_13 ? DTLS_1_3 : DTLS_1_2;
		policy->min_version = has_12 ? DTLS_1_2 : DTLS_1_3;
	}
	if (opt->client_auth_auto && (policy->client_x509 || policy->client_rpk))
		policy->client_auth = CLIENT_AUTH_REQUIRED;
}

static void dump_texts(const struct options *opt, FILE *out, size_t row)
{
	const struct option_text *texts = opt->values->rows[row].texts;

	for (unsigned i = 0; i < opt->values->rows[row].n; i++) {
		if (texts[i].line == 0)
			fputs("# from the command line\n", out);
		else
			fprintf(out, "# from %s:%u\n", option_values_text(opt->values, "f"),
				texts[i].line);
		fprintf(out, "%s = %s\n", options_table.rows[row].name, texts[i].value);
	}
}

/* The effective configuration as a file that -f takes. */
static void dump(const struct options *opt, FILE *out)
{
	for (size_t i = 0; i < options_table.n_rows; i++) {
		const struct option_def *def = &options_table.rows[i];

		if (def->kind == OPTION_COMMAND)
			continue;
		if (opt->values->rows[i].n > 0)
			dump_texts(opt, out, i);
		else if (def->fallback != NULL)
			fprintf(out, "# default\n%s = %s\n", def->name, def->fallback);
		else
			fprintf(out, "# not given\n# %s =\n", def->name);
	}
}

enum options_result options_parse(struct options *opt, FILE *out, FILE *err, int argc,
				  char *const argv[])
{
	struct option_eal eal;
	int first;

	memset(opt, 0, sizeof(*opt));
	opt->values = option_values_new(&options_table, err);
	if (opt->values == NULL)
		return OPTIONS_ERROR;
	first = option_eal_split(&eal, argc, argv);
	opt->has_eal_args = eal.given;
	opt->eal_args = eal.argv;
	opt->n_eal_args = eal.argc;
	if (!option_values_walk(opt->values, argc - first, argv + first))
		return OPTIONS_ERROR;
	if (option_values_given(opt->values, "help")) {
		options_help(out);
		return OPTIONS_DONE;
	}
	if (option_values_given(opt->values, "version")) {
		fprintf(out, "sluice %s\n", SLUICE_VERSION);
		return OPTIONS_DONE;
	}
	if (!read_file(opt->values) || !set_all(opt))
		return OPTIONS_ERROR;
	if (option_values_given(opt->values, "dump-config")) {
		dump(opt, out);
		return OPTIONS_DONE;
	}
	if (!check_versions(opt))
		return OPTIONS_ERROR;
	settle_policy(opt);
	return check_all(opt) ? OPTIONS_GO : OPTIONS_ERROR;
}

void options_free(struct options *opt)
{
	option_values_free(opt->values);
	memset(opt, 0, sizeof(*opt));
}
