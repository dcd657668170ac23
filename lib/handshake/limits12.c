/* SPDX-License-Identifier: BSD-3-Clause */
#include "limits12.h"

/* theirs, ours: record_size_limit of each; not read with a max_fragment_length. */
static void agree(struct handshake *h, uint8_t max_fragment_length, uint16_t theirs, uint16_t ours)
{
	h->max_fragment_length = max_fragment_length;
	h->plain_limit = RECORD_PLAINTEXT_MAX;
	if (max_fragment_length != 0)
		h->plain_limit = theirs = ours = hs_fragment_length(max_fragment_length);
	h->tx_limit = theirs;
	h->rx_limit = ours;
}

void limits12_init(struct handshake *h) { agree(h, 0, RECORD_PLAINTEXT_MAX, RECORD_PLAINTEXT_MAX); }

void limits12_choose(struct handshake *h, const struct hello_choice *choice)
{
	agree(h, choice->max_fragment_length,
	      choice->record_size_limit != 0 ? choice->record_size_limit : RECORD_PLAINTEXT_MAX,
	      RECORD_PLAINTEXT_MAX);
}

/* RFC 6066 §4: a length that "is different from the length it requested" ends the handshake; RFC
 * 8449 §5: so do both extensions, and §4 allows it for a limit beyond the protocol's. */
bool limits12_take(struct handshake *h, const struct server_hello *sh)
{
	const struct handshake_config *cfg = h->cfg;

	if ((sh->max_fragment_length != 0 &&
	     (sh->record_size_limit != 0 || sh->max_fragment_length != cfg->max_fragment_length)) ||
	    (sh->record_size_limit != 0 && cfg->record_size_limit == 0) ||
	    sh->record_size_limit > RECORD_PLAINTEXT_MAX)
		return false;
	if (sh->record_size_limit != 0)
		agree(h, 0, sh->record_size_limit, cfg->record_size_limit);
	else
		agree(h, sh->max_fragment_length, RECORD_PLAINTEXT_MAX, RECORD_PLAINTEXT_MAX);
	return true;
}

size_t limits12_room(const struct handshake *h, uint8_t epoch)
{
	return epoch == 0 ? h->plain_limit : h->tx_limit;
}
