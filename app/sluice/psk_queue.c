/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_queue.h"

#include "secret.h"
#include "secret_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_lcore.h>
#include <rte_ring.h>

/* Single producer, single consumer; both hold all questions of their core, so neither is ever full.
 */
struct psk_queue_core {
	struct rte_ring *asked, *answered;
	uint32_t *unused; /* indexes; the core's */
	uint32_t n_unused;
};

struct psk_queue {
	unsigned n_cores, next; /* next: the core that the answering thread looks at first */
	uint32_t per_core;
	int fd;
	struct psk_question *questions; /* [core * per_core + i] */
	struct psk_queue_core *cores;
};

static struct rte_ring *make_ring(const char *what, unsigned core, uint32_t n)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "psk_%s_%u", what, core);
	return rte_ring_create(name, n, SOCKET_ID_ANY,
			       RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
}

static bool make_core(struct psk_queue *q, unsigned core)
{
	struct psk_queue_core *c = &q->cores[core];

	c->asked = make_ring("asked", core, q->per_core);
	c->answered = make_ring("answered", core, q->per_core);
	c->unused = calloc(q->per_core, sizeof(*c->unused));
	if (c->asked == NULL || c->answered == NULL || c->unused == NULL)
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
		rte_ring_free(q->cores[i].asked);
		rte_ring_free(q->cores[i].answered);
		free(q->cores[i].unused);
	}
	free(q->cores);
	secret_unmap(q->questions, psk_queue_size(q) * sizeof(*q->questions));
	if (q->fd >= 0)
		close(q->fd);
	free(q);
}

bool psk_queue_ask(struct psk_queue *q, unsigned core, struct session_ref slot,
		   const uint8_t *identity, uint8_t len, uint64_t now_ns)
{
	struct psk_queue_core *c = &q->cores[core];
	const uint64_t one = 1;
	struct psk_question *question;

	if (c->n_unused == 0)
		return false;
	question = psk_queue_at(q, c->unused[--c->n_unused]);
	*question = (struct psk_question){
		.slot = slot, .asked_ns = now_ns, .identity_len = len, .core = (uint8_t)core
	};
	memcpy(question->identity, identity, len);
	rte_ring_sp_enqueue(c->asked, question);
	/* It fails only when the thread has been woken 2^64 times already. */
	(void)!write(q->fd, &one, sizeof(one));
	return true;
}

static struct psk_question *take(struct rte_ring *ring)
{
	void *question = NULL;

	return rte_ring_sc_dequeue(ring, &question) == 0 ? question : NULL;
}

struct psk_question *psk_queue_answered(struct psk_queue *q, unsigned core)
{
	return take(q->cores[core].answered);
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
		struct psk_question *question = take(q->cores[q->next].asked);

		q->next = (q->next + 1) % q->n_cores;
		if (question != NULL)
			return question;
	}
	return NULL;
}

void psk_queue_answer(struct psk_queue *q, struct psk_question *question)
{
	rte_ring_sp_enqueue(q->cores[question->core].answered, question);
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
