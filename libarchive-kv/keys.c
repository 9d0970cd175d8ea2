/* keys.c - see keys.h and keyset.h: how keys come to be, and what they are. */
#include "libarchive-kv/keys.h"

#include "libarchive-kv/keys_inside.h"

#include <sodium.h>
#include <stdlib.h>

static const char *const key_labels[] = {
	[ARKF_RING_K_ID] = "arkv-id",	  [ARKF_RING_K_CUT] = "arkv-cut",
	[ARKF_RING_K_DIG] = "arkv-dig",	  [ARKF_RING_K_META] = "arkv-meta",
	[ARKF_RING_K_AUTH] = "arkv-auth",
};

void arkv_keys_free(struct arkv_keys *keys)
{
	if (!keys)
		return;
	arkv_dkcache_free(keys->opened);
	ark_secret_release(&keys->mem);
	ark_secret_release(&keys->body);
	free(keys);
}

void arkv_keys_freep(struct arkv_keys **keys)
{
	arkv_keys_free(*keys);
	*keys = NULL;
}

const struct ark_uid *arkv_keys_repo(const struct arkv_keys *keys)
{
	return &keys->repo;
}

enum ark_suite arkv_keys_suite(const struct arkv_keys *keys)
{
	return keys->suite;
}

const struct arkf_chunker *arkv_keys_chunker(const struct arkv_keys *keys)
{
	return &keys->chunker;
}

bool arkv_keys_can_read(const struct arkv_keys *keys)
{
	return keys->can_read;
}

uint32_t arkv_keys_ring(const struct arkv_keys *keys)
{
	return keys->reader_ring;
}

const uint8_t *arkv_keys_id(const struct arkv_keys *keys)
{
	return arkv_keys_at(keys, ARKF_RING_K_ID);
}

const uint8_t *arkv_keys_cut(const struct arkv_keys *keys)
{
	return arkv_keys_at(keys, ARKF_RING_K_CUT);
}

const uint8_t *arkv_keys_dig(const struct arkv_keys *keys)
{
	return arkv_keys_at(keys, ARKF_RING_K_DIG);
}

const uint8_t *arkv_keys_meta(const struct arkv_keys *keys)
{
	return arkv_keys_at(keys, ARKF_RING_K_META);
}

const uint8_t *arkv_keys_auth(const struct arkv_keys *keys)
{
	return arkv_keys_at(keys, ARKF_RING_K_AUTH);
}

const uint8_t *arkv_keys_local(const struct arkv_keys *keys)
{
	return arkv_keys_at(keys, ARKV_KEYS_LOCAL);
}

struct ark_span arkv_keys_ring_body(const struct arkv_keys *keys)
{
	return ark_secret_span(&keys->body);
}

struct arkv_bundle arkv_keys_bundle(const struct arkv_keys *keys)
{
	return (struct arkv_bundle){
		.ring = keys->reader_ring,
		.reader = ark_span(keys->reader, sizeof keys->reader),
		.keys = ark_span(keys->mem.p, (size_t)ARKF_RING_KEY_COUNT * ARKV_KEY_LEN),
		.chunker = keys->chunker,
	};
}

/* ---- how they come to be ---- */

/* NULL when memory runs out. */
static struct arkv_keys *keys_new(const struct ark_uid *repo, enum ark_suite suite,
				  struct ark_err *err)
{
	struct arkv_keys *keys = calloc(1, sizeof *keys);
	if (!keys) {
		ark_fail(err, ARK_NOMEM, "keys: out of memory");
		return NULL;
	}
	keys->repo = *repo;
	keys->suite = suite;
	if (ark_secret_new(&keys->mem, (size_t)ARKV_KEYS_COUNT * ARKV_KEY_LEN, err) ||
	    arkv_dkcache_new(&keys->opened, err)) {
		arkv_keys_free(keys);
		return NULL;
	}
	return keys;
}

/* K_local = BLAKE2b-256 keyed with K_meta over "arkv-local" and K_dig. */
static void local_derive(struct arkv_keys *keys)
{
	static const char label[] = "arkv-local";
	crypto_generichash_state st;
	crypto_generichash_init(&st, arkv_keys_meta(keys), ARKV_KEY_LEN, ARKV_KEY_LEN);
	crypto_generichash_update(&st, (const uint8_t *)label, sizeof label - 1);
	crypto_generichash_update(&st, arkv_keys_dig(keys), ARKV_KEY_LEN);
	crypto_generichash_final(&st, keys->mem.p + (size_t)ARKV_KEYS_LOCAL * ARKV_KEY_LEN,
				 ARKV_KEY_LEN);
	sodium_memzero(&st, sizeof st);
}

