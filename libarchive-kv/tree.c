/* tree.c - see tree.h. */
#include "libarchive-kv/tree.h"

/* The sums of one open prefix; its bytes are the first prefix_len of the growth's key. */
struct level {
	size_t prefix_len;
	uint64_t records;
	uint64_t key_bytes;
	uint64_t value_bytes;
};

struct growth {
	const struct arkv_tree_options *options;
	arkv_tree_fn *fn;
	void *ctx;
	struct ark_buf space;
	struct ark_buf key; /* of the record before */
	struct level levels[ARKV_TREE_DEPTH_MAX + 1];
	size_t level_count; /* 0: no record yet */
};

/* Hands out the deepest level, and adds it to the one above. */
static enum ark_rc close_level(struct growth *g, struct ark_err *err)
{
	const struct level *level = &g->levels[--g->level_count];
	const struct arkv_tree_node node = {
		.space = ark_buf_span(&g->space),
		.prefix = ark_span(g->key.wr.p, level->prefix_len),
		.depth = (unsigned)g->level_count,
		.records = level->records,
		.key_bytes = level->key_bytes,
		.value_bytes = level->value_bytes,
	};
	if (g->level_count) {
		struct level *above = &g->levels[g->level_count - 1];
		above->records += level->records;
		above->key_bytes += level->key_bytes;
		above->value_bytes += level->value_bytes;
	}
	return g->fn(g->ctx, &node, err);
}

/* Where the first delimiter at or behind from ends, or 0. */
static size_t delimiter_end(struct ark_span key, struct ark_span delimiter, size_t from)
{
	if (from >= key.len)
		return 0;
	const uint8_t *hit = memmem(key.p + from, key.len - from, delimiter.p, delimiter.len);
	return hit ? (size_t)(hit - key.p) + delimiter.len : 0;
}

/* Closes the levels that key is not below. */
static enum ark_rc close_others(struct growth *g, const struct ark_record *rec, struct ark_err *err)
{
	size_t keep = 0;
	if (g->level_count && ark_span_eq(ark_buf_span(&g->space), rec->space)) {
		size_t common = ark_span_common(ark_buf_span(&g->key), rec->key);
		while (keep < g->level_count && g->levels[keep].prefix_len <= common)
			keep++;
	}
	enum ark_rc rc = ARK_OK;
	while (!rc && g->level_count > keep)
		rc = close_level(g, err);
	return rc;
}

static enum ark_rc open_levels(struct growth *g, const struct ark_record *rec, struct ark_err *err)
{
	if (g->level_count == 0) {
		ark_buf_clear(&g->space);
		ark_wr_bytes(&g->space.wr, rec->space);
		g->levels[g->level_count++] = (struct level){ .prefix_len = 0 };
	}
	ark_buf_clear(&g->key);
	ark_wr_bytes(&g->key.wr, rec->key);
	while (g->level_count <= g->options->depth) {
		size_t end = delimiter_end(rec->key, g->options->delimiter,
					   g->levels[g->level_count - 1].prefix_len);
		if (!end)
			break;
		g->levels[g->level_count++] = (struct level){ .prefix_len = end };
	}
	enum ark_rc rc = ark_buf_check(&g->space, "tree", err);
	return rc ? rc : ark_buf_check(&g->key, "tree", err);
}

static enum ark_rc grow(void *ctx, struct arkv_cursor *cursor, const struct ark_record *rec,
			struct ark_err *err)
{
	(void)cursor;
	struct growth *g = ctx;
	enum ark_rc rc = close_others(g, rec, err);
	if (!rc)
		rc = open_levels(g, rec, err);
	if (rc)
		return rc;
	struct level *deepest = &g->levels[g->level_count - 1];
	deepest->records++;
	deepest->key_bytes += rec->key.len;
	deepest->value_bytes += rec->value_len;
	return ARK_OK;
}

enum ark_rc arkv_tree(struct arkv_archive *archive, const struct arkv_tree_options *options,
		      arkv_tree_fn *fn, void *ctx, const struct arkv_job *job,
		      struct arkv_find_result *result, struct ark_err *err)
{
	if (options->delimiter.len < 1 || options->delimiter.len > ARKV_DELIMITER_MAX ||
	    options->depth < 1 || options->depth > ARKV_TREE_DEPTH_MAX)
		return ark_fail(err, ARK_USAGE,
				"tree: a delimiter has 1 to %d bytes, a depth is 1 to %d",
				(int)ARKV_DELIMITER_MAX, (int)ARKV_TREE_DEPTH_MAX);
	struct growth g = { .options = options, .fn = fn, .ctx = ctx };
	ark_buf_init(&g.space);
	ark_buf_init(&g.key);
	enum ark_rc rc = arkv_find(archive, options->filter, grow, &g, job, result, err);
	while (!rc && g.level_count)
		rc = close_level(&g, err);
	ark_buf_release(&g.space);
	ark_buf_release(&g.key);
	return rc;
}
