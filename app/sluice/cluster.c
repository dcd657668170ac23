/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster.h"

#include "node_spec.h"
#include "random.h"
#include "secret.h"
#include "secret_file.h"

/* The lines of a key file as they are taken. */
struct key_lines {
	uint8_t key[CID_KEY_LEN];
	bool found;
};

static const char *take_line(void *arg, const struct secret_line *line)
{
	struct key_lines *k = arg;

	if (k->found)
		return "more than one key";
	k->found = line->len == (size_t)2 * CID_KEY_LEN && secret_hex(k->key, line->p, CID_KEY_LEN);
	return k->found ? NULL : "wants 32 hex digits";
}

static bool read_key(struct key_lines *out, const char *path, char *err, size_t err_len)
{
	struct secret_file file;
	bool ok;

	if (!secret_file_read(&file, path, err, err_len))
		return false;
	ok = secret_lines(file.bytes, file.len, path, take_line, out, err, err_len);
	secret_file_free(&file);
	if (ok && !out->found)
		snprintf(err, err_len, "%s: no key", path);
	return ok && out->found;
}

static bool get_key(struct key_lines *out, const struct options *opt, char *err, size_t err_len)
{
	if (opt->cid_key_file != NULL)
		return read_key(out, opt->cid_key_file, err, err_len);
	snprintf(err, err_len, "no randomness for a key");
	return random_bytes(out->key, sizeof(out->key));
}

static const uint8_t *gateway(const struct port_spec *port, bool ip4)
{
	if (ip4)
		return port->has_gw4 ? port->gw4 : NULL;
	return port->has_gw6 ? port->gw6 : NULL;
}

static bool add_node(struct cluster *c, const struct options *opt, const struct node_spec *node)
{
	const struct node_way way = node_spec_way(opt->ports, opt->n_ports, node);
	struct forward_way link = { .port = (uint8_t)way.port };

	bytes_copy16(link.from, way.from);
	bytes_copy16(link.ip,
		     way.on_link ? node->ip
				 : gateway(&opt->ports[way.port], flow_ip_is_mapped(node->ip)));
	return forward_nodes_add(&c->nodes, node->id, node->ip, node->port, &link);
}

/* Where answers to devices go, an address of ours first. */
static bool add_gateway(struct cluster *c, const struct port_spec *port, uint8_t index, bool ip4)
{
	const uint8_t *ip = gateway(port, ip4);
	struct forward_way link = { .port = index };

	for (unsigned i = 0; ip != NULL && i < port->n_addrs; i++) {
		if (frame_addr_is_ip6(&port->addrs[i]) == ip4)
			continue;
		bytes_copy16(link.ip, ip);
		bytes_copy16(link.from, port->addrs[i].ip);
		return forward_nodes_gateway(&c->nodes, &link);
	}
	return true;
}

static bool add_nodes(struct cluster *c, const struct options *opt)
{
	bool ok = true;

	for (unsigned i = 0; i < opt->n_nodes; i++)
		ok = ok && add_node(c, opt, &opt->nodes[i]);
	for (unsigned p = 0; opt->node_reply_direct && p < opt->n_ports; p++)
		ok = ok && add_gateway(c, &opt->ports[p], (uint8_t)p, true) &&
		     add_gateway(c, &opt->ports[p], (uint8_t)p, false);
	return ok;
}

bool cluster_init(struct cluster *c, const struct options *opt, char *err, size_t err_len)
{
	struct key_lines k = { .found = false };
	bool ok;

	memset(c, 0, sizeof(*c));
	if (opt->cid_length == 0)
		return true;
	ok = get_key(&k, opt, err, err_len);
	if (ok) {
		cid_key_init(&c->key, k.key, opt->cid_length, opt->node_id);
		forward_nodes_init(&c->nodes, &c->key, k.key, opt->node_reply_direct);
		snprintf(err, err_len, "no randomness for connection IDs");
		ok = cid_issuer_init(&c->issuer, &c->key) && add_nodes(c, opt);
	}
	secret_wipe(&k, sizeof(k));
	return ok;
}

void cluster_free(struct cluster *c) { secret_wipe(c, sizeof(*c)); }
