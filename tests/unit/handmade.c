/* handmade.c - see handmade.h. */
#include "tests/unit/handmade.h"

#include "backends/stores/memory.h"
#include "format/pack.h"
#include "format/page.h"
#include "format/run.h"
#include "libarchive-kv/codec.h"
#include "libarchive-kv/keyset.h"
#include "libarchive-kv/manifest_write.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/repo_inside.h"
#include "tests/unit/cm.h"

#include <sodium.h>
#include <stdlib.h>

static struct ark_err fault;

#define must(call)                                             \
	do {                                                   \
		if (call)                                      \
			fail_msg("%s: %s", #call, fault.text); \
	} while (0)

/* ---- packs ---- */

enum { FRAMES_MAX = 4096 };

struct pack {
	struct ark_buf bytes;
	struct ark_buf footer;
	size_t frame_count;
	struct ark_id name;
};

static struct arkv_codec *codec;

static void pack_begin(struct handmade *h, struct pack *p)
{
	ark_buf_init(&p->bytes);
	ark_buf_init(&p->footer);
	p->frame_count = 0;
	arkf_pack_head_encode(&p->bytes.wr, arkv_keys_suite(h->keys), 1);
	arkf_datakey_encode(&p->bytes.wr, &h->dk.record);
}

static struct arkf_place pack_add(struct handmade *h, struct pack *p, enum arkf_frame_type type,
				  struct ark_span raw, struct ark_span trailer, struct ark_id *id)
{
	struct ark_buf plain, packed;
	ark_buf_init(&plain);
	ark_buf_init(&packed);
	struct arkf_frame_plain f = { .type = type, .raw_len = (uint32_t)raw.len };
	must(arkv_compress(codec, raw, &f.codec, &packed, &fault));
	f.packed = ark_buf_span(&packed);
	f.trailer = trailer;
	arkf_frame_plain_encode_head(&plain.wr, &f);
	ark_wr_bytes(&plain.wr, f.packed);
	ark_wr_bytes(&plain.wr, trailer);
	arkv_id_of(id, arkv_keys_id(h->keys), (enum arkv_id_type)type, raw);
	struct arkf_place place = { .frame_no = (uint32_t)p->frame_count++,
				    .offset = (uint32_t)p->bytes.wr.len,
				    .clen = (uint32_t)plain.wr.len };
	uint8_t head[ARKF_FRAME_HEADER_LEN];
	arkf_frame_encode(head, &(struct arkf_frame){ .id = *id, .clen = place.clen });
	ark_wr_bytes(&p->bytes.wr, ark_span(head, sizeof head));
	must(arkv_seal_dk(&p->bytes, h->keys, &h->dk, ARKV_BOX_FRAME, ark_span(id->b, 32),
			  ark_buf_span(&plain), &fault));
	struct arkf_footer_entry e = {
		.id = *id, .type = type, .clen = place.clen, .raw_len = f.raw_len
	};
	arkf_footer_encode_entry(&p->footer.wr, &e);
	ark_buf_release(&plain);
	ark_buf_release(&packed);
	return place;
}

static void store_named(struct handmade *h, const char *prefix, struct ark_id *name,
			struct ark_span bytes)
{
	arkv_sha256_of(name, bytes);
	struct arkv_object_name n = arkv_hash_name(prefix, name);
	must(arkv_store_put(arkv_repo_store(h->repo), n.s, bytes, &fault));
}

static void pack_end(struct handmade *h, struct pack *p)
{
	struct ark_buf raw, body;
	ark_buf_init(&raw);
	ark_buf_init(&body);
	arkf_footer_encode_head(&raw.wr, p->frame_count);
	ark_wr_bytes(&raw.wr, ark_buf_span(&p->footer));
	arkf_footer_encode_end(&raw.wr);
	must(arkv_body_pack(codec, ark_buf_span(&raw), &body, &fault));
	size_t before = p->bytes.wr.len;
	must(arkv_seal_meta(&p->bytes, h->keys, ARKV_BOX_FOOTER, ark_span(NULL, 0),
			    ark_buf_span(&body), &fault));
	arkf_pack_tail_encode(&p->bytes.wr, (uint32_t)(p->bytes.wr.len - before));
	store_named(h, "packs/", &p->name, ark_buf_span(&p->bytes));
	ark_buf_release(&raw);
	ark_buf_release(&body);
	ark_buf_release(&p->bytes);
	ark_buf_release(&p->footer);
}

static void table_encode(struct handmade *h, struct ark_wr *wr, const struct ark_id *pack,
			 bool no_datakeys)
{
	arkf_packtable_encode_datakeys(wr, no_datakeys ? 0 : 1);
	if (!no_datakeys)
		arkf_datakey_encode(wr, &h->dk.record);
	arkf_packtable_encode_packs(wr, 1);
	arkf_packtable_encode_pack(wr, pack, no_datakeys ? 0 : 1);
	if (!no_datakeys)
		arkf_packtable_encode_pair(wr, 0, 0);
}

/* ---- a run in the making ---- */

struct making {
	struct handmade *h;
	const struct handmade_run_options *options;
	struct pack chunks;
	struct pack blocks;
	struct arkf_place *chunk_places; /* of all references of all entries, in order */
	size_t *chunk_entry;		 /* whose they are */
	size_t chunk_count;
	struct arkf_entry *entries;
	struct ark_buf *bodies;
};

static struct ark_span text(const char *s)
{
	return s ? ark_span_str(s) : ark_span(NULL, 0);
}

static void note_ref(struct making *m, size_t entry, struct arkf_place place)
{
	assert_true(m->chunk_count < FRAMES_MAX);
	m->chunk_entry[m->chunk_count] = entry;
	m->chunk_places[m->chunk_count++] = place;
}

/* A value in chunks: at most 8 in the entry, else a recipe whose hints name another pack. */
static void make_chunks(struct making *m, size_t no, const struct handmade_entry *in)
{
	struct handmade *h = m->h;
	size_t count = (in->value.len + in->chunk_len - 1) / in->chunk_len;
	struct arkf_ref *refs = test_calloc(count, sizeof *refs);
	struct arkf_place *places = test_calloc(count, sizeof *places);
	struct arkf_entry *e = &m->entries[no];
	for (size_t i = 0; i < count; i++) {
		size_t off = i * in->chunk_len;
		size_t len =
			in->value.len - off < in->chunk_len ? in->value.len - off : in->chunk_len;
		refs[i].len = len;
		places[i] =
			pack_add(h, &m->chunks, ARKF_FRAME_CHUNK, ark_span(in->value.p + off, len),
				 ark_span(NULL, 0), &refs[i].id);
		if (count <= ARKF_REFS_CHUNKS_MAX)
			note_ref(m, no, places[i]);
	}
	if (count <= ARKF_REFS_CHUNKS_MAX) {
		e->form = ARKF_CHUNKS;
		arkf_refs_encode_chunks(&m->bodies[no].wr, refs, count);
	} else {
		struct ark_buf raw;
		ark_buf_init(&raw);
		struct ark_id id;
		arkf_recipe_encode_head(&raw.wr, 1, count);
		for (size_t i = 0; i < count; i++)
			arkf_recipe_encode_item(&raw.wr, &refs[i]);
		arkf_recipe_encode_end(&raw.wr);
		struct pack recipe_chunks = m->chunks;
		pack_end(h, &recipe_chunks);
		pack_begin(h, &m->chunks);
		struct ark_buf trailer;
		ark_buf_init(&trailer);
		table_encode(h, &trailer.wr, &recipe_chunks.name, false);
		for (size_t i = 0; i < count; i++)
			arkf_hint_encode(&trailer.wr, &places[i]);
		note_ref(m, no,
			 pack_add(h, &m->chunks, ARKF_FRAME_RECIPE, ark_buf_span(&raw),
				  m->options->no_hints ? ark_span(NULL, 0) : ark_buf_span(&trailer),
				  &id));
		e->form = ARKF_RECIPE;
		arkf_refs_encode_recipe(&m->bodies[no].wr, 1, &id);
		ark_buf_release(&raw);
		ark_buf_release(&trailer);
	}
	e->body = ark_buf_span(&m->bodies[no]);
	test_free(refs);
	test_free(places);
}

static void make_entry(struct making *m, size_t no, const struct handmade_entry *in)
{
	struct arkf_entry *e = &m->entries[no];
	e->kind = in->kind;
	e->rec.space = text(in->space);
	e->rec.key = text(in->key);
	e->rec.expires_ms = in->expires_ms ? in->expires_ms : ARK_NO_EXPIRY;
	e->rec.flags = in->flags;
	e->rec.meta = text(in->meta);
	ark_buf_init(&m->bodies[no]);
	if (in->kind != ARKF_PUT)
		return;
	e->rec.type = ARK_TYPE_STRING;
	e->rec.value_len = in->value.len;
	e->body = in->value;
	if (in->chunk_len)
		make_chunks(m, no, in);
}

static void make_block(struct making *m, size_t first, size_t count, struct arkf_page_block *out)
{
	struct ark_buf raw, trailer;
	ark_buf_init(&raw);
	ark_buf_init(&trailer);
	arkf_block_encode(&raw.wr, m->entries + first, count);
	bool any = false;
	for (size_t i = 0; i < m->chunk_count && !m->options->no_hints; i++) {
		if (m->chunk_entry[i] < first || m->chunk_entry[i] >= first + count)
			continue;
		if (!any)
			table_encode(m->h, &trailer.wr, &m->chunks.name, m->options->no_datakeys);
		any = true;
		arkf_hint_encode(&trailer.wr, &m->chunk_places[i]);
	}
	out->place = pack_add(m->h, &m->blocks, ARKF_FRAME_BLOCK, ark_buf_span(&raw),
			      ark_buf_span(&trailer), &out->id);
	out->entry_count = (uint32_t)count;
	out->first = (struct arkf_key){ .space = m->entries[first].rec.space,
					.key = m->entries[first].rec.key };
	ark_buf_release(&raw);
	ark_buf_release(&trailer);
}

/* Seals raw as a body under the data key, with the run's uid and 4 more bytes or none. */
static void seal_body(struct handmade *h, struct ark_buf *out, enum arkv_box_type type,
		      const struct ark_uid *uid, uint32_t page_no, struct ark_buf *raw)
{
	struct ark_buf body;
	ark_buf_init(&body);
	must(arkv_body_pack(codec, ark_buf_span(raw), &body, &fault));
	uint8_t context[ARK_UID_LEN + 4];
	memcpy(context, uid->b, ARK_UID_LEN);
	ark_put_le32(context + ARK_UID_LEN, page_no);
	struct ark_span c = ark_span(context, type == ARKV_BOX_PAGE ? 20 : 16);
	if (type == ARKV_BOX_REFS)
		must(arkv_seal_meta(out, h->keys, type, c, ark_buf_span(&body), &fault));
	else
		must(arkv_seal_dk(out, h->keys, &h->dk, type, c, ark_buf_span(&body), &fault));
	ark_buf_release(&body);
	ark_buf_release(raw);
}

static void make_refs(struct making *m, struct ark_buf *raw)
{
	struct pack *packs[2] = { &m->blocks, &m->chunks };
	size_t count = m->chunks.frame_count ? 2 : 1;
	if (count == 2 && ark_id_cmp(&packs[0]->name, &packs[1]->name) > 0) {
		packs[0] = &m->chunks;
		packs[1] = &m->blocks;
	}
	arkf_runrefs_encode_packs(&raw->wr, count);
	for (size_t i = 0; i < count; i++)
		arkf_runrefs_encode_pack(&raw->wr, &(struct arkf_runrefs_pack){
							   .name = packs[i]->name,
							   .frame_count = packs[i]->frame_count });
	arkf_runrefs_encode_slices(&raw->wr, 1);
	arkf_runrefs_encode_slice(&raw->wr, &(struct arkf_slice){ .use_count = count });
	for (size_t i = 0; i < count; i++) {
		uint8_t bits[FRAMES_MAX / 8] = { 0 };
		for (size_t f = 0; f < packs[i]->frame_count; f++)
			bits[f / 8] |= (uint8_t)(1 << f % 8);
		struct arkf_slice_use use = {
			.pack_no = (uint32_t)i,
			.bitmap = ark_span(bits, arkf_bitmap_len(packs[i]->frame_count)),
		};
		arkf_runrefs_encode_use(&raw->wr, &use);
	}
	arkf_runrefs_encode_end(&raw->wr);
}

static void make_run(struct making *m, struct arkf_page_block *blocks, size_t block_count,
		     struct handmade_run *run)
{
	struct handmade *h = m->h;
	struct ark_buf bytes, raw, refs;
	ark_buf_init(&bytes);
	ark_buf_init(&raw);
	ark_buf_init(&refs);
	randombytes_buf(run->uid.b, sizeof run->uid.b);
	struct arkf_run_head head = { .suite = arkv_keys_suite(h->keys),
				      .uid = run->uid,
				      .datakey = h->dk.record };
	arkf_run_head_encode(&bytes.wr, &head);
	size_t per_page = m->options->page_blocks ? m->options->page_blocks : ARKF_PAGE_BLOCKS_MAX;
	struct arkf_root_page *pages = test_calloc(block_count + 1, sizeof *pages);
	size_t page_count = 0;
	for (size_t i = 0; i < block_count; i += per_page) {
		size_t n = block_count - i < per_page ? block_count - i : per_page;
		arkf_page_encode_head(&raw.wr, n, false);
		table_encode(h, &raw.wr, &m->blocks.name, m->options->no_datakeys);
		arkf_page_encode_blocks(&raw.wr, blocks + i, n, NULL);
		size_t before = bytes.wr.len;
		seal_body(h, &bytes, ARKV_BOX_PAGE, &run->uid, (uint32_t)page_count, &raw);
		struct arkf_root_page *p = &pages[page_count++];
		p->first = blocks[i].first;
		p->box_len = bytes.wr.len - before;
		p->block_count = (uint32_t)n;
		for (size_t j = 0; j < n; j++)
			p->entry_count += blocks[i + j].entry_count;
		run->entry_count += p->entry_count;
	}
	arkf_root_encode(&raw.wr, pages, page_count);
	ark_buf_init(&run->root_box);
	seal_body(h, &run->root_box, ARKV_BOX_ROOT, &run->uid, 0, &raw);
	make_refs(m, &raw);
	seal_body(h, &refs, ARKV_BOX_REFS, &run->uid, 0, &raw);
	struct arkf_run_tail tail = { .root_off = bytes.wr.len,
				      .root_len = (uint32_t)run->root_box.wr.len,
				      .refs_len = (uint32_t)refs.wr.len };
	ark_wr_bytes(&bytes.wr, ark_buf_span(&run->root_box));
	run->refs_off = bytes.wr.len;
	run->refs_len = refs.wr.len;
	ark_wr_bytes(&bytes.wr, ark_buf_span(&refs));
	arkf_run_tail_encode(&bytes.wr, &tail);
	run->len = bytes.wr.len;
	store_named(h, "runs/", &run->name, ark_buf_span(&bytes));
	test_free(pages);
	ark_buf_release(&bytes);
	ark_buf_release(&refs);
}

size_t handmade_run(struct handmade *h, const struct handmade_entry *entries, size_t count,
		    const struct handmade_run_options *options)
{
	static const struct handmade_run_options defaults;
	struct making m = { .h = h, .options = options ? options : &defaults };
	size_t per_block = m.options->block_entries ? m.options->block_entries : count;
	assert_true(h->run_count < HANDMADE_RUNS_MAX);
	struct handmade_run *run = &h->runs[h->run_count];
	m.chunk_places = test_calloc(FRAMES_MAX, sizeof *m.chunk_places);
	m.chunk_entry = test_calloc(FRAMES_MAX, sizeof *m.chunk_entry);
	m.entries = test_calloc(count + 1, sizeof *m.entries);
	m.bodies = test_calloc(count + 1, sizeof *m.bodies);
	struct arkf_page_block *blocks = test_calloc(count + 1, sizeof *blocks);
	pack_begin(h, &m.chunks);
	pack_begin(h, &m.blocks);
	for (size_t i = 0; i < count; i++)
		make_entry(&m, i, &entries[i]);
	pack_end(h, &m.chunks);
	size_t block_count = 0;
	for (size_t i = 0; i < count; i += per_block)
		make_block(&m, i, count - i < per_block ? count - i : per_block,
			   &blocks[block_count++]);
	pack_end(h, &m.blocks);
	run->pack = m.blocks.name;
	run->chunk_pack = m.chunks.name;
	run->chunk_frames = m.chunks.frame_count;
	run->block_frames = m.blocks.frame_count;
	make_run(&m, blocks, block_count, run);
	for (size_t i = 0; i < count; i++)
		ark_buf_release(&m.bodies[i]);
	test_free(blocks);
	test_free(m.bodies);
	test_free(m.entries);
	test_free(m.chunk_entry);
	test_free(m.chunk_places);
	return h->run_count++;
}

/* ---- the repository ---- */

struct arkv_keys *handmade_keys(bool encrypted)
{
	static const struct ark_uid uid = { .b = "handmade reposi" };
	struct arkf_chunker sizes = arkf_chunker_default();
	struct arkv_keys *keys = NULL;
	must(arkv_crypt_init(&fault));
	if (encrypted)
		must(arkv_keys_generate(&keys, &uid, &sizes, &fault));
	else
		must(arkv_keys_none(&keys, &uid, &sizes, &fault));
	return keys;
}

static void init(struct handmade *h, struct arkv_keys *keys, const char *cache_root)
{
	*h = (struct handmade){ .keys = keys };
	struct arkv_repo_options options = { .where = "memory", .cache_root = cache_root };
	must(arkv_memory_new(&options.store, arkv_clock_system(), &fault));
	must(arkv_store_create(options.store, &fault));
	must(arkv_store_count(&options.store, &h->counter, &fault));
	struct arkv_levels levels = { .of = { { .space = "packs", .write = 2, .readable = 1 << 2 },
					      { .space = "runs", .write = 1, .readable = 1 << 1 } },
				      .count = 2 };
	struct arkv_unlocked unlocked = { .keys = keys };
	must(arkv_repo_make(&h->repo, &options, &unlocked, &levels, &fault));
	must(arkv_dk_new(&h->dk, h->keys, &fault));
	must(arkv_codec_new(&codec, 1, &fault));
}

void handmade_init_keys(struct handmade *h, struct arkv_keys *keys)
{
	init(h, keys, NULL);
}

void handmade_init_far(struct handmade *h, const char *cache_root)
{
	init(h, handmade_keys(true), cache_root);
	arkv_repo_store(h->repo)->caps &= ~(unsigned)ARKV_STORE_LOCAL;
}

void handmade_init(struct handmade *h, bool encrypted)
{
	handmade_init_keys(h, handmade_keys(encrypted));
}

void handmade_release(struct handmade *h)
{
	for (size_t i = 0; i < h->run_count; i++)
		ark_buf_release(&h->runs[i].root_box);
	arkv_dk_release(&h->dk);
	arkv_repo_freep(&h->repo);
	arkv_codec_freep(&codec);
}

void handmade_archive(struct handmade *h, const struct handmade_archive *what)
{
	struct arkv_manifest_run runs[HANDMADE_RUNS_MAX];
	struct arkv_manifest_segment segments[HANDMADE_SEGMENTS_MAX];
	struct arkf_stack_slice slices[HANDMADE_SEGMENTS_MAX][HANDMADE_RUNS_MAX];
	memset(segments, 0, sizeof segments);
	for (size_t i = 0; i < h->run_count; i++) {
		const struct handmade_run *r = &h->runs[h->run_count - 1 - i];
		runs[i].table = (struct arkf_table_run){ .name = r->name,
							 .len = r->len,
							 .refs_off = r->refs_off,
							 .refs_len = r->refs_len,
							 .archive.b = { 0xa0, (uint8_t)i },
							 .n = h->run_count - i,
							 .entry_count = r->entry_count };
		runs[i].root = (struct arkf_manifest_root){ .run_uid = r->uid,
							    .datakey = h->dk.record,
							    .box = ark_buf_span(&r->root_box) };
	}
	for (size_t i = 0; i < what->segment_count; i++) {
		const struct handmade_segment *s = &what->segments[i];
		segments[i].info =
			(struct arkf_segment){ .fold_limit = 500, .depth = (uint32_t)s->depth };
		segments[i].begin.key = text(s->begin);
		segments[i].slices = slices[i];
		for (size_t j = 0; j < s->depth; j++)
			slices[i][j] = (struct arkf_stack_slice){
				.run_no = (uint32_t)(h->run_count - 1 - s->runs[j]),
				.entry_count = h->runs[s->runs[j]].entry_count,
			};
	}
	struct arkf_head head = { .n = what->n ? what->n : 1,
				  .source_name = text(what->source ? what->source : "test"),
				  .made_ms = what->time_ms,
				  .scan_start_ms = what->time_ms,
				  .session = what->session,
				  .counts = what->counts,
				  .digests = what->digests };
	if (what->tag)
		head.tags[head.tag_count++] = text(what->tag);
	randombytes_buf(h->archive.b, sizeof h->archive.b);
	struct arkv_manifest_parts parts = { .uid = &h->archive,
					     .dk = &h->dk,
					     .head = &head,
					     .runs = runs,
					     .run_count = h->run_count,
					     .segments = segments,
					     .segment_count = what->segment_count };
	struct ark_buf bytes;
	ark_buf_init(&bytes);
	must(arkv_manifest_make(&bytes, h->keys, &parts, &fault));
	struct arkv_object_name name = arkv_archive_name(&h->archive);
	must(arkv_store_put(arkv_repo_store(h->repo), name.s, ark_buf_span(&bytes), &fault));
	ark_buf_release(&bytes);
}

/* ---- damage ---- */

void handmade_replace(struct handmade *h, const char *name, struct ark_span bytes)
{
	must(arkv_store_remove(arkv_repo_store(h->repo), name, &fault));
	must(arkv_store_put(arkv_repo_store(h->repo), name, bytes, &fault));
}

void handmade_break_frame(struct handmade *h, const struct ark_id *pack, size_t frame_no)
{
	struct arkv_object_name name = arkv_hash_name("packs/", pack);
	struct ark_buf bytes;
	ark_buf_init(&bytes);
	must(arkv_store_get(arkv_repo_store(h->repo), name.s, 0, ARKV_TO_END, &bytes, &fault));
	size_t off = ARKF_HEADER_LEN + 2 + arkf_datakey_len(&h->dk.record);
	struct arkf_frame frame;
	for (size_t i = 0;; i++) {
		struct ark_span rest = ark_span(bytes.wr.p + off, bytes.wr.len - off);
		must(arkf_frame_decode(&frame, rest, &fault));
		if (i == frame_no)
			break;
		off += ARKF_FRAME_EXTRA + frame.clen;
	}
	bytes.wr.p[off + 70] ^= 1;
	handmade_replace(h, name.s, ark_buf_span(&bytes));
	ark_buf_release(&bytes);
}

/* ---- cursors ---- */

struct arkv_archive *handmade_open(struct handmade *h)
{
	struct arkv_archive *a = NULL;
	if (arkv_archive_open(&a, h->repo, &h->archive, &fault))
		fail_msg("%s", fault.text);
	return a;
}

struct arkv_cursor *handmade_cursor(struct arkv_archive *a)
{
	struct arkv_cursor *c = NULL;
	if (arkv_cursor_open(&c, a, NULL, &fault))
		fail_msg("%s", fault.text);
	return c;
}

enum ark_rc handmade_append(void *ctx, struct ark_span bytes, struct ark_err *e)
{
	(void)e;
	ark_wr_bytes(ctx, bytes);
	return ARK_OK;
}

void handmade_assert_value(struct arkv_cursor *c, struct ark_span want)
{
	struct ark_buf got;
	ark_buf_init(&got);
	if (arkv_value_read(c, handmade_append, &got.wr, &fault))
		fail_msg("%s", fault.text);
	assert_true(ark_span_eq(ark_buf_span(&got), want));
	ark_buf_release(&got);
}

void handmade_one_segment(struct handmade *h)
{
	struct handmade_segment segment = { .depth = h->run_count };
	for (size_t i = 0; i < h->run_count; i++)
		segment.runs[i] = h->run_count - 1 - i;
	handmade_archive(h, &(struct handmade_archive){ .segments = &segment, .segment_count = 1 });
}

struct ark_span handmade_large(uint8_t bytes[HANDMADE_LARGE_LEN], uint64_t seed)
{
	struct arkv_rand rand = arkv_rand_seeded(seed);
	arkv_rand_bytes(&rand, bytes, HANDMADE_LARGE_LEN);
	return ark_span(bytes, HANDMADE_LARGE_LEN);
}

void handmade_large_values(struct handmade *h, struct handmade_entry entries[4],
			   const struct handmade_run_options *options)
{
	static uint8_t bytes[3][HANDMADE_LARGE_LEN];
	entries[0] = (struct handmade_entry){ .key = "a",
					      .value = handmade_large(bytes[0], 1),
					      .chunk_len = 20000 };
	entries[1] = (struct handmade_entry){ .key = "b", .value = ark_span_str("inline") };
	entries[2] = (struct handmade_entry){ .key = "c",
					      .value = handmade_large(bytes[1], 2),
					      .chunk_len = 50000 };
	entries[3] = (struct handmade_entry){ .key = "d",
					      .value = handmade_large(bytes[2], 3),
					      .chunk_len = HANDMADE_LARGE_LEN };
	handmade_run(h, entries, 4, options);
	handmade_one_segment(h);
}

void handmade_two_runs(struct handmade *h)
{
	static const char *const keys[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
	struct handmade_entry base[8];
	for (size_t i = 0; i < 8; i++)
		base[i] = (struct handmade_entry){ .key = keys[i], .value = ark_span_str("old") };
	const struct handmade_entry delta[] = {
		{ .key = "b", .value = ark_span_str("new") },
		{ .key = "e", .value = ark_span_str("new") },
		{ .key = "g", .kind = ARKF_DELETE },
	};
	handmade_run(h, base, 8, &(struct handmade_run_options){ .block_entries = 2 });
	handmade_run(h, delta, 3,
		     &(struct handmade_run_options){ .block_entries = 1, .page_blocks = 1 });
	handmade_one_segment(h);
}
