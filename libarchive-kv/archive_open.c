/* archive_open.c - a whole manifest into memory. See archive.h. */
#include "libarchive-kv/archive.h"
#include "libarchive-kv/codec.h"
#include "libarchive-kv/pages.h"

#include <stdlib.h>

/* What opening needs besides the archive in the making. */
struct opening {
	struct arkv_archive *a;
	struct arkv_keys *keys;
	struct arkv_codec *codec;
	struct arkf_manifest outer;
	struct arkf_manifest_parts parts;
};

static enum ark_rc no_room(struct ark_err *err)
{
	return ark_fail(err, ARK_NOMEM, "out of memory");
}

/* After what has come into the arena, and before need bytes more. */
static enum ark_rc check_memory(const struct arkv_archive *a, size_t need, struct ark_err *err)
{
	if (need <= ARKV_ARCHIVE_MEMORY_MAX && a->arena.bytes <= ARKV_ARCHIVE_MEMORY_MAX - need)
		return ARK_OK;
	return ark_fail(err, ARK_LIMIT, "it would take more than %zu MiB of memory",
			ARKV_ARCHIVE_MEMORY_MAX >> 20);
}

static struct ark_span uid_span(const struct ark_uid *uid)
{
	return ark_span(uid->b, sizeof uid->b);
}

/* Opens a part under K_meta and unpacks its body into raw. */
static enum ark_rc open_part(struct opening *o, struct ark_buf *raw, struct ark_span box,
			     enum arkv_box_type type, const char *part, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf body;
	ark_buf_init(&body);
	enum ark_rc rc = arkv_open_meta(&body, o->keys, type, uid_span(&o->a->uid), box, err);
	if (!rc)
		rc = arkv_body_unpack(o->codec, ark_buf_span(&body), ARKF_MANIFEST_BODY_MAX, raw,
				      err);
	return rc ? ark_err_prefix(err, "%s", part) : ARK_OK;
}

static enum ark_rc check_outside(struct opening *o, struct ark_err *err)
{
	struct ark_span bytes = ark_buf_span(&o->a->bytes);
	if (bytes.len > ARKF_MANIFEST_LEN_MAX)
		return ark_fail(err, ARK_LIMIT, "is %zu bytes long", bytes.len);
	enum ark_rc rc = arkf_manifest_decode(&o->outer, bytes, err);
	if (!rc)
		rc = arkf_manifest_split(&o->parts, &o->outer, bytes, err);
	if (rc)
		return rc;
	if (!ark_uid_eq(&o->outer.uid, &o->a->uid))
		return ark_fail(err, ARK_CORRUPT, "is the manifest of archive %s",
				ark_uid_hex(&o->outer.uid).s);
	if (o->outer.suite != arkv_keys_suite(o->keys))
		return ark_fail(err, ARK_AUTH, "is of cipher suite %d, the repository is of %d",
				(int)o->outer.suite, (int)arkv_keys_suite(o->keys));
	uint8_t checksum[ARKF_MANIFEST_CHECKSUM_LEN];
	arkv_hash_keyed(checksum, arkv_keys_auth(o->keys), o->parts.checked);
	if (!arkv_bytes_equal(checksum, o->parts.checksum, sizeof checksum))
		return ark_fail(err, ARK_CORRUPT, "its checksum does not match: damaged or forged");
	memcpy(o->a->checksum, checksum, sizeof checksum);
	o->a->bounds_datakey = o->outer.datakey;
	return ARK_OK;
}

static enum ark_rc open_head(struct opening *o, struct ark_err *err)
{
	struct arkv_archive *a = o->a;
	enum ark_rc rc = open_part(o, &a->head_raw, o->parts.head, ARKV_BOX_HEAD, "head", err);
	if (!rc)
		rc = arkf_head_decode(&a->head, ark_buf_span(&a->head_raw), err);
	if (rc)
		return rc;
	uint8_t hash[sizeof a->head.body_hash];
	arkv_hash_keyed(hash, arkv_keys_auth(o->keys), o->parts.hashed);
	if (!arkv_bytes_equal(hash, a->head.body_hash, sizeof hash))
		return ark_fail(err, ARK_CORRUPT, "its body is not the one its head names");
	return ARK_OK;
}

