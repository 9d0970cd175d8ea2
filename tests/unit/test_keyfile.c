/* test_keyfile.c - key files as text (libarchive-kv/keyfile.h). */
#include "libarchive-kv/keyfile.h"
#include "libarchive-kv/keyset.h"
#include "tests/unit/cm.h"

#include <stdio.h>

static const struct ark_uid repo = { .b = "0123456789abcde" };
static const uint8_t secret[32] = "a secret of thirty-two bytes...";

static struct arkf_keyfile sample(void)
{
	return (struct arkf_keyfile){ .suite = ARK_SUITE_XCHACHA,
				      .repo = repo,
				      .kind = ARKF_KEYFILE_SLOT,
				      .slot.b = "the slot's uid",
				      .secret = ark_span(secret, sizeof secret) };
}

static void print(struct ark_secret *out, const char *comment)
{
	struct arkf_keyfile file = sample();
	struct ark_err err = { .text = "" };
	if (arkv_keyfile_print(out, &file, comment, &err))
		fail_msg("%s", err.text);
}

static enum ark_rc parse(const char *text, size_t len, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret mem = { .p = NULL };
	struct arkf_keyfile file;
	enum ark_rc rc = arkv_keyfile_parse(&file, &mem, ark_span(text, len), err);
	if (!rc) {
		struct arkf_keyfile made = sample();
		assert_true(ark_uid_eq(&file.repo, &made.repo));
		assert_true(ark_uid_eq(&file.slot, &made.slot));
		assert_true(ark_span_eq(file.secret, made.secret));
	}
	return rc;
}

static void a_key_file_comes_back_from_its_text(void **state)
{
	(void)state;
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	print(&text, "of the night backup");
	static const char head[] = "arkv key 1 file\n"
				   "# repository 30313233343536373839616263646500\n"
				   "# of the night backup\n";
	assert_true(text.len > sizeof head);
	assert_memory_equal(text.p, head, sizeof head - 1);
	assert_int_equal(text.p[text.len - 1], '\n');
	assert_int_equal(parse((const char *)text.p, text.len, NULL), ARK_OK);
}

static void its_lines_fit_on_paper(void **state)
{
	(void)state;
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	print(&text, NULL);
	size_t line = 0;
	for (size_t i = 0; i < text.len; i++) {
		line = text.p[i] == '\n' ? 0 : line + 1;
		assert_true(line <= 64);
	}
}

/* Copies text with other line ends. */
static size_t respell(char *out, const struct ark_secret *text, const char *with)
{
	size_t len = 0;
	for (size_t i = 0; i < text->len; i++) {
		if (text->p[i] != '\n') {
			out[len++] = (char)text->p[i];
			continue;
		}
		memcpy(out + len, with, strlen(with));
		len += strlen(with);
	}
	return len;
}

static void what_editors_and_typists_do_to_it_is_forgiven(void **state)
{
	(void)state;
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	print(&text, NULL);
	char other[2000];
	static const char *const ends[] = { "\r\n", "\n\n", " \n  ", "\n# a remark\n" };
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		size_t len = respell(other, &text, ends[i]);
		assert_int_equal(parse(other, len, NULL), ARK_OK);
	}
	assert_int_equal(parse((const char *)text.p, text.len - 1, NULL), ARK_OK);
}

static void every_wrong_character_is_noticed(void **state)
{
	(void)state;
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	print(&text, NULL);
	const uint8_t *body = memmem(text.p, text.len, "00\n", 3);
	assert_non_null(body);
	size_t start = (size_t)(body - text.p) + 3;
	for (size_t i = start; i < text.len; i++) {
		uint8_t was = text.p[i];
		if (was == '\n' || was == '=')
			continue;
		text.p[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(parse((const char *)text.p, text.len, NULL), ARK_CORRUPT);
		text.p[i] = '*';
		assert_int_equal(parse((const char *)text.p, text.len, NULL), ARK_CORRUPT);
		text.p[i] = was;
	}
}

static void every_cut_is_noticed(void **state)
{
	(void)state;
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	print(&text, NULL);
	for (size_t len = 0; len + 2 < text.len; len++) {
		enum ark_rc rc = parse((const char *)text.p, len, NULL);
		assert_true(rc == ARK_CORRUPT || (rc == ARK_USAGE && len < 16));
	}
}

static void another_kind_in_the_first_line_is_noticed(void **state)
{
	(void)state;
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	print(&text, NULL);
	char other[2000];
	int len = snprintf(other, sizeof other, "arkv key 1 secret\n%.*s", (int)text.len - 16,
			   (const char *)text.p + 16);
	struct ark_err err = { .text = "" };
	assert_int_equal(parse(other, (size_t)len, &err), ARK_CORRUPT);
	assert_non_null(strstr(err.text, "another kind than \"file\""));
}

static void other_files_are_no_key_files(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "\n\n", "arkv key",
					     "-----BEGIN PRIVATE KEY-----\n",
					     "arkv key 2 file\nAAAA\n" };
	struct ark_err err = { .text = "" };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		assert_int_equal(parse(texts[i], strlen(texts[i]), &err), ARK_USAGE);
		assert_non_null(strstr(err.text, "not a key file"));
	}
	static char huge[ARKV_KEYFILE_TEXT_MAX + 1];
	memset(huge, '#', sizeof huge);
	assert_int_equal(parse(huge, sizeof huge, &err), ARK_USAGE);
}

static void a_recipient_has_the_public_key_of_its_secret(void **state)
{
	(void)state;
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret mem = { .p = NULL };
	struct ark_id public;
	struct arkf_keyfile file;
	assert_int_equal(arkv_keyfile_recipient(&text, &public, &repo, NULL, NULL), ARK_OK);
	assert_int_equal(arkv_keyfile_parse(&file, &mem, ark_secret_span(&text), NULL), ARK_OK);
	assert_int_equal(file.kind, ARKF_KEYFILE_SECRET);
	assert_memory_equal(file.public.p, public.b, sizeof public.b);
	assert_non_null(memmem(text.p, text.len, ark_id_hex(&public).s, 64));
}

static void a_write_only_file_holds_no_reader_key(void **state)
{
	(void)state;
	struct arkf_chunker sizes = arkf_chunker_default();
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *keys = NULL;
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret mem = { .p = NULL };
	assert_int_equal(arkv_keys_generate(&keys, &repo, &sizes, NULL), ARK_OK);
	assert_int_equal(arkv_keyfile_write_only(&text, keys, NULL), ARK_OK);
	struct arkf_keyfile file;
	assert_int_equal(arkv_keyfile_parse(&file, &mem, ark_secret_span(&text), NULL), ARK_OK);
	assert_int_equal(file.kind, ARKF_KEYFILE_WRITE_ONLY);
	assert_int_equal(file.secret.len, 0);
	struct ark_span body = arkv_keys_ring_body(keys);
	const uint8_t *reader_secret = body.p + body.len - 1 - 32; /* before the extension list */
	for (size_t i = 0; i + 32 <= mem.len; i++)
		assert_memory_not_equal(mem.p + i, reader_secret, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_file_comes_back_from_its_text),
		cmocka_unit_test(its_lines_fit_on_paper),
		cmocka_unit_test(what_editors_and_typists_do_to_it_is_forgiven),
		cmocka_unit_test(every_wrong_character_is_noticed),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(another_kind_in_the_first_line_is_noticed),
		cmocka_unit_test(other_files_are_no_key_files),
		cmocka_unit_test(a_recipient_has_the_public_key_of_its_secret),
		cmocka_unit_test(a_write_only_file_holds_no_reader_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
