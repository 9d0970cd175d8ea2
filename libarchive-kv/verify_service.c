/* verify_service.c - the objects that no archive needs to be read. See verify_in.h. */
#include "format/gc.h"
#include "format/mark.h"
#include "format/places.h"
#include "format/remap.h"
#include "format/ring.h"
#include "format/session.h"
#include "libarchive-kv/repo_inside.h"
#include "libarchive-kv/sealed_io.h"
#include "libarchive-kv/verify_in.h"

#include <stdio.h>
#include <stdlib.h>

/* One object, opened. */
struct service {
	struct arkv_verification *v;
	const struct arkv_object *object;
	struct ark_buf bytes;
	struct ark_buf raw;
	struct ark_span context; /* borrows bytes */
};

static enum ark_rc not_its_name(struct ark_err *err)
{
	return ark_fail(err, ARK_CORRUPT, "what stands in it is not what its name says");
}

static enum ark_rc open_as(struct service *s, const struct arkf_sealed_shape *shape,
			   enum arkv_box_type box, size_t raw_max, struct ark_err *err)
{
	const struct arkv_sealed_kind kind = { .shape = shape, .box = box, .raw_max = raw_max };
	return arkv_sealed_open(&s->raw, &s->context, &kind, s->v->keys, s->v->codec,
				ark_buf_span(&s->bytes), err);
}

static enum ark_rc check_sha256(const struct service *s, struct ark_err *err)
{
	struct ark_id sum;
	arkv_sha256_of(&sum, ark_buf_span(&s->bytes));
	if (ark_id_eq(&sum, &s->object->id))
		return ARK_OK;
	return ark_fail(err, ARK_CORRUPT, "was altered: its SHA-256 is not its name");
}

