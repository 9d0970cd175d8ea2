/* slots_open.c - opening a repository: arkv_slots_open of slots.h. */
#include "libarchive-kv/keynames.h"
#include "libarchive-kv/keyset.h"
#include "libarchive-kv/ringbox.h"
#include "libarchive-kv/slots.h"

#include <stdlib.h>

/* What opening has found out so far. */
struct opening {
	struct arkv_store *store;
	const struct arkv_unlock *unlock;
	struct arkf_config config;
	uint8_t config_bytes[ARKF_CONFIG_LEN];
	struct arkv_keynames names;
	struct ark_secret file_mem;
	struct arkf_keyfile file; /* borrows from file_mem */
	bool has_file;
	struct ark_secret root;
	struct arkf_slot slot; /* the one that opened; its label is not to be used */
	bool has_slot;
	struct arkv_fetch fetches[ARKV_SLOTS_MAX + ARKV_RINGS_MAX]; /* rings first */
	size_t fetch_count;
	/* What the slots that did not open said. */
	struct ark_err wrong;	/* AUTH: tried, and wrong */
	struct ark_err trouble; /* damaged, too costly, of a later version */
};

static void opening_free(struct opening **o)
{
	if (!*o)
		return;
	arkv_fetch_release((*o)->fetches, (*o)->fetch_count);
	ark_secret_release(&(*o)->file_mem);
	ark_secret_release(&(*o)->root);
	free(*o);
	*o = NULL;
}

void arkv_unlocked_release(struct arkv_unlocked *unlocked)
{
	if (!unlocked)
		return;
	arkv_keys_freep(&unlocked->keys);
	ark_secret_release(&unlocked->root);
}

/* ---- first round trip: config, and the list of keys/ ---- */

static enum ark_rc config_decode(struct opening *o, struct ark_err *err)
{
	struct ark_span bytes = ark_span(o->config_bytes, sizeof o->config_bytes);
	struct ark_id sum;
	arkv_hash(sum.b, ark_span(bytes.p, ARKF_CONFIG_CHECKSUM_OFF));
	enum ark_rc rc = arkf_config_decode(&o->config, bytes, err);
	/* A later version may be longer: its checksum is not where this build looks for it. */
	if (rc == ARK_UNSUPPORTED && ark_le32(bytes.p + 8) % 65536 > ARKF_VERSION)
		return rc;
	if (memcmp(sum.b, bytes.p + ARKF_CONFIG_CHECKSUM_OFF, sizeof sum.b) != 0)
		return ark_fail(err, ARK_CORRUPT, "config is damaged");
	return rc;
}

static enum ark_rc first_trip(struct opening *o, struct ark_err *err)
{
	struct arkv_fetch *f = o->fetches;
	f[0] = (struct arkv_fetch){ .store = o->store, .name = "config", .len = ARKF_CONFIG_LEN };
	f[1] = (struct arkv_fetch){ .store = o->store, .names = &o->names };
	ark_buf_init(&f[0].buf);
	ark_buf_init(&f[1].buf);
	o->fetch_count = 2;
	arkv_fetch_all(f, 2);
	const struct arkv_fetch *bad = f[0].rc ? &f[0] : f[1].rc ? &f[1] : NULL;
	if (bad && err)
		*err = bad->err;
	if (bad)
		return bad->rc;
	memcpy(o->config_bytes, f[0].buf.wr.p, sizeof o->config_bytes);
	return config_decode(o, err);
}

/* ---- checks ---- */

static enum ark_rc config_authentic(const struct opening *o, const struct arkv_keys *keys,
				    struct ark_err *err)
{
	struct ark_id mac;
	arkv_hash_keyed(mac.b, arkv_keys_auth(keys),
			ark_span(o->config_bytes, ARKF_CONFIG_MAC_OFF));
	if (arkv_keys_suite(keys) != o->config.suite ||
	    !arkv_bytes_equal(mac.b, o->config.mac.b, sizeof mac.b))
		return ark_fail(err, ARK_AUTH,
				"config was altered: it was not made with these keys");
	return ARK_OK;
}

