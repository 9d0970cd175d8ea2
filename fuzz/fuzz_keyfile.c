/* fuzz_keyfile.c - key files: format/keyfile.h. */
#include "format/keyfile.h"
#include "fuzz/roundtrip.h"

static enum ark_rc reencode(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_keyfile value;
	enum ark_rc rc = arkf_keyfile_decode(&value, in, err);
	if (!rc)
		arkf_keyfile_encode(out, &value);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_roundtrip(ark_span(data, size), reencode, arkf_keyfile_dump);
	return 0;
}
