/*
 * config.h - the superblock: the object `config` (spec/03-config.md).
 *
 * The keyed MAC and the checksum are carried, not checked: that is the library's part.
 */
#pragma once

#include "format/chunker.h"
#include "format/dump.h"
#include "format/object.h"

/* The namespaces of a repository, in the order of the nesting table. */
enum arkf_namespace {
	ARKF_NS_KEYS,
	ARKF_NS_PACKS,
	ARKF_NS_RUNS,
	ARKF_NS_PLACES,
	ARKF_NS_REMAPS,
	ARKF_NS_ARCHIVES,
	ARKF_NS_SESSIONS,
	ARKF_NS_GC,
	ARKF_NS_COUNT,
};

enum {
	ARKF_NEST_LEVEL_MAX = 4,
	ARKF_CONFIG_LEN = ARKF_HEADER_LEN + ARK_UID_LEN + 3 * 8 + 2 * ARKF_NS_COUNT +
			  ARKF_CHUNKER_LEN + 2 * ARK_ID_LEN,
	/* What the MAC covers; the checksum covers the MAC too. */
	ARKF_CONFIG_MAC_OFF = ARKF_CONFIG_LEN - 2 * ARK_ID_LEN,
	ARKF_CONFIG_CHECKSUM_OFF = ARKF_CONFIG_LEN - ARK_ID_LEN,
};

/* How many folders, of two digits each, stand between a namespace and its objects. */
struct arkf_nest {
	uint8_t write; /* for new objects: 0 to 4 */
	uint8_t read;  /* bit l: objects may stand at level l; has bit `write` */
};

struct arkf_config {
	enum ark_suite suite;
	struct ark_uid repo;
	uint64_t incompatible; /* feature bits; version 1 knows none */
	uint64_t compatible;
	uint64_t created_ms;
	struct arkf_nest nest[ARKF_NS_COUNT];
	struct arkf_chunker chunker; /* suite none; zeros otherwise: the keyring has them */
	struct ark_id mac;
	struct ark_id checksum;
};

/* The name of a namespace, without its slash: "packs". */
const char *arkf_namespace_name(enum arkf_namespace ns);
/* packs 2, runs 1, all others 0. */
void arkf_nest_default(struct arkf_nest nest[ARKF_NS_COUNT]);

/* ARKF_CONFIG_LEN bytes. */
void arkf_config_encode(struct ark_wr *wr, const struct arkf_config *config);
/* UNSUPPORTED: an incompatible feature bit, a level above 4, sizes beside an encrypted suite. */
enum ark_rc arkf_config_decode(struct arkf_config *out, struct ark_span bytes, struct ark_err *err)
	ARK_CHECK;
void arkf_config_dump(struct arkf_dump *d);