static enum ark_rc pin_check(const struct opening *o, struct ark_err *err)
{
	static const struct ark_uid none;
	const struct ark_uid *wanted = o->unlock->pin;
	struct ark_uid pin;
	arkv_root_pin(&pin, ark_secret_span(&o->root));
	if (!wanted && o->has_file && !ark_uid_eq(&o->file.pin, &none))
		wanted = &o->file.pin;
	if (wanted && !ark_uid_eq(wanted, &pin))
		return ark_fail(err, ARK_AUTH,
				"the root key is another one than before (%s, not %s): somebody "
				"may have put a foreign key slot there",
				ark_uid_hex(&pin).s, ark_uid_hex(wanted).s);
	return ARK_OK;
}

/* A claim of no encryption, where keys say otherwise, may be an attack on what is written next. */
static enum ark_rc none_check(const struct opening *o, struct ark_err *err)
{
	if (o->names.slot_count || o->names.ring)
		return ark_fail(err, ARK_AUTH,
				"config says that the repository is not encrypted, but "
				"it has keys: config was altered");
	if (o->unlock->passphrase.p || o->unlock->key_file.p)
		return ark_fail(err, ARK_AUTH,
				"config says that the repository is not encrypted, but "
				"a passphrase or key file was given: leave it out, if "
				"that is so");
	return ARK_OK;
}

static enum ark_rc file_read(struct opening *o, struct ark_err *err)
{
	if (!o->unlock->key_file.p)
		return ARK_OK;
	enum ark_rc rc = arkv_keyfile_parse(&o->file, &o->file_mem, o->unlock->key_file, err);
	o->has_file = !rc;
	return rc;
}

static enum ark_rc file_check(const struct opening *o, struct ark_err *err)
{
	static const struct ark_uid any;
	if (!o->has_file || ark_uid_eq(&o->file.repo, &o->config.repo) ||
	    (o->file.kind == ARKF_KEYFILE_SECRET && ark_uid_eq(&o->file.repo, &any)))
		return ARK_OK;
	return arkv_foreign_key(&o->file.repo, &o->config.repo, err);
}

/* ---- second round trip: slots and rings ---- */

/* What the user has to open a slot with, and the kind of slot that it opens. */
static enum arkf_slot_kind wanted_kind(const struct opening *o)
{
	if (!o->has_file)
		return ARKF_SLOT_PASSPHRASE;
	return o->file.kind == ARKF_KEYFILE_SLOT ? ARKF_SLOT_KEYFILE : ARKF_SLOT_PUBLIC;
}

static void remember(struct ark_err *kept, const struct ark_err *err)
{
	if (!kept->rc)
		*kept = *err;
}

static enum ark_rc slot_open(struct opening *o, const struct arkf_slot *slot, struct ark_err *err)
{
	struct ark_span secret = o->has_file ? o->file.secret : o->unlock->passphrase;
	enum ark_rc rc = arkv_slot_unseal(&o->root, slot, secret, o->unlock->memory_kib_max, err);
	if (!rc)
		rc = pin_check(o, err);
	if (rc) {
		ark_secret_release(&o->root);
		return rc;
	}
	o->slot = *slot;
	o->has_slot = true;
	return ARK_OK;
}

/* NOTFOUND: it is no slot for what the user has. */
static enum ark_rc slot_suits(const struct opening *o, const struct arkf_slot *slot,
			      struct ark_err *err)
{
	enum arkf_slot_kind kind = wanted_kind(o);
	bool suits = slot->kind == kind;
	if (suits && kind == ARKF_SLOT_PUBLIC)
		suits = !memcmp(slot->recipient.b, o->file.public.p, sizeof slot->recipient.b);
	return suits ? ARK_OK : ark_fail(err, ARK_NOTFOUND, "no key slot for this key");
}

