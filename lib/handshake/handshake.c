/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake.h"

#include "acknowledge.h"
#include "auth.h"
#include "client12.h"
#include "client13.h"
#include "connection.h"
#include "hello_agree.h"
#include "hs_msg13.h"
#include "inbound.h"
#include "psk13.h"
#include "random.h"
#include "record_limits.h"
#include "resume12.h"
#include "secret.h"
#include "server.h"

#include <stdlib.h>

const size_t handshake_sizes[HANDSHAKE_SIZES] = { sizeof(struct handshake),
						  sizeof(struct connection13) };

/* Every byte of it is wiped, in each handshake: 1.2 is to pay for nothing that is 1.3's. */
enum { BLOCK_MAX = 5 * 1024, BLOCK13_MAX = 3 * 1024 };
_Static_assert(sizeof(struct handshake) <= BLOCK_MAX && sizeof(struct connection13) <= BLOCK13_MAX,
	       "what a handshake takes before anything is kept for it: 8 KiB");
_Static_assert(BLOCK_MAX + BLOCK13_MAX + REASSEMBLY_CERTIFICATE_MEMORY_MAX + MESSAGES_MEMORY_MAX +
			       (size_t)(HANDSHAKE_HELD_MAX + 1) * HANDSHAKE_DATAGRAM_MAX <=
		       HANDSHAKE_MEMORY_MAX,
	       "a handshake's memory budget");
_Static_assert((int)sizeof(struct handshake) != MESSAGES_MIN &&
		       (int)sizeof(struct handshake) != MESSAGES_MAX &&
		       (int)sizeof(struct connection13) != MESSAGES_MIN &&
		       (int)sizeof(struct connection13) != MESSAGES_MAX,
	       "messages are released unwiped: never where handshakes are zeros");
_Static_assert((int)PROTECT_RECORD_MAX <= (int)HANDSHAKE_DATAGRAM_MAX, "a record fits a datagram");

static bool system_random(void *arg, void *out, size_t len)
{
	(void)arg;
	return random_bytes(out, len);
}

static void *system_alloc(void *arg, size_t len)
{
	(void)arg;
	return calloc(1, len);
}

static void system_release(void *arg, void *p)
{
	(void)arg;
	free(p);
}

void handshake_config_system(struct handshake_config *cfg)
{
	cfg->random = system_random;
	cfg->alloc = system_alloc;
	cfg->release = system_release;
}

/* A client offers one; a server's first row is the same for all. */
static bool first_version(struct handshake *h)
{
	if (h->role == HANDSHAKE_SERVER)
		return connection_version(h, DTLS_1_2, server_rows, server_n_rows);
	if (h->cfg->policy->max_version == DTLS_1_3)
		return connection_version(h, DTLS_1_3, client13_rows, client13_n_rows);
	return connection_version(h, DTLS_1_2, client12_rows, client12_n_rows);
}

