/* slice.c - see slice.h. */
#include "libarchive-kv/slice.h"

#include <stdlib.h>

/* Frames this close to each other are read with one request. */
enum { GAP_MAX = 32768, AHEAD_FIRST = 128 << 10 };

bool arkv_rc_is_damage(enum ark_rc rc)
{
	return rc == ARK_CORRUPT || rc == ARK_AUTH || rc == ARK_UNSUPPORTED || rc == ARK_LIMIT;
}

/* ---- keys of their own ---- */

void arkv_own_key_init(struct arkv_own_key *own)
{
	ark_buf_init(&own->bytes);
	own->space_len = 0;
}

void arkv_own_key_release(struct arkv_own_key *own)
{
	ark_buf_release(&own->bytes);
	own->space_len = 0;
}

enum ark_rc arkv_own_key_set(struct arkv_own_key *own, const struct arkf_key *key,
			     struct ark_err *err)
{
	ark_buf_clear(&own->bytes);
	ark_wr_bytes(&own->bytes.wr, key->space);
	ark_wr_bytes(&own->bytes.wr, key->key);
	own->space_len = key->space.len;
	return ark_buf_check(&own->bytes, "key", err);
}

struct arkf_key arkv_own_key_get(const struct arkv_own_key *own)
{
	struct ark_span all = ark_buf_span(&own->bytes);
	if (all.len == 0)
		return (struct arkf_key){ .space = ark_span(NULL, 0) };
	return (struct arkf_key){
		.space = ark_span(all.p, own->space_len),
		.key = ark_span(all.p + own->space_len, all.len - own->space_len),
	};
}

/* ---- life ---- */

enum ark_rc arkv_slice_init(struct arkv_slice *s, struct arkv_slice_env *env, struct ark_err *err)
{
	*s = (struct arkv_slice){ .env = env, .at_end = true };
	arkv_own_key_init(&s->blind_from);
	arkv_own_key_init(&s->blind_to);
	s->it = malloc(sizeof *s->it); /* 64 KiB */
	return s->it ? ARK_OK : ark_fail(err, ARK_NOMEM, "cursor: out of memory");
}

static void close_block(struct arkv_slice *s)
{
	arkv_frames_release(s->env->frames, &s->block);
}

static void close_page(struct arkv_slice *s)
{
	close_block(s);
	arkv_page_cache_give(&s->env->pages, &s->page, s->run_no, s->page_no);
}

void arkv_slice_release(struct arkv_slice *s)
{
	if (!s->env)
		return;
	close_page(s);
	arkv_own_key_release(&s->blind_from);
	arkv_own_key_release(&s->blind_to);
	free(s->it);
	s->it = NULL;
}

void arkv_slice_start(struct arkv_slice *s, const struct arkf_stack_slice *which,
		      struct arkf_key start, const struct arkf_key *end)
{
	close_page(s);
	s->run_no = which->run_no;
	s->entry_count = which->entry_count;
	s->start = start;
	s->end = end;
	s->placed = false;
	s->at_entry = false;
	s->at_end = false;
	s->seeking = true;
	s->blocks_in_row = 0;
	s->is_blind = false;
}

/* ---- blindness ---- */

/* Notes a range that cannot be read. rc stays what it was, or becomes NOMEM. */
static enum ark_rc go_blind(struct arkv_slice *s, const struct arkf_key *from,
			    const struct arkf_key *to, uint64_t entries, enum ark_rc why,
			    struct ark_err *err)
{
	bool goes_on = s->is_blind && !s->blind_to_end;
	if (goes_on) {
		struct arkf_key so_far = arkv_own_key_get(&s->blind_to);
		goes_on = arkv_key_cmp(&so_far, from) == 0;
	}
	enum ark_rc rc = ARK_OK;
	if (!goes_on)
		rc = arkv_own_key_set(&s->blind_from, from, err);
	s->blind_to_end = to == NULL;
	if (!rc && to)
		rc = arkv_own_key_set(&s->blind_to, to, err);
	s->is_blind = true;
	s->env->lost.places++;
	s->env->lost.entries += entries;
	return rc ? rc : why;
}

bool arkv_slice_is_blind_at(const struct arkv_slice *s, const struct arkf_key *key)
{
	if (!s->is_blind)
		return false;
	struct arkf_key from = arkv_own_key_get(&s->blind_from);
	struct arkf_key to = arkv_own_key_get(&s->blind_to);
	return arkv_key_cmp(&from, key) <= 0 && (s->blind_to_end || arkv_key_cmp(key, &to) < 0);
}

/* ---- pages and blocks ---- */

static bool is_behind(const struct arkv_slice *s, const struct arkf_key *key)
{
	return s->end && arkv_key_cmp(key, s->end) >= 0;
}

/* Where page page_no of the root ends, or NULL. */
static const struct arkf_key *page_end(const struct arkv_root *root, size_t page_no)
{
	return page_no + 1 < root->page_count ? &root->pages[page_no + 1].first : NULL;
}