static bool is_of_slot(enum ark_rc rc)
{
	return rc == ARK_AUTH || rc == ARK_CORRUPT || rc == ARK_LIMIT || rc == ARK_UNSUPPORTED;
}

/* What trying a slot costs, in KiB of memory gone over. */
static uint64_t cost_of(const struct arkf_slot *slot)
{
	return slot->kind == ARKF_SLOT_PASSPHRASE ? (uint64_t)slot->memory_kib * slot->passes : 0;
}

/* The cheapest first, so that slots which somebody else has put there, for Argon2id to take hours
 * over, come after those of the user; then by creation. */
static bool comes_before(const struct arkf_slot *a, const struct arkf_slot *b)
{
	if (cost_of(a) != cost_of(b))
		return cost_of(a) < cost_of(b);
	return a->created_ms < b->created_ms;
}

/* Decodes what was fetched, leaves out what does not suit, and sorts. */
static enum ark_rc slots_decode(struct opening *o, struct arkf_slot *slots, size_t *count,
				size_t first, struct ark_err *err)
{
	*count = 0;
	for (size_t i = first; i < o->fetch_count; i++) {
		struct arkv_fetch *f = &o->fetches[i];
		struct arkf_slot slot;
		struct ark_err said = { .rc = ARK_OK };
		struct ark_uid uid;
		enum ark_rc rc = f->rc;
		if (rc)
			said = f->err;
		else if (!ark_uid_from_hex(&uid, ark_span_str(f->name + strlen("keys/slot-"))))
			rc = ark_fail(&said, ARK_CORRUPT, "%s: is no slot", f->name);
		else
			rc = arkv_slot_decode(&slot, ark_buf_span(&f->buf), &uid, &o->config.repo,
					      &said);
		if (!rc)
			rc = slot_suits(o, &slot, &said);
		if (rc == ARK_NOTFOUND)
			continue; /* or deleted since it was listed */
		if (rc && !is_of_slot(rc)) {
			if (err)
				*err = said;
			return rc;
		}
		if (rc) {
			remember(rc == ARK_AUTH ? &o->wrong : &o->trouble, &said);
			continue;
		}
		size_t at = (*count)++;
		for (; at && comes_before(&slot, &slots[at - 1]); at--)
			slots[at] = slots[at - 1];
		slots[at] = slot;
	}
	return ARK_OK;
}

/* Tries what was fetched from index first on. OK without o->has_slot: none of them opens. */
static enum ark_rc slots_try(struct opening *o, size_t first, struct ark_err *err)
{
	size_t count;
	struct arkf_slot *slots = calloc(ARKV_SLOTS_MAX, sizeof *slots);
	if (!slots)
		return ark_fail(err, ARK_NOMEM, "key slots: out of memory");
	enum ark_rc rc = slots_decode(o, slots, &count, first, err);
	for (size_t i = 0; i < count && !rc && !o->has_slot; i++) {
		struct ark_err said = { .rc = ARK_OK };
		enum ark_rc got = slot_open(o, &slots[i], &said);
		if (got && is_of_slot(got))
			remember(got == ARK_AUTH ? &o->wrong : &o->trouble, &said);
		else if (got) {
			rc = got;
			if (err)
				*err = said;
		}
	}
	free(slots);
	return rc;
}

static void fetch_add(struct opening *o, const struct arkv_keyname *name, uint64_t max)
{
	o->fetches[o->fetch_count++] = arkv_fetch_key(o->store, name, max);
}

