/* deliver.h - hands collected records to a target, as a restore does. */
#pragma once

#include "tests/source/collect.h"

struct delivery {
	size_t outcomes[5]; /* by enum arkv_outcome */
	char why[256];	    /* of the last refusal */
};

static inline enum ark_rc deliver_value(struct arkv_target *t, struct arkv_rand *rand,
					struct ark_span value, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	size_t most = !rand || pick(rand, 2) ? value.len : 1 + pick(rand, 100000);
	while (value.len && !rc) {
		size_t len = value.len < most ? value.len : most;
		rc = t->ops->piece(t, ark_span(value.p, len), err);
		value.p += len;
		value.len -= len;
	}
	return rc ? rc : t->ops->end(t, err);
}

/* All of c, in its order. rand: pieces of random sizes; NULL: each value in one. */
static inline enum ark_rc deliver_all(struct arkv_target *t, const struct collect *c, bool dry_run,
				      struct arkv_rand *rand, struct delivery *d,
				      struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < c->count && !rc; i++) {
		struct ark_span value;
		enum arkv_outcome outcome = ARKV_OUTCOME_REFUSED;
		struct ark_record r = collect_decode(&c->kept[i], &value);
		rc = t->ops->begin(t, &r, &outcome, d->why, err);
		if (rc)
			break;
		d->outcomes[outcome]++;
		if (!dry_run && outcome <= ARKV_OUTCOME_REPLACED)
			rc = deliver_value(t, rand, value, err);
	}
	return rc ? rc : t->ops->finish(t, err);
}

/* Opens url with these options and hands over c; the result of the first call that fails. */
static inline enum ark_rc deliver_url(const char *url, const struct arkv_target_options *options,
				      const struct collect *c, struct arkv_rand *rand,
				      struct delivery *d, struct ark_err *err)
{
	ARK_AUTO(arkv_target_freep) struct arkv_target *t = NULL;
	*d = (struct delivery){ .why = "" };
	assert_ok(arkv_target_from_url(&t, url, err), *err);
	enum ark_rc rc = t->ops->open(t, options, err);
	return rc ? rc : deliver_all(t, c, options->dry_run, rand, d, err);
}
