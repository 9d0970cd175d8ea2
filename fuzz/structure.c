/* structure.c - the target of each structure that has vectors: FUZZ_STRUCTURE is its name in
 * tests/vectors/handlers.c. */
#include "fuzz/roundtrip.h"
#include "tests/vectors/vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < vector_handler_count; i++) {
		const struct vector_handler *h = &vector_handlers[i];
		if (strcmp(h->structure, FUZZ_STRUCTURE) == 0) {
			fuzz_roundtrip(ark_span(data, size), h->reencode, h->dump);
			return 0;
		}
	}
	abort(); /* no handler of this name */
}
