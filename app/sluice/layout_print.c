/* SPDX-License-Identifier: BSD-3-Clause */
/* layout_print: the start-up table. */
#include "layout.h"

struct row {
	const char *port, *queue, *lcore, *node, *role, *rss, *offloads;
};

static void print_row(FILE *out, const struct row *r)
{
	fprintf(out, "%-28s %5s %5s %4s  %-28s %-12s %s\n", r->port, r->queue, r->lcore, r->node,
		r->role, r->rss, r->offloads);
}

const char *layout_role_text(char *out, size_t len, const struct layout *l,
			     const struct layout_core *core)
{
	snprintf(out, len, "%s%s%s%s", core->lcore == l->main_lcore ? "+main" : "",
		 core->roles & LAYOUT_POLL ? "+poll" : "",
		 core->roles & LAYOUT_HANDSHAKE ? "+handshake" : "",
		 core->roles & LAYOUT_WORKER ? "+worker" : "");
	return out + 1; /* a core in the layout is main or has a role */
}

static const char *or_dash(const char *s) { return s != NULL ? s : "-"; }

static void print_core(FILE *out, const struct layout *l, const struct options *opt,
		       const struct layout_port_info *info, const struct layout_core *core)
{
	char port[160], queue[8], lcore[8], node[8], role[40];
	struct row r = { "-", "-", lcore, "-", layout_role_text(role, sizeof(role), l, core),
			 "-", "-" };

	snprintf(lcore, sizeof(lcore), "%u", core->lcore);
	if (core->socket >= 0) {
		snprintf(node, sizeof(node), "%d", core->socket);
		r.node = node;
	}
	if (core->n_queues == 0)
		print_row(out, &r);
	for (unsigned i = core->first_queue; i < core->first_queue + core->n_queues; i++) {
		unsigned index = l->queues[i].port;

		if (opt->ports[index].kind == PORT_NUMBER)
			snprintf(port, sizeof(port), "%u", opt->ports[index].number);
		else
			snprintf(port, sizeof(port), "%u %s", index, opt->ports[index].dev);
		snprintf(queue, sizeof(queue), "%u", l->queues[i].queue);
		r.port = port;
		r.queue = queue;
		r.rss = or_dash(info != NULL ? info[index].rss : NULL);
		r.offloads = or_dash(info != NULL ? info[index].offloads : NULL);
		print_row(out, &r);
	}
}

void layout_print(FILE *out, const struct layout *l, const struct options *opt,
		  const struct layout_port_info *info)
{
	print_row(out,
		  &(struct row){ "PORT", "QUEUE", "LCORE", "NUMA", "ROLE", "RSS", "OFFLOADS" });
	for (unsigned i = 0; i < l->n_cores; i++)
		print_core(out, l, opt, info, &l->cores[i]);
}
