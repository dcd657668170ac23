/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite_names.h"

static const char prefix[] = "TLS_PSK_WITH_";

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

static bool matches(const char *iana, const char *name, size_t len)
{
	size_t iana_len = strlen(iana), prefix_len = sizeof(prefix) - 1;
	const char *hash = strstr(iana, "_SHA");

	if (len < prefix_len || !same(name, prefix, prefix_len)) {
		iana += prefix_len;
		iana_len -= prefix_len;
	}
	if (len == iana_len && same(name, iana, len))
		return true;
	return hash != NULL && len == (size_t)(hash - iana) && same(name, iana, len);
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
		policy->suites[policy->n_suites++] = suite_at(i);
	while (text != NULL && reason == NULL) {
		len = strcspn(text, ",:");
		reason = add(policy, find(text, len));
		text = text[len] != '\0' ? text + len + 1 : NULL;
	}
	return reason;
}
