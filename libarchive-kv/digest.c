/* digest.c - see digest.h. */
#include "libarchive-kv/digest.h"

#include "libarchive-kv/crypt.h"

static void update(crypto_generichash_state *state, const void *p, size_t len)
{
	if (len)
		(void)crypto_generichash_update(state, p, len);
}

/* What follows the value: key, space, type and the three lengths. */
static void update_rest(crypto_generichash_state *state, const struct ark_record *r)
{
	uint8_t tail[1 + 8 + 4 + 4];
	struct ark_wr wr = ark_wr(tail, sizeof tail);
	ark_wr_u8(&wr, r->type);
	ark_wr_u64(&wr, r->value_len);
	ark_wr_u32(&wr, (uint32_t)r->key.len);
	ark_wr_u32(&wr, (uint32_t)r->space.len);
	update(state, r->key.p, r->key.len);
	update(state, r->space.p, r->space.len);
	update(state, tail, sizeof tail);
}

void arkv_value_hash_begin(struct arkv_value_hash *vh, const uint8_t *k_dig)
{
	(void)crypto_generichash_init(&vh->state, k_dig, ARKV_KEY_LEN, ARKV_DIGEST_LEN);
}

void arkv_value_hash_update(struct arkv_value_hash *vh, struct ark_span bytes)
{
	update(&vh->state, bytes.p, bytes.len);
}

void arkv_value_hash_end(struct arkv_value_hash *vh, const struct ark_record *r,
			 uint8_t h[ARKV_DIGEST_LEN])
{
	update_rest(&vh->state, r);
	(void)crypto_generichash_final(&vh->state, h, ARKV_DIGEST_LEN);
}

void arkv_digester_init(struct arkv_digester *d, const uint8_t *k_dig)
{
	(void)crypto_generichash_init(&d->h, k_dig, ARKV_KEY_LEN, ARKV_DIGEST_LEN);
	(void)crypto_generichash_init(&d->term, k_dig, ARKV_KEY_LEN, 32);
}

void arkv_digest_value(const struct arkv_digester *d, const struct ark_record *r,
		       struct ark_span value, uint8_t h[ARKV_DIGEST_LEN])
{
	crypto_generichash_state state = d->h;
	update(&state, value.p, value.len);
	update_rest(&state, r);
	(void)crypto_generichash_final(&state, h, ARKV_DIGEST_LEN);
}

void arkv_digest_attributes(const struct arkv_digester *d, const struct ark_record *r,
			    uint8_t a[ARKV_DIGEST_LEN])
{
	memset(a, 0, ARKV_DIGEST_LEN);
	if (r->expires_ms == ARK_NO_EXPIRY && r->flags == 0 && r->meta.len == 0)
		return;
	uint8_t head[8 + 4];
	ark_put_le64(head, r->expires_ms);
	ark_put_le32(head + 8, r->flags);
	crypto_generichash_state state = d->h;
	update(&state, head, sizeof head);
	update(&state, r->meta.p, r->meta.len);
	(void)crypto_generichash_final(&state, a, ARKV_DIGEST_LEN);
}

/* sum += term mod 2^256, both little-endian. */
static void add(uint8_t sum[32], const uint8_t term[32])
{
	sodium_add(sum, term, 32);
}

void arkv_digests_add(const struct arkv_digester *d, struct arkf_digests *sums,
		      const struct ark_record *r, const uint8_t h[ARKV_DIGEST_LEN])
{
	bool expiring = r->expires_ms != ARK_NO_EXPIRY;
	uint8_t term[32];
	crypto_generichash_state state = d->term;
	update(&state, h, ARKV_DIGEST_LEN);
	(void)crypto_generichash_final(&state, term, sizeof term);
	add(expiring ? sums->content_expiring : sums->content, term);

	static const uint8_t none[ARKV_DIGEST_LEN];
	uint8_t a[ARKV_DIGEST_LEN];
	arkv_digest_attributes(d, r, a);
	if (memcmp(a, none, sizeof a) != 0) {
		state = d->term;
		update(&state, h, ARKV_DIGEST_LEN);
		update(&state, a, sizeof a);
		(void)crypto_generichash_final(&state, term, sizeof term);
	}
	add(expiring ? sums->full_expiring : sums->full, term);
}

void arkv_digests_merge(struct arkf_digests *sums, const struct arkf_digests *part)
{
	add(sums->content, part->content);
	add(sums->content_expiring, part->content_expiring);
	add(sums->full, part->full);
	add(sums->full_expiring, part->full_expiring);
}

bool arkv_digests_equal(const struct arkf_digests *a, const struct arkf_digests *b)
{
	return !memcmp(a->content, b->content, 32) &&
	       !memcmp(a->content_expiring, b->content_expiring, 32) &&
	       !memcmp(a->full, b->full, 32) && !memcmp(a->full_expiring, b->full_expiring, 32);
}
