/* SPDX-License-Identifier: BSD-3-Clause */
/* The objects of a PEM file, one after the other, each with the line it begins on. Slow path only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PEM_FILE_MAX = 64 << 20 }; /* CRLs are the longest */

struct pem_file {
	const char *path;
	uint8_t *bytes; /* the whole file; may hold a private key: pem_file_close wipes it */
	size_t len;
	void *bio;
	/* the object that pem_file_next found */
	char *label;
	uint8_t *der;
	long der_len;
	unsigned line;
};

/* pem_file_open: reads the file; secret: refuses one that others than its owner may read. false and
 * a message in err. path is borrowed until pem_file_close, which is safe after a failure too. */
bool pem_file_open(struct pem_file *f, const char *path, bool secret, char *err, size_t err_len)
	__attribute__((warn_unused_result));
void pem_file_close(struct pem_file *f);

/* pem_file_next: the next object's label and DER, until the next call; false at the end of the
 * file, and then *good says whether it was the end and no damage (reported in err). */
bool pem_file_next(struct pem_file *f, bool *good, char *err, size_t err_len)
	__attribute__((warn_unused_result));

/* pem_file_is: whether the present object has this label. */
bool pem_file_is(const struct pem_file *f, const char *label);

/* pem_file_refuse: false, with "path:line: reason" about the present object in err. */
bool pem_file_refuse(const struct pem_file *f, const char *reason, char *err, size_t err_len);