/* Fetches the rings and: the hinted slot, or the key file's, or else all. */
static const struct arkv_keyname *second_trip(struct opening *o, bool with_slots)
{
	arkv_fetch_release(o->fetches, o->fetch_count);
	o->fetch_count = 0;
	const struct arkv_keyname *one = NULL;
	if (with_slots && wanted_kind(o) == ARKF_SLOT_KEYFILE)
		one = arkv_keynames_slot(&o->names, &o->file.slot);
	else if (with_slots && o->unlock->slot_hint)
		one = arkv_keynames_slot(&o->names, o->unlock->slot_hint);
	bool all = with_slots && !one && wanted_kind(o) != ARKF_SLOT_KEYFILE;
	for (size_t i = 0; i < o->names.ring_count; i++)
		fetch_add(o, &o->names.rings[i], ARKF_RING_LEN_MAX);
	if (one)
		fetch_add(o, one, ARKF_SLOT_LEN_MAX);
	for (size_t i = 0; all && i < o->names.slot_count; i++)
		fetch_add(o, &o->names.slots[i], ARKF_SLOT_LEN_MAX);
	arkv_fetch_all(o->fetches, o->fetch_count);
	return one;
}

static void third_trip(struct opening *o, const struct arkv_keyname *but)
{
	size_t first = o->fetch_count;
	for (size_t i = 0; i < o->names.slot_count; i++)
		if (&o->names.slots[i] != but)
			fetch_add(o, &o->names.slots[i], ARKF_SLOT_LEN_MAX);
	arkv_fetch_all(o->fetches + first, o->fetch_count - first);
}

/* No slot opened: the most useful of the reasons. */
static enum ark_rc slots_verdict(const struct opening *o, struct ark_err *err)
{
	static const char *const kinds[] = { [ARKF_SLOT_PASSPHRASE] = "a passphrase",
					     [ARKF_SLOT_KEYFILE] = "this key file: it was removed",
					     [ARKF_SLOT_PUBLIC] = "this secret key" };
	if (o->wrong.rc && o->trouble.rc)
		return ark_fail(err, o->wrong.rc, "%s; and %s", o->wrong.text, o->trouble.text);
	const struct ark_err *said = o->wrong.rc ? &o->wrong : &o->trouble;
	if (said->rc && err)
		*err = *said;
	if (said->rc)
		return said->rc;
	return ark_fail(err, ARK_AUTH, "the repository has no key slot for %s",
			kinds[wanted_kind(o)]);
}

static enum ark_rc root_from_slots(struct opening *o, struct ark_err *err)
{
	if (!o->has_file && !o->unlock->passphrase.p)
		return ark_fail(err, ARK_AUTH,
				"the repository is encrypted: give its passphrase or "
				"a key file");
	const struct arkv_keyname *one = second_trip(o, true);
	enum ark_rc rc = slots_try(o, o->names.ring_count, err);
	if (!rc && !o->has_slot && one && wanted_kind(o) != ARKF_SLOT_KEYFILE) {
		size_t first = o->fetch_count;
		third_trip(o, one);
		rc = slots_try(o, first, err);
	}
	if (!rc && !o->has_slot)
		rc = slots_verdict(o, err);
	return rc;
}

static enum ark_rc root_from_export(struct opening *o, struct ark_err *err)
{
	enum ark_rc rc;
	if (o->file.kind == ARKF_KEYFILE_ROOT) {
		rc = ark_secret_copy(&o->root, o->file.secret, err);
	} else {
		struct arkf_slot slot;
		if (!o->unlock->passphrase.p)
			return ark_fail(err, ARK_AUTH,
					"this root-export is sealed: give its passphrase, too");
		rc = arkv_slot_decode(&slot, o->file.sealed_root, NULL, &o->config.repo, err);
		if (!rc)
			rc = arkv_slot_unseal(&o->root, &slot, o->unlock->passphrase,
					      o->unlock->memory_kib_max, err);
	}
	if (!rc)
		rc = pin_check(o, err);
	if (!rc)
		second_trip(o, false);
	return rc;
}

/* ---- the keyring ---- */

