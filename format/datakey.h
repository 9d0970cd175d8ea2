/*
 * datakey.h - the data key record: a session's key as it stands beside what it seals
 * (spec/02-seal.md).
 */
#pragma once

#include "format/id.h"
#include "format/object.h"

enum {
	ARKF_DATAKEY_SEALED_LEN = 80,
	ARKF_DATAKEY_LEN_MIN = 16 + 4 + 2,
	ARKF_DATAKEY_LEN_MAX = 16 + 4 + 2 + ARKF_DATAKEY_SEALED_LEN,
};

struct arkf_datakey {
	struct ark_uid id;
	uint32_t ring;	 /* number of the keyring that holds the reader pair */
	bool has_sealed; /* false in suite 0 */
	uint8_t sealed[ARKF_DATAKEY_SEALED_LEN];
};

/* How long its record is. */
uint32_t arkf_datakey_len(const struct arkf_datakey *key);
void arkf_datakey_encode(struct ark_wr *wr, const struct arkf_datakey *key);
/* Sets rd->bad when the record is cut off or its length field is neither 0 nor 80. */
void arkf_datakey_decode(struct ark_rd *rd, struct arkf_datakey *out);

struct arkf_dump;
/* One record, as "name[index]." (dump.h). */
void arkf_datakey_dump(struct arkf_dump *d, const char *name, uint64_t index);
