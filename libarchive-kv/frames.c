/* frames.c - see frames.h. */
#include "libarchive-kv/frames.h"

#include "libarchive-kv/archive.h"
#include "libarchive-kv/elsewhere.h"
#include "libarchive-kv/pipeline.h"
#include "libarchive-kv/windows.h"

#include <stdlib.h>

/* A prepared frame that nobody came for in so many calls is given up. */
enum { PREPARED_COUNT = 8, PREPARED_CALLS = 64 };
/* Of all places where remaps and fragments say that a frame is, so many are tried. */
enum { PLACES_TRIED = 256 };

/* A frame that another thread opens. */
struct prepared {
	struct arkv_task task;
	struct arkv_opener *opener; /* NULL until first used */
	struct ark_buf bytes;	    /* sealed */
	struct arkf_frame head;
	struct arkf_datakey datakey;
	struct arkv_frame *frame; /* NULL: the slot is free */
	uint64_t call;
	enum ark_rc rc;
};

struct arkv_frames {
	struct arkv_repo *repo;
	struct arkv_opener *opener;
	struct arkv_windows *windows;
	struct arkv_elsewhere *elsewhere;
	struct arkv_frame_spot lost;
	struct arkv_pool *pool; /* made when first used */
	bool pool_failed;
	struct prepared prepared[PREPARED_COUNT];
	struct ark_buf pack_head; /* the last one read */
	struct ark_id pack_head_of;
	struct arkv_frame *kept[ARKV_FRAMES_COUNT];
	size_t kept_bytes;
	size_t held_bytes;
	uint64_t calls;
};

enum ark_rc arkv_frames_new(struct arkv_frames **out, struct arkv_repo *repo, struct ark_err *err)
{
	struct arkv_frames *f = calloc(1, sizeof *f);
	if (!f)
		return ark_fail(err, ARK_NOMEM, "frames: out of memory");
	f->repo = repo;
	ark_buf_init(&f->pack_head);
	for (size_t i = 0; i < PREPARED_COUNT; i++)
		ark_buf_init(&f->prepared[i].bytes);
	enum ark_rc rc = arkv_opener_new(&f->opener, arkv_repo_keys(repo), err);
	if (!rc)
		rc = arkv_windows_new(&f->windows, arkv_repo_store(repo), err);
	if (!rc)
		rc = arkv_elsewhere_new(&f->elsewhere, repo, err);
	if (rc) {
		arkv_frames_freep(&f);
		return rc;
	}
	*out = f;
	return ARK_OK;
}

/* ---- frames in memory ---- */

static size_t frame_bytes(const struct arkv_frame *frame)
{
	return sizeof *frame + frame->content.raw.wr.cap + frame->content.trailer.wr.cap +
	       frame->arena.bytes;
}

static void frame_free(struct arkv_frame *frame)
{
	arkv_frame_content_release(&frame->content);
	arkv_arena_release(&frame->arena);
	free(frame);
}

static struct arkv_frame *frame_new(const struct ark_id *id)
{
	struct arkv_frame *frame = calloc(1, sizeof *frame);
	if (!frame)
		return NULL;
	frame->id = *id;
	arkv_frame_content_init(&frame->content);
	return frame;
}

static void forget(struct arkv_frames *f, size_t slot)
{
	f->kept_bytes -= frame_bytes(f->kept[slot]);
	frame_free(f->kept[slot]);
	f->kept[slot] = NULL;
}

static void prepared_release(struct arkv_frames *f, struct prepared *p)
{
	if (p->frame) {
		arkv_pool_wait(f->pool, &p->task);
		frame_free(p->frame);
	}
	arkv_opener_freep(&p->opener);
	ark_buf_release(&p->bytes);
}

void arkv_frames_freep(struct arkv_frames **frames)
{
	struct arkv_frames *f = *frames;
	if (!f)
		return;
	for (size_t i = 0; i < PREPARED_COUNT; i++)
		prepared_release(f, &f->prepared[i]);
	arkv_pool_freep(&f->pool);
	for (size_t i = 0; i < ARKV_FRAMES_COUNT; i++)
		if (f->kept[i])
			forget(f, i);
	ark_buf_release(&f->pack_head);
	arkv_elsewhere_freep(&f->elsewhere);
	arkv_windows_freep(&f->windows);
	arkv_opener_freep(&f->opener);
	free(f);
	*frames = NULL;
}

