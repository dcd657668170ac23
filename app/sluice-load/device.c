/* SPDX-License-Identifier: BSD-3-Clause */
#include "device.h"

#include "counter.h"
#include "mix.h"
#include "record13.h"
#include "replay.h"
#include "secret.h"

#include <sys/mman.h>

/* Anonymous memory, in huge pages where the kernel has them to give: a million lines in small pages
 * cost a walk of the page table each. Keys do not go to core files. */
static void *map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, len, MADV_HUGEPAGE);
	madvise(p, len, MADV_DONTDUMP);
	return p;
}

static void unmap(void *p, size_t len)
{
	if (p == NULL)
		return;
	secret_wipe(p, len);
	munmap(p, len);
}

static bool overflows(const struct hello_policy *policy)
{
	for (size_t i = 0; i < policy->n_suites; i++)
		if (session_key_overflows(policy->suites[i]->aead))
			return true;
	return false;
}

bool devices_init(struct devices *d, uint32_t n, const struct hello_policy *policy, uint64_t seed)
{
	bool is_13 = policy->max_version == DTLS_1_3, wide = !is_13 && overflows(policy);

	*d = (struct devices){ .n = n };
	d->hot = map((size_t)n * sizeof(*d->hot));
	d->cold = map((size_t)n * sizeof(*d->cold));
	if (wide)
		d->overflow = map((size_t)n * sizeof(*d->overflow));
	if (is_13)
		d->v13 = map((size_t)n * sizeof(*d->v13));
	if (policy->cid)
		d->cids = map((size_t)n * sizeof(*d->cids));
	if (d->hot == NULL || d->cold == NULL || (wide && d->overflow == NULL) ||
	    (is_13 && d->v13 == NULL) || (policy->cid && d->cids == NULL)) {
		devices_free(d);
		return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		device_set_word(&d->hot[i], (uint16_t)mix_random(&seed));
		d->cold[i] = (struct device_cold){ DEVICE_NONE, DEVICE_NONE };
	}
	return true;
}

void devices_free(struct devices *d)
{
	unmap(d->hot, (size_t)d->n * sizeof(*d->hot));
	unmap(d->cold, (size_t)d->n * sizeof(*d->cold));
	unmap(d->overflow, (size_t)d->n * sizeof(*d->overflow));
	unmap(d->v13, (size_t)d->n * sizeof(*d->v13));
	unmap(d->cids, (size_t)d->n * sizeof(*d->cids));
	*d = (struct devices){ 0 };
}

void device_set_state(struct devices *d, uint32_t i, enum device_state state)
{
	uint32_t word = device_word(&d->hot[i]) & 0x1fffffff;

	device_set_word(&d->hot[i], word | (uint32_t)state << 29);
}

static void set_keys_13(struct device_13 *v13, const struct traffic_keys *keys)
{
	memcpy(v13->rx.key, keys->server_key, sizeof(v13->rx.key));
	memcpy(v13->rx.sn_key, keys->server_sn, sizeof(v13->rx.sn_key));
	memcpy(v13->rx.iv, keys->server_iv, sizeof(v13->rx.iv));
	memcpy(v13->tx.key, keys->client_key, sizeof(v13->tx.key));
	memcpy(v13->tx.sn_key, keys->client_sn, sizeof(v13->tx.sn_key));
	memcpy(v13->tx.iv, keys->client_iv, sizeof(v13->tx.iv));
	v13->rx_epoch = v13->tx_epoch = RECORD13_EPOCH_DATA;
	device_proven(v13);
}

void device_new_rx_keys(struct devices *d, uint32_t i, const struct device_keys *keys,
			uint16_t epoch)
{
	struct device_13 *v13 = &d->v13[i];
	struct session_hot *hot = &d->hot[i];

	v13->rx_before = v13->rx;
	v13->before_newest = replay_newest(hot);
	v13->before_window = hot->window;
	v13->has_before = true;
	v13->rx = *keys;
	v13->rx_epoch = epoch;
	replay_init(hot, NULL, 64, 0, 0);
}

void device_new_tx_keys(struct devices *d, uint32_t i, const struct device_keys *keys,
			uint16_t epoch)
{
	d->v13[i].tx = *keys;
	d->v13[i].tx_epoch = epoch;
	d->hot[i].tx_seq_lo = 0;
	d->hot[i].tx_seq_hi = 0;
}

void device_proven(struct device_13 *v13)
{
	secret_wipe(&v13->rx_before, sizeof(v13->rx_before));
	v13->has_before = false;
}

