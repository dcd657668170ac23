/* SPDX-License-Identifier: BSD-3-Clause */
#include "job.h"

static void job_prf(struct handshake_job *j)
{
	j->failed = j->prf_out_len > sizeof(j->prf_out) ||
		    !key_prf(j->hash, j->secret, j->secret_len, j->label, j->seed1, j->seed1_len,
			     j->seed2, j->seed2_len, j->prf_out, j->prf_out_len);
}

static void job_keygen(struct handshake_job *j)
{
	size_t len = 0;

	j->ecdhe = ecdhe_new((enum ecdhe_group)j->group, j->point, &len);
	j->point_len = (uint8_t)len;
	j->failed = j->ecdhe == NULL;
}

static void job_derive(struct handshake_job *j)
{
	enum ecdhe_result result = ecdhe_derive(j->ecdhe, j->shared, j->point, j->point_len);

	j->refused = result == ECDHE_BAD_POINT;
	j->failed = result == ECDHE_FAILED;
}

static void job_verify_peer(struct handshake_job *j, const struct job_lookup *lookup)
{
	j->peer = (struct handshake_peer){ .status = STATUS_HS_CERT,
					   .alert = ALERT_CERTIFICATE_UNKNOWN };
	if (lookup->verify_peer != NULL)
		lookup->verify_peer(lookup->arg, j);
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
	case JOB_ECDHE_KEYGEN:
		job_keygen(job);
		break;
	case JOB_ECDHE_DERIVE:
		job_derive(job);
		break;
	case JOB_SIGN:
		job->failed =
			!signature_sign(job->key, &job->input, job->signature, &job->signature_len);
		break;
	case JOB_VERIFY:
		job->refused =
			!signature_verify(job->key, job->scheme, &job->input, job->peer_signature.p,
					  rd_len(&job->peer_signature));
		break;
	case JOB_VERIFY_PEER:
		job_verify_peer(job, lookup);
		break;
	}
}
