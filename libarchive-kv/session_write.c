/* session_write.c - see session_write.h. */
#include "libarchive-kv/session_write.h"

#include "libarchive-kv/sealed_io.h"

#include <stdio.h>

/* Seals raw as the object of this shape and number, and stores it. */
static enum ark_rc put(struct arkv_store *store, const struct arkv_keys *keys,
		       const struct arkf_sealed_shape *shape, const struct ark_uid *uid,
		       uint32_t number, struct ark_span raw, struct ark_err *err)
{
	const struct arkv_sealed_kind kind = {
		.shape = shape,
		.box = ARKV_BOX_SESSION,
		.raw_max = ARKF_SESSION_RAW_MAX,
	};
	uint8_t context[ARKF_SESSION_CONTEXT_LEN];
	arkf_session_context_encode(context, uid, number);
	ARK_AUTO(ark_buf_release) struct ark_buf object;
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = NULL;
	ark_buf_init(&object);
	enum ark_rc rc = arkv_codec_new(&codec, 0, err);
	if (!rc)
		rc = arkv_sealed_make(&object, &kind, keys, codec,
				      ark_span(context, sizeof context), raw, err);
	if (rc)
		return rc;
	char name[ARKV_NAME_MAX + 1];
	snprintf(name, sizeof name, "sessions/%s%s", ark_uid_hex(uid).s, number ? ".end" : "");
	return arkv_store_put(store, name, ark_buf_span(&object), err);
}

enum ark_rc arkv_session_begin(struct arkv_store *store, const struct arkv_keys *keys,
			       const struct ark_uid *uid, const struct arkf_session *session,
			       struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&raw);
	arkf_session_encode(&raw.wr, session);
	enum ark_rc rc = ark_buf_check(&raw, "session", err);
	return rc ? rc : put(store, keys, &arkf_session_shape, uid, 0, ark_buf_span(&raw), err);
}

enum ark_rc arkv_session_end(struct arkv_store *store, const struct arkv_keys *keys,
			     const struct ark_uid *uid, enum arkf_outcome outcome,
			     const struct ark_uid *archive, uint64_t time_ms, struct ark_err *err)
{
	struct arkf_beat beat = { .time_ms = time_ms, .outcome = outcome, .archive = *archive };
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&raw);
	arkf_beat_encode(&raw.wr, &beat);
	enum ark_rc rc = ark_buf_check(&raw, "session end", err);
	return rc ? rc
		  : put(store, keys, &arkf_beat_shape, uid, ARKF_BEAT_END, ark_buf_span(&raw), err);
}
