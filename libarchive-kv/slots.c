/* slots.c - see slots.h: making, changing, listing and exporting. Opening is slots_open.c. */
#include "libarchive-kv/slots.h"

#include "libarchive-kv/keynames.h"
#include "libarchive-kv/keyset.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/ringbox.h"

#include <stdlib.h>

void arkv_slot_made_release(struct arkv_slot_made *made)
{
	if (made)
		ark_secret_release(&made->key_file);
}

static struct ark_uid uid_draw(void)
{
	struct ark_uid uid;
	struct arkv_rand rand = arkv_rand_system();
	arkv_rand_bytes(&rand, uid.b, sizeof uid.b);
	return uid;
}

/* Guarded memory with 32 random bytes. */
static enum ark_rc secret_draw(struct ark_secret *out, struct ark_err *err)
{
	if (ark_secret_new(out, ARKV_KEY_LEN, err))
		return ARK_NOMEM;
	struct arkv_rand rand = arkv_rand_system();
	arkv_rand_bytes(&rand, out->p, out->len);
	return ARK_OK;
}

/* ---- one slot ---- */

static enum ark_rc new_check(const struct arkv_slot_new *what, struct ark_err *err)
{
	if (what->kind == ARKF_SLOT_PASSPHRASE && !what->passphrase.len)
		return ark_fail(err, ARK_USAGE,
				"the passphrase is empty: choose another, or use a "
				"key file");
	if (what->kind == ARKF_SLOT_PUBLIC && !what->recipient)
		return ark_fail(err, ARK_USAGE, "a slot for a public key needs that key");
	return ARK_OK;
}

static struct arkf_slot slot_of(const struct arkv_slot_new *what, const struct ark_uid *repo,
				enum ark_suite suite)
{
	struct arkf_slot slot = { .suite = suite,
				  .repo = *repo,
				  .uid = uid_draw(),
				  .kind = what->kind,
				  .created_ms = (uint64_t)what->created_ms,
				  .label = what->label };
	if (what->kind == ARKF_SLOT_PASSPHRASE) {
		slot.passes = what->passes ? what->passes : ARKF_SLOT_PASSES_DEFAULT;
		slot.memory_kib =
			what->memory_kib ? what->memory_kib : ARKF_SLOT_MEMORY_KIB_DEFAULT;
	}
	if (what->kind == ARKF_SLOT_PUBLIC)
		slot.recipient = *what->recipient;
	return slot;
}

static enum ark_rc key_file_of(struct ark_secret *out, const struct arkf_slot *slot,
			       struct ark_span secret, struct ark_err *err)
{
	struct arkf_keyfile file = { .suite = slot->suite,
				     .repo = slot->repo,
				     .kind = ARKF_KEYFILE_SLOT,
				     .slot = slot->uid,
				     .secret = secret };
	char comment[ARKF_SLOT_LABEL_MAX + 1];
	struct ark_wr wr = ark_wr(comment, sizeof comment - 1);
	ark_wr_bytes(&wr, slot->label);
	comment[wr.len] = '\0';
	return arkv_keyfile_print(out, &file, wr.len ? comment : NULL, err);
}

static enum ark_rc slot_put(struct arkv_slot_made *made, struct arkv_store *store,
			    const struct ark_uid *repo, enum ark_suite suite, struct ark_span root,
			    const struct arkv_slot_new *what, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret secret = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret key_file = { .p = NULL };
	enum ark_rc rc = new_check(what, err);
	if (rc)
		return rc;
	struct arkf_slot slot = slot_of(what, repo, suite);
	struct arkv_slot_bytes bytes;
	if (what->kind == ARKF_SLOT_KEYFILE)
		rc = secret_draw(&secret, err);
	if (!rc && what->kind == ARKF_SLOT_KEYFILE)
		rc = key_file_of(&key_file, &slot, ark_secret_span(&secret), err);
	if (!rc)
		rc = arkv_slot_seal(&bytes, &slot,
				    secret.p ? ark_secret_span(&secret) : what->passphrase, root,
				    err);
	char name[ARKV_NAME_MAX + 1];
	arkv_keyname_slot(name, &slot.uid);
	if (!rc)
		rc = arkv_store_put(store, name, ark_span(bytes.p, bytes.len), err);
	if (rc)
		return rc;
	made->uid = slot.uid;
	made->key_file = key_file;
	key_file = (struct ark_secret){ .p = NULL };
	return ARK_OK;
}

/* ---- a new repository ---- */

