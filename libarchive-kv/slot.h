/*
 * slot.h - one key slot: sealing a root key into it, and getting it out again (spec/04-keys.md).
 * slots.h has the slots of a repository.
 */
#pragma once

#include "format/slot.h"
#include "libarchive-kv/crypt.h"
#include "libarchive-kv/secret.h"

/* Without a word from the user a slot may not ask for more: 1 GiB. */
enum { ARKV_SLOT_MEMORY_KIB_DEFAULT_MAX = 1048576 };

/* The bytes of a slot object. */
struct arkv_slot_bytes {
	uint8_t p[ARKF_SLOT_LEN_MAX];
	size_t len;
};

/* Completes slot, whose fields up to the label are set (salt: drawn here), and encodes it. secret:
 * the passphrase, or the 32 bytes of a key file; not used for kind 3. root: 32 bytes. LIMIT for
 * costs out of range, NOMEM when Argon2id does not get its memory, USAGE for a recipient that is no
 * key or a label that cannot be. */
enum ark_rc arkv_slot_seal(struct arkv_slot_bytes *out, struct arkf_slot *slot,
			   struct ark_span secret, struct ark_span root, struct ark_err *err)
	ARK_CHECK;

/* Checks the checksum, decodes, and compares with the name's uid (NULL: any) and the repository's
 * id. CORRUPT: "key slot X is damaged". AUTH: of another repository. */
enum ark_rc arkv_slot_decode(struct arkf_slot *out, struct ark_span bytes,
			     const struct ark_uid *uid, const struct ark_uid *repo,
			     struct ark_err *err) ARK_CHECK;

/* Opens a decoded slot. secret: the passphrase; the 32 bytes of a key file; for kind 3 the X25519
 * secret key. AUTH: wrong, or altered. LIMIT: Argon2id would take more than memory_kib_max (0: 1
 * GiB). Takes 0.1-0.4 s for kind 1. */
enum ark_rc arkv_slot_unseal(struct ark_secret *root, const struct arkf_slot *slot,
			     struct ark_span secret, uint64_t memory_kib_max, struct ark_err *err)
	ARK_CHECK;

/* What tells one root key from another: BLAKE2b-128 keyed with it. */
void arkv_root_pin(struct ark_uid *out, struct ark_span root);
/* "this key belongs to repository A, this is repository B": AUTH. */
enum ark_rc arkv_foreign_key(const struct ark_uid *key_of, const struct ark_uid *here,
			     struct ark_err *err);
