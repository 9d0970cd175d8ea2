/*
 * slot.h - a key slot: the root key, sealed for one passphrase, key file or recipient
 * (spec/04-keys.md). Commitment and checksum are carried, not checked: that is the library's part.
 */
#pragma once

#include "format/dump.h"
#include "format/object.h"

enum arkf_slot_kind {
	ARKF_SLOT_PASSPHRASE = 1,
	ARKF_SLOT_KEYFILE = 2,
	ARKF_SLOT_PUBLIC = 3,
};

enum {
	ARKF_SLOT_SALT_LEN = 16,
	ARKF_SLOT_LABEL_MAX = 64,
	ARKF_SLOT_PASSES_MAX = 64,
	ARKF_SLOT_MEMORY_KIB_MIN = 8,
	ARKF_SLOT_MEMORY_KIB_MAX = 4194304,
	ARKF_SLOT_PASSES_DEFAULT = 3,
	ARKF_SLOT_MEMORY_KIB_DEFAULT = 65536,
	ARKF_SLOT_BOX_LEN = 72,	   /* of kinds 1 and 2 */
	ARKF_SLOT_SEALED_LEN = 80, /* of kind 3 */
	ARKF_SLOT_HEAD_MAX = 112 + 1 + ARKF_SLOT_LABEL_MAX,
	ARKF_SLOT_LEN_MAX = ARKF_SLOT_HEAD_MAX + 32 + 2 + ARKF_SLOT_SEALED_LEN + 32,
};

struct arkf_slot {
	enum ark_suite suite; /* never none */
	struct ark_uid repo;
	struct ark_uid uid;
	enum arkf_slot_kind kind;
	uint32_t passes; /* of Argon2id; 0 unless kind 1, as the next two */
	uint32_t memory_kib;
	uint8_t salt[ARKF_SLOT_SALT_LEN];
	struct ark_id recipient; /* an X25519 public key; zeros unless kind 3 */
	uint64_t created_ms;
	struct ark_span label; /* borrowed */
	struct ark_id commitment;
	uint8_t sealed[ARKF_SLOT_SEALED_LEN];
	size_t sealed_len; /* as kind says */
	struct ark_id checksum;
};

/* The slot header: all before the commitment. At most ARKF_SLOT_HEAD_MAX bytes. */
void arkf_slot_encode_head(struct ark_wr *wr, const struct arkf_slot *slot);
void arkf_slot_encode(struct ark_wr *wr, const struct arkf_slot *slot);
/* LIMIT: passes or memory out of their ranges. UNSUPPORTED: unknown kind, reserved bytes. */
enum ark_rc arkf_slot_decode(struct arkf_slot *out, struct ark_span bytes, struct ark_err *err)
	ARK_CHECK;
/* True for UTF-8 without control characters, at most ARKF_SLOT_LABEL_MAX bytes. */
bool arkf_slot_label_ok(struct ark_span label);
void arkf_slot_dump(struct arkf_dump *d);