enum ark_rc arkv_keys_none(struct arkv_keys **out, const struct ark_uid *repo,
			   const struct arkf_chunker *chunker, struct ark_err *err)
{
	enum ark_rc rc = arkf_chunker_check(chunker, "chunker sizes", err);
	if (!rc)
		rc = arkv_crypt_init(err);
	if (rc)
		return rc;
	struct arkv_keys *keys = keys_new(repo, ARK_SUITE_NONE, err);
	if (!keys)
		return ARK_NOMEM;
	for (unsigned i = 0; i < ARKF_RING_KEY_COUNT; i++)
		arkv_key_of_repo(keys->mem.p + (size_t)i * ARKV_KEY_LEN, repo, key_labels[i]);
	arkv_key_of_repo(keys->mem.p + (size_t)ARKV_KEYS_DATA * ARKV_KEY_LEN, repo, "arkv-data");
	local_derive(keys);
	keys->chunker = *chunker;
	keys->can_read = true;
	*out = keys;
	return ARK_OK;
}

enum ark_rc arkv_keys_from_bundle(struct arkv_keys **out, const struct ark_uid *repo,
				  const struct arkv_bundle *bundle, struct ark_err *err)
{
	if (bundle->keys.len != (size_t)ARKF_RING_KEY_COUNT * ARKV_KEY_LEN ||
	    bundle->reader.len != ARKV_KEY_LEN)
		return ark_fail(err, ARK_CORRUPT, "write-only key: its keys are cut off");
	enum ark_rc rc = arkf_chunker_check(&bundle->chunker, "write-only key", err);
	if (!rc)
		rc = arkv_crypt_init(err);
	if (rc)
		return rc;
	struct arkv_keys *keys = keys_new(repo, ARK_SUITE_XCHACHA, err);
	if (!keys)
		return ARK_NOMEM;
	memcpy(keys->mem.p, bundle->keys.p, bundle->keys.len);
	memcpy(keys->reader, bundle->reader.p, sizeof keys->reader);
	local_derive(keys);
	keys->reader_ring = bundle->ring;
	keys->chunker = bundle->chunker;
	*out = keys;
	return ARK_OK;
}

/* Takes over body. */
static enum ark_rc from_body(struct arkv_keys **out, const struct ark_uid *repo,
			     struct ark_secret *body, struct ark_err *err)
{
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *keys = keys_new(repo, ARK_SUITE_XCHACHA, err);
	if (!keys)
		return ARK_NOMEM;
	enum ark_rc rc = arkf_ring_body_decode(&keys->ring, ark_secret_span(body), err);
	if (rc)
		return rc;
	keys->body = *body;
	*body = (struct ark_secret){ .p = NULL };
	memcpy(keys->mem.p, keys->ring.keys.p, keys->ring.keys.len);
	local_derive(keys);
	keys->chunker = keys->ring.chunker;
	keys->can_read = true;
	struct ark_rd rd = ark_rd(keys->ring.pairs);
	struct arkf_ring_pair pair;
	while (arkf_ring_pair_next(&rd, &pair)) { /* the last one is the newest */
		keys->reader_ring = pair.ring;
		memcpy(keys->reader, pair.pub.p, sizeof keys->reader);
	}
	*out = keys;
	keys = NULL;
	return ARK_OK;
}

enum ark_rc arkv_keys_from_ring(struct arkv_keys **out, const struct ark_uid *repo,
				struct ark_span body, struct ark_err *err)
{
	enum ark_rc rc = arkv_crypt_init(err);
	ARK_AUTO(ark_secret_release) struct ark_secret copy = { .p = NULL };
	if (!rc)
		rc = ark_secret_copy(&copy, body, err);
	return rc ? rc : from_body(out, repo, &copy, err);
}

/* A body of parts, whose pairs are encoded already. */
static enum ark_rc body_make(struct ark_secret *out, const struct arkf_ring_body *parts,
			     struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret mem = { .p = NULL };
	if (ark_secret_new(&mem, ARKF_RING_BODY_MAX, err))
		return ARK_NOMEM;
	struct ark_wr wr = ark_wr(mem.p, mem.len);
	arkf_ring_body_encode(&wr, parts);
	if (wr.full)
		return ark_fail(err, ARK_LIMIT, "keyring: more than %d bytes", ARKF_RING_BODY_MAX);
	return ark_secret_copy(out, ark_wr_span(&wr), err);
}

enum { PAIR_LEN_MAX = ARK_VARINT_MAX + 2 * ARKV_KEY_LEN };

/* A fresh pair, written to wr, which is in guarded memory. */
static enum ark_rc pair_generate(struct ark_wr *wr, uint32_t ring, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret secret = { .p = NULL };
	if (ark_secret_new(&secret, ARKV_KEY_LEN, err))
		return ARK_NOMEM;
	uint8_t pub[ARKV_KEY_LEN];
	crypto_box_keypair(pub, secret.p);
	struct arkf_ring_pair pair = { .ring = ring,
				       .pub = ark_span(pub, sizeof pub),
				       .secret = ark_secret_span(&secret) };
	arkf_ring_pair_encode(wr, &pair);
	return ARK_OK;
}