static enum ark_rc ring_put(struct arkv_store *store, const struct arkv_keys *keys,
			    struct ark_span root, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf buf;
	ark_buf_init(&buf);
	char name[ARKV_NAME_MAX + 1];
	struct ark_uid random = uid_draw();
	uint32_t n = arkv_keys_ring(keys);
	arkv_keyname_ring(name, n, &random);
	enum ark_rc rc = arkv_ring_seal(&buf, keys, n, root, err);
	return rc ? rc : arkv_store_put(store, name, ark_buf_span(&buf), err);
}

static enum ark_rc config_put(struct arkf_config *out, struct arkv_store *store,
			      const struct arkv_keys *keys, const struct arkv_slots_init *what,
			      struct ark_err *err)
{
	struct arkf_config config = { .suite = arkv_keys_suite(keys),
				      .repo = *arkv_keys_repo(keys),
				      .created_ms = (uint64_t)what->slot.created_ms };
	if (config.suite == ARK_SUITE_NONE)
		config.chunker = what->chunker;
	arkf_nest_default(config.nest);
	for (size_t i = 0; what->nest && i < ARKF_NS_COUNT; i++)
		config.nest[i] = what->nest[i];
	uint8_t bytes[ARKF_CONFIG_LEN];
	for (int pass = 0; pass < 2; pass++) { /* the sums stand in what they cover next */
		struct ark_wr wr = ark_wr(bytes, sizeof bytes);
		arkf_config_encode(&wr, &config);
		arkv_hash_keyed(config.mac.b, arkv_keys_auth(keys),
				ark_span(bytes, ARKF_CONFIG_MAC_OFF));
		memcpy(bytes + ARKF_CONFIG_MAC_OFF, config.mac.b, sizeof config.mac.b);
		arkv_hash(config.checksum.b, ark_span(bytes, ARKF_CONFIG_CHECKSUM_OFF));
	}
	enum ark_rc rc = arkf_config_decode(&config, ark_span(bytes, sizeof bytes), err);
	if (!rc)
		rc = arkv_store_put(store, "config", ark_span(bytes, sizeof bytes), err);
	if (!rc)
		*out = config;
	return rc;
}

static enum ark_rc create_encrypted(struct arkv_unlocked *u, struct arkv_slot_made *made,
				    struct arkv_store *store, const struct arkv_slots_init *what,
				    const struct ark_uid *repo, struct ark_err *err)
{
	enum ark_rc rc = arkv_keys_generate(&u->keys, repo, &what->chunker, err);
	if (!rc)
		rc = secret_draw(&u->root, err);
	if (!rc)
		rc = new_check(&what->slot, err);
	if (!rc)
		rc = ring_put(store, u->keys, ark_secret_span(&u->root), err);
	if (!rc)
		rc = slot_put(made, store, repo, what->suite, ark_secret_span(&u->root),
			      &what->slot, err);
	if (rc)
		return rc;
	u->has_slot = true;
	u->slot = made->uid;
	u->slot_kind = what->slot.kind;
	arkv_root_pin(&u->pin, ark_secret_span(&u->root));
	return ARK_OK;
}

enum ark_rc arkv_slots_create(struct arkv_unlocked *out, struct arkv_slot_made *made,
			      struct arkv_store *store, const struct arkv_slots_init *what,
			      struct ark_err *err)
{
	ARK_AUTO(arkv_unlocked_release) struct arkv_unlocked u = { .keys = NULL };
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made m = { .key_file.p = NULL };
	enum ark_rc rc = arkv_crypt_init(err);
	if (rc)
		return rc;
	struct ark_uid repo = uid_draw();
	rc = what->suite == ARK_SUITE_NONE ? arkv_keys_none(&u.keys, &repo, &what->chunker, err)
					   : create_encrypted(&u, &m, store, what, &repo, err);
	if (!rc)
		rc = config_put(&u.config, store, u.keys, what, err);
	if (rc)
		return rc;
	*out = u;
	u = (struct arkv_unlocked){ .keys = NULL };
	if (made) {
		*made = m;
		m = (struct arkv_slot_made){ .key_file.p = NULL };
	}
	return ARK_OK;
}

/* ---- more slots, fewer slots ---- */

static enum ark_rc root_required(const struct arkv_unlocked *who, struct ark_err *err)
{
	if (who->root.p)
		return ARK_OK;
	return ark_fail(err, ARK_AUTH, "this needs the root key: %s",
			who->config.suite == ARK_SUITE_NONE
				? "the repository is not encrypted, and has no keys"
				: "this key can write and deduplicate, not read");
}

