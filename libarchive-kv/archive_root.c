/* archive_root.c - the roots of an archive's runs, and its segments. See archive.h. */
#include "format/run.h"
#include "libarchive-kv/archive.h"
#include "libarchive-kv/codec.h"

#include <stdlib.h>

void arkv_root_freep(struct arkv_root **root)
{
	if (!*root)
		return;
	arkv_arena_release(&(*root)->arena);
	free(*root);
	*root = NULL;
}

static enum ark_rc too_large(struct ark_err *err)
{
	return ark_fail(err, ARK_LIMIT, "all roots together would take more than %zu MiB of memory",
			ARKV_ARCHIVE_MEMORY_MAX >> 20);
}

static enum ark_rc load_root(struct arkv_root *root, const struct arkv_archive_run *run,
			     struct ark_span raw, size_t max, struct ark_err *err)
{
	if (run->table.len < ARKF_RUN_TAIL_LEN)
		return ark_fail(err, ARK_CORRUPT, "is shorter than any run");
	struct arkf_root_rd *it = malloc(sizeof *it); /* 64 KiB */
	if (!it)
		return ark_fail(err, ARK_NOMEM, "root: out of memory");
	enum ark_rc rc = arkf_root_decode(it, raw, err);
	size_t len = rc ? 0 : (size_t)it->page_count * sizeof *root->pages;
	if (!rc && len > max)
		rc = too_large(err);
	if (!rc) {
		root->pages = arkv_arena_room(&root->arena, len);
		rc = root->pages ? ARK_OK : ark_fail(err, ARK_NOMEM, "root: out of memory");
	}
	struct arkf_root_page page;
	uint64_t off = ARKF_HEADER_LEN + ARK_UID_LEN + arkf_datakey_len(&run->datakey);
	uint64_t root_end = run->table.len - ARKF_RUN_TAIL_LEN;
	while (!rc && !(rc = arkf_root_next(it, &page, err))) {
		struct arkv_root_page *p = &root->pages[root->page_count];
		*p = (struct arkv_root_page){
			.off = off,
			.entry_count = page.entry_count,
			.box_len = (uint32_t)page.box_len,
			.block_count = page.block_count,
		};
		rc = arkv_arena_copy_key(&root->arena, &page.first, &p->first, err);
		off += page.box_len;
		if (!rc && root->arena.bytes > max)
			rc = too_large(err);
		if (!rc && off > root_end)
			rc = ark_fail(err, ARK_CORRUPT, "its pages are longer than the run");
		root->page_count++;
	}
	free(it);
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

enum ark_rc arkv_root_open(struct arkv_root **out, struct arkv_keys *keys,
			   const struct arkv_archive_run *run, size_t *bytes, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf body;
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = NULL;
	ark_buf_init(&body);
	ark_buf_init(&raw);
	struct arkv_root *root = calloc(1, sizeof *root);
	if (!root)
		return ark_fail(err, ARK_NOMEM, "root: out of memory");
	enum ark_rc rc = arkv_open_dk(&body, keys, &run->datakey, ARKV_BOX_ROOT,
				      ark_span(run->uid.b, sizeof run->uid.b), run->root_box, err);
	if (!rc)
		rc = arkv_codec_new(&codec, 1, err);
	if (!rc)
		rc = arkv_body_unpack(codec, ark_buf_span(&body), ARKF_RUN_BODY_MAX, &raw, err);
	if (!rc)
		rc = load_root(root, run, ark_buf_span(&raw),
			       *bytes < ARKV_ARCHIVE_MEMORY_MAX ? ARKV_ARCHIVE_MEMORY_MAX - *bytes
								: 0,
			       err);
	if (rc) {
		arkv_root_freep(&root);
		return ark_err_prefix(err, "run %.16s: root", ark_id_hex(&run->table.name).s);
	}
	*bytes += root->arena.bytes;
	*out = root;
	return ARK_OK;
}

enum ark_rc arkv_archive_root(const struct arkv_root **out, struct arkv_archive *a, size_t run_no,
			      struct ark_err *err)
{
	struct arkv_archive_run *run = &a->runs[run_no];
	if (!run->root) {
		enum ark_rc rc = arkv_root_open(&run->root, arkv_repo_keys(a->repo), run,
						&a->root_bytes, err);
		if (rc)
			return rc;
	}
	*out = run->root;
	return ARK_OK;
}

/* ---- segments ---- */

int arkv_key_cmp(const struct arkf_key *a, const struct arkf_key *b)
{
	int order = ark_span_cmp(a->space, b->space);
	return order ? order : ark_span_cmp(a->key, b->key);
}

size_t arkv_archive_segment_of(const struct arkv_archive *a, const struct arkf_key *key)
{
	size_t low = 0, high = a->segment_count; /* low's begin is not above key */
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;
		if (arkv_key_cmp(&a->segments[mid].begin, key) <= 0)
			low = mid;
		else
			high = mid;
	}
	return low;
}

const struct arkf_key *arkv_archive_segment_end(const struct arkv_archive *a, size_t no)
{
	return no + 1 < a->segment_count ? &a->segments[no + 1].begin : NULL;
}