struct handshake *handshake_new(const struct handshake_config *cfg, enum handshake_role role,
				uint64_t now_ns)
{
	const struct reassembly_alloc alloc = { cfg->alloc, cfg->release, cfg->alloc_arg };
	struct handshake *h = cfg->alloc(cfg->alloc_arg, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->cfg = cfg;
	h->role = role;
	h->started_ns = h->now_ns = now_ns;
	h->alert = CONNECTION_NO_ALERT;
	h->protect.aead = cfg->aead;
	h->protect.client = role == HANDSHAKE_CLIENT;
	record_limits_init(h);
	reassembly_init(&h->in, &alloc, 0);
	flight_init(&h->out, cfg->timeout_ns, cfg->timeout_max_ns);
	if (!first_version(h)) {
		handshake_free(h);
		return NULL;
	}
	return h;
}

void handshake_owner(struct handshake *h, uint8_t core) { h->owner = core; }

bool handshake_client_credential(struct handshake *h, const uint8_t *identity, size_t identity_len,
				 const uint8_t *psk, size_t psk_len)
{
	if (identity_len > sizeof(h->identity) || psk_len == 0 || psk_len > sizeof(h->psk))
		return false;
	h->identity_len = (uint8_t)identity_len;
	h->psk_len = (uint8_t)psk_len;
	if (identity_len != 0)
		memcpy(h->identity, identity, identity_len);
	memcpy(h->psk, psk, psk_len);
	return true;
}

void handshake_free(struct handshake *h)
{
	const struct handshake_config *cfg;

	if (h == NULL)
		return;
	cfg = h->cfg;
	inbound_free(h);
	connection_drop(h, &h->hello);
	connection_drop(h, &h->ticket);
	connection_drop(h, &h->peer_message);
	connection_drop(h, &h->own_cid);
	connection_drop(h, &h->peer_cid);
	messages_drop(h);
	auth_free(h);
	reassembly_free(&h->in);
	transcript_free(h->transcript);
	if (h->interned != NULL && cfg->identity_put != NULL)
		cfg->identity_put(cfg->identity_arg, h->interned);
	if (h->v13 != NULL) {
		secret_wipe(h->v13, sizeof(*h->v13));
		cfg->release(cfg->alloc_arg, h->v13);
	}
	secret_wipe(h, sizeof(*h));
	cfg->release(cfg->alloc_arg, h);
}

static bool begin13(struct handshake *h)
{
	h->v13 = h->cfg->alloc(h->cfg->alloc_arg, sizeof(*h->v13));
	if (h->v13 == NULL)
		return false;
	flight_by_block(&h->out, h->v13->sent);
	acknowledge_begin(h);
	return true;
}

bool connection_version(struct handshake *h, uint16_t version, const struct hs_row *rows,
			size_t n_rows)
{
	if (version == DTLS_1_3 && !begin13(h))
		return false;
	h->version = version;
	h->rows = rows;
	h->n_rows = n_rows;
	return true;
}

void connection_keys(struct handshake *h, uint8_t epoch, const struct traffic_keys *keys)
{
	protect_set_keys(&h->protect, epoch, h->suite, keys);
	h->keys_are_new = true;
}

void connection_ack(struct handshake *h) { h->v13->acks.due = true; }

enum hs_next connection_fail(struct handshake *h, enum status why, int alert)
{
	if (h->outcome == CONNECTION_RUNNING) {
		h->outcome = CONNECTION_FAILED;
		h->why = why;
		h->alert = alert;
		flight_wipe(&h->out);
	}
	return HS_NEXT_FAIL;
}

enum hs_next connection_unparsed(struct handshake *h, enum hs_parse how)
{
	switch (how) {
	case HS_PARSE_ILLEGAL_PARAMETER:
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	case HS_PARSE_MISSING_EXTENSION:
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_MISSING_EXTENSION);
	case HS_PARSE_UNSUPPORTED_EXTENSION:
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_UNSUPPORTED_EXTENSION);
	case HS_PARSE_OK:
	case HS_PARSE_DECODE_ERROR:
		break;
	}
	return connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
}

/* The end in DTLS 1.3: what the client says last is acknowledged, and that is awaited by it. */
static void end13(struct handshake *h)
{
	if (h->role == HANDSHAKE_CLIENT) {
		acknowledge_begin(h);
		h->awaits_ack = true;
		return;
	}
	h->tx_epoch = RECORD13_EPOCH_DATA;
	connection_ack(h);
	h->outcome = CONNECTION_DONE;
}

void connection_step(struct handshake *h, enum hs_next next)
{
	switch (next) {
	case HS_NEXT_MESSAGE:
	case HS_NEXT_JOB:
	case HS_NEXT_FAIL:
		break;
	case HS_NEXT_FLIGHT:
		acknowledge_begin(h);
		flight_send(&h->out, h->now_ns, false);
		break;
	case HS_NEXT_LAST_FLIGHT:
		if (h->version == DTLS_1_3)
			end13(h);
		else
			h->outcome = CONNECTION_DONE;
		flight_send(&h->out, h->now_ns, h->outcome == CONNECTION_DONE);
		break;
	case HS_NEXT_DONE:
		if (h->version == DTLS_1_3)
			end13(h);
		flight_wipe(&h->out);
		h->outcome = CONNECTION_DONE;
		break;
	}
}

/* Most jobs are PRFs and look-ups of keys: the rest they leave zero. */
static size_t job_used(enum handshake_job_kind kind)
{
	const struct handshake_job *j;

	switch (kind) {
	case JOB_NONE:
		return offsetof(struct handshake_job, prf_key);
	case JOB_PSK_LOOKUP:
		return offsetof(struct handshake_job, psk) + sizeof(j->psk);
	case JOB_PRF:
		return offsetof(struct handshake_job, prf_out) + sizeof(j->prf_out);
	case JOB_SESSION_FIND:
	case JOB_SESSION_KEEP:
	case JOB_ECDHE_KEYGEN:
	case JOB_ECDHE_DERIVE:
	case JOB_SIGN:
	case JOB_VERIFY:
	case JOB_VERIFY_PEER:
		break;
	}
	return sizeof(*j);
}

