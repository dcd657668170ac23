/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a ticket may hold, and the file of its keys. The first byte of the input chooses:
 *
 *   0   a ticket: never of our keys, so never opened
 *   1   the text of a ticket, sealed here: opened only if it is a session's state to the last byte
 *   2   a session and a change: the session's ticket is opened only if nothing was changed
 *   3   a file of keys
 */
#include "ticket.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NONCE_AT = TICKET_KEY_NAME, TEXT_AT = NONCE_AT + TICKET_CIPHER_NONCE };

static struct ticket_cipher *cipher;
static struct ticket_keys *keys;

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void setup(void)
{
	static const struct ticket_roots roots = { .n = 1, .root = { { 1, 2, 3 } } };

	cipher = ticket_cipher_new();
	keys = ticket_keys_derive(&roots, UINT64_C(1800000000), 86400);
	must(cipher != NULL && keys != NULL);
}

static enum ticket_result open_exact(const uint8_t *ticket, size_t len, struct session_state *out)
{
	uint8_t *exact = malloc(len ? len : 1);
	enum ticket_result result;

	must(exact != NULL);
	if (len > 0)
		memcpy(exact, ticket, len);
	result = ticket_open(cipher, keys, exact, len, out);
	free(exact);
	return result;
}

/* What was accepted is accounted for: written again, it is the same. */
static void check_state(struct rd text, const struct session_state *s)
{
	uint8_t again[SESSION_STATE_MAX];
	struct wr w = wr_of(again, sizeof(again));
	size_t len;

	session_state_write(&w, s);
	must(wr_finish(&w, &len) && len == rd_len(&text) && memcmp(again, text.p, len) == 0);
}

static void check_text(struct rd text)
{
	uint8_t ticket[HANDSHAKE_SEALED_MAX];
	size_t len = TEXT_AT + rd_len(&text) + TICKET_CIPHER_TAG;
	struct ticket_cipher_op op = { .key = keys->keys[0].key,
				       .aad = ticket,
				       .aad_len = TICKET_KEY_NAME,
				       .nonce = ticket + NONCE_AT,
				       .text = ticket + TEXT_AT,
				       .len = rd_len(&text) };
	struct session_state s, direct;
	bool parsed = session_state_parse(text, &direct);

	if (parsed)
		check_state(text, &direct);
	if (len > sizeof(ticket)) {
		must(!parsed);
		return;
	}
	op.tag = ticket + len - TICKET_CIPHER_TAG;
	memcpy(ticket, keys->keys[0].name, TICKET_KEY_NAME);
	memcpy(op.text, text.p, rd_len(&text));
	must(ticket_cipher_seal(cipher, &op));
	must(open_exact(ticket, len, &s) == (parsed ? TICKET_OPENED : TICKET_INVALID));
	if (parsed)
		check_state(text, &s);
}

static void check_change(struct rd in)
{
	struct session_state s = { .ems = true }, got;
	uint8_t ticket[HANDSHAKE_SEALED_MAX], at = 0, mask = 0;
	size_t len;

	if (!rd_u8(&in, &at) || !rd_u8(&in, &mask) || !rd_u8(&in, &s.name_len) ||
	    !rd_u8(&in, &s.credential.kind))
		return;
	s.credential.kind %= CREDENTIAL_RPK + 1;
	s.name_len = (uint8_t)(1 + s.name_len % PSK_IDENTITY_MAX);
	if (s.credential.kind == CREDENTIAL_NONE)
		s.name_len = 0;
	if (s.credential.kind == CREDENTIAL_X509)
		s.credential.n_links = (uint8_t)(1 + at % CREDENTIAL_LINKS_MAX);
	len = ticket_seal(cipher, keys, &s, ticket);
	must(len > 0);
	ticket[at % len] ^= mask;
	must(open_exact(ticket, len, &got) == (mask == 0 ? TICKET_OPENED : TICKET_INVALID));
}

static void check_file(struct rd file)
{
	char err[128] = { 0 };
	struct ticket_roots *r =
		ticket_roots_parse(file.p, rd_len(&file), "input", err, sizeof(err));

	if (r == NULL) {
		must(strncmp(err, "input:", 6) == 0 && memchr(err, 0, sizeof(err)) != NULL);
		return;
	}
	must(r->n >= 1 && r->n <= TICKET_ROOTS_MAX);
	must(rd_len(&file) >= r->n * 2 * TICKET_ROOT_LEN);
	ticket_roots_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session_state s;
	struct rd in;

	if (cipher == NULL)
		setup();
	if (size == 0)
		return 0;
	in = rd_of(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		must(open_exact(in.p, rd_len(&in), &s) == TICKET_INVALID);
		break;
	case 1:
		check_text(in);
		break;
	case 2:
		check_change(in);
		break;
	default:
		check_file(in);
	}
	return 0;
}
