/*
 * session_write.h - a writer says that it is at work, and that it has ended (spec/13-session.md).
 */
#pragma once

#include "format/session.h"
#include "libarchive-kv/keys.h"
#include "libarchive-kv/store.h"

/* Stores sessions/<uid>: the first thing that a writer stores. */
enum ark_rc arkv_session_begin(struct arkv_store *store, const struct arkv_keys *keys,
			       const struct ark_uid *uid, const struct arkf_session *session,
			       struct ark_err *err) ARK_CHECK;
/* Stores sessions/<uid>.end: the last thing. archive: zeros unless outcome is COMMITTED. */
enum ark_rc arkv_session_end(struct arkv_store *store, const struct arkv_keys *keys,
			     const struct ark_uid *uid, enum arkf_outcome outcome,
			     const struct ark_uid *archive, uint64_t time_ms, struct ark_err *err)
	ARK_CHECK;
