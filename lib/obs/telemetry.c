/* SPDX-License-Identifier: BSD-3-Clause */
#include "telemetry.h"

#include "compat.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* The one source; DPDK cannot forget a command, so it goes away behind the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct telemetry_source current;
static bool active;

/* A sample on the heap (it is large, and the caller's stack is DPDK's); NULL: no source. */
static struct sample *take_sample(void)
{
	struct sample *s = NULL;

	pthread_mutex_lock(&lock);
	if (active)
		s = calloc(1, sizeof(*s));
	if (s != NULL)
		current.sample(current.arg, s);
	pthread_mutex_unlock(&lock);
	return s;
}

static int add_counters(struct rte_tel_data *d, const struct sample_counters *c)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < SAMPLE_COUNTERS_N; i++)
		ret = compat_tel_add_dict_uint(d, sample_counter_name(i), sample_counter(c, i));
	return ret;
}

static int add_status(struct rte_tel_data *d, const struct status_counts *c)
{
	int ret = 0;

	for (unsigned i = 0; ret == 0 && i < STATUS_N; i++)
		ret = compat_tel_add_dict_uint(d, status_label((enum status)i), c->n[i]);
	return ret;
}

/* Adds a child dictionary, which d owns from then on. */
static struct rte_tel_data *add_child(struct rte_tel_data *d, const char *name)
{
	struct rte_tel_data *child = rte_tel_data_alloc();

	if (child == NULL)
		return NULL;
	rte_tel_data_start_dict(child);
	if (rte_tel_data_add_dict_container(d, name, child, 0) == 0)
		return child;
	rte_tel_data_free(child);
	return NULL;
}

static int add_lcores(struct rte_tel_data *d, const struct sample *s)
{
	struct rte_tel_data *list = rte_tel_data_alloc();

	if (list == NULL)
		return -ENOMEM;
	rte_tel_data_start_array(list, RTE_TEL_INT_VAL);
	for (unsigned i = 0; i < s->n_cores; i++)
		rte_tel_data_add_array_int(list, s->cores[i].lcore);
	if (rte_tel_data_add_dict_container(d, "lcores", list, 0) == 0)
		return 0;
	rte_tel_data_free(list);
	return -ENOSPC;
}

static int add_stats(struct rte_tel_data *d, const struct sample_counters *counters,
		     const struct status_counts *status)
{
	struct rte_tel_data *child;

	rte_tel_data_start_dict(d);
	child = add_child(d, "counters");
	if (child == NULL || add_counters(child, counters) != 0)
		return -ENOMEM;
	child = add_child(d, "outcomes");
	return child == NULL || add_status(child, status) != 0 ? -ENOMEM : 0;
}

static int add_one_core(struct rte_tel_data *d, const struct sample *s, const char *params)
{
	const struct sample_core *core;
	char *end;
	unsigned long lcore = strtoul(params, &end, 10);

	if (end == params || *end != '\0' || lcore > UINT16_MAX)
		return -EINVAL;
	core = sample_find(s, (unsigned)lcore);
	if (core == NULL)
		return -ENOENT;
	if (add_stats(d, &core->counters, &core->status) != 0)
		return -ENOMEM;
	rte_tel_data_add_dict_string(d, "role", core->role);
	compat_tel_add_dict_uint(d, "ring_used", core->ring_used);
	compat_tel_add_dict_uint(d, "ring_fullest", core->ring_fullest);
	return compat_tel_add_dict_uint(d, "ring_size", core->ring_size);
}

static int on_stats(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct sample *s = take_sample();
	struct sample_counters counters;
	struct status_counts status;
	int ret;

	(void)cmd;
	if (s == NULL)
		return -EAGAIN;
	if (params != NULL && *params != '\0') {
		ret = add_one_core(d, s, params);
	} else {
		sample_total(&counters, &status, s);
		ret = add_stats(d, &counters, &status);
		if (ret == 0)
			ret = add_lcores(d, s);
	}
	free(s);
	return ret;
}

static int add_layout_core(struct rte_tel_data *d, const struct telemetry_core *core)
{
	struct rte_tel_data *child;
	char name[16];

	snprintf(name, sizeof(name), "lcore_%u", core->lcore);
	child = add_child(d, name);
	if (child == NULL)
		return -ENOMEM;
	rte_tel_data_add_dict_string(child, "role", core->role);
	rte_tel_data_add_dict_string(child, "queues", core->queues);
	return rte_tel_data_add_dict_int(child, "socket", core->socket);
}

static int on_layout(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct telemetry_core *rows = calloc(SAMPLE_CORES_MAX, sizeof(*rows));
	unsigned n = 0;
	int ret = -EAGAIN;

	(void)cmd;
	(void)params;
	if (rows == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&lock);
	if (active) {
		n = current.layout(current.arg, rows, SAMPLE_CORES_MAX);
		ret = 0;
	}
	pthread_mutex_unlock(&lock);
	rte_tel_data_start_dict(d);
	for (unsigned i = 0; ret == 0 && i < n; i++)
		ret = add_layout_core(d, &rows[i]);
	free(rows);
	return ret;
}

static int on_summary(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct sample *s = take_sample();

	(void)cmd;
	(void)params;
	if (s == NULL)
		return -EAGAIN;
	rte_tel_data_start_dict(d);
	compat_tel_add_dict_uint(d, "sessions", s->sessions);
	compat_tel_add_dict_uint(d, "max_sessions", s->max_sessions);
	compat_tel_add_dict_uint(d, "session_bytes", s->session_bytes);
	compat_tel_add_dict_uint(d, "handshakes", s->handshakes);
	compat_tel_add_dict_uint(d, "max_handshakes", s->max_handshakes);
	compat_tel_add_dict_uint(d, "identities", s->identities);
	compat_tel_add_dict_uint(d, "session_cache_bytes", s->session_cache_bytes);
	compat_tel_add_dict_uint(d, "mbufs_used", s->mbufs_used);
	compat_tel_add_dict_uint(d, "mbufs", s->mbufs);
	compat_tel_add_dict_uint(d, "sink_lines", s->sink_lines);
	compat_tel_add_dict_uint(d, "sink_queued_bytes", s->sink_queued_bytes);
	compat_tel_add_dict_uint(d, "sink_failing", s->sink_failing);
	free(s);
	return 0;
}

static int register_commands(void)
{
	static bool registered; /* under the lock */
	int ret;

	if (registered)
		return 0;
	ret = rte_telemetry_register_cmd("/sluice/stats", on_stats,
					 "Counters and outcomes of all cores. Parameter: an lcore");
	if (ret == 0)
		ret = rte_telemetry_register_cmd("/sluice/layout", on_layout,
						 "Roles and queues of every core");
	if (ret == 0)
		ret = rte_telemetry_register_cmd("/sluice/session/summary", on_summary,
						 "Sessions, handshakes, memory and sink");
	registered = ret == 0;
	return ret;
}

int telemetry_start(const struct telemetry_source *source)
{
	int ret;

	pthread_mutex_lock(&lock);
	current = *source;
	ret = register_commands();
	active = ret == 0;
	pthread_mutex_unlock(&lock);
	return ret;
}

void telemetry_stop(void)
{
	pthread_mutex_lock(&lock);
	active = false;
	pthread_mutex_unlock(&lock);
}
