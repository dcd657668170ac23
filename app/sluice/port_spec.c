/* SPDX-License-Identifier: BSD-3-Clause */
#include "port_spec.h"

#include "addr_text.h"
#include "units.h"

#include <ctype.h>

static bool is_pci(const char *s)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF");

	if (n >= 4 && n <= 8 && s[n] == ':')
		s += n + 1;
	return isxdigit((unsigned char)s[0]) && isxdigit((unsigned char)s[1]) && s[2] == ':' &&
	       isxdigit((unsigned char)s[3]) && isxdigit((unsigned char)s[4]) && s[5] == '.' &&
	       s[6] >= '0' && s[6] <= '7' && s[7] == '\0';
}

static const char *parse_number(struct port_spec *out)
{
	uint64_t v;

	if (!units_count(&v, out->dev, OPTIONS_PORTS_MAX - 1))
		return "wants a port number below 8";
	out->kind = PORT_NUMBER;
	out->number = (uint16_t)v;
	return NULL;
}

static const char *parse_named(struct port_spec *out)
{
	static const struct {
		const char *prefix;
		enum port_kind kind;
		size_t max_len; /* of an interface's name, or a socket's path */
	} kinds[] = {
		{ "tap:", PORT_TAP, 15 },
		{ "af_packet:", PORT_AF_PACKET, 15 },
		{ "af_xdp:", PORT_AF_XDP, 15 },
		{ "vhost:", PORT_VHOST, 107 },
		{ "virtio_user:", PORT_VIRTIO_USER, 107 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(out->dev, kinds[i].prefix, len) != 0)
			continue;
		out->kind = kinds[i].kind;
		out->name_off = (uint8_t)len;
		if (out->dev[len] == '\0')
			return "the device's name is missing";
		return strlen(out->dev + len) <= kinds[i].max_len ? NULL
								  : "the device's name is too long";
	}
	return "DEV is none of PCI address, tap:, af_packet:, af_xdp:, vhost:, virtio_user:, "
	       "number";
}

static const char *parse_dev(struct port_spec *out)
{
	if (is_pci(out->dev)) {
		out->kind = PORT_PCI;
		return NULL;
	}
	if (out->dev[0] != '\0' && out->dev[strspn(out->dev, "0123456789")] == '\0')
		return parse_number(out);
	return parse_named(out);
}

bool port_spec_has(const struct port_spec *spec, const uint8_t ip[16])
{
	for (unsigned i = 0; i < spec->n_addrs; i++) {
		if (memcmp(spec->addrs[i].ip, ip, 16) == 0)
			return true;
	}
	return false;
}

static const char *add_addr(struct port_spec *out, char *text, bool v6)
{
	struct frame_addr *addr = &out->addrs[out->n_addrs];
	char *slash = strchr(text, '/');
	uint64_t len;

	if (out->n_addrs == sizeof(out->addrs) / sizeof(*out->addrs))
		return "more than 8 addresses";
	if (slash == NULL || !units_count(&len, slash + 1, v6 ? 128 : 32) || len == 0)
		return v6 ? "ip6= wants ADDR/LEN" : "ip= wants ADDR/LEN";
	*slash = '\0';
	if (v6 ? !addr_text_ip6(addr->ip, text) : !addr_text_ip4(addr->ip, text))
		return v6 ? "ip6= wants an IPv6 address" : "ip= wants an IPv4 address";
	if (!addr_text_is_host(addr->ip))
		return "not an address of a host";
	if (port_spec_has(out, addr->ip))
		return "the same address twice";
	addr->prefix_len = (uint8_t)len;
	out->n_addrs++;
	return NULL;
}

static const char *set_gateway(struct port_spec *out, const char *text)
{
	static const char bad[] = "gw= wants the address of a host";
	uint8_t ip[16];

	if (addr_text_ip4(ip, text)) {
		if (out->has_gw4)
			return "two IPv4 gateways";
		out->has_gw4 = true;
		memcpy(out->gw4, ip, sizeof(ip));
		return addr_text_is_host(ip) ? NULL : bad;
	}
	if (!addr_text_ip6(ip, text))
		return bad;
	if (out->has_gw6)
		return "two IPv6 gateways";
	out->has_gw6 = true;
	memcpy(out->gw6, ip, sizeof(ip));
	return addr_text_is_host(ip) ? NULL : bad;
}

static const char *set_mtu(struct port_spec *out, const char *text)
{
	uint64_t v;

	/* 576: what every IPv4 host must take (RFC 1122 §3.3.2). */
	if (!units_count(&v, text, 9216) || v < 576)
		return "mtu= wants 576 to 9216";
	out->mtu = (uint16_t)v;
	return NULL;
}

