/* state_keys.c - the key pages of a state, in columns. See state.h. */
#include "format/state.h"

/* ---- encoding ---- */

static struct arkf_key key_at(const void *ctx, size_t i)
{
	const struct arkf_state_key *keys = ctx;
	return keys[i].key;
}

static unsigned flags_of(const struct arkf_state_key *key)
{
	if (key->deleted)
		return ARKF_STATE_DELETED;
	unsigned flags = (unsigned)key->form << ARKF_STATE_FORM_SHIFT;
	if (key->attr_n > key->value_n)
		flags |= ARKF_STATE_TOUCHED;
	if (key->expires_ms != ARK_NO_EXPIRY)
		flags |= ARKF_STATE_EXPIRY;
	if (key->has_attr_digest)
		flags |= ARKF_STATE_ATTR_DIGEST;
	return flags;
}

/* One column: its length, counted in a first pass, then its bytes in a second. */
typedef void put_fn(struct ark_wr *wr, const struct arkf_state_key *key, uint64_t *last);

static void put_numbers(struct ark_wr *wr, const struct arkf_state_key *key, uint64_t *n)
{
	ark_wr_varint(wr, *n - key->value_n);
	if (flags_of(key) & ARKF_STATE_TOUCHED)
		ark_wr_varint(wr, key->attr_n - key->value_n);
}

static void put_len(struct ark_wr *wr, const struct arkf_state_key *key, uint64_t *unused)
{
	(void)unused;
	if (!key->deleted)
		ark_wr_varint(wr, key->value_len);
}

static void put_expiry(struct ark_wr *wr, const struct arkf_state_key *key, uint64_t *last)
{
	if (!(flags_of(key) & ARKF_STATE_EXPIRY))
		return;
	ark_wr_varint(wr, ark_zigzag((int64_t)(key->expires_ms - *last)));
	*last = key->expires_ms;
}

static void put_refs(struct ark_wr *wr, const struct arkf_state_key *key, uint64_t *unused)
{
	(void)unused;
	if (!key->deleted && key->form != ARKF_INLINE)
		ark_wr_bytes(wr, key->refs);
}

static void put_digest(struct ark_wr *wr, const struct arkf_state_key *key, uint64_t *unused)
{
	(void)unused;
	if (!key->deleted)
		ark_wr_bytes(wr, ark_span(key->digest, sizeof key->digest));
}

static void put_attr_digest(struct ark_wr *wr, const struct arkf_state_key *key, uint64_t *unused)
{
	(void)unused;
	if (flags_of(key) & ARKF_STATE_ATTR_DIGEST)
		ark_wr_bytes(wr, ark_span(key->attr_digest, sizeof key->attr_digest));
}

struct page {
	const struct arkf_state_key *keys;
	size_t count;
};

static void encode_column(struct ark_wr *wr, struct page page, put_fn *put, uint64_t seed)
{
	uint8_t mem[ARKF_REFS_LEN_MAX];
	size_t len = 0;
	uint64_t last = seed;
	for (size_t i = 0; i < page.count; i++) {
		struct ark_wr one = ark_wr(mem, sizeof mem);
		put(&one, &page.keys[i], &last);
		len += one.len;
	}
	ark_wr_varint(wr, len);
	last = seed;
	for (size_t i = 0; i < page.count; i++)
		put(wr, &page.keys[i], &last);
}

void arkf_state_keys_encode(struct ark_wr *wr, const struct arkf_state_key *keys, size_t count,
			    uint64_t n)
{
	struct page page = { .keys = keys, .count = count };
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_u8(wr, ARKF_STATE_KEYS);
	ark_wr_varint(wr, count);
	arkf_keylist_encode(wr, key_at, keys, count);
	for (size_t i = 0; i < count; i++)
		ark_wr_u8(wr, (uint8_t)flags_of(&keys[i]));
	encode_column(wr, page, put_numbers, n);
	encode_column(wr, page, put_len, 0);
	encode_column(wr, page, put_expiry, 0);
	encode_column(wr, page, put_refs, 0);
	encode_column(wr, page, put_digest, 0);
	encode_column(wr, page, put_attr_digest, 0);
	arkf_ext_encode_none(wr);
}

/* ---- decoding ---- */

static enum ark_rc corrupt(const char *field, struct ark_err *err)
{
	return ark_fail(err, ARK_CORRUPT, "state: %s: cut off or out of range", field);
}

static struct ark_rd column(struct ark_rd *rd)
{
	return ark_rd_sub(rd, ark_rd_varint(rd));
}

