/* keylist.c - see keylist.h. */
#include "format/keylist.h"

static size_t group_len(arkf_key_at_fn *at, const void *ctx, size_t first, size_t n)
{
	struct ark_span space = at(ctx, first).space;
	size_t end = first + 1;
	while (end < n && ark_span_eq(at(ctx, end).space, space))
		end++;
	return end - first;
}

static void encode_groups(struct ark_wr *wr, arkf_key_at_fn *at, const void *ctx, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i += group_len(at, ctx, i, n))
		count++;
	ark_wr_varint(wr, count);
	for (size_t i = 0, len; i < n; i += len) {
		len = group_len(at, ctx, i, n);
		ark_wr_lenbytes(wr, at(ctx, i).space);
		ark_wr_varint(wr, len);
	}
}

/* The three columns need their lengths first: one pass measures, a second writes. */
struct columns {
	size_t shared;
	size_t suffix_lens;
	size_t suffixes;
};

static size_t shared_len(const struct arkf_key *prev, const struct arkf_key *key)
{
	if (!prev->key.p || !ark_span_eq(prev->space, key->space))
		return 0;
	return ark_span_common(prev->key, key->key);
}

static struct columns measure(arkf_key_at_fn *at, const void *ctx, size_t n)
{
	struct columns c = { 0 };
	struct arkf_key prev = { .key = { NULL, 0 } };
	for (size_t i = 0; i < n; i++) {
		struct arkf_key key = at(ctx, i);
		size_t shared = shared_len(&prev, &key);
		c.shared += ark_varint_len(shared);
		c.suffix_lens += ark_varint_len(key.key.len - shared);
		c.suffixes += key.key.len - shared;
		prev = key;
	}
	return c;
}

static void encode_columns(struct ark_wr *wr, arkf_key_at_fn *at, const void *ctx, size_t n)
{
	struct columns c = measure(at, ctx, n);
	ark_wr_varint(wr, c.shared);
	size_t shared_off = wr->len;
	ark_wr_room(wr, c.shared);
	ark_wr_varint(wr, c.suffix_lens);
	size_t lens_off = wr->len;
	ark_wr_room(wr, c.suffix_lens);
	ark_wr_varint(wr, c.suffixes);
	size_t suffixes_off = wr->len;
	ark_wr_room(wr, c.suffixes);
	if (wr->full)
		return;
	/* the memory may have moved while it grew: take the addresses now */
	struct ark_wr shared_wr = ark_wr(wr->p + shared_off, c.shared);
	struct ark_wr lens_wr = ark_wr(wr->p + lens_off, c.suffix_lens);
	struct ark_wr suffix_wr = ark_wr(wr->p + suffixes_off, c.suffixes);
	struct arkf_key prev = { .key = { NULL, 0 } };
	for (size_t i = 0; i < n; i++) {
		struct arkf_key key = at(ctx, i);
		size_t shared = shared_len(&prev, &key);
		ark_wr_varint(&shared_wr, shared);
		ark_wr_varint(&lens_wr, key.key.len - shared);
		size_t len = key.key.len - shared;
		ark_wr_bytes(&suffix_wr,
			     len ? ark_span(key.key.p + shared, len) : ark_span(NULL, 0));
		prev = key;
	}
}

void arkf_keylist_encode(struct ark_wr *wr, arkf_key_at_fn *at, const void *ctx, size_t n)
{
	encode_groups(wr, at, ctx, n);
	encode_columns(wr, at, ctx, n);
}