enum ark_rc arkv_slots_add(struct arkv_slot_made *made, struct arkv_store *store,
			   const struct arkv_unlocked *who, const struct arkv_slot_new *what,
			   struct ark_err *err)
{
	enum ark_rc rc = root_required(who, err);
	if (rc)
		return rc;
	struct arkv_keynames *names = calloc(1, sizeof *names);
	if (!names)
		return ark_fail(err, ARK_NOMEM, "key slots: out of memory");
	rc = arkv_keynames_list(names, store, err);
	if (!rc && names->slot_count == ARKV_SLOTS_MAX)
		rc = ark_fail(err, ARK_LIMIT, "the repository has %d key slots already: remove one",
			      ARKV_SLOTS_MAX);
	free(names);
	if (rc)
		return rc;
	return slot_put(made, store, &who->config.repo, who->config.suite,
			ark_secret_span(&who->root), what, err);
}

enum { LABEL_CAP = ARKF_SLOT_LABEL_MAX + 1 };

struct finding {
	const struct ark_uid *uid;
	bool found;
	size_t others; /* undamaged ones */
	char label[LABEL_CAP];
};

static enum ark_rc look(void *ctx, const struct arkv_slot_info *info, struct ark_err *err)
{
	(void)err;
	struct finding *finding = ctx;
	bool is_it = ark_uid_eq(&info->uid, finding->uid);
	finding->found |= is_it;
	finding->others += !is_it && info->state == ARK_OK;
	if (is_it)
		memcpy(finding->label, info->label, sizeof finding->label);
	return ARK_OK;
}

enum ark_rc arkv_slots_remove(struct arkv_store *store, const struct arkf_config *config,
			      const struct ark_uid *uid, struct ark_err *err)
{
	struct finding finding = { .uid = uid };
	enum ark_rc rc = arkv_slots_list(store, config, look, &finding, err);
	if (rc)
		return rc;
	if (!finding.found)
		return ark_fail(err, ARK_NOTFOUND, "there is no key slot %s", ark_uid_hex(uid).s);
	if (!finding.others)
		return ark_fail(err, ARK_USAGE,
				"key slot %s is the last one that is whole: without "
				"it nobody could open the repository; add another "
				"first",
				ark_uid_hex(uid).s);
	char name[ARKV_NAME_MAX + 1];
	arkv_keyname_slot(name, uid);
	return arkv_store_remove(store, name, err);
}

enum ark_rc arkv_slots_passwd(struct arkv_slot_made *made, struct arkv_store *store,
			      const struct arkv_unlocked *who, const struct arkv_slot_new *what,
			      struct ark_err *err)
{
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made m = { .key_file.p = NULL };
	if (!who->has_slot || who->slot_kind != ARKF_SLOT_PASSPHRASE)
		return ark_fail(err, ARK_USAGE,
				"the repository was not opened by a passphrase that "
				"could be changed: add a new one instead");
	struct finding finding = { .uid = &who->slot };
	enum ark_rc rc = arkv_slots_list(store, &who->config, look, &finding, err);
	if (rc)
		return rc;
	struct arkv_slot_new new = *what;
	new.kind = ARKF_SLOT_PASSPHRASE;
	new.label = ark_span_str(finding.label);
	rc = arkv_slots_add(&m, store, who, &new, err);
	if (rc)
		return rc;
	rc = arkv_slots_remove(store, &who->config, &who->slot, err);
	if (rc && rc != ARK_NOTFOUND) {
		ark_err_prefix(err, "the new passphrase is set, but the old one opens the "
				    "repository, too, as its key slot could not be deleted");
		return rc;
	}
	*made = m;
	m = (struct arkv_slot_made){ .key_file.p = NULL };
	return ARK_OK;
}

/* ---- list ---- */

static struct arkv_slot_info info_of(struct arkv_fetch *f, const struct arkv_keyname *name,
				     const struct ark_uid *repo)
{
	struct arkv_slot_info info = { .uid = name->uid, .state = f->rc };
	struct ark_err err = f->err;
	struct arkf_slot slot;
	if (!info.state)
		info.state = arkv_slot_decode(&slot, ark_buf_span(&f->buf), &name->uid, repo, &err);
	if (info.state) {
		memcpy(info.problem, err.text, sizeof info.problem);
		return info;
	}
	info.kind = slot.kind;
	info.passes = slot.passes;
	info.memory_kib = slot.memory_kib;
	info.recipient = slot.recipient;
	info.created_ms = slot.created_ms;
	if (slot.label.len)
		memcpy(info.label, slot.label.p, slot.label.len);
	return info;
}

