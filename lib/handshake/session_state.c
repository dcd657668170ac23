/* SPDX-License-Identifier: BSD-3-Clause */
#include "session_state.h"

#include "hs_msg.h"
#include "keyed_hash.h"
#include "secret.h"

enum { VERSION = 3, FLAG_EMS = 1, FRAGMENT_LENGTH_SHIFT = 1 };

uint64_t session_state_binding(const struct session_state *s, const void *key, size_t len)
{
	struct keyed_hash_key hash_key;
	uint64_t binding;

	_Static_assert(sizeof(hash_key) <= sizeof(s->master), "a key of the master secret's bytes");
	memcpy(&hash_key, s->master, sizeof(hash_key));
	binding = keyed_hash(&hash_key, key, len);
	secret_wipe(&hash_key, sizeof(hash_key));
	return binding;
}

/* Who finds two names of one number gains a session at a server that is his anyway: so the hash has
 * no key, and endpoints that share ticket keys agree. */
uint64_t session_state_host(const uint8_t *name, size_t len)
{
	static const struct keyed_hash_key none;
	uint8_t lower[256];

	if (len > sizeof(lower))
		len = sizeof(lower);
	for (size_t i = 0; i < len; i++)
		lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i];
	return keyed_hash(&none, lower, len);
}

/*
 *   OFFSET SIZE
 *      0     1   version
 *      1     1   flags: bit 0 extended master secret, bits 1 to 3 max_fragment_length
 *      2     2   suite
 *      4     6   seconds
 *     10     8   host
 *     18    48   master secret
 *     66     1   length of the name, 0..128
 *     67     n   name
 *   67+n     c   credential_write, 1..156
 * 67+n+c     8   binding; CREDENTIAL_PSK only
 */
void session_state_write(struct wr *w, const struct session_state *s)
{
	wr_u8(w, VERSION);
	wr_u8(w,
	      (uint8_t)((s->ems ? FLAG_EMS : 0) | s->max_fragment_length << FRAGMENT_LENGTH_SHIFT));
	wr_u16(w, s->suite);
	wr_u48(w, s->made_s);
	wr_u64(w, s->host);
	wr_bytes(w, s->master, sizeof(s->master));
	wr_u8(w, s->name_len);
	wr_bytes(w, s->name, s->name_len);
	credential_write(w, &s->credential);
	if (s->credential.kind == CREDENTIAL_PSK)
		wr_u64(w, s->binding);
}

static bool head_read(struct rd *r, struct session_state *s)
{
	uint8_t version, flags;

	if (!rd_u8(r, &version) || version != VERSION || !rd_u8(r, &flags) ||
	    flags >> FRAGMENT_LENGTH_SHIFT > HS_FRAGMENT_LENGTHS)
		return false;
	s->ems = flags & FLAG_EMS;
	s->max_fragment_length = flags >> FRAGMENT_LENGTH_SHIFT;
	return rd_u16(r, &s->suite) && rd_u48(r, &s->made_s) && rd_u64(r, &s->host) &&
	       rd_copy(r, s->master, sizeof(s->master));
}

/* Who proved something has a name, and nobody else. */
static bool peer_read(struct rd *r, struct session_state *s)
{
	struct rd name;

	if (!rd_vec(r, 1, &name) || rd_len(&name) > sizeof(s->name) ||
	    !credential_read(r, &s->credential))
		return false;
	s->name_len = (uint8_t)rd_len(&name);
	memcpy(s->name, name.p, s->name_len);
	return (s->name_len == 0) == (s->credential.kind == CREDENTIAL_NONE) &&
	       (s->credential.kind != CREDENTIAL_PSK || rd_u64(r, &s->binding));
}

/* Behind it there are no more than so many bytes. */
static bool read_one(struct rd *r, size_t left, struct session_state *out)
{
	struct session_state s = { 0 };
	struct rd at = *r;
	bool ok = head_read(&at, &s) && peer_read(&at, &s) && rd_len(&at) <= left;

	if (ok) {
		*r = at;
		*out = s;
	}
	secret_wipe(&s, sizeof(s));
	return ok;
}

bool session_state_read(struct rd *r, struct session_state *out)
{
	return read_one(r, SIZE_MAX, out);
}

bool session_state_parse(struct rd r, struct session_state *out) { return read_one(&r, 0, out); }
