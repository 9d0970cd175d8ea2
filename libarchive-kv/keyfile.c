/* keyfile.c - see keyfile.h. */
#include "libarchive-kv/keyfile.h"

#include "libarchive-kv/keyset.h"

#include <sodium.h>

static const char first_words[] = "arkv key 1 ";

enum { LINE_LEN = 64 };

/* The next line of rd, without its end and blanks around it. */
static struct ark_span line_next(struct ark_rd *rd)
{
	const uint8_t *start = rd->p;
	while (ark_rd_left(rd) && *rd->p != '\n')
		rd->p++;
	struct ark_span line = ark_span(start, (size_t)(rd->p - start));
	if (ark_rd_left(rd))
		rd->p++;
	while (line.len && (line.p[line.len - 1] == '\r' || line.p[line.len - 1] == ' '))
		line.len--;
	while (line.len && *line.p == ' ')
		line = ark_span(line.p + 1, line.len - 1);
	return line;
}

/* The word of the first line that says anything. */
static enum ark_rc word_read(struct ark_span *word, struct ark_rd *rd, struct ark_err *err)
{
	struct ark_span line = ark_span(NULL, 0);
	struct ark_span words = ark_span_str(first_words);
	while (!line.len && ark_rd_left(rd))
		line = line_next(rd);
	if (line.len <= words.len || ark_span_common(line, words) != words.len)
		return ark_fail(err, ARK_USAGE,
				"not a key file: its first line should begin with \"%s\"",
				first_words);
	*word = ark_span(line.p + words.len, line.len - words.len);
	return ARK_OK;
}

