/* SPDX-License-Identifier: BSD-3-Clause */
#include "session_state.h"

#include "hs_msg.h"
#include "keyed_hash.h"
#include "secret.h"

enum { VERSION = 1, FLAG_EMS = 1, FRAGMENT_LENGTH_SHIFT = 1 };

uint64_t session_state_binding(const struct session_state *s, const void *credential, size_t len)
{
	struct keyed_hash_key key;
	uint64_t binding;

	_Static_assert(sizeof(key) <= sizeof(s->master), "a key of the master secret's bytes");
	memcpy(&key, s->master, sizeof(key));
	binding = keyed_hash(&key, credential, len);
	secret_wipe(&key, sizeof(key));
	return binding;
}

/*
 *   OFFSET SIZE
 *      0     1   version
 *      1     1   kind of credential
 *      2     1   flags: bit 0 extended master secret, bits 1 to 3 max_fragment_length
 *      3     2   suite
 *      5     6   seconds
 *     11     8   binding
 *     19    48   master secret
 *     67     1   length of the name, 1..128
 *     68     n   name
 */
void session_state_write(struct wr *w, const struct session_state *s)
{
	wr_u8(w, VERSION);
	wr_u8(w, s->credential);
	wr_u8(w,
	      (uint8_t)((s->ems ? FLAG_EMS : 0) | s->max_fragment_length << FRAGMENT_LENGTH_SHIFT));
	wr_u16(w, s->suite);
	wr_u48(w, s->made_s);
	wr_u64(w, s->binding);
	wr_bytes(w, s->master, sizeof(s->master));
	wr_u8(w, s->name_len);
	wr_bytes(w, s->name, s->name_len);
}

bool session_state_parse(struct rd r, struct session_state *out)
{
	struct session_state s = { 0 };
	uint8_t version, flags;
	struct rd name;
	bool ok = rd_u8(&r, &version) && version == VERSION && rd_u8(&r, &s.credential) &&
		  s.credential == CREDENTIAL_PSK && rd_u8(&r, &flags) &&
		  flags >> FRAGMENT_LENGTH_SHIFT <= HS_FRAGMENT_LENGTHS && rd_u16(&r, &s.suite) &&
		  rd_u48(&r, &s.made_s) && rd_u64(&r, &s.binding) &&
		  rd_copy(&r, s.master, sizeof(s.master)) && rd_vec(&r, 1, &name) &&
		  rd_len(&name) > 0 && rd_len(&name) <= sizeof(s.name) && rd_len(&r) == 0;

	if (ok) {
		s.ems = flags & FLAG_EMS;
		s.max_fragment_length = flags >> FRAGMENT_LENGTH_SHIFT;
		s.name_len = (uint8_t)rd_len(&name);
		memcpy(s.name, name.p, s.name_len);
		*out = s;
	}
	secret_wipe(&s, sizeof(s));
	return ok;
}
