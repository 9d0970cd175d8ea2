/*
 * keyfile.h - key files as text: what people keep in a drawer (spec/04-keys.md, key file).
 *
 * Text and bytes are secrets, and lie in struct ark_secret; a struct arkf_keyfile borrows from
 * them.
 */
#pragma once

#include "format/keyfile.h"
#include "libarchive-kv/keys.h"

/* A longer text is no key file. */
enum { ARKV_KEYFILE_TEXT_MAX = 16384 };

/* Decodes text; *out borrows from *mem, which the caller releases. USAGE: not a key file at all.
 * CORRUPT: it is one, but damaged (the checksum tells). UNSUPPORTED. */
enum ark_rc arkv_keyfile_parse(struct arkf_keyfile *out, struct ark_secret *mem,
			       struct ark_span text, struct ark_err *err) ARK_CHECK;
/* file as text, with its checksum computed, its repository named in a comment, and comment (may be
 * NULL; one line, no control characters) in another. *out is as long as the text. */
enum ark_rc arkv_keyfile_print(struct ark_secret *out, const struct arkf_keyfile *file,
			       const char *comment, struct ark_err *err) ARK_CHECK;

/* A new recipient: its key file as text, and in public the key that slots of kind 3 are made for.
 * repo and pin may be NULL: for any repository, not pinned. */
enum ark_rc arkv_keyfile_recipient(struct ark_secret *out, struct ark_id *public,
				   const struct ark_uid *repo, const struct ark_uid *pin,
				   struct ark_err *err) ARK_CHECK;
/* The write-only bundle of keys. AUTH for suite none, which has no secrets to leave out. */
enum ark_rc arkv_keyfile_write_only(struct ark_secret *out, const struct arkv_keys *keys,
				    struct ark_err *err) ARK_CHECK;
