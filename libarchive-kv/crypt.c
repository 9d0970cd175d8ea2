/* crypt.c - see crypt.h. */
#include "libarchive-kv/crypt.h"

#include <assert.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>

enum {
	CONTEXT_MAX = 128,
	AAD_MAX = 10 + 16 + 1 + 1 + 16 + CONTEXT_MAX,
	SPACE_MAX = 1024,
	KEY_MAX = 65535,
};

static const char aad_label[] = "arkv-box-1";
static const struct ark_uid no_datakey;

enum ark_rc arkv_crypt_init(struct ark_err *err)
{
	if (sodium_init() < 0)
		return ark_fail(err, ARK_IO, "libsodium cannot start: no source of randomness?");
	return ARK_OK;
}

/* Fills mem, which has AAD_MAX bytes. */
static struct ark_span aad_make(uint8_t *mem, const struct arkv_box_for *what)
{
	assert(what->context.len <= CONTEXT_MAX);
	const struct ark_uid *datakey = what->datakey ? what->datakey : &no_datakey;
	struct ark_wr wr = ark_wr(mem, AAD_MAX);
	ark_wr_bytes(&wr, ark_span_str(aad_label));
	ark_wr_bytes(&wr, ark_span(what->repo->b, sizeof what->repo->b));
	ark_wr_u8(&wr, (uint8_t)what->suite);
	ark_wr_u8(&wr, (uint8_t)what->type);
	ark_wr_bytes(&wr, ark_span(datakey->b, sizeof datakey->b));
	ark_wr_bytes(&wr, what->context);
	assert(!wr.full);
	return ark_wr_span(&wr);
}

static void update(crypto_generichash_state *st, struct ark_span s)
{
	if (s.len)
		crypto_generichash_update(st, s.p, s.len);
}

/* The tag of suite 0. */
static void plain_tag(uint8_t *tag, const uint8_t *key, struct ark_span aad, struct ark_span plain)
{
	uint8_t aad_len[4];
	ark_put_le32(aad_len, (uint32_t)aad.len);
	crypto_generichash_state st;
	crypto_generichash_init(&st, key, ARKV_KEY_LEN, ARKV_BOX_TAG_LEN);
	update(&st, ark_span(aad_len, sizeof aad_len));
	update(&st, aad);
	update(&st, plain);
	crypto_generichash_final(&st, tag, ARKV_BOX_TAG_LEN);
}

void arkv_box_seal(uint8_t *out, struct ark_span plain, const uint8_t *key,
		   const struct arkv_box_for *what)
{
	uint8_t aad_mem[AAD_MAX];
	struct ark_span aad = aad_make(aad_mem, what);
	uint8_t *body = out + ARKV_BOX_NONCE_LEN;
	if (what->suite == ARK_SUITE_NONE) {
		if (plain.len)
			memmove(body, plain.p, plain.len);
		memset(out, 0, ARKV_BOX_NONCE_LEN);
		plain_tag(body + plain.len, key, aad, ark_span(body, plain.len));
		return;
	}
	randombytes_buf(out, ARKV_BOX_NONCE_LEN);
	crypto_aead_xchacha20poly1305_ietf_encrypt(body, NULL, plain.p, plain.len, aad.p, aad.len,
						   NULL, out, key);
}

static enum ark_rc plain_open(uint8_t *out, struct ark_span box, const uint8_t *key,
			      struct ark_span aad, struct ark_err *err)
{
	struct ark_span body =
		ark_span(box.p + ARKV_BOX_NONCE_LEN, box.len - ARKV_BOX_EXTRA);
	uint8_t tag[ARKV_BOX_TAG_LEN];
	plain_tag(tag, key, aad, body);
	if (!sodium_is_zero(box.p, ARKV_BOX_NONCE_LEN) ||
	    sodium_memcmp(tag, body.p + body.len, sizeof tag) != 0)
		return ark_fail(err, ARK_AUTH, "the checksum of a sealed part does not match: "
					       "damaged, or not of this repository");
	if (body.len)
		memmove(out, body.p, body.len);
	return ARK_OK;
}

enum ark_rc arkv_box_open(uint8_t *out, struct ark_span box, const uint8_t *key,
			  const struct arkv_box_for *what, struct ark_err *err)
{
	if (box.len < ARKV_BOX_EXTRA)
		return ark_fail(err, ARK_CORRUPT, "a sealed part is cut off: %zu bytes", box.len);
	uint8_t aad_mem[AAD_MAX];
	struct ark_span aad = aad_make(aad_mem, what);
	if (what->suite == ARK_SUITE_NONE)
		return plain_open(out, box, key, aad, err);
	const uint8_t *body = box.p + ARKV_BOX_NONCE_LEN;
	size_t body_len = box.len - ARKV_BOX_NONCE_LEN;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, body, body_len, aad.p,
						       aad.len, box.p, key) != 0)
		return ark_fail(err, ARK_AUTH, "a sealed part does not open: damaged, altered, or "
					       "sealed under another key");
	return ARK_OK;
}