static void job_clear(struct handshake *h)
{
	/* By offset: gcc 12 takes &h->job for &h->job.kind and warns. */
	secret_wipe((uint8_t *)h + offsetof(struct handshake, job), job_used(h->job_done));
	h->job_done = JOB_NONE;
}

void connection_job(struct handshake *h, enum handshake_job_kind kind,
		    enum hs_next (*resume)(struct handshake *h))
{
	job_clear(h);
	h->job.kind = kind;
	h->resume = resume;
}

enum hs_next connection_prf(struct handshake *h, const struct connection_prf *p,
			    enum hs_next (*resume)(struct handshake *h))
{
	connection_job(h, JOB_PRF, resume);
	h->job.hash = h->suite->hash;
	h->job.label = p->label;
	h->job.secret = p->secret;
	h->job.secret_len = p->secret_len;
	h->job.seed1 = p->seed1;
	h->job.seed1_len = p->seed1_len;
	h->job.seed2 = p->seed2;
	h->job.seed2_len = p->seed2_len;
	h->job.prf_out_len = p->out_len;
	h->job.prf_key = p->key;
	return HS_NEXT_JOB;
}

bool connection_transcript(struct handshake *h, const uint8_t *bytes, size_t len)
{
	messages_add(h, bytes, len);
	h->hash_is_new = false;
	return transcript_add(h->transcript, bytes, len);
}

bool connection_transcript_header(struct handshake *h, uint8_t type, uint16_t seq, uint32_t len)
{
	uint8_t header[HS_HEADER_LEN];
	struct wr w = wr_of(header, sizeof(header));

	hs_header_write(&w, type, len, seq, 0, len);
	return connection_transcript(h, header,
				     h->version == DTLS_1_3 ? HS_HEADER13_LEN : HS_HEADER_LEN);
}

static bool transcript_message(struct handshake *h, uint8_t type, uint16_t seq, struct rd body)
{
	uint32_t len = (uint32_t)rd_len(&body);

	return connection_transcript_header(h, type, seq, len) &&
	       connection_transcript(h, body.p, len);
}

bool connection_transcript_retry(struct handshake *h)
{
	return transcript_message(h, HS_MESSAGE_HASH, 0, rd_of(h->hash, h->hash_len));
}

bool connection_said(struct handshake *h, unsigned i)
{
	struct hs_fragment f;

	return flight_message(&h->out, i, &f) && transcript_message(h, f.type, f.seq, f.body);
}

/* The message that was put last into the flight. */
static bool message_said(struct handshake *h)
{
	h->tx_message_seq++;
	return h->transcript == NULL || connection_said(h, h->out.n_messages - 1u);
}

bool connection_message(struct handshake *h, const struct wr *body, uint8_t epoch, uint8_t type)
{
	return flight_close(&h->out, body, epoch, type, h->tx_message_seq) && message_said(h);
}

bool connection_borrow(struct handshake *h, struct rd body, uint8_t epoch, uint8_t type)
{
	return flight_borrow(&h->out, body, epoch, type, h->tx_message_seq) && message_said(h);
}

bool connection_heard(struct handshake *h, const struct reassembly_message *m)
{
	return transcript_message(h, m->type, m->seq, m->body);
}

bool connection_hash(struct handshake *h)
{
	if (!h->hash_is_new)
		h->hash_len = transcript_hash(h->transcript, h->hash);
	h->hash_is_new = h->hash_len != 0;
	return h->hash_is_new;
}

void connection_awaits(struct handshake *h, const struct reassembly_message *m)
{
	h->repeat_armed = true;
	h->repeat_seq = m->seq;
	h->repeat_type = m->type;
}

bool connection_random(struct handshake *h, void *out, size_t len)
{
	if (h->cfg->random(h->cfg->random_arg, out, len))
		return true;
	connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return false;
}

bool connection_keep(struct handshake *h, struct connection_copy *out, const void *bytes,
		     size_t len)
{
	uint8_t *copy = len <= UINT16_MAX ? h->cfg->alloc(h->cfg->alloc_arg, len) : NULL;

	if (copy == NULL)
		return false;
	memcpy(copy, bytes, len);
	*out = (struct connection_copy){ .bytes = copy, .len = (uint16_t)len };
	return true;
}

bool connection_take(struct handshake *h, const struct reassembly_message *m,
		     struct connection_copy *out)
{
	return reassembly_take(&h->in, &out->bytes, &out->len) ||
	       connection_keep(h, out, m->body.p, rd_len(&m->body));
}

void connection_drop(struct handshake *h, struct connection_copy *copy)
{
	if (copy->bytes == NULL)
		return;
	secret_wipe(copy->bytes, copy->len);
	h->cfg->release(h->cfg->alloc_arg, copy->bytes);
	*copy = (struct connection_copy){ .bytes = NULL };
}

