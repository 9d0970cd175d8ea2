/* fuzz_config.c - the superblock: format/config.h. */
#include "format/config.h"
#include "fuzz/roundtrip.h"

static enum ark_rc reencode(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_config value;
	enum ark_rc rc = arkf_config_decode(&value, in, err);
	if (!rc)
		arkf_config_encode(out, &value);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_roundtrip(ark_span(data, size), reencode, arkf_config_dump);
	return 0;
}
