/*
 * slots.h - config, key slots and keyrings of a repository: making them, opening them, and all that
 * `arkv key` does (spec/03-config.md, spec/04-keys.md).
 *
 * The store is one by object names; config and keys/ are never nested, so one without the nest
 * wrapper serves as well. Opening costs config and the list of keys/ (at once), then a slot and the
 * ring (at once): two round trips, four requests. With several slots and no hint all of them are
 * fetched, still in the second trip; a hint that does not open costs a third.
 *
 * One thread at a time uses an opened repository; its keys may be used by many.
 */
#pragma once

#include "format/config.h"
#include "libarchive-kv/keyfile.h"
#include "libarchive-kv/slot.h"
#include "libarchive-kv/store.h"

/* How to get at the keys. All is borrowed; what is zero is not there. */
struct arkv_unlock {
	struct ark_span passphrase;	 /* p NULL: none; it may be empty */
	struct ark_span key_file;	 /* its text; p NULL: none. With a sealed root-export, the
				     * passphrase is the export's */
	const struct ark_uid *slot_hint; /* the slot that opened last time: is tried first */
	const struct ark_uid *pin;	 /* the root key seen last time: another one is AUTH */
	uint64_t memory_kib_max;	 /* for Argon2id; 0: 1 GiB */
};

/* What opening gave. Zero-initialise; release when done. */
struct arkv_unlocked {
	struct arkf_config config;
	struct arkv_keys *keys; /* may be taken (set it to NULL) */
	struct ark_secret root; /* empty for suite none and for a write-only key */
	bool has_slot;
	struct ark_uid slot; /* with has_slot: the one that opened, to be remembered as hint */
	enum arkf_slot_kind slot_kind;
	struct ark_uid pin; /* with root: to be remembered. It must be, after slot_kind public */
};

void arkv_unlocked_release(struct arkv_unlocked *unlocked);

/* unlock may be NULL. NOTFOUND: no config here. CORRUPT: damaged config, slot or ring, named. AUTH,
 * each with a text of its own: wrong passphrase; wrong key file; a key of another repository; no
 * key given; a key given for a repository that says it has none; altered config. LIMIT: a slot asks
 * for too much memory. */
enum ark_rc arkv_slots_open(struct arkv_unlocked *out, struct arkv_store *store,
			    const struct arkv_unlock *unlock, struct ark_err *err) ARK_CHECK;

/* A slot to be made. */
struct arkv_slot_new {
	enum arkf_slot_kind kind;
	struct ark_span passphrase;	/* kind 1 */
	const struct ark_id *recipient; /* kind 3: X25519 public key */
	struct ark_span label;		/* at most 64 bytes of UTF-8 */
	uint32_t passes;		/* kind 1; 0: 3 */
	uint32_t memory_kib;		/* kind 1; 0: 65,536 */
	int64_t created_ms;
};

struct arkv_slot_made {
	struct ark_uid uid;
	struct ark_secret key_file; /* kind 2: its text, which stands nowhere else */
};

void arkv_slot_made_release(struct arkv_slot_made *made);

struct arkv_slots_init {
	enum ark_suite suite;
	struct arkf_chunker chunker;
	const struct arkf_nest *nest; /* ARKF_NS_COUNT of them; NULL: the defaults */
	struct arkv_slot_new slot;    /* not used with suite none, apart from created_ms */
};

/* Keys, ring, slot and then config of a new repository with a random id, in a store that holds
 * none: the caller has looked. made may be NULL for suite none. Until config stands, there is no
 * repository; what a failure leaves behind is the caller's to remove. */
enum ark_rc arkv_slots_create(struct arkv_unlocked *out, struct arkv_slot_made *made,
			      struct arkv_store *store, const struct arkv_slots_init *what,
			      struct ark_err *err) ARK_CHECK;

/* A second slot for the same root key: a new passphrase, key file or recipient. who has the root
 * key (else AUTH); opened by a root-export, this is what importing one means. */
enum ark_rc arkv_slots_add(struct arkv_slot_made *made, struct arkv_store *store,
			   const struct arkv_unlocked *who, const struct arkv_slot_new *what,
			   struct ark_err *err) ARK_CHECK;
/* Deletes the slot object. NOTFOUND; USAGE when no other slot would be left undamaged. Whoever kept
 * a copy of the object can still open it. */
enum ark_rc arkv_slots_remove(struct arkv_store *store, const struct arkf_config *config,
			      const struct ark_uid *uid, struct ark_err *err) ARK_CHECK;
/* Another passphrase for the slot that opened who: a new slot with its label is put, then the old
 * one is deleted. USAGE when who was not opened by a passphrase's slot. what->label is not used. */
enum ark_rc arkv_slots_passwd(struct arkv_slot_made *made, struct arkv_store *store,
			      const struct arkv_unlocked *who, const struct arkv_slot_new *what,
			      struct ark_err *err) ARK_CHECK;

/* A slot as `key list` shows it. */
struct arkv_slot_info {
	struct ark_uid uid;
	enum ark_rc state;		/* OK, or why the rest is empty: CORRUPT, AUTH (foreign) */
	char problem[ARK_ERR_TEXT_MAX]; /* then */
	enum arkf_slot_kind kind;
	uint32_t passes, memory_kib;
	struct ark_id recipient;
	uint64_t created_ms;
	char label[ARKF_SLOT_LABEL_MAX + 1];
};

typedef enum ark_rc arkv_slot_fn(void *ctx, const struct arkv_slot_info *info, struct ark_err *err);

/* All slots, oldest first, damaged ones last. Needs no key. */
enum ark_rc arkv_slots_list(struct arkv_store *store, const struct arkf_config *config,
			    arkv_slot_fn *fn, void *ctx, struct ark_err *err) ARK_CHECK;

/* The root key as key file text: sealed under what->passphrase (kind 1), or, with what NULL, in the
 * open, which opens the repository for whoever finds it: the caller says so. */
enum ark_rc arkv_slots_export(struct ark_secret *text, const struct arkv_unlocked *who,
			      const struct arkv_slot_new *what, struct ark_err *err) ARK_CHECK;

/* Puts a new keyring with a new reader pair; *out has both. Sessions that run go on under the old
 * pair. */
enum ark_rc arkv_slots_rotate(struct arkv_keys **out, struct arkv_store *store,
			      const struct arkv_unlocked *who, struct ark_err *err) ARK_CHECK;
