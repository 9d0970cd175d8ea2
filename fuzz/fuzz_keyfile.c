/* fuzz_keyfile.c - key files: the structure (format/keyfile.h), and, for an input that begins as
 * one, the text around it (libarchive-kv/keyfile.h). */
#include "format/keyfile.h"
#include "fuzz/roundtrip.h"
#include "libarchive-kv/keyfile.h"

static enum ark_rc reencode(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_keyfile value;
	enum ark_rc rc = arkf_keyfile_decode(&value, in, err);
	if (!rc)
		arkf_keyfile_encode(out, &value);
	return rc;
}

/* What is read from a text is read from its own print, too. */
static void text(struct ark_span in)
{
	ARK_AUTO(ark_secret_release) struct ark_secret mem = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret again = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret printed = { .p = NULL };
	struct arkf_keyfile file;
	struct ark_err err = { .text = "" };
	enum ark_rc rc = arkv_keyfile_parse(&file, &mem, in, &err);
	assert(!rc || (err.rc == rc && err.text[0]));
	if (rc || arkv_keyfile_print(&printed, &file, NULL, NULL))
		return;
	rc = arkv_keyfile_parse(&file, &again, ark_secret_span(&printed), NULL);
	assert(!rc && ark_span_eq(ark_secret_span(&mem), ark_secret_span(&again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char begins[] = "arkv";
	struct ark_span in = ark_span(data, size);
	if (ark_span_common(in, ark_span_str(begins)) == sizeof begins - 1)
		text(in);
	else
		fuzz_roundtrip(in, reencode, arkf_keyfile_dump);
	return 0;
}
