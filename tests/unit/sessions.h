/*
 * sessions.h - what the tests of dedup share: a repository on disk with its cache folder, and
 * sessions that store made-up frames and no packs. Frame n has an id, a length and a place that
 * follow from n.
 */
#pragma once

#include "libarchive-kv/cachedir.h"
#include "libarchive-kv/dedup.h"
#include "libarchive-kv/keyset.h"
#include "libarchive-kv/store_count.h"
#include "tests/store/scratch.h"

static const struct ark_uid repo = { .b = "0123456789abcde" };

struct fix {
	struct scratch *scratch;
	struct arkv_store *store; /* counted */
	struct arkv_counter *counter;
	struct arkv_keys *keys;
	char *cache;
	char staging[160];
	uint8_t sessions; /* how many were opened */
};

static inline int setup(void **state)
{
	struct fix *f = calloc(1, sizeof *f);
	struct arkf_chunker sizes = arkf_chunker_default();
	void *scratch = NULL;
	struct ark_err err;
	if (!f || scratch_setup(&scratch))
		return -1;
	f->scratch = scratch;
	if (arkv_store_count(&f->scratch->store, &f->counter, &err) ||
	    arkv_keys_generate(&f->keys, &repo, &sizes, &err) ||
	    arkv_cachedir_make(&f->cache, f->scratch->path, &repo, "x", &err))
		return -1;
	f->store = f->scratch->store;
	snprintf(f->staging, sizeof f->staging, "%s/staging", f->cache);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fix *f = *state;
	void *scratch = f->scratch;
	arkv_keys_freep(&f->keys);
	free(f->cache);
	free(f);
	return scratch_teardown(&scratch);
}

/* ---- sessions ---- */

static inline struct ark_uid uid_of(uint8_t n)
{
	return (struct ark_uid){ .b = { 0xaa, n } };
}

static inline struct ark_id id_of(uint64_t n)
{
	struct ark_id id;
	uint8_t bytes[8];
	ark_put_le64(bytes, n);
	arkv_hash(id.b, ark_span(bytes, sizeof bytes));
	return id;
}

/* lineage 0: scope repo, else only of that lineage. */
static inline struct arkv_dedup *session_open(struct fix *f, uint8_t lineage,
					      uint64_t expect_skipped)
{
	struct arkv_dedup *d = NULL;
	struct ark_err err;
	uint64_t skipped = UINT64_MAX;
	const struct arkv_dedup_options options = {
		.cache_dir = f->cache,
		.staging_dir = f->staging,
		.session = uid_of(++f->sessions),
		.lineage = uid_of(lineage),
		.scope = lineage ? ARKV_DEDUP_OWN : ARKV_DEDUP_REPO,
	};
	assert_ok(arkv_dedup_open(&d, f->store, f->keys, &options, &skipped, &err), err);
	assert_int_equal(skipped, expect_skipped);
	return d;
}

static inline struct arkf_datakey datakey_of(uint8_t n)
{
	return (struct arkf_datakey){
		.id = uid_of(n), .ring = 1, .has_sealed = true, .sealed = { n, 1, 2 }
	};
}

static inline struct arkf_footer_entry entry_of(uint64_t n)
{
	return (struct arkf_footer_entry){ .id = id_of(n),
					   .type = ARKF_FRAME_CHUNK,
					   .clen = (uint32_t)(100 + n % 1000),
					   .raw_len = (uint32_t)(200 + n % 1000) };
}

static inline enum ark_rc claim(struct arkv_dedup *d, uint64_t n, struct arkv_where *where)
{
	struct ark_id id = id_of(n);
	return arkv_dedup_claim(d, &id, where, NULL);
}

static inline enum ark_rc find(struct arkv_dedup *d, uint64_t n, struct arkv_where *where)
{
	struct ark_id id = id_of(n);
	return arkv_dedup_find(d, &id, where, NULL);
}

/* A pack that a test fills. */
struct filling {
	uint32_t no;
	uint32_t offset;
	struct arkf_datakey key;
};

static inline struct filling pack_begin(struct fix *f, struct arkv_dedup *d)
{
	struct ark_err err;
	struct filling p = { .key = datakey_of(f->sessions) };
	p.offset = ARKF_HEADER_LEN + 2 + arkf_datakey_len(&p.key);
	assert_ok(arkv_dedup_pack_begin(d, &p.no, &err), err);
	return p;
}

static inline void place(struct arkv_dedup *d, struct filling *p, uint64_t n)
{
	struct ark_err err;
	struct arkf_footer_entry entry = entry_of(n);
	assert_ok(arkv_dedup_place(d, p->no, &entry, p->offset, &err), err);
	p->offset += ARKF_FRAME_EXTRA + entry.clen;
}

static inline struct ark_id pack_name(const struct fix *f, uint32_t no)
{
	return id_of(UINT64_C(1) << 40 | (uint64_t)f->sessions << 32 | no);
}

static inline void pack_end(struct fix *f, struct arkv_dedup *d, struct filling *p)
{
	struct ark_err err;
	struct ark_id name = pack_name(f, p->no);
	assert_ok(arkv_dedup_pack_end(d, p->no, &name, p->offset + 1000, &p->key, 1, &err), err);
}

/* Claims and places [from, to) in packs of per_pack frames. */
static inline void fill(struct fix *f, struct arkv_dedup *d, uint64_t from, uint64_t to,
			uint64_t per_pack)
{
	struct arkv_where where;
	while (from < to) {
		struct filling p = pack_begin(f, d);
		for (uint64_t end = from + per_pack; from < to && from < end; from++) {
			assert_int_equal(claim(d, from, &where), ARK_NOTFOUND);
			place(d, &p, from);
		}
		pack_end(f, d, &p);
	}
}

static inline void commit(struct arkv_dedup *d)
{
	struct ark_err err;
	assert_ok(arkv_dedup_store_fragments(d, &err), err);
	assert_ok(arkv_dedup_keep(d, &err), err);
}

/* A whole session that stores [from, to). */
static inline void session(struct fix *f, uint8_t lineage, uint64_t from, uint64_t to)
{
	struct arkv_dedup *d = session_open(f, lineage, 0);
	fill(f, d, from, to, 100);
	commit(d);
	arkv_dedup_freep(&d);
}

static inline uint64_t found_of(struct arkv_dedup *d, uint64_t from, uint64_t to)
{
	struct arkv_where where;
	uint64_t found = 0;
	for (; from < to; from++)
		found += find(d, from, &where) == ARK_OK;
	return found;
}
