/* handlers.c - the structures that have vectors: see vectors.h. One function and one line each. */
#include "format/config.h"
#include "format/keyfile.h"
#include "format/ring.h"
#include "format/slot.h"
#include "tests/vectors/vectors.h"

static enum ark_rc config(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_config value;
	enum ark_rc rc = arkf_config_decode(&value, in, err);
	if (!rc)
		arkf_config_encode(out, &value);
	return rc;
}

static enum ark_rc keyfile(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_keyfile value;
	enum ark_rc rc = arkf_keyfile_decode(&value, in, err);
	if (!rc)
		arkf_keyfile_encode(out, &value);
	return rc;
}

static enum ark_rc ring(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_ring value;
	enum ark_rc rc = arkf_ring_decode(&value, in, err);
	if (!rc)
		arkf_ring_encode(out, &value);
	return rc;
}

static enum ark_rc ring_body(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_ring_body value;
	enum ark_rc rc = arkf_ring_body_decode(&value, in, err);
	if (!rc)
		arkf_ring_body_encode(out, &value);
	return rc;
}

static enum ark_rc slot(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_slot value;
	enum ark_rc rc = arkf_slot_decode(&value, in, err);
	if (!rc)
		arkf_slot_encode(out, &value);
	return rc;
}

const struct vector_handler vector_handlers[] = {
	{ "config", config, arkf_config_dump }, { "keyfile", keyfile, arkf_keyfile_dump },
	{ "ring", ring, arkf_ring_dump },	{ "ring-body", ring_body, arkf_ring_body_dump },
	{ "slot", slot, arkf_slot_dump },
};
const size_t vector_handler_count = sizeof vector_handlers / sizeof vector_handlers[0];