/* Keeps a frame that nobody holds any more; older ones go. */
static void keep(struct arkv_frames *f, struct arkv_frame *frame)
{
	if (frame_bytes(frame) > ARKV_FRAMES_BYTES / 2) {
		frame_free(frame);
		return;
	}
	f->kept_bytes += frame_bytes(frame);
	for (;;) {
		size_t unused = SIZE_MAX, oldest = SIZE_MAX;
		for (size_t i = 0; i < ARKV_FRAMES_COUNT; i++) {
			if (!f->kept[i])
				unused = i;
			else if (oldest == SIZE_MAX || f->kept[i]->used < f->kept[oldest]->used)
				oldest = i;
		}
		bool fits = f->kept_bytes <= ARKV_FRAMES_BYTES || oldest == SIZE_MAX;
		if (unused != SIZE_MAX && fits) {
			f->kept[unused] = frame;
			return;
		}
		forget(f, oldest);
	}
}

static struct arkv_frame *take_kept(struct arkv_frames *f, const struct arkv_frame_want *want)
{
	for (size_t i = 0; i < ARKV_FRAMES_COUNT; i++) {
		struct arkv_frame *frame = f->kept[i];
		if (!frame || !ark_id_eq(&frame->id, &want->id) ||
		    frame->content.type != want->type)
			continue;
		f->kept_bytes -= frame_bytes(frame);
		f->kept[i] = NULL;
		return frame;
	}
	return NULL;
}

void arkv_frames_release(struct arkv_frames *f, struct arkv_frame **frame)
{
	struct arkv_frame *mine = *frame;
	*frame = NULL;
	if (!mine)
		return;
	f->held_bytes -= frame_bytes(mine);
	if (mine->content.type == ARKF_FRAME_CHUNK)
		frame_free(mine);
	else
		keep(f, mine);
}

/* ---- reading ---- */

/* The data key of a frame from the head of its pack: for tables that lack it. */
static enum ark_rc datakey_from_pack(struct arkf_datakey *out, struct arkv_frames *f,
				     const struct ark_id *pack, uint16_t no, struct ark_err *err)
{
	struct arkv_object_name name = arkv_hash_name("packs/", pack);
	struct arkv_store *store = arkv_repo_store(f->repo);
	if (!f->pack_head.wr.len || !ark_id_eq(&f->pack_head_of, pack)) {
		ark_buf_clear(&f->pack_head);
		struct arkv_stat stat;
		enum ark_rc rc = arkv_store_stat(store, name.s, &stat, err);
		size_t len = ARKF_HEADER_LEN + 2 + ARKF_PACK_DATAKEYS_MAX * ARKF_DATAKEY_LEN_MAX;
		if (!rc)
			rc = arkv_store_get(store, name.s, 0, stat.size < len ? stat.size : len,
					    &f->pack_head, err);
		if (rc) {
			ark_buf_clear(&f->pack_head);
			return rc;
		}
		f->pack_head_of = *pack;
	}
	struct ark_rd rd = ark_rd(ark_buf_span(&f->pack_head));
	enum ark_suite suite;
	unsigned count = 0;
	enum ark_rc rc = arkf_pack_head_decode(&rd, &suite, &count, err);
	if (rc)
		return rc;
	struct arkf_datakey datakey = { 0 };
	for (unsigned i = 0; i <= no && !rd.bad; i++)
		arkf_datakey_decode(&rd, &datakey);
	if (rd.bad || no >= count)
		return ark_fail(err, ARK_CORRUPT, "its data key %u is not in the pack", no);
	*out = datakey;
	return ARK_OK;
}

static enum ark_rc open_at(struct arkv_frame *frame, struct arkv_frames *f,
			   const struct arkv_packs *packs, const struct arkf_place *place,
			   struct ark_span bytes, struct ark_err *err)
{
	struct arkf_frame head;
	enum ark_rc rc = arkf_frame_decode(&head, bytes, err);
	if (rc)
		return rc;
	if (head.clen != place->clen || !ark_id_eq(&head.id, &frame->id))
		return ark_fail(err, ARK_CORRUPT, "another frame stands there");
	const struct arkf_datakey *datakey =
		arkv_packs_datakey(packs, place->pack_no, head.datakey_no);
	struct arkf_datakey from_pack;
	if (!datakey) {
		rc = datakey_from_pack(&from_pack, f, &packs->packs[place->pack_no].name,
				       head.datakey_no, err);
		datakey = &from_pack;
	}
	if (!rc)
		rc = arkv_frame_open(f->opener, &head, datakey, bytes, &frame->content, err);
	return rc;
}

