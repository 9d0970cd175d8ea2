/*
 * session.h - sessions, heartbeats, ends and reaped sessions (spec/13-session.md).
 */
#pragma once

#include "format/manifest.h" /* limits of texts */
#include "format/sealed.h"

extern const struct arkf_sealed_shape arkf_session_shape;
extern const struct arkf_sealed_shape arkf_beat_shape; /* heartbeats and ends */
extern const struct arkf_sealed_shape arkf_reaped_shape;

enum {
	ARKF_SESSION_RAW_MAX = 65536, /* of all bodies here */
	ARKF_SESSION_CONTEXT_LEN = ARK_UID_LEN + 4,
	ARKF_REAPED_CONTEXT_LEN = 8 + ARK_UID_LEN,
};
#define ARKF_BEAT_END UINT32_MAX

/* ---- contexts; number: 0 the session itself, k a heartbeat, ARKF_BEAT_END the end ---- */

void arkf_session_context_encode(uint8_t out[ARKF_SESSION_CONTEXT_LEN],
				 const struct ark_uid *session, uint32_t number);
/* context: that of a SESS or BEAT object, 20 bytes. CORRUPT: number 0 in a BEAT, another in a
 * SESS. */
enum ark_rc arkf_session_context_decode(struct ark_span context,
					const struct arkf_sealed_shape *shape,
					struct ark_uid *session, uint32_t *number,
					struct ark_err *err) ARK_CHECK;
void arkf_reaped_context_encode(uint8_t out[ARKF_REAPED_CONTEXT_LEN],
				const struct ark_uid *session);
enum ark_rc arkf_reaped_context_decode(struct ark_span context, struct ark_uid *session,
				       struct ark_err *err) ARK_CHECK;

/* ---- raw bodies: CORRUPT, UNSUPPORTED; spans borrow raw ---- */

enum arkf_session_kind {
	ARKF_SESSION_BACKUP = 1,
	ARKF_SESSION_PRUNE = 2,
	ARKF_SESSION_REPACK = 3,
	ARKF_SESSION_COPY = 4,
	ARKF_SESSION_ERASE = 5,
};

struct arkf_session {
	enum arkf_session_kind kind;
	uint32_t pid;
	uint64_t started_ms;	/* by the writer's clock */
	struct ark_uid lineage; /* zeros: none */
	struct ark_uid parent;	/* zeros: none */
	struct ark_span source; /* text, as host and tool; limits of the manifest's head */
	struct ark_span host;
	struct ark_span tool;
};

void arkf_session_encode(struct ark_wr *wr, const struct arkf_session *session);
enum ark_rc arkf_session_decode(struct arkf_session *out, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;

enum arkf_outcome {
	ARKF_OUTCOME_AT_WORK = 0,
	ARKF_OUTCOME_COMMITTED = 1,
	ARKF_OUTCOME_NOTHING = 2, /* ended without an archive: unchanged, or not a backup */
	ARKF_OUTCOME_FAILED = 3,
};

struct arkf_beat {
	uint64_t time_ms; /* by the writer's clock */
	enum arkf_outcome outcome;
	struct ark_uid archive; /* zeros unless committed */
};

void arkf_beat_encode(struct ark_wr *wr, const struct arkf_beat *beat);
/* number: from the context; it says whether outcome AT_WORK is right. */
enum ark_rc arkf_beat_decode(struct arkf_beat *out, struct ark_span raw, uint32_t number,
			     struct ark_err *err) ARK_CHECK;

struct arkf_reaped {
	struct ark_uid by;     /* the session of the prune */
	uint64_t store_ms;     /* by the store's clock */
	uint32_t last_beat_no; /* 0: none was seen */
};

void arkf_reaped_encode(struct ark_wr *wr, const struct arkf_reaped *reaped);
enum ark_rc arkf_reaped_decode(struct arkf_reaped *out, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;

/* ---- shown (dump.h) ---- */

struct arkf_dump;
void arkf_session_dump(struct arkf_dump *d); /* raw bodies */
void arkf_beat_dump(struct arkf_dump *d);
void arkf_reaped_dump(struct arkf_dump *d);
