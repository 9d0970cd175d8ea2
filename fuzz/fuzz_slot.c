/* fuzz_slot.c - key slots: format/slot.h. */
#include "format/slot.h"
#include "fuzz/roundtrip.h"

static enum ark_rc reencode(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_slot value;
	enum ark_rc rc = arkf_slot_decode(&value, in, err);
	if (!rc)
		arkf_slot_encode(out, &value);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_roundtrip(ark_span(data, size), reencode, arkf_slot_dump);
	return 0;
}