enum status handshake_input(struct handshake *h, uint64_t now_ns, const uint8_t *datagram,
			    size_t len)
{
	h->now_ns = now_ns;
	if (h->outcome != CONNECTION_RUNNING)
		return STATUS_HS_OLD;
	if (h->started)
		return inbound_datagram(h, datagram, len);
	return h->role == HANDSHAKE_SERVER ? inbound_hello(h, datagram, len) : STATUS_HS_UNEXPECTED;
}

/* The whole ClientHello that a datagram begins with. */
static bool hello_of(const uint8_t *datagram, size_t len, struct hs_fragment *f,
		     struct client_hello *out)
{
	struct rd left = rd_of(datagram, len);
	struct record rec;

	return record_next(&left, &rec) == STATUS_OK && rec.epoch == 0 &&
	       rec.type == RECORD_HANDSHAKE && hs_fragment_next(&rec.body, f) &&
	       f->type == HS_CLIENT_HELLO && rd_len(&f->body) == f->len &&
	       client_hello_parse(f->body, out) == HS_PARSE_OK;
}

bool handshake_hello_matches(const struct handshake *h, const uint8_t *datagram, size_t len)
{
	struct hs_fragment f;
	struct client_hello ch;

	return h->repeat_armed && hello_of(datagram, len, &f, &ch) && f.seq == h->repeat_seq &&
	       memcmp(ch.random, h->client_random, sizeof(h->client_random)) == 0;
}

bool handshake_hello_resumes(const struct handshake_config *cfg, const uint8_t *datagram,
			     size_t len)
{
	struct hs_fragment f;
	struct client_hello ch;

	if (!hello_of(datagram, len, &f, &ch))
		return false;
	if (hello_agree_version(&ch, cfg->policy) == DTLS_1_3)
		return psk13_wanted(cfg, &ch);
	return resume12_wanted(cfg, &ch);
}

bool handshake_resumed(const struct handshake *h) { return h->resumed; }

bool handshake_over(const struct handshake *h) { return h->outcome != CONNECTION_RUNNING; }

uint64_t handshake_deadline(const struct handshake *h)
{
	uint64_t give_up = h->started_ns + h->cfg->give_up_ns, flight = flight_deadline(&h->out);
	uint64_t ack = acknowledge_deadline(h);

	if (h->outcome != CONNECTION_RUNNING)
		return UINT64_MAX;
	if (h->role == HANDSHAKE_CLIENT && !h->started)
		return h->started_ns;
	if (ack < flight)
		flight = ack;
	return flight < give_up ? flight : give_up;
}