static void set_keys(struct devices *d, uint32_t i, enum aead_alg alg,
		     const struct traffic_keys *keys)
{
	struct session_hot *hot = &d->hot[i];

	memcpy(hot->rx_salt, keys->server_iv, sizeof(hot->rx_salt));
	memcpy(hot->tx_salt, keys->client_iv, sizeof(hot->tx_salt));
	if (!session_key_overflows(alg)) {
		memcpy(hot->rx_key, keys->server_key, sizeof(hot->rx_key));
		memcpy(hot->tx_key, keys->client_key, sizeof(hot->tx_key));
		return;
	}
	memcpy(d->overflow[i].rx_key, keys->server_key, AEAD_KEY_MAX);
	memcpy(d->overflow[i].tx_key, keys->client_key, AEAD_KEY_MAX);
	memcpy(hot->rx_key, keys->server_iv + 4, AEAD_IV_LEN - 4);
	memcpy(hot->tx_key, keys->client_iv + 4, AEAD_IV_LEN - 4);
}

static void set_cid(struct device_cid *cid, const struct handshake_event *event)
{
	cid->own_len = (uint8_t)rd_len(&event->own_cid);
	cid->len = (uint8_t)rd_len(&event->peer_cid);
	cid->rrc = event->rrc;
	if (cid->len > 0)
		memcpy(cid->bytes, event->peer_cid.p, cid->len);
}

void device_install(struct devices *d, uint32_t i, const struct handshake_event *event)
{
	struct session_hot *hot = &d->hot[i];
	uint32_t word = device_word(hot) & 0x03ffffff;

	if (d->v13 != NULL)
		set_keys_13(&d->v13[i], event->keys);
	else
		set_keys(d, i, event->suite->aead, event->keys);
	if (d->cids != NULL)
		set_cid(&d->cids[i], event);
	hot->tx_seq_lo = (uint32_t)event->tx_seq;
	hot->tx_seq_hi = (uint16_t)(event->tx_seq >> 32);
	replay_init(hot, NULL, 64, event->rx_newest, event->rx_window);
	device_set_word(hot,
			word | (uint32_t)event->suite->aead << 26 | (uint32_t)DEVICE_LIVE << 29);
	counter_add(&d->n_live, 1);
}

void device_forget(struct devices *d, uint32_t i)
{
	if (device_state(d, i) == DEVICE_LIVE)
		counter_set(&d->n_live, d->n_live - 1);
	secret_wipe(&d->hot[i], offsetof(struct session_hot, tx_seq_lo));
	if (d->overflow != NULL)
		secret_wipe(&d->overflow[i], sizeof(d->overflow[i]));
	if (d->v13 != NULL)
		secret_wipe(&d->v13[i], sizeof(d->v13[i]));
	device_set_state(d, i, DEVICE_IDLE);
}

const uint8_t *device_tx_key(const struct devices *d, uint32_t i, enum aead_alg alg)
{
	return session_key_overflows(alg) ? d->overflow[i].tx_key : d->hot[i].tx_key;
}

const uint8_t *device_rx_key(const struct devices *d, uint32_t i, enum aead_alg alg)
{
	return session_key_overflows(alg) ? d->overflow[i].rx_key : d->hot[i].rx_key;
}

void device_own_cid(uint32_t i, uint8_t len, uint8_t *out)
{
	uint64_t number = i;

	for (uint8_t at = len; at > 0; at--, number >>= 8)
		out[at - 1] = (uint8_t)number;
}

bool device_is_own_cid(const struct devices *d, uint32_t i, struct rd cid)
{
	const uint8_t len = device_cid(d, i)->own_len;
	uint8_t own[LOAD_CID_MAX];

	device_own_cid(i, len, own);
	return rd_len(&cid) == len && (len == 0 || memcmp(cid.p, own, len) == 0);
}

unsigned device_put_header(const struct devices *d, uint32_t i, uint8_t out[DEVICE_HEADER_MAX],
			   uint8_t type, uint64_t seq, uint16_t len)
{
	const struct device_cid *cid = device_cid(d, i);

	if (d->v13 != NULL) {
		if (cid->len > 0)
			record13_put_cid_header(out, d->v13[i].tx_epoch, seq, cid->bytes, cid->len,
						len);
		else
			record13_put_header(out, d->v13[i].tx_epoch, seq, len);
		return RECORD13_HEADER_LEN + cid->len;
	}
	if (cid->len > 0)
		record_put_cid_header(out, DEVICE_EPOCH_12, seq, cid->bytes, cid->len, len);
	else
		record_put_header(out, type, DTLS_1_2, DEVICE_EPOCH_12, seq, len);
	return RECORD_HEADER_LEN + cid->len;
}