static const char *set_key(struct port_spec *out, char *item)
{
	if (strncmp(item, "ip=", 3) == 0)
		return add_addr(out, item + 3, false);
	if (strncmp(item, "ip6=", 4) == 0)
		return add_addr(out, item + 4, true);
	if (strncmp(item, "gw=", 3) == 0)
		return set_gateway(out, item + 3);
	if (strncmp(item, "mtu=", 4) == 0)
		return set_mtu(out, item + 4);
	return "knows ip=, ip6=, gw= and mtu=";
}

/* Copies up to the next comma; moves *at behind it, or to NULL at the end. */
static bool next_item(const char **at, char *out, size_t cap)
{
	size_t len = strcspn(*at, ",");

	if (len >= cap)
		return false;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at = (*at)[len] == ',' ? *at + len + 1 : NULL;
	return true;
}

static const char *check_mtu(const struct port_spec *spec)
{
	for (unsigned i = 0; spec->mtu != 0 && spec->mtu < 1280 && i < spec->n_addrs; i++) {
		if (!flow_ip_is_mapped(spec->addrs[i].ip))
			return "mtu= below 1280 does not carry IPv6 (RFC 8200)";
	}
	return NULL;
}

const char *port_spec_parse(struct port_spec *out, const char *text)
{
	const char *reason;
	char item[64];

	memset(out, 0, sizeof(*out));
	if (!next_item(&text, out->dev, sizeof(out->dev)))
		return "the device's name is too long";
	reason = parse_dev(out);
	while (reason == NULL && text != NULL) {
		if (!next_item(&text, item, sizeof(item)))
			return "an item is too long";
		reason = set_key(out, item);
	}
	return reason != NULL ? reason : check_mtu(out);
}

static const char *parse_listen_addr(struct listen_spec *out, const struct addr_text *addr)
{
	static const uint8_t zero[16];
	bool v6 = addr->is_ip6;

	if (v6 ? !addr_text_ip6(out->ip, addr->ip) : !addr_text_ip4(out->ip, addr->ip))
		return v6 ? "wants [ADDR]:PORT with an IPv6 address"
			  : "wants ADDR:PORT with an IPv4 address, or [ADDR]:PORT";
	out->any4 = !v6 && memcmp(out->ip + 12, zero, 4) == 0;
	out->any6 = v6 && memcmp(out->ip, zero, 16) == 0;
	if (out->any4 || out->any6)
		return NULL;
	return addr_text_is_host(out->ip) ? NULL : "not an address of a host";
}

const char *port_specs_add(struct port_spec *ports, unsigned *n, const char *text)
{
	struct port_spec *spec = &ports[*n];
	const char *reason;

	if (*n == OPTIONS_PORTS_MAX)
		return "more than 8 ports";
	reason = port_spec_parse(spec, text);
	if (reason != NULL)
		return reason;
	for (unsigned i = 0; i < *n; i++) {
		if (strcmp(ports[i].dev, spec->dev) == 0)
			return "the same device twice";
	}
	++*n;
	return NULL;
}

const char *listen_spec_parse(struct listen_spec *out, const char *text)
{
	const char *colon = strrchr(text, ':');
	struct addr_text addr;
	uint64_t port;

	memset(out, 0, sizeof(*out));
	if (colon == NULL || !units_count(&port, colon + 1, UINT16_MAX) || port == 0)
		return "wants ADDR:PORT with a port from 1 to 65535";
	out->port = (uint16_t)port;
	if (colon == text) {
		out->any4 = out->any6 = true;
		return NULL;
	}
	if (!addr_text_split(&addr, text, (size_t)(colon - text)))
		return "wants ADDR:PORT, [ADDR]:PORT or :PORT";
	return parse_listen_addr(out, &addr);
}

static const char *check_numbers(const struct port_spec *ports, unsigned n, bool has_eal_args,
				 const char **dev)
{
	unsigned n_numbers = 0;

	for (unsigned i = 0; i < n; i++) {
		bool is_number = ports[i].kind == PORT_NUMBER;

		*dev = ports[i].dev;
		n_numbers += is_number;
		if (is_number && !has_eal_args)
			return "a number needs EAL options before a --";
	}
	*dev = NULL;
	return n_numbers != 0 && n_numbers != n ? "numbers and devices do not mix" : NULL;
}

static bool shares_address(const struct port_spec *a, const struct port_spec *b)
{
	for (unsigned i = 0; i < a->n_addrs; i++) {
		if (port_spec_has(b, a->addrs[i].ip))
			return true;
	}
	return false;
}

const char *port_specs_check(const struct port_spec *ports, unsigned n, bool has_eal_args,
			     const char **dev)
{
	const char *reason;

	*dev = NULL;
	if (n == 0)
		return "none given";
	reason = check_numbers(ports, n, has_eal_args, dev);
	for (unsigned i = 0; reason == NULL && i < n; i++) {
		for (unsigned k = 0; k < i; k++) {
			*dev = ports[i].dev;
			if (shares_address(&ports[i], &ports[k]))
				return "an address of another port";
		}
	}
	return reason;
}
