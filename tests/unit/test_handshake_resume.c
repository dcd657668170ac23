/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_resume.h"

#include "session_states.h"
#include "wiring_fixture.h"

#include <malloc.h>

#define KEY_A "000102030405060708090a0b0c0d0e0f"
#define KEY_B "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

enum { LIFETIME = 3600 };

#define NOW (UINT64_C(41000) * TICKET_PERIOD_S)

static const uint8_t key_a[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const uint8_t id[SESSION_CACHE_ID] = { 9, 8, 7 };

/* A core and what it shares with others. */
struct world {
	char path[64];
	struct credentials credentials;
	struct resumption resumption;
	struct status_counts counts;
	struct handshake_resume resume;
};

static int setup(void **state)
{
	const struct resumption_config cfg = { .lifetime_s = LIFETIME, .cache_entries = 64 };
	struct world *w = calloc(1, sizeof(*w));
	char err[256];

	assert_non_null(w);
	strcpy(w->path, "/tmp/sluice-test-psk-XXXXXX");
	wiring_path(w->path);
	wiring_write(w->path, "dev1:" KEY_A "\n");
	assert_true(credentials_init(&w->credentials,
				     &(struct credentials_files){ .psk_file = w->path }, err,
				     sizeof(err)));
	assert_true(resumption_init(&w->resumption, &cfg, NOW, err, sizeof(err)));
	w->resume = (struct handshake_resume){ .resumption = &w->resumption,
					       .credentials = &w->credentials,
					       .counts = &w->counts,
					       .now_s = 1000,
					       .utc_s = NOW };
	assert_true(handshake_resume_init(&w->resume));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	assert_int_equal(identity_count(w->credentials.identities), 0);
	handshake_resume_free(&w->resume);
	resumption_free(&w->resumption);
	urcu_qsbr_thread_offline();
	credentials_free(&w->credentials);
	urcu_qsbr_thread_online();
	unlink(w->path);
	free(w);
	return 0;
}

/* The session of a full handshake of dev1 with its first key. */
static struct session_state fresh(void)
{
	struct session_state s = session_of("dev1", 5, 0);

	s.binding = session_state_binding(&s, key_a, sizeof(key_a));
	return s;
}

static struct handshake_job keep(struct world *w, const struct session_state *s, bool by_id)
{
	struct handshake_job job = { .kind = JOB_SESSION_KEEP,
				     .session = *s,
				     .session_id = by_id ? id : NULL,
				     .session_id_len = by_id ? sizeof(id) : 0 };

	handshake_resume_keep(&w->resume, &job);
	return job;
}

static struct handshake_job find_ticket(struct world *w, const struct handshake_job *kept)
{
	struct handshake_job job = { .kind = JOB_SESSION_FIND,
				     .ticket = kept->sealed,
				     .ticket_len = kept->sealed_len };

	handshake_resume_find(&w->resume, &job);
	return job;
}

static struct handshake_job find_id(struct world *w)
{
	struct handshake_job job = { .kind = JOB_SESSION_FIND,
				     .session_id = id,
				     .session_id_len = sizeof(id) };

	handshake_resume_find(&w->resume, &job);
	return job;
}

static void must_find(struct world *w, const struct handshake_job *job)
{
	struct session_state want = fresh();

	assert_true(job->found);
	assert_memory_equal(job->session.master, want.master, sizeof(want.master));
	assert_non_null(job->interned);
	assert_int_equal(job->interned->len, 4);
	assert_memory_equal(job->interned->bytes, "dev1", 4);
	identity_put(w->credentials.identities, job->interned);
}

static void must_not(struct world *w, const struct handshake_job *job, enum status why)
{
	assert_false(job->found);
	assert_null(job->interned);
	assert_true(status_get(&w->counts, why) > 0);
	w->counts.n[why] = 0;
}

static void a_ticket_is_found(void **state)
{
	struct world *w = *state;
	struct session_state s = fresh();
	struct handshake_job kept = keep(w, &s, false), job;

	assert_int_equal(kept.sealed_len, 116);
	assert_int_equal(kept.lifetime_s, LIFETIME);
	assert_int_equal(status_get(&w->counts, STATUS_TICKET_ISSUED), 1);
	job = find_ticket(w, &kept);
	must_find(w, &job);
	assert_false(job.renew);
	w->resume.utc_s = NOW + LIFETIME - 1;
	job = find_ticket(w, &kept);
	must_find(w, &job);
	w->resume.utc_s = NOW + LIFETIME;
	job = find_ticket(w, &kept);
	must_not(w, &job, STATUS_TICKET_EXPIRED);
	kept.sealed[30] ^= 1;
	job = find_ticket(w, &kept);
	must_not(w, &job, STATUS_TICKET_INVALID);
}

static void an_id_is_found(void **state)
{
	struct world *w = *state;
	struct session_state s = fresh();
	struct handshake_job kept = keep(w, &s, true), job = find_id(w);

	assert_int_equal(kept.sealed_len, 0);
	assert_int_equal(status_get(&w->counts, STATUS_SESSION_KEPT), 1);
	must_find(w, &job);
	w->resume.now_s += LIFETIME;
	job = find_id(w);
	must_not(w, &job, STATUS_SESSION_UNKNOWN);
}

/* A device that was removed, or given another key, does not resume; when it has its key again it
 * does. */
static void revoked_is_not_found(void **state)
{
	static const struct {
		const char *psks;
		bool in_force;
	} rows[] = { { "dev1:" KEY_B "\n", false },
		     { "dev2:" KEY_A "\n", false },
		     { "dev10:" KEY_A "\n", false },
		     { "dev1:" KEY_A "00\n", false },
		     { "dev2:" KEY_B "\ndev1:" KEY_A "\n", true } };
	struct world *w = *state;
	struct session_state s = fresh();
	struct handshake_job kept = keep(w, &s, false), job;
	char err[256];

	keep(w, &s, true);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wiring_write(w->path, rows[i].psks);
		urcu_qsbr_thread_offline();
		assert_true(credentials_reload(&w->credentials, err, sizeof(err)));
		urcu_qsbr_thread_online();
		for (int by_id = 0; by_id < 2; by_id++) {
			job = by_id ? find_id(w) : find_ticket(w, &kept);
			if (rows[i].in_force)
				must_find(w, &job);
			else
				must_not(w, &job, STATUS_SESSION_REVOKED);
		}
	}
}

