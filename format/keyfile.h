/*
 * keyfile.h - the structure inside a key file (spec/04-keys.md); its text is libarchive-kv's part.
 *
 * Spans borrow from what was decoded, so that secrets stay where their owner keeps them. The
 * checksum is carried, not checked.
 */
#pragma once

#include "format/chunker.h"
#include "format/dump.h"
#include "format/object.h"
#include "format/slot.h"

enum arkf_keyfile_kind {
	ARKF_KEYFILE_SLOT = 1,	      /* opens one slot of kind 2 */
	ARKF_KEYFILE_WRITE_ONLY = 2,  /* writes and deduplicates, does not read */
	ARKF_KEYFILE_SECRET = 3,      /* opens slots of kind 3 */
	ARKF_KEYFILE_ROOT = 4,	      /* the root key itself */
	ARKF_KEYFILE_ROOT_SEALED = 5, /* the root key in a slot of kind 1 */
};

enum {
	ARKF_KEYFILE_KEYS_LEN = 5 * 32,
	ARKF_KEYFILE_LEN_MAX = 32 + ARKF_SLOT_LEN_MAX + 32,
};

struct arkf_keyfile {
	enum ark_suite suite; /* never none */
	struct ark_uid repo;  /* kind 3: may be zeros, for any repository */
	enum arkf_keyfile_kind kind;
	struct ark_uid slot;	/* kind 1 */
	struct ark_span secret; /* kinds 1, 3, 4: 32 bytes */
	struct ark_span public; /* kinds 2 (the reader's), 3: 32 bytes */
	uint32_t ring;		/* kind 2 */
	struct ark_span keys;	/* kind 2: K_id, K_cut, K_dig, K_meta, K_auth */
	struct arkf_chunker chunker;
	struct ark_uid pin;	     /* kind 3: zeros when there is none */
	struct ark_span sealed_root; /* kind 5: a whole slot of kind 1, of the same repository */
	struct ark_id checksum;
};

/* The word of the kind: "file", "write-only", "secret", "root-export". */
const char *arkf_keyfile_word(enum arkf_keyfile_kind kind);
/* At most ARKF_KEYFILE_LEN_MAX bytes, to guarded memory. */
void arkf_keyfile_encode(struct ark_wr *wr, const struct arkf_keyfile *file);
enum ark_rc arkf_keyfile_decode(struct arkf_keyfile *out, struct ark_span bytes,
				struct ark_err *err) ARK_CHECK;
/* Shows secrets. */
void arkf_keyfile_dump(struct arkf_dump *d);
