/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite_names.h"

#include <stdio.h>

/* Whether the first len bytes of a and b are one name: letters of any case, - for _. */
static bool same(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char x = a[i];

		if (x == '-')
			x = '_';
		else if (x >= 'a' && x <= 'z')
			x &= ~0x20;
		if (x != b[i])
			return false;
	}
	return true;
}

/* Whether a name is this one, with the hash at its end or without. */
static bool is(const char *whole, const char *name, size_t len)
{
	const char *hash = strstr(whole, "_SHA");

	return (len == strlen(whole) || (hash != NULL && len == (size_t)(hash - whole))) &&
	       same(name, whole, len);
}

/* IANA's names are TLS_, key exchange, _WITH_, cipher; of DTLS 1.3 TLS_, cipher. */
static bool matches(const char *iana, const char *name, size_t len)
{
	const char *kx = iana + strlen("TLS_"), *with = strstr(kx, "_WITH_"), *cipher;
	char brief[64];

	if (with == NULL)
		return is(iana, name, len);
	cipher = with + strlen("_WITH_");
	snprintf(brief, sizeof(brief), "%.*s_%s", (int)(with - kx), kx, cipher);
	return is(iana, name, len) || is(brief, name, len) ||
	       (strncmp(brief, "PSK_", 4) == 0 && is(cipher, name, len));
}

static const struct suite *find(const char *name, size_t len)
{
	for (size_t i = 0; i < SUITE_N; i++) {
		if (matches(suite_at(i)->name, name, len))
			return suite_at(i);
	}
	return NULL;
}

static const char *add(struct hello_policy *policy, const struct suite *suite)
{
	if (suite == NULL)
		return "a suite unknown or not in this build";
	for (size_t i = 0; i < policy->n_suites; i++) {
		if (policy->suites[i] == suite)
			return "the same suite twice";
	}
	policy->suites[policy->n_suites++] = suite;
	return NULL;
}

const char *suite_names_parse(struct hello_policy *policy, const char *text)
{
	const char *reason = NULL;
	size_t len;

	policy->n_suites = 0;
	for (size_t i = 0; text == NULL && i < SUITE_N; i++)
		if (suite_at(i)->id != TLS_AES_128_CCM_8_SHA256)
			policy->suites[policy->n_suites++] = suite_at(i);
	while (text != NULL && reason == NULL) {
		len = strcspn(text, ",:");
		reason = add(policy, find(text, len));
		text = text[len] != '\0' ? text + len + 1 : NULL;
	}
	return reason;
}