static enum ark_rc read_at(struct arkv_frame *frame, struct arkv_frames *f,
			   const struct arkv_frame_want *want, struct ark_err *err)
{
	const struct arkf_place *place = &want->place;
	const struct ark_id *pack = &want->packs->packs[place->pack_no].name;
	struct arkv_object_name name = arkv_hash_name("packs/", pack);
	struct ark_span bytes = ark_span(NULL, 0);
	enum ark_rc rc = ARK_OK;
	if (place->clen > ARKV_FRAME_CLEN_MAX)
		rc = ark_fail(err, ARK_CORRUPT, "no frame is %lu bytes long",
			      (unsigned long)place->clen);
	if (!rc)
		rc = arkv_windows_get(&bytes, f->windows, name.s, place->offset,
				      (size_t)place->clen + ARKF_FRAME_EXTRA, want->ahead, err);
	if (!rc)
		rc = open_at(frame, f, want->packs, place, bytes, err);
	if (!rc && frame->content.type != want->type)
		rc = ark_fail(err, ARK_CORRUPT, "is of another type than it should be");
	if (rc)
		return ark_err_prefix(err, "pack %s, frame %lu (%.16s)", ark_id_hex(pack).s,
				      (unsigned long)place->frame_no, ark_id_hex(&frame->id).s);
	return ARK_OK;
}

/* Whether looking elsewhere may help. */
static bool is_damage(enum ark_rc rc)
{
	return rc == ARK_NOTFOUND || rc == ARK_CORRUPT || rc == ARK_AUTH || rc == ARK_UNSUPPORTED ||
	       rc == ARK_LIMIT;
}

static bool same_place(const struct arkv_frame_want *want, const struct arkv_candidate *c)
{
	return want->packs && want->place.offset == c->place.offset &&
	       ark_id_eq(&want->packs->packs[want->place.pack_no].name,
			 &c->packs->packs[c->place.pack_no].name);
}

/* Tries what remaps and fragments know, as far as that is reasonable: each is a read of the store,
 * and they may name millions. OK, or NOTFOUND when none of it is good. */
static enum ark_rc read_elsewhere(struct arkv_frame *frame, struct arkv_frames *f,
				  const struct arkv_frame_want *want, struct ark_err *err)
{
	for (size_t nth = 0; nth < PLACES_TRIED; nth++) {
		struct arkv_candidate c;
		enum ark_rc rc = arkv_elsewhere_find(&c, f->elsewhere, &want->id, nth, err);
		if (rc)
			return rc;
		if (same_place(want, &c))
			continue;
		struct arkv_frame_want there = *want;
		there.packs = c.packs;
		there.place = c.place;
		there.ahead = 0;
		rc = read_at(frame, f, &there, err);
		if (!rc || !is_damage(rc))
			return rc;
	}
	return ARK_NOTFOUND;
}

static enum ark_rc read_frame(struct arkv_frame *frame, struct arkv_frames *f,
			      const struct arkv_frame_want *want, struct ark_err *err)
{
	struct ark_err first = { 0 };
	enum ark_rc rc = ARK_NOTFOUND;
	if (want->packs) {
		rc = read_at(frame, f, want, &first);
		if (rc == ARK_CORRUPT && want->ahead) { /* perhaps only a neighbour is lost */
			struct arkv_frame_want alone = *want;
			alone.ahead = 0;
			rc = read_at(frame, f, &alone, &first);
		}
	} else {
		(void)ark_fail(&first, ARK_NOTFOUND, "no place is known for frame %s",
			       ark_id_hex(&want->id).s);
	}
	if (is_damage(rc)) {
		rc = read_elsewhere(frame, f, want, err);
		if (rc == ARK_NOTFOUND)
			return ark_fail(err, ARK_CORRUPT, "%s", first.text);
		return rc;
	}
	if (rc && err)
		*err = first;
	return rc;
}

/* ---- frames to come ---- */

static void prepared_run(struct arkv_task *task)
{
	struct prepared *p = (struct prepared *)(void *)task;
	p->rc = arkv_frame_open(p->opener, &p->head, &p->datakey, ark_buf_span(&p->bytes),
				&p->frame->content, NULL);
}

/* The frame when it was prepared, and opened well; else NULL: it is read as any other. */
static struct arkv_frame *take_prepared(struct arkv_frames *f, const struct arkv_frame_want *want)
{
	for (size_t i = 0; i < PREPARED_COUNT; i++) {
		struct prepared *p = &f->prepared[i];
		if (!p->frame || !ark_id_eq(&p->head.id, &want->id))
			continue;
		arkv_pool_wait(f->pool, &p->task);
		struct arkv_frame *frame = p->frame;
		p->frame = NULL;
		if (!p->rc && frame->content.type == want->type)
			return frame;
		frame_free(frame);
	}
	return NULL;
}