/* A Finished that never opened is the sign of a wrong key. */
static void give_up(struct handshake *h)
{
	if (h->n_unopened > 0)
		connection_fail(h, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	else
		connection_fail(h, STATUS_HS_TIMEOUT, CONNECTION_NO_ALERT);
}

void handshake_timeout(struct handshake *h, uint64_t now_ns)
{
	h->now_ns = now_ns;
	if (now_ns < handshake_deadline(h) || h->outcome != CONNECTION_RUNNING)
		return;
	if (now_ns - h->started_ns >= h->cfg->give_up_ns) {
		give_up(h);
	} else if (h->role == HANDSHAKE_CLIENT && !h->started) {
		h->started = true;
		connection_step(h, h->version == DTLS_1_3 ? client13_start(h) : client12_start(h));
	} else {
		acknowledge_timeout(h);
		flight_timeout(&h->out, now_ns);
	}
}

/* RFC 6347 §4.1: before a version is agreed on, records carry DTLS 1.0. */
static uint16_t record_version(const struct handshake *h)
{
	return h->suite == NULL ? DTLS_1_0 : DTLS_1_2;
}

static bool alert_write(struct handshake *h, struct wr *w)
{
	uint8_t alert[2] = { ALERT_FATAL, (uint8_t)h->alert };

	h->alert = CONNECTION_NO_ALERT;
	return protect_write(&h->protect, w, h->tx_epoch, RECORD_ALERT, record_version(h), alert,
			     sizeof(alert));
}

/* How much plaintext can go into the next record of a datagram. */
static size_t record_room(const struct handshake *h, const struct wr *w, uint8_t epoch)
{
	size_t left = (size_t)(w->end - w->p), overhead = protect_overhead(&h->protect, epoch);
	size_t room = left > overhead ? left - overhead : 0, limit = record_limits_room(h, epoch);

	return room < limit ? room : limit;
}

/* As many records of the flight as go into one datagram. */
static bool flight_write(struct handshake *h, struct wr *w)
{
	uint8_t epoch, type, plaintext[HANDSHAKE_DATAGRAM_MAX];
	uint64_t number;
	size_t len;

	for (unsigned n = 0; n < FLIGHT_RECORDS_MAX && flight_epoch(&h->out, &epoch); n++) {
		if (!flight_next(&h->out, record_room(h, w, epoch), plaintext, &len, &type))
			break;
		number = h->protect.epochs[epoch].tx_seq;
		if (!protect_write(&h->protect, w, epoch, type, record_version(h), plaintext,
				   len)) {
			h->outcome = CONNECTION_RUNNING;
			connection_fail(h, STATUS_HS_INTERNAL, CONNECTION_NO_ALERT);
			return false;
		}
		flight_sent(&h->out, number);
	}
	return wr_len(w) != 0;
}

/* A long connection ID of the peer's makes datagrams larger, not records too small. */
static size_t datagram_max(const struct handshake *h)
{
	size_t mtu = h->cfg->mtu, min = FLIGHT_DATAGRAM_MIN + rd_len(&h->protect.tx_cid);

	if (mtu > HANDSHAKE_DATAGRAM_MAX)
		mtu = HANDSHAKE_DATAGRAM_MAX;
	if (mtu > min)
		mtu = flight_datagram_max(&h->out, mtu);
	return mtu > min ? mtu : min;
}

bool handshake_output(struct handshake *h, uint8_t out[HANDSHAKE_DATAGRAM_MAX], size_t *len)
{
	struct wr w = wr_of(out, datagram_max(h));
	bool any;

	if (h->alert != CONNECTION_NO_ALERT) {
		any = alert_write(h, &w);
	} else {
		any = acknowledge_write(h, &w);
		any |= flight_write(h, &w);
	}
	return any && wr_finish(&w, len);
}

struct handshake_job *handshake_job(struct handshake *h)
{
	return connection_waits(h) && h->outcome == CONNECTION_RUNNING ? &h->job : NULL;
}

void handshake_job_done(struct handshake *h, uint64_t now_ns)
{
	bool running = h->outcome == CONNECTION_RUNNING && connection_waits(h);

	h->now_ns = now_ns;
	if (h->job.kind == JOB_PSK_LOOKUP || h->job.kind == JOB_SESSION_FIND)
		h->interned = h->job.interned;
	auth_job_done(h);
	h->job_done = h->job.kind;
	h->job.kind = JOB_NONE;
	if (running && h->job.failed)
		connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	else if (running)
		connection_step(h, h->resume(h));
	if (!connection_waits(h))
		job_clear(h);
	inbound_resume(h);
}

static void event_install(struct handshake *h, struct handshake_event *out)
{
	const struct protect_epoch *epoch = &h->protect.epochs[connection_last_epoch(h)];

	out->kind = HANDSHAKE_INSTALL;
	out->status = STATUS_HS_DONE;
	out->version = h->version;
	out->suite = h->suite;
	out->keys = &epoch->keys;
	out->tx_limit = h->tx_limit;
	out->rx_limit = h->rx_limit;
	out->own_cid = rd_of(h->own_cid.bytes, h->own_cid.len);
	out->peer_cid = rd_of(h->peer_cid.bytes, h->peer_cid.len);
	out->rrc = h->rrc;
	out->tx_seq = epoch->tx_seq;
	out->rx_newest = epoch->rx_newest;
	out->rx_window = epoch->rx_window;
	out->identity = h->interned;
	out->credential = &h->credential;
	h->interned = NULL;
	out->resumed = h->resumed;
	out->by_ticket = h->by_ticket;
	out->mutual = h->role == HANDSHAKE_CLIENT && h->own != NULL;
	out->n_held = h->n_held;
	for (size_t i = 0; i < h->n_held; i++)
		out->held[i] = (struct handshake_held){ h->held[i].bytes, h->held[i].len };
}

void handshake_event(struct handshake *h, struct handshake_event *out)
{
	*out = (struct handshake_event){ .kind = HANDSHAKE_NONE };
	if (h->event_given || h->outcome == CONNECTION_RUNNING || h->alert != CONNECTION_NO_ALERT ||
	    h->out.state == FLIGHT_SENDING || acknowledge_due(h))
		return;
	h->event_given = true;
	if (h->outcome == CONNECTION_DONE) {
		event_install(h, out);
	} else {
		out->kind = HANDSHAKE_FAILED;
		out->status = h->why;
	}
}