static enum ark_rc open_table(struct opening *o, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&raw);
	struct arkv_archive *a = o->a;
	struct arkf_table_rd it;
	enum ark_rc rc = open_part(o, &raw, o->parts.table, ARKV_BOX_TABLE, "run table", err);
	if (!rc)
		rc = arkf_table_decode(&it, ark_buf_span(&raw), err);
	if (rc)
		return rc;
	a->runs = arkv_arena_room(&a->arena, (size_t)it.count * sizeof *a->runs);
	if (!a->runs)
		return no_room(err);
	struct arkv_archive_run run = { 0 };
	while (!(rc = arkf_table_next(&it, &run.table, err)))
		a->runs[a->run_count++] = run;
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc split_roots(struct opening *o, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(o->parts.roots);
	for (size_t i = 0; i < o->a->run_count; i++) {
		struct arkf_manifest_root root;
		arkf_manifest_root_decode(&rd, &root);
		if (rd.bad)
			break;
		o->a->runs[i].uid = root.run_uid;
		o->a->runs[i].datakey = root.datakey;
		o->a->runs[i].root_box = root.box;
	}
	if (!ark_rd_done(&rd))
		return ark_fail(err, ARK_CORRUPT, "its roots are not those of its runs");
	return ARK_OK;
}

static enum ark_rc load_segment(struct opening *o, struct arkf_stacks_rd *it,
				struct arkv_archive_segment *segment, struct ark_err *err)
{
	size_t len = segment->info.depth * sizeof(struct arkf_stack_slice);
	enum ark_rc rc = check_memory(o->a, len, err);
	if (rc)
		return rc;
	struct arkf_stack_slice *slices = arkv_arena_room(&o->a->arena, len);
	if (!slices)
		return no_room(err);
	segment->slices = slices;
	size_t count = 0;
	struct arkf_stack_slice slice;
	while (!(rc = arkf_stacks_slice_next(it, o->a->run_count, &slice, err)))
		slices[count++] = slice;
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc open_stacks(struct opening *o, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&raw);
	struct arkv_archive *a = o->a;
	struct arkf_stacks_rd it;
	enum ark_rc rc = open_part(o, &raw, o->parts.stacks, ARKV_BOX_STACKS, "stacks", err);
	if (!rc)
		rc = arkf_stacks_decode(&it, ark_buf_span(&raw), err);
	if (rc)
		return rc;
	a->segments = arkv_arena_room(&a->arena, (size_t)it.segment_count * sizeof *a->segments);
	if (!a->segments)
		return no_room(err);
	struct arkv_archive_segment segment = { 0 };
	while (!rc && !(rc = arkf_stacks_segment_next(&it, &segment.info, err))) {
		rc = load_segment(o, &it, &segment, err);
		a->segments[a->segment_count++] = segment;
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc load_bounds(struct arkv_archive *a, struct ark_span raw, struct ark_err *err)
{
	struct arkf_keylist_rd *it = malloc(sizeof *it); /* 64 KiB */
	if (!it)
		return no_room(err);
	uint64_t count = 0;
	enum ark_rc rc = arkf_bounds_decode(it, &count, raw, err);
	if (!rc && count + 1 != a->segment_count)
		rc = ark_fail(err, ARK_CORRUPT, "%llu bounds for %zu segments",
			      (unsigned long long)count, a->segment_count);
	struct arkf_key key;
	size_t no = 1;
	while (!rc && !(rc = arkf_keylist_next(it, &key, err))) {
		rc = check_memory(a, key.space.len + key.key.len, err);
		if (!rc)
			rc = arkv_arena_copy_key(&a->arena, &key, &a->segments[no++].begin, err);
	}
	free(it);
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc open_bounds(struct opening *o, struct ark_err *err)
{
	if (!arkv_keys_can_read(o->keys))
		return ARK_OK;
	ARK_AUTO(ark_buf_release) struct ark_buf body;
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&body);
	ark_buf_init(&raw);
	enum ark_rc rc = arkv_open_dk(&body, o->keys, &o->a->bounds_datakey, ARKV_BOX_BOUNDS,
				      uid_span(&o->a->uid), o->parts.bounds, err);
	if (!rc)
		rc = arkv_body_unpack(o->codec, ark_buf_span(&body), ARKF_STACKS_BODY_MAX, &raw,
				      err);
	if (!rc)
		rc = load_bounds(o->a, ark_buf_span(&raw), err);
	if (rc)
		return ark_err_prefix(err, "bounds");
	o->a->bounds_known = true;
	return ARK_OK;
}

static enum ark_rc open_parts(struct opening *o, struct ark_err *err)
{
	enum ark_rc rc = arkv_codec_new(&o->codec, 1, err);
	if (!rc)
		rc = check_outside(o, err);
	if (!rc)
		rc = open_head(o, err);
	if (!rc)
		rc = open_table(o, err);
	if (!rc)
		rc = split_roots(o, err);
	if (!rc)
		rc = open_stacks(o, err);
	if (!rc)
		rc = open_bounds(o, err);
	arkv_codec_freep(&o->codec);
	return rc;
}

/* Where a manifest comes from. */
typedef enum ark_rc get_fn(struct arkv_archive *a, struct ark_err *err);

static enum ark_rc get_stored(struct arkv_archive *a, struct ark_err *err)
{
	struct arkv_object_name name = arkv_archive_name(&a->uid);
	enum ark_rc rc =
		arkv_store_get(arkv_repo_store(a->repo), name.s, 0, ARKV_TO_END, &a->bytes, err);
	if (rc == ARK_NOTFOUND)
		return ark_fail(err, rc, "there is no such archive; see arkv archives");
	return rc;
}

static enum ark_rc get_cached(struct arkv_archive *a, struct ark_err *err)
{
	struct arkv_pages *pages = arkv_repo_pages(a->repo);
	if (!pages)
		return no_room(err);
	if (arkv_repo_store(a->repo)->caps & ARKV_STORE_LOCAL)
		return ark_fail(err, ARK_NOTFOUND, "the store is as near as the cache");
	return arkv_pages_manifest(pages, &a->uid, &a->bytes, err);
}

static enum ark_rc open_from(struct arkv_archive **out, struct arkv_repo *repo,
			     const struct ark_uid *uid, get_fn *get, struct ark_err *err)
{
	struct arkv_archive *a = calloc(1, sizeof *a);
	if (!a)
		return no_room(err);
	a->repo = repo;
	a->uid = *uid;
	ark_buf_init(&a->bytes);
	ark_buf_init(&a->head_raw);
	struct opening o = { .a = a, .keys = arkv_repo_keys(repo) };
	enum ark_rc rc = get(a, err);
	if (!rc)
		rc = open_parts(&o, err);
	if (rc) {
		arkv_archive_freep(&a);
		return ark_err_prefix(err, "archive %.8s", ark_uid_hex(uid).s);
	}
	*out = a;
	return ARK_OK;
}

enum ark_rc arkv_archive_open_stored(struct arkv_archive **out, struct arkv_repo *repo,
				     const struct ark_uid *uid, struct ark_err *err)
{
	return open_from(out, repo, uid, get_stored, err);
}

/* Leaves the manifest with the cache. */
static void keep(const struct arkv_archive *a)
{
	struct arkv_pages *pages = arkv_repo_pages(a->repo);
	const struct ark_id *brought = NULL;
	for (size_t i = 0; i < a->run_count; i++)
		if (ark_uid_eq(&a->runs[i].table.archive, &a->uid))
			brought = &a->runs[i].table.name;
	if (pages)
		arkv_pages_keep_manifest(pages, &a->uid, brought, ark_buf_span(&a->bytes));
}

enum ark_rc arkv_archive_open(struct arkv_archive **out, struct arkv_repo *repo,
			      const struct ark_uid *uid, struct ark_err *err)
{
	ARK_AUTO(arkv_archive_freep) struct arkv_archive *a = NULL;
	enum ark_rc rc = open_from(&a, repo, uid, get_cached, NULL);
	if (rc) { /* not there, or not sound */
		rc = open_from(&a, repo, uid, get_stored, err);
		if (rc)
			return rc;
		keep(a);
	}
	*out = a;
	a = NULL;
	return ARK_OK;
}

void arkv_archive_freep(struct arkv_archive **archive)
{
	struct arkv_archive *a = *archive;
	if (!a)
		return;
	for (size_t i = 0; i < a->run_count; i++)
		arkv_root_freep(&a->runs[i].root);
	arkv_arena_release(&a->arena);
	ark_buf_release(&a->bytes);
	ark_buf_release(&a->head_raw);
	free(a);
	*archive = NULL;
}
