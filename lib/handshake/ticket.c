/* SPDX-License-Identifier: BSD-3-Clause */
#include "ticket.h"

#include "secret.h"

/*
 *   OFFSET SIZE
 *      0     8   name of the key
 *      8    12   nonce
 *     20     n   session_state_write, sealed with AES-256-GCM over the name
 *   20+n    16   tag
 */
enum {
	STATE_AT = TICKET_KEY_NAME + TICKET_CIPHER_NONCE,
	OVERHEAD = STATE_AT + TICKET_CIPHER_TAG,
};

_Static_assert(OVERHEAD + SESSION_STATE_MAX == HANDSHAKE_SEALED_MAX, "room for any ticket of ours");
_Static_assert((int)HANDSHAKE_SEALED_MAX <= (int)HANDSHAKE_TICKET_MAX, "our client keeps them");

static struct ticket_cipher_op op_of(uint8_t *ticket, size_t len, const uint8_t *key)
{
	return (struct ticket_cipher_op){ .key = key,
					  .aad = ticket,
					  .aad_len = TICKET_KEY_NAME,
					  .nonce = ticket + TICKET_KEY_NAME,
					  .text = ticket + STATE_AT,
					  .len = len - OVERHEAD,
					  .tag = ticket + len - TICKET_CIPHER_TAG };
}

size_t ticket_seal(struct ticket_cipher *c, const struct ticket_keys *keys,
		   const struct session_state *s, uint8_t out[HANDSHAKE_SEALED_MAX])
{
	const struct ticket_key *key = &keys->keys[0];
	struct wr w = wr_of(out, HANDSHAKE_SEALED_MAX);
	struct ticket_cipher_op op;
	size_t len;

	wr_bytes(&w, key->name, sizeof(key->name));
	(void)wr_space(&w, TICKET_CIPHER_NONCE);
	session_state_write(&w, s);
	(void)wr_space(&w, TICKET_CIPHER_TAG);
	if (!wr_finish(&w, &len))
		return 0;
	op = op_of(out, len, key->key);
	if (ticket_cipher_seal(c, &op))
		return len;
	secret_wipe(out, len);
	return 0;
}

enum ticket_result ticket_open(struct ticket_cipher *c, const struct ticket_keys *keys,
			       const uint8_t *ticket, size_t len, struct session_state *out)
{
	uint8_t copy[HANDSHAKE_SEALED_MAX];
	const struct ticket_key *key;
	struct ticket_cipher_op op;
	bool ok;

	if (len < OVERHEAD + SESSION_STATE_MIN || len > sizeof(copy))
		return TICKET_INVALID;
	key = ticket_keys_find(keys, ticket);
	if (key == NULL)
		return TICKET_INVALID;
	memcpy(copy, ticket, len);
	op = op_of(copy, len, key->key);
	ok = ticket_cipher_open(c, &op) && session_state_parse(rd_of(op.text, op.len), out);
	secret_wipe(copy, sizeof(copy));
	if (!ok)
		return TICKET_INVALID;
	return key == &keys->keys[0] ? TICKET_OPENED : TICKET_OPENED_OLD;
}

bool ticket_expired(const struct session_state *s, uint64_t utc_s, uint64_t lifetime_s)
{
	if (s->made_s > utc_s)
		return s->made_s - utc_s > TICKET_CLOCK_SKEW_S;
	return utc_s - s->made_s >= lifetime_s;
}