static void reload_masters(struct world *w, const char *text)
{
	char err[256];

	wiring_write(w->credentials.files.psk_derive, text);
	urcu_qsbr_thread_offline();
	assert_true(credentials_reload(&w->credentials, err, sizeof(err)));
	urcu_qsbr_thread_online();
}

/* The same for keys that are derived: a master key that is gone, or is another one, takes its
 * devices' sessions with it. */
static void a_master_key_takes_its_sessions_along(void **state)
{
	struct world *w = *state;
	struct session_state s = fresh();
	struct handshake_job kept, job;
	uint8_t key[PSK_KEY_MAX];
	const struct identity *interned;
	char masters[] = "/tmp/sluice-test-psk-XXXXXX";

	wiring_path(masters);
	wiring_write(w->path, "");
	w->credentials.files.psk_derive = masters;
	reload_masters(w, "d:" KEY_A "\n");
	s.binding = session_state_binding(
		&s, key, credentials_psk(&w->credentials, s.name, s.name_len, key, &interned));
	identity_put(w->credentials.identities, interned);
	kept = keep(w, &s, false);
	job = find_ticket(w, &kept);
	must_find(w, &job);
	reload_masters(w, "d:" KEY_B "\n");
	job = find_ticket(w, &kept);
	must_not(w, &job, STATUS_SESSION_REVOKED);
	reload_masters(w, "e:" KEY_A "\n");
	job = find_ticket(w, &kept);
	must_not(w, &job, STATUS_SESSION_REVOKED);
	reload_masters(w, "e:" KEY_B "\nd:" KEY_A "\n");
	job = find_ticket(w, &kept);
	must_find(w, &job);
	unlink(masters);
}

static void reload(struct world *w)
{
	char err[256];

	urcu_qsbr_thread_offline();
	assert_true(credentials_reload(&w->credentials, err, sizeof(err)));
	urcu_qsbr_thread_online();
}

/* What a raw key made is resumed as long as the file has the key under the name; what nobody made
 * needs nothing. */