static int by_age(const void *a, const void *b)
{
	const struct arkv_slot_info *x = a, *y = b;
	if (!x->state != !y->state)
		return x->state ? 1 : -1;
	if (x->created_ms != y->created_ms)
		return x->created_ms < y->created_ms ? -1 : 1;
	return memcmp(x->uid.b, y->uid.b, sizeof x->uid.b);
}

struct listing {
	struct arkv_keynames names;
	struct arkv_fetch fetches[ARKV_SLOTS_MAX];
	struct arkv_slot_info infos[ARKV_SLOTS_MAX];
};

/* Deleted meanwhile: not listed. Trouble with the store ends the list; that of a slot is shown. */
static enum ark_rc gather(struct listing *l, size_t *count, const struct ark_uid *repo,
			  struct ark_err *err)
{
	*count = 0;
	for (size_t i = 0; i < l->names.slot_count; i++) {
		struct arkv_fetch *f = &l->fetches[i];
		if (f->rc == ARK_NOTFOUND)
			continue;
		if (f->rc && f->rc != ARK_CORRUPT && f->rc != ARK_LIMIT) {
			if (err)
				*err = f->err;
			return f->rc;
		}
		l->infos[(*count)++] = info_of(f, &l->names.slots[i], repo);
	}
	return ARK_OK;
}

static enum ark_rc list_into(struct listing *l, struct arkv_store *store,
			     const struct ark_uid *repo, size_t *count, struct ark_err *err)
{
	enum ark_rc rc = arkv_keynames_list(&l->names, store, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < l->names.slot_count; i++)
		l->fetches[i] = arkv_fetch_key(store, &l->names.slots[i], ARKF_SLOT_LEN_MAX);
	arkv_fetch_all(l->fetches, l->names.slot_count);
	rc = gather(l, count, repo, err);
	arkv_fetch_release(l->fetches, l->names.slot_count);
	if (*count)
		qsort(l->infos, *count, sizeof *l->infos, by_age);
	return rc;
}

enum ark_rc arkv_slots_list(struct arkv_store *store, const struct arkf_config *config,
			    arkv_slot_fn *fn, void *ctx, struct ark_err *err)
{
	struct listing *l = calloc(1, sizeof *l);
	if (!l)
		return ark_fail(err, ARK_NOMEM, "key slots: out of memory");
	size_t count = 0;
	enum ark_rc rc = list_into(l, store, &config->repo, &count, err);
	for (size_t i = 0; i < count && !rc; i++)
		rc = fn(ctx, &l->infos[i], err);
	free(l);
	return rc;
}

/* ---- exports, rotation ---- */

enum ark_rc arkv_slots_export(struct ark_secret *text, const struct arkv_unlocked *who,
			      const struct arkv_slot_new *what, struct ark_err *err)
{
	enum ark_rc rc = root_required(who, err);
	if (rc)
		return rc;
	struct arkf_keyfile file = { .suite = who->config.suite,
				     .repo = who->config.repo,
				     .kind = ARKF_KEYFILE_ROOT,
				     .secret = ark_secret_span(&who->root) };
	if (!what)
		return arkv_keyfile_print(text, &file, "NOT SEALED: opens the repository as it is",
					  err);
	rc = new_check(what, err);
	if (!rc && what->kind != ARKF_SLOT_PASSPHRASE)
		rc = ark_fail(err, ARK_USAGE, "an export is sealed under a passphrase, or not");
	if (rc)
		return rc;
	struct arkf_slot slot = slot_of(what, &file.repo, file.suite);
	struct arkv_slot_bytes bytes;
	rc = arkv_slot_seal(&bytes, &slot, what->passphrase, file.secret, err);
	if (rc)
		return rc;
	file.kind = ARKF_KEYFILE_ROOT_SEALED;
	file.sealed_root = ark_span(bytes.p, bytes.len);
	return arkv_keyfile_print(text, &file, "sealed under a passphrase", err);
}

enum ark_rc arkv_slots_rotate(struct arkv_keys **out, struct arkv_store *store,
			      const struct arkv_unlocked *who, struct ark_err *err)
{
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *keys = NULL;
	enum ark_rc rc = root_required(who, err);
	if (!rc)
		rc = arkv_keys_rotate(&keys, who->keys, err);
	if (!rc)
		rc = ring_put(store, keys, ark_secret_span(&who->root), err);
	if (rc)
		return rc;
	*out = keys;
	keys = NULL;
	return ARK_OK;
}
