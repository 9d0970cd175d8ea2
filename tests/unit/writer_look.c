/* writer_look.c - what a writer has stored, looked at closely. See writer.h. */
#include "libarchive-kv/frame_open.h"
#include "libarchive-kv/page_read.h"
#include "libarchive-kv/refs_read.h"
#include "tests/unit/cm.h"
#include "tests/unit/writer.h"

#include <stdlib.h>

static struct ark_err fault;

#define must(call)                                             \
	do {                                                   \
		if (call)                                      \
			fail_msg("%s: %s", #call, fault.text); \
	} while (0)

/* ---- all frames ---- */

/* One pack being read. */
struct reading {
	struct writer_frames *out;
	struct arkv_keys *keys;
	struct arkv_opener *opener;
	struct ark_id name;
	struct ark_span bytes;
	struct ark_span body; /* frames, from the first one on */
	struct arkf_datakey datakey;
	struct ark_buf footer;
};

static struct writer_frame *frame_new(struct writer_frames *f)
{
	if (f->count % 1024 == 0) {
		f->frames = realloc(f->frames, (f->count + 1024) * sizeof *f->frames);
		assert_non_null(f->frames);
	}
	struct writer_frame *frame = &f->frames[f->count++];
	memset(frame, 0, sizeof *frame);
	ark_buf_init(&frame->raw);
	return frame;
}

static void pack_parts(struct reading *r)
{
	struct ark_id name;
	arkv_sha256_of(&name, r->bytes);
	assert_memory_equal(&name, &r->name, sizeof name);
	assert_true(r->bytes.len <= ARKF_PACK_LEN_MAX);
	struct ark_rd rd = ark_rd(r->bytes);
	enum ark_suite suite;
	unsigned datakeys;
	must(arkf_pack_head_decode(&rd, &suite, &datakeys, &fault));
	assert_int_equal(suite, arkv_keys_suite(r->keys));
	assert_int_equal(datakeys, 1);
	arkf_datakey_decode(&rd, &r->datakey);
	uint32_t footer_len;
	const uint8_t *end = r->bytes.p + r->bytes.len;
	must(arkf_pack_tail_decode(&footer_len, ark_span(end - 8, 8), &fault));
	struct ark_span box = ark_span(end - 8 - footer_len, footer_len);
	r->body = ark_span(rd.p, (size_t)(box.p - rd.p));
	ARK_AUTO(ark_buf_release) struct ark_buf body;
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = NULL;
	ark_buf_init(&body);
	must(arkv_codec_new(&codec, 0, &fault));
	must(arkv_open_meta(&body, r->keys, ARKV_BOX_FOOTER, ark_span(NULL, 0), box, &fault));
	must(arkv_body_unpack(codec, ark_buf_span(&body), 64 << 20, &r->footer, &fault));
}

/* The next frame by its mark alone, as somebody without a key finds it; and by the footer. */
static void pack_frames(struct reading *r)
{
	struct arkf_footer_rd it;
	struct arkf_footer_entry entry;
	struct arkf_frame head;
	struct arkv_frame_content content;
	arkv_frame_content_init(&content);
	must(arkf_footer_decode(&it, ark_buf_span(&r->footer), &fault));
	size_t off = 0;
	for (uint32_t no = 0; off < r->body.len; no++) {
		must(arkf_frame_decode(&head, ark_span(r->body.p + off, r->body.len - off),
				       &fault));
		must(arkf_footer_next(&it, &entry, &fault));
		assert_memory_equal(&head.id, &entry.id, sizeof head.id);
		assert_int_equal(head.clen, entry.clen);
		assert_int_equal(head.datakey_no, entry.datakey_no);
		struct ark_span frame =
			ark_span(r->body.p + off, ARKF_FRAME_EXTRA + (size_t)head.clen);
		must(arkv_frame_open(r->opener, &head, &r->datakey, frame, &content, &fault));
		assert_int_equal(content.type, entry.type);
		assert_int_equal(content.raw.wr.len, entry.raw_len);
		struct writer_frame *f = frame_new(r->out);
		f->id = head.id;
		f->pack = r->name;
		f->type = content.type;
		f->no = no;
		f->offset = (uint32_t)(r->body.p + off - r->bytes.p);
		f->clen = head.clen;
		ark_wr_bytes(&f->raw.wr, ark_buf_span(&content.raw));
		off += frame.len;
	}
	assert_int_equal(off, r->body.len);
	assert_int_equal(arkf_footer_next(&it, &entry, &fault), ARK_NOTFOUND);
	arkv_frame_content_release(&content);
}

static int frame_cmp(const void *a, const void *b)
{
	return ark_id_cmp(&((const struct writer_frame *)a)->id,
			  &((const struct writer_frame *)b)->id);
}

void writer_frames_read(struct writer_frames *f, struct writer *w)
{
	memset(f, 0, sizeof *f);
	struct writer_names *packs = writer_names_of(w, "packs/");
	struct reading r = { .out = f, .keys = arkv_repo_keys(w->repo) };
	must(arkv_opener_new(&r.opener, r.keys, &fault));
	for (size_t i = 0; i < packs->count; i++) {
		ARK_AUTO(ark_buf_release) struct ark_buf bytes;
		ark_buf_init(&bytes);
		ark_buf_init(&r.footer);
		must(arkv_store_get(w->memory, packs->name[i], 0, ARKV_TO_END, &bytes, &fault));
		const char *hex = packs->name[i] + strlen(packs->name[i]) - 64;
		assert_true(ark_id_from_hex(&r.name, ark_span_str(hex)));
		r.bytes = ark_buf_span(&bytes);
		if (bytes.wr.len > f->largest_pack)
			f->largest_pack = bytes.wr.len;
		pack_parts(&r);
		pack_frames(&r);
		ark_buf_release(&r.footer);
	}
	f->pack_count = packs->count;
	arkv_opener_freep(&r.opener);
	test_free(packs);
	if (f->count)
		qsort(f->frames, f->count, sizeof *f->frames, frame_cmp);
	for (size_t i = 1; i < f->count; i++)
		assert_true(frame_cmp(&f->frames[i - 1], &f->frames[i]) < 0);
}

void writer_frames_release(struct writer_frames *f)
{
	for (size_t i = 0; i < f->count; i++)
		ark_buf_release(&f->frames[i].raw);
	free(f->frames);
}

const struct writer_frame *writer_frame_find(const struct writer_frames *f, const struct ark_id *id)
{
	struct writer_frame key = { .id = *id };
	return f->count ? bsearch(&key, f->frames, f->count, sizeof key, frame_cmp) : NULL;
}

/* ---- an audit ---- */

struct audit {
	const struct writer_frames *all;
	bool *needed; /* by frame */
};

static const struct writer_frame *need(struct audit *a, const struct ark_id *id,
				       enum arkf_frame_type type)
{
	const struct writer_frame *f = writer_frame_find(a->all, id);
	if (!f) {
		fail_msg("frame %s is nowhere", ark_id_hex(id).s);
		abort(); /* not reached, which the compiler cannot know */
	}
	assert_int_equal(f->type, type);
	a->needed[f - a->all->frames] = true;
	return f;
}

static uint64_t need_recipe(struct audit *a, const struct ark_id *id, unsigned depth)
{
	const struct writer_frame *f = need(a, id, ARKF_FRAME_RECIPE);
	struct arkf_recipe_rd it;
	struct arkf_ref ref;
	uint64_t len = 0;
	must(arkf_recipe_decode(&it, ark_buf_span(&f->raw), &fault));
	assert_int_equal(it.depth, depth);
	while (!arkf_recipe_next(&it, &ref, &fault)) {
		len += ref.len;
		if (depth > 1)
			assert_int_equal(need_recipe(a, &ref.id, depth - 1), ref.len);
		else
			assert_int_equal(need(a, &ref.id, ARKF_FRAME_CHUNK)->raw.wr.len, ref.len);
	}
	return len;
}

static void need_block(struct audit *a, const struct arkv_page_block *block)
{
	const struct writer_frame *f = need(a, &block->id, ARKF_FRAME_BLOCK);
	assert_int_equal(f->no, block->place.frame_no);
	assert_int_equal(f->offset, block->place.offset);
	assert_int_equal(f->clen, block->place.clen);
	struct arkf_block_rd *it = test_malloc(sizeof *it);
	struct arkf_entry e;
	uint32_t count = 0;
	must(arkf_block_decode(it, ark_buf_span(&f->raw), &fault));
	while (!arkf_block_next(it, &e, &fault)) {
		if (count++ == 0) {
			assert_true(ark_span_eq(e.rec.space, block->first.space));
			assert_true(ark_span_eq(e.rec.key, block->first.key));
		}
		struct arkf_refs refs = { .count = 0 };
		if (e.form != ARKF_INLINE)
			must(arkf_refs_decode(&refs, e.body, e.form, e.rec.value_len, &fault));
		for (size_t i = 0; i < refs.count && !refs.depth; i++)
			assert_int_equal(need(a, &refs.ref[i].id, ARKF_FRAME_CHUNK)->raw.wr.len,
					 refs.ref[i].len);
		if (refs.depth)
			assert_int_equal(need_recipe(a, &refs.ref[0].id, refs.depth),
					 e.rec.value_len);
	}
	assert_int_equal(count, block->entry_count);
	test_free(it);
}

static bool marked(const struct arkv_refs *refs, const struct writer_frame *f)
{
	for (uint64_t i = 0; i < refs->slices[0].info.use_count; i++) {
		const struct arkv_refs_use *use = &refs->slices[0].uses[i];
		if (!ark_id_eq(&refs->packs[use->pack_no].name, &f->pack))
			continue;
		assert_true(f->no < refs->packs[use->pack_no].frame_count);
		return use->bitmap.p[f->no / 8] >> f->no % 8 & 1;
	}
	return false;
}

static void audit_run(struct audit *a, struct arkv_archive *archive, size_t no)
{
	const struct arkv_root *root = NULL;
	struct arkv_refs *refs = NULL;
	uint64_t entries = 0;
	must(arkv_archive_root(&root, archive, no, &fault));
	for (size_t i = 0; i < root->page_count; i++) {
		struct arkv_page *page = NULL;
		must(arkv_page_read(&page, archive, no, i, &fault));
		for (size_t j = 0; j < page->block_count; j++) {
			const struct arkv_page_block *b = &page->blocks[j];
			need_block(a, b);
			const struct writer_frame *f = writer_frame_find(a->all, &b->id);
			assert_true(ark_id_eq(&page->packs.packs[b->place.pack_no].name, &f->pack));
			entries += b->entry_count;
		}
		arkv_page_freep(&page);
	}
	assert_int_equal(entries, archive->runs[no].table.entry_count);
	must(arkv_refs_read(&refs, archive->repo, &archive->runs[no], &fault));
	assert_int_equal(refs->slice_count, 1);
	assert_int_equal(refs->slices[0].info.puts, entries);
	for (size_t i = 0; i < a->all->count; i++)
		assert_int_equal(marked(refs, &a->all->frames[i]), a->needed[i]);
	arkv_refs_freep(&refs);
}

void writer_audit(struct writer *w, const struct ark_uid *uid)
{
	struct writer_frames all;
	struct arkv_archive *archive = NULL;
	writer_frames_read(&all, w);
	must(arkv_archive_open(&archive, w->repo, uid, &fault));
	for (size_t i = 0; i < archive->run_count; i++) {
		struct audit a = { .all = &all, .needed = calloc(all.count + 1, 1) };
		assert_non_null(a.needed);
		audit_run(&a, archive, i);
		free(a.needed);
	}
	arkv_archive_freep(&archive);
	writer_frames_release(&all);
}
