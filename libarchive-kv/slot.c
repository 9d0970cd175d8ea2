/* slot.c - see slot.h. */
#include "libarchive-kv/slot.h"

#include "libarchive-kv/rand.h"

#include <sodium.h>

static const char commit_label[] = "arkv-slot";

_Static_assert(ARKF_SLOT_BOX_LEN == ARKV_KEY_LEN + ARKV_BOX_EXTRA, "sealed root key");
_Static_assert(ARKF_SLOT_SEALED_LEN == ARKV_KEY_LEN + crypto_box_SEALBYTES, "sealed root key");
_Static_assert(ARKF_SLOT_SALT_LEN == crypto_pwhash_argon2id_SALTBYTES, "salt");

void arkv_root_pin(struct ark_uid *out, struct ark_span root)
{
	arkv_hash_keyed16(out->b, root.p, ark_span_str("arkv-pin"));
}

enum ark_rc arkv_foreign_key(const struct ark_uid *key_of, const struct ark_uid *here,
			     struct ark_err *err)
{
	return ark_fail(err, ARK_AUTH, "this key belongs to repository %s, this is repository %s",
			ark_uid_hex(key_of).s, ark_uid_hex(here).s);
}

/* The slot key: Argon2id of a passphrase, the secret of a key file itself. */
static enum ark_rc slot_key(struct ark_secret *key, const struct arkf_slot *slot,
			    struct ark_span secret, struct ark_err *err)
{
	if (slot->kind == ARKF_SLOT_KEYFILE && secret.len != ARKV_KEY_LEN)
		return ark_fail(err, ARK_AUTH, "wrong key file");
	if (slot->kind == ARKF_SLOT_KEYFILE)
		return ark_secret_copy(key, secret, err);
	if (ark_secret_new(key, ARKV_KEY_LEN, err))
		return ARK_NOMEM;
	const char *passphrase = secret.len ? (const char *)secret.p : "";
	if (crypto_pwhash_argon2id(key->p, key->len, passphrase, secret.len, slot->salt,
				   slot->passes, (size_t)slot->memory_kib * 1024,
				   crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
		return ark_fail(err, ARK_NOMEM, "key slot: Argon2id needs %u KiB of memory",
				(unsigned)slot->memory_kib);
	return ARK_OK;
}

static void commitment_of(struct ark_id *out, const struct arkf_slot *slot, const uint8_t *key)
{
	uint8_t mem[sizeof commit_label - 1 + ARK_UID_LEN];
	struct ark_wr wr = ark_wr(mem, sizeof mem);
	ark_wr_bytes(&wr, ark_span_str(commit_label));
	ark_wr_bytes(&wr, ark_span(slot->uid.b, sizeof slot->uid.b));
	arkv_hash_keyed(out->b, key, ark_wr_span(&wr));
}

/* The box's context is a hash of the slot header, in *context. */
static struct arkv_box_for box_of(const struct arkf_slot *slot, struct ark_id *context)
{
	uint8_t mem[ARKF_SLOT_HEAD_MAX];
	struct ark_wr wr = ark_wr(mem, sizeof mem);
	arkf_slot_encode_head(&wr, slot);
	arkv_hash(context->b, ark_wr_span(&wr));
	return (struct arkv_box_for){ .repo = &slot->repo,
				      .context = ark_span(context->b, sizeof context->b),
				      .suite = slot->suite,
				      .type = ARKV_BOX_SLOT };
}

static enum ark_rc seal_to_recipient(struct arkf_slot *slot, struct ark_span root,
				     struct ark_err *err)
{
	slot->sealed_len = ARKF_SLOT_SEALED_LEN;
	if (crypto_box_seal(slot->sealed, root.p, root.len, slot->recipient.b) != 0)
		return ark_fail(err, ARK_USAGE, "public key %s is no X25519 key",
				ark_id_hex(&slot->recipient).s);
	return ARK_OK;
}

static enum ark_rc seal_under_key(struct arkf_slot *slot, struct ark_span secret,
				  struct ark_span root, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret key = { .p = NULL };
	enum ark_rc rc = slot_key(&key, slot, secret, err);
	if (rc)
		return rc;
	struct ark_id context;
	struct arkv_box_for what = box_of(slot, &context);
	commitment_of(&slot->commitment, slot, key.p);
	slot->sealed_len = ARKF_SLOT_BOX_LEN;
	arkv_box_seal(slot->sealed, root, key.p, &what);
	return ARK_OK;
}

enum ark_rc arkv_slot_seal(struct arkv_slot_bytes *out, struct arkf_slot *slot,
			   struct ark_span secret, struct ark_span root, struct ark_err *err)
{
	if (!arkf_slot_label_ok(slot->label))
		return ark_fail(err, ARK_USAGE,
				"label: at most %d bytes of UTF-8 without control characters",
				ARKF_SLOT_LABEL_MAX);
	if (slot->kind == ARKF_SLOT_PASSPHRASE) {
		struct arkv_rand rand = arkv_rand_system();
		arkv_rand_bytes(&rand, slot->salt, sizeof slot->salt);
		if (!slot->passes || slot->passes > ARKF_SLOT_PASSES_MAX ||
		    slot->memory_kib < ARKF_SLOT_MEMORY_KIB_MIN ||
		    slot->memory_kib > ARKF_SLOT_MEMORY_KIB_MAX)
			return ark_fail(err, ARK_LIMIT,
					"Argon2id: 1 to %d passes over %d to %d KiB are allowed",
					ARKF_SLOT_PASSES_MAX, ARKF_SLOT_MEMORY_KIB_MIN,
					ARKF_SLOT_MEMORY_KIB_MAX);
	}
	enum ark_rc rc = slot->kind == ARKF_SLOT_PUBLIC ? seal_to_recipient(slot, root, err)
							: seal_under_key(slot, secret, root, err);
	if (rc)
		return rc;
	struct ark_wr wr = ark_wr(out->p, sizeof out->p);
	arkf_slot_encode(&wr, slot);
	arkv_hash(slot->checksum.b, ark_span(wr.p, wr.len - ARK_ID_LEN));
	memcpy(wr.p + wr.len - ARK_ID_LEN, slot->checksum.b, ARK_ID_LEN);
	out->len = wr.len;
	return ARK_OK;
}

static bool checksum_ok(struct ark_span bytes)
{
	struct ark_id sum;
	if (bytes.len < sizeof sum.b)
		return false;
	arkv_hash(sum.b, ark_span(bytes.p, bytes.len - sizeof sum.b));
	return memcmp(sum.b, bytes.p + bytes.len - sizeof sum.b, sizeof sum.b) == 0;
}

enum ark_rc arkv_slot_decode(struct arkf_slot *out, struct ark_span bytes,
			     const struct ark_uid *uid, const struct ark_uid *repo,
			     struct ark_err *err)
{
	struct arkf_slot slot;
	const struct ark_hex name = uid ? ark_uid_hex(uid) : (struct ark_hex){ .s = "" };
	if (!checksum_ok(bytes))
		return ark_fail(err, ARK_CORRUPT, "key slot %s is damaged", name.s);
	enum ark_rc rc = arkf_slot_decode(&slot, bytes, err);
	if (rc)
		return rc;
	if (uid && !ark_uid_eq(&slot.uid, uid))
		return ark_fail(err, ARK_CORRUPT, "key slot %s is damaged: it holds key slot %s",
				name.s, ark_uid_hex(&slot.uid).s);
	if (!ark_uid_eq(&slot.repo, repo))
		return arkv_foreign_key(&slot.repo, repo, err);
	*out = slot;
	return ARK_OK;
}

static enum ark_rc open_public(struct ark_secret *root, const struct arkf_slot *slot,
			       struct ark_span secret, struct ark_err *err)
{
	if (secret.len != ARKV_KEY_LEN ||
	    crypto_box_seal_open(root->p, slot->sealed, ARKF_SLOT_SEALED_LEN, slot->recipient.b,
				 secret.p) != 0)
		return ark_fail(err, ARK_AUTH, "wrong key file: it does not open key slot %s",
				ark_uid_hex(&slot->uid).s);
	return ARK_OK;
}

static enum ark_rc open_under_key(struct ark_secret *root, const struct arkf_slot *slot,
				  struct ark_span secret, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret key = { .p = NULL };
	enum ark_rc rc = slot_key(&key, slot, secret, err);
	if (rc)
		return rc;
	struct ark_id commitment, context;
	commitment_of(&commitment, slot, key.p);
	if (!arkv_bytes_equal(commitment.b, slot->commitment.b, sizeof commitment.b))
		return ark_fail(err, ARK_AUTH, "wrong %s",
				slot->kind == ARKF_SLOT_KEYFILE ? "key file" : "passphrase");
	struct arkv_box_for what = box_of(slot, &context);
	struct ark_span box = ark_span(slot->sealed, ARKF_SLOT_BOX_LEN);
	if (arkv_box_open(root->p, box, key.p, &what, NULL))
		return ark_fail(err, ARK_AUTH,
				"key slot %s was altered: its passphrase or key file is right, and "
				"it does not open",
				ark_uid_hex(&slot->uid).s);
	return ARK_OK;
}

enum ark_rc arkv_slot_unseal(struct ark_secret *root, const struct arkf_slot *slot,
			     struct ark_span secret, uint64_t memory_kib_max, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret mem = { .p = NULL };
	uint64_t max = memory_kib_max ? memory_kib_max : ARKV_SLOT_MEMORY_KIB_DEFAULT_MAX;
	if (slot->memory_kib > max)
		return ark_fail(err, ARK_LIMIT,
				"key slot %s asks for %u KiB of memory, %llu are allowed",
				ark_uid_hex(&slot->uid).s, (unsigned)slot->memory_kib,
				(unsigned long long)max);
	enum ark_rc rc = ark_secret_new(&mem, ARKV_KEY_LEN, err);
	if (rc)
		return rc;
	rc = slot->kind == ARKF_SLOT_PUBLIC ? open_public(&mem, slot, secret, err)
					    : open_under_key(&mem, slot, secret, err);
	if (rc)
		return rc;
	*root = mem;
	mem = (struct ark_secret){ .p = NULL };
	return ARK_OK;
}