/* Where block block_no of the present page ends, or NULL. */
static const struct arkf_key *block_end(const struct arkv_slice *s)
{
	if (s->block_no + 1 < s->page->block_count)
		return &s->page->blocks[s->block_no + 1].first;
	return page_end(s->env->archive->runs[s->run_no].root, s->page_no);
}

/* So many bytes from the block's place on hold this block and the next ones of the page. */
static size_t bytes_ahead(const struct arkv_slice *s)
{
	size_t max = s->env->ahead_max;
	if (s->blocks_in_row == 0)
		return 0;
	if (s->blocks_in_row < 8 && ((size_t)AHEAD_FIRST << s->blocks_in_row) < max)
		max = (size_t)AHEAD_FIRST << s->blocks_in_row;
	const struct arkf_place *first = &s->page->blocks[s->block_no].place;
	uint64_t end = (uint64_t)first->offset + first->clen + ARKF_FRAME_EXTRA;
	for (size_t i = s->block_no + 1; i < s->page->block_count; i++) {
		const struct arkf_place *place = &s->page->blocks[i].place;
		uint64_t place_end = (uint64_t)place->offset + place->clen + ARKF_FRAME_EXTRA;
		if (place->pack_no != first->pack_no || place->offset < end ||
		    place->offset - end > GAP_MAX || place_end - first->offset > max)
			break;
		end = place_end;
	}
	return (size_t)(end - first->offset);
}

/* Whoever reads block after block will want the next ones. */
static void prepare_next(struct arkv_slice *s)
{
	for (size_t i = s->block_no + 1; i < s->page->block_count && i < s->block_no + 3; i++) {
		const struct arkv_page_block *b = &s->page->blocks[i];
		const struct arkv_frame_want want = {
			.id = b->id,
			.type = ARKF_FRAME_BLOCK,
			.packs = &s->page->packs,
			.place = b->place,
		};
		if (is_behind(s, &b->first))
			return;
		arkv_frames_prepare(s->env->frames, &want);
	}
}

static enum ark_rc read_block(struct arkv_slice *s, struct ark_err *err)
{
	const struct arkv_page_block *b = &s->page->blocks[s->block_no];
	struct arkv_frame_want want = {
		.id = b->id,
		.type = ARKF_FRAME_BLOCK,
		.packs = &s->page->packs,
		.place = b->place,
		.ahead = bytes_ahead(s),
	};
	enum ark_rc rc = arkv_frames_get(&s->block, s->env->frames, &want, err);
	if (!rc)
		rc = arkf_block_decode(s->it, ark_buf_span(&s->block->content.raw), err);
	if (!rc && s->it->count != b->entry_count)
		rc = ark_fail(err, ARK_CORRUPT, "block %.16s is not the one its page describes",
			      ark_id_hex(&b->id).s);
	s->ref_no = 0;
	s->ref_count = 0;
	s->at_first = true;
	if (rc)
		close_block(s);
	else if (++s->blocks_in_row > 2)
		prepare_next(s);
	return rc;
}

/* Opens block block_no, or goes blind behind it. */
static enum ark_rc open_block(struct arkv_slice *s, struct ark_err *err)
{
	const struct arkv_page_block *b = &s->page->blocks[s->block_no];
	if (is_behind(s, &b->first)) {
		s->at_end = true;
		return ARK_OK;
	}
	enum ark_rc rc = read_block(s, err);
	if (!arkv_rc_is_damage(rc))
		return rc;
	rc = go_blind(s, &b->first, block_end(s), b->entry_count, rc, err);
	s->block_no++;
	return rc;
}

static enum ark_rc open_page(struct arkv_slice *s, const struct arkv_root *root,
			     struct ark_err *err)
{
	if (s->page_no >= root->page_count || is_behind(s, &root->pages[s->page_no].first)) {
		s->at_end = true;
		return ARK_OK;
	}
	enum ark_rc rc = arkv_page_cache_take(&s->page, &s->env->pages, s->run_no, s->page_no, err);
	if (!rc && !s->placed)
		s->block_no = arkv_page_block_of(s->page, &s->start);
	if (!arkv_rc_is_damage(rc)) {
		s->placed = s->placed || !rc;
		return rc;
	}
	rc = go_blind(s, &root->pages[s->page_no].first, page_end(root, s->page_no),
		      root->pages[s->page_no].entry_count, rc, err);
	s->placed = true;
	s->page_no++;
	s->block_no = 0;
	return rc;
}

static enum ark_rc open_next(struct arkv_slice *s, struct ark_err *err)
{
	const struct arkv_root *root = NULL;
	enum ark_rc rc = arkv_archive_root(&root, s->env->archive, s->run_no, err);
	if (arkv_rc_is_damage(rc)) {
		s->at_end = true;
		return go_blind(s, &s->start, NULL, s->entry_count, rc, err);
	}
	if (rc)
		return rc;
	if (!s->placed && !s->page)
		s->page_no = arkv_root_page_of(root, &s->start);
	if (s->page && s->block_no == s->page->block_count) {
		close_page(s);
		s->page_no++;
		s->block_no = 0;
	}
	return s->page ? open_block(s, err) : open_page(s, root, err);
}