static void peers_are_judged_by_their_kind(void **state)
{
	static const char sha256[] =
		"sha256:11111111111111111111111111111111aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa pump 7\n";
	struct world *w = *state;
	struct certificates_config certificates = { .n_own = 0 };
	struct session_state s = session_of("pump 7", 5, 0), nobody = { .suite = 1, .ems = true };
	struct handshake_job rpk_kept, nobody_kept, job;
	char rpks[] = "/tmp/sluice-test-rpk-XXXXXX", err[256];

	wiring_path(rpks);
	wiring_write(rpks, sha256);
	certificates.rpks = rpks;
	assert_true(credentials_certificates(&w->credentials, &certificates, err, sizeof(err)));
	s.credential = (struct credential){ .kind = CREDENTIAL_RPK };
	memset(s.credential.key.b, 0x11, sizeof(s.credential.key.b));
	rpk_kept = keep(w, &s, false);
	nobody_kept = keep(w, &nobody, false);
	for (int i = 0; i < 3; i++) {
		job = find_ticket(w, &nobody_kept);
		assert_true(job.found);
		assert_null(job.interned);
		job = find_ticket(w, &rpk_kept);
		if (i != 0) {
			must_not(w, &job, STATUS_SESSION_REVOKED);
		} else {
			assert_true(job.found);
			assert_memory_equal(job.interned->bytes, "pump 7", 6);
			identity_put(w->credentials.identities, job.interned);
		}
		wiring_write(rpks, i == 0 ? "# gone\n" : sha256);
		if (i == 1) /* given to another */
			wiring_write(rpks, "sha256:11111111111111111111111111111111"
					   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa pump 8\n");
		reload(w);
	}
	w->credentials.certificates_config = NULL;
	unlink(rpks);
}

/* A ticket whose key seals no more is replaced by one that lives no longer than its session. */
static void an_old_key_is_replaced(void **state)
{
	struct world *w = *state;
	struct session_state s = fresh();
	struct handshake_job kept, job;

	w->resume.utc_s = NOW + TICKET_PERIOD_S - 100;
	kept = keep(w, &s, false);
	w->resume.utc_s = NOW + TICKET_PERIOD_S + 100;
	urcu_qsbr_thread_offline();
	assert_true(resumption_turn(&w->resumption, 1, w->resume.utc_s));
	urcu_qsbr_thread_online();
	job = find_ticket(w, &kept);
	assert_true(job.renew);
	must_find(w, &job);
	kept = keep(w, &job.session, false);
	assert_int_equal(kept.lifetime_s, LIFETIME - 200);
	job = find_ticket(w, &kept);
	assert_false(job.renew);
	must_find(w, &job);
	w->resume.utc_s = NOW + TICKET_PERIOD_S - 100 + LIFETIME;
	job = find_ticket(w, &kept);
	must_not(w, &job, STATUS_TICKET_EXPIRED);
}

/* The core's cipher drops what it knows of keys that are no more, also when nothing is resumed. */
static void replaced_keys_are_forgotten(void **state)
{
	struct world *w = *state;
	struct session_state s = fresh();
	struct handshake_job kept = keep(w, &s, false), job;
	uint8_t key[TICKET_CIPHER_KEY];
	struct ticket_cipher *c = w->resume.cipher;

	memcpy(key, w->resumption.keys->keys[0].key, sizeof(key));
	handshake_resume_turn(&w->resume, 1001, NOW + 1);
	assert_non_null(memmem(c, malloc_usable_size(c), key, sizeof(key)));
	urcu_qsbr_thread_offline();
	assert_true(resumption_turn(&w->resumption, 1, NOW + TICKET_PERIOD_S));
	urcu_qsbr_thread_online();
	assert_non_null(memmem(c, malloc_usable_size(c), key, sizeof(key)));
	handshake_resume_turn(&w->resume, 1002, NOW + 2);
	assert_null(memmem(c, malloc_usable_size(c), key, sizeof(key)));
	job = find_ticket(w, &kept);
	must_find(w, &job);
}

/* A clock that is behind that of the endpoint which made the ticket. */
static void a_slow_clock_makes_no_longer_life(void **state)
{
	struct world *w = *state;
	struct session_state s = fresh();
	struct handshake_job kept;

	s.made_s = NOW + 200;
	kept = keep(w, &s, false);
	assert_int_equal(kept.lifetime_s, LIFETIME);
	s.made_s = NOW - LIFETIME;
	kept = keep(w, &s, false);
	assert_int_equal(kept.sealed_len, 0);
}

/* --no-resumption, --session-cache 0 */
static void without_stores_nothing_is_found(void **state)
{
	struct world *w = *state;
	struct session_state s = fresh();
	struct handshake_job kept = keep(w, &s, false), job;

	keep(w, &s, true);
	session_cache_free(w->resumption.cache);
	w->resumption.cache = NULL;
	keep(w, &s, true);
	job = find_id(w);
	must_not(w, &job, STATUS_SESSION_UNKNOWN);
	w->resume.resumption = NULL;
	job = find_ticket(w, &kept);
	must_not(w, &job, STATUS_SESSION_UNKNOWN);
	kept = keep(w, &s, false);
	assert_int_equal(kept.sealed_len, 0);
}

static int group_setup(void **state)
{
	(void)state;
	urcu_qsbr_register_thread();
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	urcu_qsbr_unregister_thread();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_ticket_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(an_id_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(revoked_is_not_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_master_key_takes_its_sessions_along, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_old_key_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(peers_are_judged_by_their_kind, setup, teardown),
		cmocka_unit_test_setup_teardown(replaced_keys_are_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(a_slow_clock_makes_no_longer_life, setup, teardown),
		cmocka_unit_test_setup_teardown(without_stores_nothing_is_found, setup, teardown),
	};

	return cmocka_run_group_tests_name("handshake_resume", tests, group_setup, group_teardown);
}