static bool is_at_hand(const struct arkv_frames *f, const struct ark_id *id)
{
	for (size_t i = 0; i < PREPARED_COUNT; i++)
		if (f->prepared[i].frame && ark_id_eq(&f->prepared[i].head.id, id))
			return true;
	for (size_t i = 0; i < ARKV_FRAMES_COUNT; i++)
		if (f->kept[i] && ark_id_eq(&f->kept[i]->id, id))
			return true;
	return false;
}

/* A free slot with all that it needs, or NULL. */
static struct prepared *slot_free(struct arkv_frames *f)
{
	if (!f->pool && !f->pool_failed)
		f->pool_failed = arkv_pool_new(&f->pool, 0, NULL) != ARK_OK;
	if (!f->pool)
		return NULL;
	for (size_t i = 0; i < PREPARED_COUNT; i++) {
		struct prepared *p = &f->prepared[i];
		if (p->frame && f->calls - p->call <= PREPARED_CALLS)
			continue;
		if (p->frame) {
			arkv_pool_wait(f->pool, &p->task);
			frame_free(p->frame);
			p->frame = NULL;
		}
		if (!p->opener && arkv_opener_new(&p->opener, arkv_repo_keys(f->repo), NULL))
			return NULL;
		return p;
	}
	return NULL;
}

void arkv_frames_prepare(struct arkv_frames *f, const struct arkv_frame_want *want)
{
	struct ark_span bytes;
	const struct arkf_place *place = &want->place;
	struct arkv_object_name name =
		arkv_hash_name("packs/", &want->packs->packs[place->pack_no].name);
	if (place->clen > ARKV_FRAME_CLEN_MAX || is_at_hand(f, &want->id) ||
	    !arkv_windows_peek(&bytes, f->windows, name.s, place->offset,
			       (size_t)place->clen + ARKF_FRAME_EXTRA))
		return;
	struct prepared *p = slot_free(f);
	if (!p || arkf_frame_decode(&p->head, bytes, NULL) || p->head.clen != place->clen ||
	    !ark_id_eq(&p->head.id, &want->id))
		return;
	const struct arkf_datakey *datakey =
		arkv_packs_datakey(want->packs, place->pack_no, p->head.datakey_no);
	ark_buf_clear(&p->bytes);
	ark_wr_bytes(&p->bytes.wr, bytes);
	if (!datakey || p->bytes.wr.full)
		return;
	p->datakey = *datakey;
	p->frame = frame_new(&want->id);
	if (!p->frame)
		return;
	p->call = f->calls;
	p->task.run = prepared_run;
	arkv_pool_submit(f->pool, &p->task);
}

static void note_lost(struct arkv_frames *f, const struct arkv_frame_want *want)
{
	f->lost = (struct arkv_frame_spot){ .id = want->id };
	if (!want->packs)
		return;
	f->lost.pack = want->packs->packs[want->place.pack_no].name;
	f->lost.frame_no = want->place.frame_no;
}

const struct arkv_frame_spot *arkv_frames_lost(const struct arkv_frames *f)
{
	return &f->lost;
}

enum ark_rc arkv_frames_get(struct arkv_frame **out, struct arkv_frames *f,
			    const struct arkv_frame_want *want, struct ark_err *err)
{
	if (!arkv_keys_can_read(arkv_repo_keys(f->repo)))
		return ark_fail(err, ARK_AUTH, "this key can write and deduplicate, not read");
	struct arkv_frame *frame = take_kept(f, want);
	if (!frame)
		frame = take_prepared(f, want);
	if (frame && frame->content.type != want->type) {
		frame_free(frame);
		frame = NULL; /* the reading that follows says so */
	}
	if (!frame) {
		frame = frame_new(&want->id);
		if (!frame)
			return ark_fail(err, ARK_NOMEM, "frame: out of memory");
		enum ark_rc rc = read_frame(frame, f, want, err);
		if (rc) {
			frame_free(frame);
			note_lost(f, want);
			return rc;
		}
	}
	frame->used = ++f->calls;
	frame->held_bytes = &f->held_bytes;
	f->held_bytes += frame_bytes(frame);
	if (f->held_bytes > ARKV_FRAMES_HELD_MAX) {
		arkv_frames_release(f, &frame);
		return ark_fail(err, ARK_LIMIT,
				"the blocks of one stack take more than %d MiB of memory",
				ARKV_FRAMES_HELD_MAX >> 20);
	}
	*out = frame;
	return ARK_OK;
}