/* ---- entries ---- */

static size_t count_refs(const struct arkf_entry *entry)
{
	struct arkf_refs refs;
	if (entry->kind != ARKF_PUT || entry->form == ARKF_INLINE)
		return 0;
	if (entry->form == ARKF_RECIPE)
		return 1;
	if (arkf_refs_decode(&refs, entry->body, entry->form, entry->rec.value_len, NULL))
		return 0; /* cannot be: the block's decoder has looked */
	return refs.count;
}

static bool filter_denies(const struct arkv_slice *s, const struct arkf_key *key)
{
	if (!s->page->filter.segment_len)
		return false;
	struct arkv_keys *keys = arkv_repo_keys(s->env->archive->repo);
	uint64_t hash = arkv_filter_hash(arkv_keys_cut(keys), key->space, key->key);
	return !arkf_filter_has(&s->page->filter, hash);
}

/* A block holds what its page says: its first key, nothing behind its end, nothing that the filter
 * denies. So keys ascend through the whole slice, and whoever seeks comes forward. */
static enum ark_rc check_entry(struct arkv_slice *s, const struct arkf_key *key,
			       struct ark_err *err)
{
	const struct arkv_page_block *b = &s->page->blocks[s->block_no];
	const struct arkf_key *end = block_end(s);
	bool first = s->at_first;
	s->at_first = false;
	if ((!first || arkv_key_cmp(key, &b->first) == 0) &&
	    (!end || arkv_key_cmp(key, end) < 0) && !filter_denies(s, key))
		return ARK_OK;
	return ark_fail(err, ARK_CORRUPT, "block %.16s holds other keys than its page says",
			ark_id_hex(&b->id).s);
}

static enum ark_rc next_entry(struct arkv_slice *s, struct ark_err *err)
{
	enum ark_rc rc = arkf_block_next(s->it, &s->entry, err);
	if (rc == ARK_NOTFOUND) {
		close_block(s);
		s->block_no++;
		return ARK_OK;
	}
	struct arkf_key key = { .space = s->entry.rec.space, .key = s->entry.rec.key };
	if (!rc)
		rc = check_entry(s, &key, err);
	if (rc) { /* what its id proves is not what the spec says: lost from here on */
		close_block(s);
		rc = go_blind(s, &s->page->blocks[s->block_no].first, block_end(s), 0, rc, err);
		s->block_no++;
		return rc;
	}
	s->ref_no += s->ref_count;
	s->ref_count = count_refs(&s->entry);
	if (s->seeking && arkv_key_cmp(&key, &s->start) < 0)
		return ARK_OK;
	s->seeking = false;
	if (is_behind(s, &key))
		s->at_end = true;
	else
		s->at_entry = true;
	return ARK_OK;
}

enum ark_rc arkv_slice_fill(struct arkv_slice *s, struct ark_err *err)
{
	while (!s->at_entry && !s->at_end) {
		enum ark_rc rc = s->block ? next_entry(s, err) : open_next(s, err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

/* ---- one key ---- */

/* Opens the page that key would be on; at_end when there is none. */
static enum ark_rc probe_page(struct arkv_slice *s, struct ark_err *err)
{
	const struct arkv_root *root = NULL;
	enum ark_rc rc = arkv_archive_root(&root, s->env->archive, s->run_no, err);
	if (rc)
		return rc;
	s->page_no = arkv_root_page_of(root, &s->start);
	if (root->page_count == 0 || arkv_key_cmp(&s->start, &root->pages[0].first) < 0) {
		s->at_end = true;
		return ARK_OK;
	}
	return arkv_page_cache_take(&s->page, &s->env->pages, s->run_no, s->page_no, err);
}

enum ark_rc arkv_slice_probe(struct arkv_slice *s, const struct arkf_stack_slice *which,
			     struct arkf_key key, struct ark_err *err)
{
	arkv_slice_start(s, which, key, NULL);
	enum ark_rc rc = probe_page(s, err);
	if (rc || s->at_end)
		return rc;
	s->placed = true;
	if (filter_denies(s, &key)) {
		s->at_end = true;
		return ARK_OK;
	}
	s->block_no = arkv_page_block_of(s->page, &key);
	rc = read_block(s, err);
	while (!rc && s->block && !s->at_entry)
		rc = next_entry(s, err);
	if (rc)
		return rc;
	struct arkf_key found = { .space = s->entry.rec.space, .key = s->entry.rec.key };
	if (!s->at_entry || arkv_key_cmp(&found, &key) != 0) {
		s->at_entry = false;
		s->at_end = true;
	}
	return ARK_OK;
}