enum ark_rc arkf_state_keys_decode(struct arkf_state_keys_rd *it, struct ark_span raw, uint64_t n,
				   struct ark_err *err)
{
	enum arkf_state_page kind;
	enum ark_rc rc = arkf_state_page_kind(&kind, raw, err);
	if (rc)
		return rc;
	struct ark_rd rd = ark_rd(raw);
	ark_rd_bytes(&rd, 2);
	it->count = ark_rd_varint(&rd);
	/* a flag, a number, and two columns of the key list for each */
	if (kind != ARKF_STATE_KEYS || it->count < 1 || it->count > ARKF_STATE_PAGE_KEYS_MAX ||
	    !ark_rd_fits(&rd, it->count, 4))
		return corrupt("kind of page, or count of keys", err);
	rc = arkf_keylist_decode(&it->keys, &rd, it->count, "state", err);
	if (rc)
		return rc;
	it->flags = ark_rd_sub(&rd, it->count);
	it->numbers = column(&rd);
	it->lens = column(&rd);
	it->expiries = column(&rd);
	it->refs = column(&rd);
	it->digests = column(&rd);
	it->attrs = column(&rd);
	it->last_expiry = 0;
	it->n = n;
	if (rd.bad)
		return corrupt("columns", err);
	rc = arkf_ext_decode(&rd, "state", err);
	return rc ? rc : arkf_end(&rd, "state", err);
}

static enum ark_rc page_end(const struct arkf_state_keys_rd *it, struct ark_err *err)
{
	const struct ark_rd *columns[] = { &it->numbers, &it->lens,    &it->expiries,
					   &it->refs,	 &it->digests, &it->attrs };
	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
		if (!ark_rd_done(columns[i]))
			return corrupt("columns", err);
	return ARK_NOTFOUND;
}

static bool next_numbers(struct arkf_state_keys_rd *it, unsigned flags, struct arkf_state_key *key)
{
	uint64_t age = ark_rd_varint(&it->numbers);
	uint64_t touched = flags & ARKF_STATE_TOUCHED ? ark_rd_varint(&it->numbers) : 0;
	if (it->numbers.bad || age >= it->n || touched > age ||
	    ((flags & ARKF_STATE_TOUCHED) && !touched))
		return false;
	key->value_n = it->n - age;
	key->attr_n = key->value_n + touched;
	return true;
}

static bool next_expiry(struct arkf_state_keys_rd *it, struct arkf_state_key *key)
{
	int64_t step = ark_unzigzag(ark_rd_varint(&it->expiries));
	key->expires_ms = it->last_expiry + (uint64_t)step;
	it->last_expiry = key->expires_ms;
	return !it->expiries.bad && key->expires_ms != ARK_NO_EXPIRY;
}

static bool next_value(struct arkf_state_keys_rd *it, struct arkf_state_key *key)
{
	key->value_len = ark_rd_varint(&it->lens);
	ark_rd_copy(&it->digests, key->digest, sizeof key->digest);
	if (it->lens.bad || it->digests.bad || key->value_len > ARK_VALUE_MAX)
		return false;
	if (key->form == ARKF_INLINE)
		return true;
	struct arkf_refs refs;
	key->refs = arkf_refs_take(&it->refs, key->form);
	return arkf_refs_decode(&refs, key->refs, key->form, key->value_len, NULL) == ARK_OK;
}

enum ark_rc arkf_state_keys_next(struct arkf_state_keys_rd *it, struct arkf_state_key *out,
				 struct ark_err *err)
{
	struct arkf_state_key key = { .expires_ms = ARK_NO_EXPIRY };
	enum ark_rc rc = arkf_keylist_next(&it->keys, &key.key, err);
	if (rc)
		return rc == ARK_NOTFOUND ? page_end(it, err) : rc;
	unsigned flags = ark_rd_u8(&it->flags);
	key.form = (enum arkf_form)((flags & ARKF_STATE_FORM) >> ARKF_STATE_FORM_SHIFT);
	key.deleted = flags & ARKF_STATE_DELETED;
	key.has_attr_digest = flags & ARKF_STATE_ATTR_DIGEST;
	if ((flags & ARKF_STATE_RESERVED) || key.form > ARKF_RECIPE)
		return ark_fail(err, ARK_UNSUPPORTED, "state: key flags 0x%02x: use a newer arkv",
				flags);
	if ((key.deleted && flags != ARKF_STATE_DELETED) || !next_numbers(it, flags, &key))
		return corrupt("flags and numbers", err);
	if ((flags & ARKF_STATE_EXPIRY) && !next_expiry(it, &key))
		return corrupt("expiries", err);
	if (!key.deleted && !next_value(it, &key))
		return corrupt("a value's length, digest or references", err);
	if (key.has_attr_digest)
		ark_rd_copy(&it->attrs, key.attr_digest, sizeof key.attr_digest);
	if (it->attrs.bad)
		return corrupt("attribute digests", err);
	*out = key;
	return ARK_OK;
}
