/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_queue.h"

#include "secret.h"
#include "secret_file.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Indexes of questions from one thread to another: as much room as there are questions, so it is
 * never full, and who adds need not know how far the other one has read. */
struct index_ring {
	_Atomic uint64_t added;
	uint64_t taken; /* the reader's */
	uint32_t *at;
};

struct psk_queue_core {
	struct index_ring asked, answered;
	uint32_t *unused; /* the core's */
	uint32_t n_unused;
};

struct psk_queue {
	unsigned n_cores, next; /* next: the core that the answering thread looks at first */
	uint32_t per_core;
	int fd;
	struct psk_question *questions; /* [core * per_core + i] */
	struct psk_queue_core *cores;
};

static void add(const struct psk_queue *q, struct index_ring *ring, uint32_t index)
{
	uint64_t added = atomic_load_explicit(&ring->added, memory_order_relaxed);

	ring->at[added % q->per_core] = index;
	atomic_store_explicit(&ring->added, added + 1, memory_order_release);
}

static struct psk_question *take(struct psk_queue *q, struct index_ring *ring)
{
	if (ring->taken == atomic_load_explicit(&ring->added, memory_order_acquire))
		return NULL;
	return psk_queue_at(q, ring->at[ring->taken++ % q->per_core]);
}

static bool make_core(struct psk_queue *q, unsigned core)
{
	struct psk_queue_core *c = &q->cores[core];

	c->asked.at = calloc(q->per_core, sizeof(*c->asked.at));
	c->answered.at = calloc(q->per_core, sizeof(*c->answered.at));
	c->unused = calloc(q->per_core, sizeof(*c->unused));
	if (c->asked.at == NULL || c->answered.at == NULL || c->unused == NULL)
		return false;
	for (uint32_t i = 0; i < q->per_core; i++)
		c->unused[c->n_unused++] = core * q->per_core + i;
	return true;
}

struct psk_queue *psk_queue_new(unsigned n_cores, uint32_t per_core)
{
	struct psk_queue *q = calloc(1, sizeof(*q));
	bool ok;

	if (q == NULL)
		return NULL;
	q->n_cores = n_cores;
	q->per_core = per_core;
	q->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	q->cores = calloc(n_cores, sizeof(*q->cores));
	q->questions = secret_map(psk_queue_size(q) * sizeof(*q->questions));
	ok = q->fd >= 0 && q->cores != NULL && q->questions != NULL;
	for (unsigned i = 0; ok && i < n_cores; i++)
		ok = make_core(q, i);
	if (ok)
		return q;
	psk_queue_free(q);
	return NULL;
}

void psk_queue_free(struct psk_queue *q)
{
	if (q == NULL)
		return;
	for (unsigned i = 0; q->cores != NULL && i < q->n_cores; i++) {
		free(q->cores[i].asked.at);
		free(q->cores[i].answered.at);
		free(q->cores[i].unused);
	}
	free(q->cores);
	secret_unmap(q->questions, psk_queue_size(q) * sizeof(*q->questions));
	if (q->fd >= 0)
		close(q->fd);
	free(q);
}

bool psk_queue_ask(struct psk_queue *q, unsigned core, const struct psk_asker *asker,
		   const uint8_t *identity, uint8_t len, uint64_t now_ns)
{
	struct psk_queue_core *c = &q->cores[core];
	const uint64_t one = 1;
	struct psk_question *question;

	if (c->n_unused == 0)
		return false;
	question = psk_queue_at(q, c->unused[--c->n_unused]);
	*question = (struct psk_question){
		.asker = *asker, .asked_ns = now_ns, .identity_len = len, .core = (uint8_t)core
	};
	memcpy(question->identity, identity, len);
	add(q, &c->asked, psk_queue_index(q, question));
	/* It fails only when the thread has been woken 2^64 times already. */
	(void)!write(q->fd, &one, sizeof(one));
	return true;
}

struct psk_question *psk_queue_answered(struct psk_queue *q, unsigned core)
{
	return take(q, &q->cores[core].answered);
}

void psk_queue_done(struct psk_queue *q, struct psk_question *question)
{
	struct psk_queue_core *c = &q->cores[question->core];

	secret_wipe(question, sizeof(*question));
	c->unused[c->n_unused++] = psk_queue_index(q, question);
}

struct psk_question *psk_queue_next(struct psk_queue *q)
{
	for (unsigned i = 0; i < q->n_cores; i++) {
		struct psk_question *question = take(q, &q->cores[q->next].asked);

		q->next = (q->next + 1) % q->n_cores;
		if (question != NULL)
			return question;
	}
	return NULL;
}

void psk_queue_answer(struct psk_queue *q, struct psk_question *question)
{
	add(q, &q->cores[question->core].answered, psk_queue_index(q, question));
}

int psk_queue_fd(const struct psk_queue *q) { return q->fd; }

uint32_t psk_queue_size(const struct psk_queue *q) { return q->n_cores * q->per_core; }

uint32_t psk_queue_index(const struct psk_queue *q, const struct psk_question *question)
{
	return (uint32_t)(question - q->questions);
}

struct psk_question *psk_queue_at(struct psk_queue *q, uint32_t index)
{
	return &q->questions[index];
}