/* Steps over the groups, checking them, so that the columns behind them can be found. */
static enum ark_rc check_groups(struct arkf_keylist_rd *it, struct ark_rd *rd, uint64_t n,
				const char *what, struct ark_err *err)
{
	uint64_t groups = ark_rd_varint(rd);
	if (!ark_rd_fits(rd, groups, 2) || groups > n || (groups == 0 && n > 0))
		return ark_fail(err, ARK_CORRUPT, "%s: bad count of key groups", what);
	const uint8_t *start = rd->p;
	uint64_t sum = 0;
	for (uint64_t i = 0; i < groups && !rd->bad; i++) {
		ark_rd_lenbytes(rd, ARK_SPACE_MAX);
		uint64_t keys = ark_rd_varint(rd);
		if (keys == 0 || keys > n - sum)
			ark_rd_fail(rd);
		sum += keys;
	}
	if (rd->bad || sum != n)
		return ark_fail(err, ARK_CORRUPT, "%s: key groups do not add up", what);
	it->groups = ark_rd(ark_span(start, (size_t)(rd->p - start)));
	it->groups_left = groups;
	return ARK_OK;
}

enum ark_rc arkf_keylist_decode(struct arkf_keylist_rd *it, struct ark_rd *rd, uint64_t n,
				const char *what, struct ark_err *err)
{
	enum ark_rc rc = check_groups(it, rd, n, what, err);
	if (rc)
		return rc;
	it->shared = ark_rd_sub(rd, ark_rd_varint(rd));
	it->suffix_lens = ark_rd_sub(rd, ark_rd_varint(rd));
	it->suffixes = ark_rd_sub(rd, ark_rd_varint(rd));
	if (rd->bad)
		return ark_fail(err, ARK_CORRUPT, "%s: a key column is cut off", what);
	it->space = ark_span(NULL, 0);
	it->group_keys_left = 0;
	it->keys_left = n;
	it->key_len = 0;
	it->any_space = false;
	return ARK_OK;
}

static bool group_next(struct arkf_keylist_rd *it)
{
	struct ark_span space = ark_rd_lenbytes(&it->groups, ARK_SPACE_MAX);
	bool ascending = !it->any_space || ark_span_cmp(it->space, space) < 0;
	it->space = space;
	it->any_space = true;
	it->groups_left--;
	it->group_keys_left = ark_rd_varint(&it->groups);
	it->group_first = true;
	it->key_len = 0;
	return ascending && !it->groups.bad;
}

static enum ark_rc list_end(const struct arkf_keylist_rd *it, struct ark_err *err)
{
	if (it->groups_left || !ark_rd_done(&it->shared) || !ark_rd_done(&it->suffix_lens) ||
	    !ark_rd_done(&it->suffixes))
		return ark_fail(err, ARK_CORRUPT, "key list: bytes are left over");
	return ARK_NOTFOUND;
}

enum ark_rc arkf_keylist_next(struct arkf_keylist_rd *it, struct arkf_key *out, struct ark_err *err)
{
	if (it->keys_left == 0)
		return list_end(it, err);
	if (it->group_keys_left == 0 && !group_next(it))
		return ark_fail(err, ARK_CORRUPT, "key list: spaces are not in order");
	uint64_t shared = ark_rd_varint(&it->shared);
	uint64_t rest = ark_rd_varint(&it->suffix_lens);
	struct ark_span suffix = ark_rd_bytes(&it->suffixes, rest);
	if (it->shared.bad || it->suffix_lens.bad || it->suffixes.bad || shared > it->key_len ||
	    rest > ARK_KEY_MAX - shared)
		return ark_fail(err, ARK_CORRUPT, "key list: a key is cut off or too long");
	/* ascending, and the shared part as long as can be: one comparison of bytes says both */
	bool after = it->group_first ||
		     (suffix.len && (shared == it->key_len || it->key[shared] < suffix.p[0]));
	if (!after)
		return ark_fail(err, ARK_CORRUPT, "key list: keys are not in order");
	if (suffix.len)
		memcpy(it->key + shared, suffix.p, suffix.len);
	it->key_len = (size_t)shared + suffix.len;
	it->group_first = false;
	it->group_keys_left--;
	it->keys_left--;
	*out = (struct arkf_key){ .space = it->space, .key = ark_span(it->key, it->key_len) };
	return ARK_OK;
}