static enum ark_rc ring_use(struct arkv_keys **keys, const struct opening *o,
			    const struct arkv_fetch *f, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret body = { .p = NULL };
	if (f->rc && err)
		*err = f->err;
	if (f->rc)
		return f->rc;
	enum ark_rc rc = arkv_ring_open(&body, ark_buf_span(&f->buf), o->names.ring,
					&o->config.repo, ark_secret_span(&o->root), err);
	if (rc)
		return rc;
	if (!*keys)
		return arkv_keys_from_ring(keys, &o->config.repo, ark_secret_span(&body), err);
	struct arkv_keys *merged = NULL;
	rc = arkv_keys_merge(&merged, *keys, ark_secret_span(&body), err);
	if (rc)
		return rc;
	arkv_keys_free(*keys);
	*keys = merged;
	return ARK_OK;
}

static enum ark_rc keys_from_rings(struct arkv_keys **out, const struct opening *o,
				   struct ark_err *err)
{
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *keys = NULL;
	if (!o->names.ring)
		return ark_fail(err, ARK_CORRUPT, "keys/: there is no keyring");
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < o->names.ring_count && !rc; i++)
		rc = ring_use(&keys, o, &o->fetches[i], err);
	if (rc)
		return rc;
	if (arkv_keys_ring(keys) != o->names.ring)
		return ark_fail(err, ARK_CORRUPT, "keyring %u is damaged: its last pair is %u",
				(unsigned)o->names.ring, (unsigned)arkv_keys_ring(keys));
	*out = keys;
	keys = NULL;
	return ARK_OK;
}

static enum ark_rc keys_from_root(struct arkv_keys **out, struct opening *o, struct ark_err *err)
{
	bool is_export = o->has_file && (o->file.kind == ARKF_KEYFILE_ROOT ||
					 o->file.kind == ARKF_KEYFILE_ROOT_SEALED);
	enum ark_rc rc = is_export ? root_from_export(o, err) : root_from_slots(o, err);
	return rc ? rc : keys_from_rings(out, o, err);
}

static enum ark_rc keys_open(struct arkv_keys **out, struct opening *o, struct ark_err *err)
{
	if (o->config.suite == ARK_SUITE_NONE) {
		enum ark_rc rc = none_check(o, err);
		return rc ? rc : arkv_keys_none(out, &o->config.repo, &o->config.chunker, err);
	}
	enum ark_rc rc = file_check(o, err);
	if (rc)
		return rc;
	if (!o->has_file || o->file.kind != ARKF_KEYFILE_WRITE_ONLY)
		return keys_from_root(out, o, err);
	struct arkv_bundle bundle = { .ring = o->file.ring,
				      .reader = o->file.public,
				      .keys = o->file.keys,
				      .chunker = o->file.chunker };
	return arkv_keys_from_bundle(out, &o->config.repo, &bundle, err);
}

static void hand_over(struct arkv_unlocked *out, struct opening *o, struct arkv_keys *keys)
{
	*out = (struct arkv_unlocked){
		.config = o->config, .keys = keys, .root = o->root, .has_slot = o->has_slot
	};
	o->root = (struct ark_secret){ .p = NULL };
	if (o->has_slot) {
		out->slot = o->slot.uid;
		out->slot_kind = o->slot.kind;
	}
	if (out->root.p)
		arkv_root_pin(&out->pin, ark_secret_span(&out->root));
}

enum ark_rc arkv_slots_open(struct arkv_unlocked *out, struct arkv_store *store,
			    const struct arkv_unlock *unlock, struct ark_err *err)
{
	static const struct arkv_unlock nothing;
	ARK_AUTO(opening_free) struct opening *o = calloc(1, sizeof *o);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *keys = NULL;
	if (!o)
		return ark_fail(err, ARK_NOMEM, "keys: out of memory");
	o->store = store;
	o->unlock = unlock ? unlock : &nothing;
	enum ark_rc rc = arkv_crypt_init(err);
	if (!rc)
		rc = file_read(o, err);
	if (!rc)
		rc = first_trip(o, err);
	if (!rc)
		rc = keys_open(&keys, o, err);
	if (!rc)
		rc = config_authentic(o, keys, err);
	if (rc)
		return rc;
	hand_over(out, o, keys);
	keys = NULL;
	return ARK_OK;
}
