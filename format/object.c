/* object.c - see object.h. */
#include "format/object.h"

static const char magic[] = "ARKV";

static const char *const kinds[] = {
	ARKF_KIND_CONFIG,  ARKF_KIND_SLOT,     ARKF_KIND_RING,	 ARKF_KIND_PACK,
	ARKF_KIND_RUN,	   ARKF_KIND_MANIFEST, ARKF_KIND_PLACES, ARKF_KIND_REMAP,
	ARKF_KIND_SESSION, ARKF_KIND_BEAT,     ARKF_KIND_GC,	 ARKF_KIND_REAPED,
	ARKF_KIND_MARK,	   ARKF_KIND_STATE,    ARKF_KIND_SPILL,	 ARKF_KIND_KEYFILE,
};

void arkf_header_encode(struct ark_wr *wr, const char *kind, enum ark_suite suite)
{
	ark_wr_bytes(wr, ark_span(magic, 4));
	ark_wr_bytes(wr, ark_span(kind, 4));
	ark_wr_u16(wr, ARKF_VERSION);
	ark_wr_u8(wr, (uint8_t)suite);
	ark_wr_u8(wr, 0);
}

enum ark_rc arkf_header_decode(struct ark_rd *rd, const char *kind, const char *what,
			       enum ark_suite *suite, struct ark_err *err)
{
	struct ark_span head = ark_rd_bytes(rd, 8);
	unsigned version = ark_rd_u16(rd);
	unsigned suite_byte = ark_rd_u8(rd);
	unsigned flags = ark_rd_u8(rd);
	if (rd->bad)
		return ark_fail(err, ARK_CORRUPT, "%s: shorter than an object header", what);
	if (memcmp(head.p, magic, 4) != 0)
		return ark_fail(err, ARK_CORRUPT, "%s: does not begin with ARKV", what);
	if (memcmp(head.p + 4, kind, 4) != 0)
		return ark_fail(err, ARK_CORRUPT, "%s: is an object of another kind", what);
	if (version != ARKF_VERSION)
		return ark_fail(err, ARK_UNSUPPORTED,
				"%s: format version %u, this build reads 1: use a newer arkv", what,
				version);
	if (suite_byte > ARK_SUITE_XCHACHA || flags)
		return ark_fail(err, ARK_UNSUPPORTED, "%s: suite %u, flags %u: use a newer arkv",
				what, suite_byte, flags);
	*suite = (enum ark_suite)suite_byte;
	return ARK_OK;
}

const char *arkf_kind_of(struct ark_span bytes)
{
	if (bytes.len < 8 || memcmp(bytes.p, magic, 4) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (!memcmp(bytes.p + 4, kinds[i], 4))
			return kinds[i];
	return NULL;
}

void arkf_ext_encode_none(struct ark_wr *wr)
{
	ark_wr_varint(wr, 0);
}

enum ark_rc arkf_ext_decode(struct ark_rd *rd, const char *what, struct ark_err *err)
{
	uint64_t count = ark_rd_varint(rd);
	if (count > ARKF_EXT_COUNT_MAX)
		ark_rd_fail(rd);
	uint64_t last_tag = 0;
	for (uint64_t i = 0; i < count && !rd->bad; i++) {
		uint64_t tag = ark_rd_varint(rd);
		ark_rd_lenbytes(rd, ARKF_EXT_LEN_MAX);
		if (i && tag <= last_tag)
			ark_rd_fail(rd);
		if (!rd->bad && tag % 2)
			return ark_fail(err, ARK_UNSUPPORTED,
					"%s: needs extension %llu: use a newer arkv", what,
					(unsigned long long)tag);
		last_tag = tag;
	}
	if (rd->bad)
		return ark_fail(err, ARK_CORRUPT, "%s: bad extension list", what);
	return ARK_OK;
}

enum ark_rc arkf_end(const struct ark_rd *rd, const char *what, struct ark_err *err)
{
	if (ark_rd_done(rd))
		return ARK_OK;
	return ark_fail(err, ARK_CORRUPT, "%s: %s", what,
			rd->bad ? "a field is cut off or out of range"
				: "bytes are left over at its end");
}

enum ark_rc arkf_version_decode(struct ark_rd *rd, const char *what, struct ark_err *err)
{
	unsigned version = ark_rd_u8(rd);
	if (rd->bad)
		return ark_fail(err, ARK_CORRUPT, "%s: is empty", what);
	if (version != ARKF_VERSION)
		return ark_fail(err, ARK_UNSUPPORTED,
				"%s: version %u, this build reads 1: use a newer arkv", what,
				version);
	return ARK_OK;
}