/* Gathers the base64 of all further lines, comments left out, and decodes it. */
static enum ark_rc base64_read(struct ark_secret *out, struct ark_rd *rd, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret bytes = { .p = NULL };
	if (ark_secret_new(&text, ark_rd_left(rd) + 1, err) ||
	    ark_secret_new(&bytes, text.len, err))
		return ARK_NOMEM;
	struct ark_wr wr = ark_wr(text.p, text.len);
	while (ark_rd_left(rd)) {
		struct ark_span line = line_next(rd);
		if (line.len && *line.p != '#')
			ark_wr_bytes(&wr, line);
	}
	size_t len = 0;
	if (sodium_base642bin(bytes.p, bytes.len, (const char *)wr.p, wr.len, " \t\r", &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		return ark_fail(err, ARK_CORRUPT, "key file: is damaged: not base64");
	return ark_secret_copy(out, ark_span(bytes.p, len), err);
}

static void checksum_of(struct ark_id *out, struct ark_span bytes)
{
	arkv_hash(out->b, ark_span(bytes.p, bytes.len - sizeof out->b));
}

static enum ark_rc check_and_decode(struct arkf_keyfile *out, struct ark_span bytes,
				    struct ark_span word, struct ark_err *err)
{
	struct ark_id sum;
	if (bytes.len < sizeof sum.b)
		return ark_fail(err, ARK_CORRUPT, "key file: is damaged: too short");
	checksum_of(&sum, bytes);
	if (memcmp(sum.b, bytes.p + bytes.len - sizeof sum.b, sizeof sum.b) != 0)
		return ark_fail(err, ARK_CORRUPT,
				"key file: is damaged: a character is wrong or missing");
	struct arkf_keyfile file;
	enum ark_rc rc = arkf_keyfile_decode(&file, bytes, err);
	if (rc)
		return rc;
	if (!ark_span_eq(word, ark_span_str(arkf_keyfile_word(file.kind))))
		return ark_fail(
			err, ARK_CORRUPT,
			"key file: is damaged: its first line says another kind than \"%s\"",
			arkf_keyfile_word(file.kind));
	*out = file;
	return ARK_OK;
}

enum ark_rc arkv_keyfile_parse(struct arkf_keyfile *out, struct ark_secret *mem,
			       struct ark_span text, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret bytes = { .p = NULL };
	struct ark_span word;
	struct ark_rd rd = ark_rd(text);
	enum ark_rc rc = arkv_crypt_init(err);
	if (!rc && text.len > ARKV_KEYFILE_TEXT_MAX)
		rc = ark_fail(err, ARK_USAGE, "not a key file: longer than %d bytes",
			      ARKV_KEYFILE_TEXT_MAX);
	if (!rc)
		rc = word_read(&word, &rd, err);
	if (!rc)
		rc = base64_read(&bytes, &rd, err);
	if (!rc)
		rc = check_and_decode(out, ark_secret_span(&bytes), word, err);
	if (rc)
		return rc;
	*mem = bytes;
	bytes = (struct ark_secret){ .p = NULL };
	return ARK_OK;
}

static void text_write(struct ark_wr *wr, const char *text)
{
	ark_wr_bytes(wr, ark_span_str(text));
}

static void head_write(struct ark_wr *wr, const struct arkf_keyfile *file, const char *comment)
{
	static const struct ark_uid any;
	text_write(wr, first_words);
	text_write(wr, arkf_keyfile_word(file->kind));
	text_write(wr, "\n# repository ");
	text_write(wr, ark_uid_eq(&file->repo, &any) ? "any" : ark_uid_hex(&file->repo).s);
	if (comment) {
		text_write(wr, "\n# ");
		text_write(wr, comment);
	}
	text_write(wr, "\n");
}

static enum ark_rc encoded(struct ark_secret *out, const struct arkf_keyfile *file,
			   struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret mem = { .p = NULL };
	if (ark_secret_new(&mem, ARKF_KEYFILE_LEN_MAX, err))
		return ARK_NOMEM;
	struct ark_wr wr = ark_wr(mem.p, mem.len);
	arkf_keyfile_encode(&wr, file);
	if (wr.full || wr.len < ARK_ID_LEN)
		return ark_fail(err, ARK_LIMIT, "key file: too large");
	struct ark_id sum;
	checksum_of(&sum, ark_wr_span(&wr));
	memcpy(wr.p + wr.len - sizeof sum.b, sum.b, sizeof sum.b);
	return ark_secret_copy(out, ark_wr_span(&wr), err);
}

enum ark_rc arkv_keyfile_print(struct ark_secret *out, const struct arkf_keyfile *file,
			       const char *comment, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret bytes = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret base64 = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	enum ark_rc rc = arkv_crypt_init(err);
	if (!rc)
		rc = encoded(&bytes, file, err);
	if (rc)
		return rc;
	size_t cap = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
	if (ark_secret_new(&base64, cap, err) || ark_secret_new(&text, ARKV_KEYFILE_TEXT_MAX, err))
		return ARK_NOMEM;
	sodium_bin2base64((char *)base64.p, cap, bytes.p, bytes.len,
			  sodium_base64_VARIANT_ORIGINAL);
	struct ark_wr wr = ark_wr(text.p, text.len);
	head_write(&wr, file, comment);
	for (size_t at = 0; at + 1 < cap; at += LINE_LEN) {
		size_t left = cap - 1 - at;
		ark_wr_bytes(&wr, ark_span(base64.p + at, left < LINE_LEN ? left : LINE_LEN));
		text_write(&wr, "\n");
	}
	if (wr.full)
		return ark_fail(err, ARK_LIMIT, "key file: its comment is too long");
	return ark_secret_copy(out, ark_wr_span(&wr), err);
}

enum ark_rc arkv_keyfile_recipient(struct ark_secret *out, struct ark_id *public,
				   const struct ark_uid *repo, const struct ark_uid *pin,
				   struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret secret = { .p = NULL };
	enum ark_rc rc = arkv_crypt_init(err);
	if (!rc)
		rc = ark_secret_new(&secret, ARKV_KEY_LEN, err);
	if (rc)
		return rc;
	struct ark_id key;
	crypto_box_keypair(key.b, secret.p);
	struct arkf_keyfile file = { .suite = ARK_SUITE_XCHACHA,
				     .kind = ARKF_KEYFILE_SECRET,
				     .secret = ark_secret_span(&secret),
				     .public = ark_span(key.b, sizeof key.b) };
	if (repo)
		file.repo = *repo;
	if (pin)
		file.pin = *pin;
	char comment[96];
	struct ark_wr wr = ark_wr(comment, sizeof comment - 1);
	text_write(&wr, "public key ");
	text_write(&wr, ark_id_hex(&key).s);
	comment[wr.len] = '\0';
	rc = arkv_keyfile_print(out, &file, comment, err);
	if (!rc)
		*public = key;
	return rc;
}

enum ark_rc arkv_keyfile_write_only(struct ark_secret *out, const struct arkv_keys *keys,
				    struct ark_err *err)
{
	if (arkv_keys_suite(keys) == ARK_SUITE_NONE)
		return ark_fail(err, ARK_AUTH,
				"the repository is not encrypted: it has no keys, "
				"and all who reach it can read it");
	struct arkv_bundle bundle = arkv_keys_bundle(keys);
	struct arkf_keyfile file = { .suite = arkv_keys_suite(keys),
				     .repo = *arkv_keys_repo(keys),
				     .kind = ARKF_KEYFILE_WRITE_ONLY,
				     .ring = bundle.ring,
				     .public = bundle.reader,
				     .keys = bundle.keys,
				     .chunker = bundle.chunker };
	return arkv_keyfile_print(out, &file, "writes and deduplicates, does not read", err);
}