enum ark_rc arkv_keys_generate(struct arkv_keys **out, const struct ark_uid *repo,
			       const struct arkf_chunker *chunker, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret mem = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret body = { .p = NULL };
	const size_t keys_len = (size_t)ARKF_RING_KEY_COUNT * ARKV_KEY_LEN;
	enum ark_rc rc = arkf_chunker_check(chunker, "chunker sizes", err);
	if (!rc)
		rc = arkv_crypt_init(err);
	if (!rc)
		rc = ark_secret_new(&mem, keys_len + PAIR_LEN_MAX, err);
	if (rc)
		return rc;
	randombytes_buf(mem.p, keys_len);
	struct ark_wr pairs = ark_wr(mem.p + keys_len, PAIR_LEN_MAX);
	rc = pair_generate(&pairs, 1, err);
	struct arkf_ring_body parts = { .suite = ARK_SUITE_XCHACHA,
					.keys = ark_span(mem.p, keys_len),
					.chunker = *chunker,
					.pair_count = 1,
					.pairs = ark_wr_span(&pairs) };
	if (!rc)
		rc = body_make(&body, &parts, err);
	return rc ? rc : from_body(out, repo, &body, err);
}

static enum ark_rc read_required(const struct arkv_keys *keys, struct ark_err *err)
{
	if (keys->body.p)
		return ARK_OK;
	return ark_fail(err, ARK_AUTH, "this needs the keyring of an encrypted repository: %s",
			keys->suite == ARK_SUITE_NONE
				? "this one is not encrypted"
				: "this key can write and deduplicate, not read");
}

/* keys with other pairs. */
static enum ark_rc with_pairs(struct arkv_keys **out, const struct arkv_keys *keys,
			      struct ark_span pairs, uint32_t pair_count, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret body = { .p = NULL };
	if (pair_count > ARKF_RING_PAIRS_MAX)
		return ark_fail(err, ARK_LIMIT,
				"keyring: %d reader pairs are the most it can hold: copy the "
				"repository with new keys",
				ARKF_RING_PAIRS_MAX);
	struct arkf_ring_body parts = keys->ring;
	parts.pairs = pairs;
	parts.pair_count = pair_count;
	enum ark_rc rc = body_make(&body, &parts, err);
	return rc ? rc : from_body(out, &keys->repo, &body, err);
}

enum ark_rc arkv_keys_rotate(struct arkv_keys **out, const struct arkv_keys *old,
			     struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret mem = { .p = NULL };
	enum ark_rc rc = read_required(old, err);
	if (!rc)
		rc = ark_secret_new(&mem, old->ring.pairs.len + PAIR_LEN_MAX, err);
	if (rc)
		return rc;
	struct ark_wr pairs = ark_wr(mem.p, mem.len);
	ark_wr_bytes(&pairs, old->ring.pairs);
	rc = pair_generate(&pairs, old->reader_ring + 1, err);
	return rc ? rc : with_pairs(out, old, ark_wr_span(&pairs), old->ring.pair_count + 1, err);
}

static int pair_cmp(const struct arkf_ring_pair *a, const struct arkf_ring_pair *b)
{
	if (a->ring != b->ring)
		return a->ring < b->ring ? -1 : 1;
	return ark_span_cmp(a->pub, b->pub);
}

/* Writes the union of two ascending lists; returns how many pairs it has. */
static uint32_t pairs_merge(struct ark_wr *wr, struct ark_span left, struct ark_span right)
{
	struct ark_rd a_rd = ark_rd(left), b_rd = ark_rd(right);
	struct arkf_ring_pair a, b;
	bool has_a = arkf_ring_pair_next(&a_rd, &a), has_b = arkf_ring_pair_next(&b_rd, &b);
	uint32_t count = 0;
	for (; has_a || has_b; count++) {
		int order = !has_a ? 1 : !has_b ? -1 : pair_cmp(&a, &b);
		arkf_ring_pair_encode(wr, order <= 0 ? &a : &b);
		if (order <= 0)
			has_a = arkf_ring_pair_next(&a_rd, &a);
		if (order >= 0)
			has_b = arkf_ring_pair_next(&b_rd, &b);
	}
	return count;
}

enum ark_rc arkv_keys_merge(struct arkv_keys **out, const struct arkv_keys *keys,
			    struct ark_span body, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret mem = { .p = NULL };
	struct arkf_ring_body other;
	enum ark_rc rc = read_required(keys, err);
	if (!rc)
		rc = arkf_ring_body_decode(&other, body, err);
	if (!rc && (other.suite != keys->ring.suite || !ark_span_eq(other.keys, keys->ring.keys)))
		rc = ark_fail(err, ARK_AUTH,
			      "keyring: another one of this repository has other "
			      "keys");
	if (!rc)
		rc = ark_secret_new(&mem, keys->ring.pairs.len + other.pairs.len, err);
	if (rc)
		return rc;
	struct ark_wr pairs = ark_wr(mem.p, mem.len);
	uint32_t pair_count = pairs_merge(&pairs, keys->ring.pairs, other.pairs);
	return with_pairs(out, keys, ark_wr_span(&pairs), pair_count, err);
}