void arkv_id_of(struct ark_id *out, const uint8_t *k_id, enum arkv_id_type type,
		struct ark_span bytes)
{
	uint8_t type_byte = (uint8_t)type;
	crypto_generichash_state st;
	crypto_generichash_init(&st, k_id, ARKV_KEY_LEN, sizeof out->b);
	update(&st, ark_span(&type_byte, 1));
	update(&st, bytes);
	crypto_generichash_final(&st, out->b, sizeof out->b);
}

void arkv_hash(uint8_t out[32], struct ark_span bytes)
{
	crypto_generichash(out, 32, bytes.p, bytes.len, NULL, 0);
}

void arkv_hash_keyed(uint8_t out[32], const uint8_t *key, struct ark_span bytes)
{
	crypto_generichash(out, 32, bytes.p, bytes.len, key, ARKV_KEY_LEN);
}

void arkv_hash_keyed16(uint8_t out[16], const uint8_t *key, struct ark_span bytes)
{
	crypto_generichash(out, 16, bytes.p, bytes.len, key, ARKV_KEY_LEN);
}

void arkv_key_derive(uint8_t out[32], const uint8_t *parent, const char *label)
{
	arkv_hash_keyed(out, parent, ark_span_str(label));
}

void arkv_key_of_repo(uint8_t out[32], const struct ark_uid *repo, const char *label)
{
	crypto_generichash(out, 32, (const uint8_t *)label, strlen(label), repo->b,
			   sizeof repo->b);
}

bool arkv_bytes_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

/* libcrypto's calls below allocate nothing once a context has been set up, and do not fail. */
struct arkv_sha256 {
	EVP_MD_CTX *ctx;
};

enum ark_rc arkv_sha256_new(struct arkv_sha256 **out, struct ark_err *err)
{
	ARK_AUTO(arkv_sha256_freep) struct arkv_sha256 *sha = calloc(1, sizeof *sha);
	if (sha)
		sha->ctx = EVP_MD_CTX_new();
	if (!sha || !sha->ctx || EVP_DigestInit_ex(sha->ctx, EVP_sha256(), NULL) != 1)
		return ark_fail(err, ARK_NOMEM, "SHA-256: libcrypto gives no context");
	*out = sha;
	sha = NULL;
	return ARK_OK;
}

void arkv_sha256_update(struct arkv_sha256 *sha, struct ark_span bytes)
{
	int ok = !bytes.len || EVP_DigestUpdate(sha->ctx, bytes.p, bytes.len) == 1;
	assert(ok);
	(void)ok;
}

void arkv_sha256_final(struct arkv_sha256 *sha, struct ark_id *out)
{
	int ok = EVP_DigestFinal_ex(sha->ctx, out->b, NULL) == 1 &&
		 EVP_DigestInit_ex(sha->ctx, NULL, NULL) == 1;
	assert(ok);
	(void)ok;
}

void arkv_sha256_freep(struct arkv_sha256 **sha)
{
	if (!*sha)
		return;
	EVP_MD_CTX_free((*sha)->ctx);
	free(*sha);
	*sha = NULL;
}

void arkv_sha256_of(struct ark_id *out, struct ark_span bytes)
{
	/* libcrypto is several times faster, but may want memory; libsodium never does. */
	if (EVP_Digest(bytes.p, bytes.len, out->b, NULL, EVP_sha256(), NULL) != 1)
		crypto_hash_sha256(out->b, bytes.p, bytes.len);
}

static uint64_t sip(const uint8_t *k, uint8_t *mem, size_t cap, struct ark_span space,
		    struct ark_span key)
{
	struct ark_wr wr = ark_wr(mem, cap);
	ark_wr_lenbytes(&wr, space);
	ark_wr_bytes(&wr, key);
	assert(!wr.full); /* spaces and keys have their maxima */
	uint8_t hash[8];
	crypto_shorthash(hash, wr.p, wr.len, k);
	return ark_le64(hash);
}

static uint64_t sip_long(const uint8_t *k, struct ark_span space, struct ark_span key)
{
	uint8_t mem[ARK_VARINT_MAX + SPACE_MAX + KEY_MAX];
	return sip(k, mem, sizeof mem, space, key);
}

static uint64_t sip_any(const uint8_t *k, struct ark_span space, struct ark_span key)
{
	uint8_t mem[512];
	if (space.len > 200 || key.len > 300)
		return sip_long(k, space, key);
	return sip(k, mem, sizeof mem, space, key);
}

uint64_t arkv_cut_hash(const uint8_t *k_cut, struct ark_span space, struct ark_span key)
{
	return sip_any(k_cut, space, key);
}

uint64_t arkv_filter_hash(const uint8_t *k_cut, struct ark_span space, struct ark_span key)
{
	return sip_any(k_cut + 16, space, key);
}
