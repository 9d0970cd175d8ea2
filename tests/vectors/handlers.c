/* handlers.c - the structures that have vectors: see vectors.h. One function and one line each. */
#include "format/config.h"
#include "tests/vectors/vectors.h"

static enum ark_rc config(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_config value;
	enum ark_rc rc = arkf_config_decode(&value, in, err);
	if (!rc)
		arkf_config_encode(out, &value);
	return rc;
}

const struct vector_handler vector_handlers[] = {
	{ "config", config, arkf_config_dump },
};
const size_t vector_handler_count = sizeof vector_handlers / sizeof vector_handlers[0];
