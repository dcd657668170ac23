/* SPDX-License-Identifier: BSD-3-Clause */
#include "job.h"

static void job_prf(struct handshake_job *j)
{
	j->failed = j->prf_out_len > sizeof(j->prf_out) ||
		    !key_prf(j->hash, j->secret, j->secret_len, j->label, j->seed1, j->seed1_len,
			     j->seed2, j->seed2_len, j->prf_out, j->prf_out_len);
}

void job_run(struct handshake_job *job, const struct job_lookup *lookup)
{
	switch (job->kind) {
	case JOB_NONE:
		break;
	case JOB_PSK_LOOKUP:
		lookup->find(lookup->arg, job);
		break;
	case JOB_PRF:
		job_prf(job);
		break;
	case JOB_SESSION_FIND:
		if (lookup->session_find != NULL)
			lookup->session_find(lookup->arg, job);
		break;
	case JOB_SESSION_KEEP:
		if (lookup->session_keep != NULL)
			lookup->session_keep(lookup->arg, job);
		break;
	}
}
