/* SPDX-License-Identifier: BSD-3-Clause */
#include "node_spec.h"

#include "addr_text.h"
#include "port_spec.h"
#include "units.h"

enum { PORT_COAPS = 5684 };

static const char syntax[] = "wants N=ADDR[:PORT], N from 0 to 255, IPv6 as [ADDR]";

static bool parse_number(uint64_t *out, const char *text, size_t len, uint64_t max)
{
	char copy[8];

	if (len == 0 || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return units_count(out, copy, max);
}

/* Where the port's colon is: behind an address, and the brackets of an IPv6 one; its end: none. */
static size_t address_len(const char *text)
{
	const char *bracket = strchr(text, ']'), *colon = strchr(bracket ? bracket : text, ':');

	return colon == NULL ? strlen(text) : (size_t)(colon - text);
}

const char *node_spec_parse(struct node_spec *out, const char *text)
{
	const size_t id_len = strcspn(text, "=");
	const char *address = text + id_len + 1;
	struct node_spec n = { .port = PORT_COAPS };
	struct addr_text split;
	uint64_t id, port;
	size_t len;

	if (text[id_len] != '=' || !parse_number(&id, text, id_len, UINT8_MAX))
		return syntax;
	len = address_len(address);
	if (!addr_text_split(&split, address, len) ||
	    !(split.is_ip6 ? addr_text_ip6(n.ip, split.ip) : addr_text_ip4(n.ip, split.ip)))
		return syntax;
	if (!addr_text_is_host(n.ip))
		return "no address that a host can have";
	if (address[len] == ':') {
		if (!parse_number(&port, address + len + 1, strlen(address + len + 1),
				  UINT16_MAX) ||
		    port == 0)
			return "wants a port from 1 to 65535";
		n.port = (uint16_t)port;
	}
	n.id = (uint8_t)id;
	*out = n;
	return NULL;
}

const char *node_specs_add(struct node_spec *nodes, unsigned *n, const char *text)
{
	const char *reason;

	if (*n == OPTIONS_NODES_MAX)
		return "more than 16 nodes";
	reason = node_spec_parse(&nodes[*n], text);
	if (reason != NULL)
		return reason;
	for (unsigned i = 0; i < *n; i++) {
		if (nodes[i].id == nodes[*n].id)
			return "the same node twice";
		if (memcmp(nodes[i].ip, nodes[*n].ip, sizeof(nodes[i].ip)) == 0)
			return "the same address twice";
	}
	(*n)++;
	return NULL;
}

static bool in_network(const struct frame_addr *own, const uint8_t ip[16])
{
	/* of the mapped form */
	const unsigned bits = own->prefix_len + (frame_addr_is_ip6(own) ? 0U : 96U);

	for (unsigned i = 0; i < bits; i++)
		if (((own->ip[i / 8] ^ ip[i / 8]) & 0x80U >> i % 8) != 0)
			return false;
	return true;
}

static bool has_gateway(const struct port_spec *port, bool ip6)
{
	return ip6 ? port->has_gw6 : port->has_gw4;
}

/* The first way over a network, or over a gateway. */
static bool find_way(const struct port_spec *ports, unsigned n_ports, const struct node_spec *node,
		     bool on_link, struct node_way *out)
{
	const bool ip6 = !flow_ip_is_mapped(node->ip);

	for (unsigned p = 0; p < n_ports; p++) {
		for (unsigned i = 0; i < ports[p].n_addrs; i++) {
			const struct frame_addr *own = &ports[p].addrs[i];

			if (frame_addr_is_ip6(own) != ip6 ||
			    (on_link ? !in_network(own, node->ip) : !has_gateway(&ports[p], ip6)))
				continue;
			*out = (struct node_way){ .port = p, .on_link = on_link };
			memcpy(out->from, own->ip, sizeof(out->from));
			return true;
		}
	}
	return false;
}

struct node_way node_spec_way(const struct port_spec *ports, unsigned n_ports,
			      const struct node_spec *node)
{
	struct node_way way = { .port = OPTIONS_PORTS_MAX };

	if (!find_way(ports, n_ports, node, true, &way))
		(void)find_way(ports, n_ports, node, false, &way);
	return way;
}

static const char *check_node(const struct options *opt, const struct node_spec *node)
{
	if (node->id == opt->node_id)
		return "this node's own --node-id";
	for (unsigned p = 0; p < opt->n_ports; p++)
		if (port_spec_has(&opt->ports[p], node->ip))
			return "this node's own address";
	if (node_spec_way(opt->ports, opt->n_ports, node).port == OPTIONS_PORTS_MAX)
		return "no --port has its network or a gateway";
	return NULL;
}

const char *node_specs_check(const struct options *opt, const char **option)
{
	const char *reason = NULL;
	bool gateway = false;

	*option = "--node";
	if (opt->n_nodes == 0)
		return NULL;
	if (opt->cid_length == 0)
		return "wants --cid-length";
	if (opt->cid_key_file == NULL)
		return "wants --cid-key-file, the same on every node";
	for (unsigned i = 0; i < opt->n_nodes && reason == NULL; i++)
		reason = check_node(opt, &opt->nodes[i]);
	for (unsigned p = 0; p < opt->n_ports; p++)
		gateway = gateway || opt->ports[p].has_gw4 || opt->ports[p].has_gw6;
	if (reason == NULL && opt->node_reply_direct && !gateway) {
		*option = "--node-reply";
		return "direct wants a --port with gw=";
	}
	return reason;
}