/* Lists end with NOTFOUND. */
static enum ark_rc ended(enum ark_rc rc)
{
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

/* ---- fragments ---- */

static enum ark_rc walk_fragment(struct service *s, struct ark_err *err)
{
	struct arkf_places_rd it;
	struct arkf_datakey datakey;
	struct arkf_places_pack pack;
	struct arkf_footer_entry entry;
	struct arkf_place place;
	uint32_t no;
	enum ark_rc rc = arkf_places_decode(&it, ark_buf_span(&s->raw), err);
	while (!rc)
		rc = arkf_places_datakey_next(&it, &datakey, err);
	rc = ended(rc);
	while (!rc && !(rc = arkf_places_pack_next(&it, &pack, err))) {
		while (!rc)
			rc = arkf_places_no_next(&it, &no, err);
		rc = ended(rc);
		while (!rc)
			rc = arkf_places_frame_next(&it, &entry, &place, err);
		rc = ended(rc);
		size_t pack_no = 0;
		if (arkv_idnos_find(&s->v->uses.map, &pack.name, &pack_no))
			s->v->packs[pack_no].said_len = pack.len;
	}
	return ended(rc);
}

static enum ark_rc check_fragment(struct service *s, struct ark_err *err)
{
	enum ark_rc rc = check_sha256(s, err);
	if (!rc)
		rc = open_as(s, &arkf_places_shape, ARKV_BOX_PLACES, ARKF_PLACES_RAW_MAX, err);
	return rc ? rc : walk_fragment(s, err);
}

/* ---- remaps ---- */

/* A frame that an archive needs is in another pack now: that one is needed instead. */
static enum ark_rc moved(struct arkv_verification *v, size_t old_no,
			 const struct arkf_remap_frame *frame, const struct ark_id *to,
			 struct ark_err *err)
{
	struct arkv_packuse *old = &v->uses.items[old_no];
	if (!arkv_packuse_has(old, frame->frame_no))
		return ARK_OK;
	uint8_t **bits = &v->packs[old_no].moved;
	if (!*bits)
		*bits = calloc(1, (size_t)arkf_bitmap_len(old->frame_count));
	if (!*bits)
		return ark_fail(err, ARK_NOMEM, "verify: out of memory");
	(*bits)[frame->frame_no / 8] |= (uint8_t)(1 << frame->frame_no % 8);
	size_t no = 0;
	if (arkv_idnos_find(&v->uses.map, to, &no))
		return ARK_OK;
	/* how many frames the new pack has is its footer's to say */
	enum ark_rc rc = arkv_packuses_pack(&no, &v->uses, to, 0, err);
	return rc ? rc : arkv_v_packs_fit(v, err);
}

static enum ark_rc walk_remap(struct service *s, struct ark_err *err)
{
	struct arkv_verification *v = s->v;
	ARK_AUTO(arkv_arena_release) struct arkv_arena arena = { 0 };
	struct arkv_packs packs = { 0 };
	struct arkf_remap_rd it;
	struct arkf_remap_frame frame;
	struct ark_id old;
	enum ark_rc rc = arkf_remap_decode(&it, ark_buf_span(&s->raw), err);
	if (!rc)
		rc = arkv_packs_load(&packs, &it.table, &arena, err);
	while (!rc && !(rc = arkf_remap_old_next(&it, &old, err))) {
		size_t no = 0;
		struct arkv_object_name name = arkv_hash_name("packs/", &old);
		bool asked = arkv_idnos_find(&v->uses.map, &old, &no) &&
			     !arkv_objects_find(&v->objects, name.s);
		while (!rc && !(rc = arkf_remap_frame_next(&it, &frame, err)))
			if (asked)
				rc = moved(v, no, &frame, &packs.packs[frame.place.pack_no].name,
					   err);
		rc = ended(rc);
	}
	return ended(rc);
}

static enum ark_rc check_remap(struct service *s, struct ark_err *err)
{
	enum ark_rc rc = check_sha256(s, err);
	if (!rc)
		rc = open_as(s, &arkf_remap_shape, ARKV_BOX_REMAP, ARKF_REMAP_RAW_MAX, err);
	return rc ? rc : walk_remap(s, err);
}

/* ---- sessions, gc lists, marks ---- */

static enum ark_rc check_session(struct service *s, struct ark_err *err)
{
	const char *tail = strchr(s->object->name, '.');
	const struct arkf_sealed_shape *shape = tail ? &arkf_beat_shape : &arkf_session_shape;
	uint32_t number = 0;
	if (tail)
		number = strcmp(tail, ".end") == 0 ? ARKF_BEAT_END
						   : (uint32_t)strtoul(tail + 1, NULL, 16);
	enum ark_rc rc = open_as(s, shape, ARKV_BOX_SESSION, ARKF_SESSION_RAW_MAX, err);
	if (rc)
		return rc;
	uint8_t context[ARKF_SESSION_CONTEXT_LEN];
	arkf_session_context_encode(context, &s->object->uid, number);
	if (!ark_span_eq(s->context, ark_span(context, sizeof context)))
		return not_its_name(err);
	struct arkf_session session;
	struct arkf_beat beat;
	return tail ? arkf_beat_decode(&beat, ark_buf_span(&s->raw), number, err)
		    : arkf_session_decode(&session, ark_buf_span(&s->raw), err);
}

static enum ark_rc check_reaped(struct service *s, struct ark_err *err)
{
	struct ark_uid uid;
	struct arkf_reaped reaped;
	enum ark_rc rc = open_as(s, &arkf_reaped_shape, ARKV_BOX_GC, ARKF_SESSION_RAW_MAX, err);
	if (!rc)
		rc = arkf_reaped_context_decode(s->context, &uid, err);
	if (!rc && !ark_uid_eq(&uid, &s->object->uid))
		rc = not_its_name(err);
	return rc ? rc : arkf_reaped_decode(&reaped, ark_buf_span(&s->raw), err);
}

static enum ark_rc walk_gc(const struct service *s, struct ark_err *err)
{
	struct arkf_gc_rd it;
	enum arkf_gc_class class_no;
	uint64_t count;
	struct ark_span name;
	enum ark_rc rc = arkf_gc_decode(&it, ark_buf_span(&s->raw), err);
	while (!rc && !(rc = arkf_gc_class_next(&it, &class_no, &count, err))) {
		while (!rc)
			rc = arkf_gc_name_next(&it, &name, err);
		rc = ended(rc);
	}
	return ended(rc);
}

static enum ark_rc check_gc(struct service *s, struct ark_err *err)
{
	uint64_t n = 0;
	struct ark_uid uid;
	if (strncmp(s->object->name, "gc/reaped/", strlen("gc/reaped/")) == 0)
		return check_reaped(s, err);
	enum ark_rc rc = open_as(s, &arkf_gc_shape, ARKV_BOX_GC, ARKF_GC_RAW_MAX, err);
	if (!rc)
		rc = arkf_gc_context_decode(s->context, &n, &uid, err);
	char name[ARKV_NAME_MAX + 1];
	(void)snprintf(name, sizeof name, "gc/%016llx-%s", (unsigned long long)n,
		       ark_uid_hex(&uid).s);
	if (!rc && strcmp(name, s->object->name) != 0)
		rc = not_its_name(err);
	return rc ? rc : walk_gc(s, err);
}

static enum ark_rc check_mark(struct service *s, struct ark_err *err)
{
	struct arkf_mark mark;
	enum ark_rc rc = open_as(s, &arkf_mark_shape, ARKV_BOX_MARK, ARKF_MARK_RAW_MAX, err);
	if (!rc && !ark_span_eq(s->context, ark_span(s->object->uid.b, ARK_UID_LEN)))
		rc = not_its_name(err);
	return rc ? rc : arkf_mark_decode(&mark, ark_buf_span(&s->raw), &s->object->uid, err);
}

/* ---- config and keys: the plain checksums, which need no key ---- */

static enum ark_rc check_plain(struct ark_span bytes, struct ark_err *err)
{
	uint8_t sum[ARK_ID_LEN];
	if (bytes.len <= sizeof sum)
		return ark_fail(err, ARK_CORRUPT, "is cut off");
	size_t len = bytes.len - sizeof sum;
	arkv_hash(sum, ark_span(bytes.p, len));
	if (memcmp(sum, bytes.p + len, sizeof sum) != 0)
		return ark_fail(err, ARK_CORRUPT, "is damaged");
	return ARK_OK;
}

static enum ark_rc check_config(struct service *s, struct ark_err *err)
{
	struct arkf_config config;
	enum ark_rc rc = check_plain(ark_buf_span(&s->bytes), err);
	if (!rc)
		rc = arkf_config_decode(&config, ark_buf_span(&s->bytes), err);
	if (!rc && !ark_uid_eq(&config.repo, arkv_repo_id(s->v->repo)))
		rc = ark_fail(err, ARK_CORRUPT, "is that of another repository");
	return rc;
}

static enum ark_rc check_key(struct service *s, struct ark_err *err)
{
	struct arkf_ring ring;
	struct arkf_slot slot;
	struct ark_span bytes = ark_buf_span(&s->bytes);
	enum ark_rc rc = check_plain(bytes, err);
	if (rc)
		return rc;
	if (strncmp(s->object->name, "keys/ring-", strlen("keys/ring-")) == 0)
		rc = arkf_ring_decode(&ring, bytes, err);
	else
		rc = arkf_slot_decode(&slot, bytes, err);
	return rc;
}

/* ---- all ---- */

static enum ark_rc check(struct service *s, struct ark_err *err)
{
	switch (s->object->kind) {
	case ARKV_OBJECT_CONFIG: return check_config(s, err);
	case ARKV_OBJECT_KEY: return check_key(s, err);
	case ARKV_OBJECT_PLACES: return check_fragment(s, err);
	case ARKV_OBJECT_REMAP: return check_remap(s, err);
	case ARKV_OBJECT_ARCHIVE: return check_mark(s, err);
	case ARKV_OBJECT_SESSION: return check_session(s, err);
	case ARKV_OBJECT_GC: return check_gc(s, err);
	case ARKV_OBJECT_PACK:
	case ARKV_OBJECT_RUN:
	case ARKV_OBJECT_OTHER:
	case ARKV_OBJECT_KINDS:
	default: return ARK_OK;
	}
}

static bool is_service(const struct arkv_object *object)
{
	if (object->kind == ARKV_OBJECT_ARCHIVE)
		return strchr(object->name, '.') != NULL;
	return object->kind != ARKV_OBJECT_PACK && object->kind != ARKV_OBJECT_RUN &&
	       object->kind != ARKV_OBJECT_OTHER;
}

static enum ark_rc verify_object(struct arkv_verification *v, const struct arkv_object *object,
				 struct ark_err *err)
{
	struct service s = { .v = v, .object = object };
	struct ark_err why = { 0 };
	ark_buf_init(&s.bytes);
	ark_buf_init(&s.raw);
	enum ark_rc rc = arkv_store_get(v->store, object->name, 0, ARKV_TO_END, &s.bytes, &why);
	v->result->bytes_read += s.bytes.wr.len;
	if (!rc)
		rc = check(&s, &why);
	ark_buf_release(&s.bytes);
	ark_buf_release(&s.raw);
	if (arkv_rc_is_damage(rc)) {
		if (!arkv_loss_new(v, ARKV_DAMAGE_SERVICE, object->name, err, "%s", why.text))
			return ARK_NOMEM;
		return ARK_OK;
	}
	if (rc == ARK_NOTFOUND)
		return ARK_OK; /* removed since it was listed */
	if (rc && err)
		*err = why;
	return rc;
}

enum ark_rc arkv_verify_service(struct arkv_verification *v, struct ark_err *err)
{
	/* remaps first: they say which packs are needed, and fragments how long those are */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < v->objects.count; i++) {
			const struct arkv_object *object = &v->objects.items[i];
			bool first = object->kind == ARKV_OBJECT_REMAP;
			if (!is_service(object) || first != (pass == 0))
				continue;
			enum ark_rc rc = arkv_job_check(v->job, err);
			if (!rc)
				rc = verify_object(v, object, err);
			if (rc)
				return rc;
		}
	return ARK_OK;
}
