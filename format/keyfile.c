/* keyfile.c - see keyfile.h. */
#include "format/keyfile.h"

static const char what[] = "key file";

const char *arkf_keyfile_word(enum arkf_keyfile_kind kind)
{
	switch (kind) {
	case ARKF_KEYFILE_SLOT: return "file";
	case ARKF_KEYFILE_WRITE_ONLY: return "write-only";
	case ARKF_KEYFILE_SECRET: return "secret";
	case ARKF_KEYFILE_ROOT:
	case ARKF_KEYFILE_ROOT_SEALED: return "root-export";
	}
	return "";
}

static void encode_payload(struct ark_wr *wr, const struct arkf_keyfile *file)
{
	switch (file->kind) {
	case ARKF_KEYFILE_SLOT:
		ark_wr_bytes(wr, ark_span(file->slot.b, sizeof file->slot.b));
		ark_wr_bytes(wr, file->secret);
		break;
	case ARKF_KEYFILE_WRITE_ONLY:
		ark_wr_u32(wr, file->ring);
		ark_wr_bytes(wr, file->public);
		ark_wr_bytes(wr, file->keys);
		arkf_chunker_encode(wr, &file->chunker);
		break;
	case ARKF_KEYFILE_SECRET:
		ark_wr_bytes(wr, file->secret);
		ark_wr_bytes(wr, file->public);
		ark_wr_bytes(wr, ark_span(file->pin.b, sizeof file->pin.b));
		break;
	case ARKF_KEYFILE_ROOT: ark_wr_bytes(wr, file->secret); break;
	case ARKF_KEYFILE_ROOT_SEALED: ark_wr_bytes(wr, file->sealed_root); break;
	}
}

void arkf_keyfile_encode(struct ark_wr *wr, const struct arkf_keyfile *file)
{
	static const uint8_t reserved[3];
	arkf_header_encode(wr, ARKF_KIND_KEYFILE, file->suite);
	ark_wr_bytes(wr, ark_span(file->repo.b, sizeof file->repo.b));
	ark_wr_u8(wr, (uint8_t)file->kind);
	ark_wr_bytes(wr, ark_span(reserved, sizeof reserved));
	encode_payload(wr, file);
	ark_wr_bytes(wr, ark_span(file->checksum.b, sizeof file->checksum.b));
}

/* What stands before the checksum, borrowed. */
static struct ark_span all_but_checksum(struct ark_rd *rd)
{
	size_t left = ark_rd_left(rd);
	if (left < ARK_ID_LEN || left > ARK_ID_LEN + ARKF_SLOT_LEN_MAX) {
		ark_rd_fail(rd);
		return ark_span(NULL, 0);
	}
	return ark_rd_bytes(rd, left - ARK_ID_LEN);
}

static void decode_payload(struct ark_rd *rd, struct arkf_keyfile *file)
{
	switch (file->kind) {
	case ARKF_KEYFILE_SLOT:
		ark_rd_copy(rd, file->slot.b, sizeof file->slot.b);
		file->secret = ark_rd_bytes(rd, 32);
		break;
	case ARKF_KEYFILE_WRITE_ONLY:
		file->ring = ark_rd_u32(rd);
		file->public = ark_rd_bytes(rd, 32);
		file->keys = ark_rd_bytes(rd, ARKF_KEYFILE_KEYS_LEN);
		arkf_chunker_decode(rd, &file->chunker);
		if (!file->ring)
			ark_rd_fail(rd);
		break;
	case ARKF_KEYFILE_SECRET:
		file->secret = ark_rd_bytes(rd, 32);
		file->public = ark_rd_bytes(rd, 32);
		ark_rd_copy(rd, file->pin.b, sizeof file->pin.b);
		break;
	case ARKF_KEYFILE_ROOT: file->secret = ark_rd_bytes(rd, 32); break;
	case ARKF_KEYFILE_ROOT_SEALED: file->sealed_root = all_but_checksum(rd); break;
	}
}

static enum ark_rc sealed_root_check(const struct arkf_keyfile *file, struct ark_err *err)
{
	struct arkf_slot slot;
	enum ark_rc rc = arkf_slot_decode(&slot, file->sealed_root, err);
	if (rc) {
		ark_err_prefix(err, "%s", what);
		return rc;
	}
	if (slot.kind != ARKF_SLOT_PASSPHRASE || !ark_uid_eq(&slot.repo, &file->repo) ||
	    slot.suite != file->suite)
		return ark_fail(err, ARK_CORRUPT,
				"key file: holds a key slot of another kind or repository");
	return ARK_OK;
}

enum ark_rc arkf_keyfile_decode(struct arkf_keyfile *out, struct ark_span bytes,
				struct ark_err *err)
{
	struct arkf_keyfile file = { .ring = 0 };
	struct ark_rd rd = ark_rd(bytes);
	enum ark_rc rc = arkf_header_decode(&rd, ARKF_KIND_KEYFILE, what, &file.suite, err);
	if (rc)
		return rc;
	ark_rd_copy(&rd, file.repo.b, sizeof file.repo.b);
	uint32_t kind = ark_rd_u32(&rd);
	if (!rd.bad && (kind < ARKF_KEYFILE_SLOT || kind > ARKF_KEYFILE_ROOT_SEALED))
		return ark_fail(err, ARK_UNSUPPORTED,
				"key file: kind %u, reserved bytes %#x: use a newer arkv",
				(unsigned)(kind & 0xff), (unsigned)(kind >> 8));
	file.kind = (enum arkf_keyfile_kind)kind;
	if (!rd.bad)
		decode_payload(&rd, &file);
	ark_rd_copy(&rd, file.checksum.b, sizeof file.checksum.b);
	if (file.suite == ARK_SUITE_NONE)
		ark_rd_fail(&rd);
	rc = arkf_end(&rd, what, err);
	if (!rc && kind == ARKF_KEYFILE_WRITE_ONLY)
		rc = arkf_chunker_check(&file.chunker, what, err);
	if (!rc && kind == ARKF_KEYFILE_ROOT_SEALED)
		rc = sealed_root_check(&file, err);
	if (!rc)
		*out = file;
	return rc;
}

static void dump_payload(struct arkf_dump *d, uint64_t kind)
{
	static const char *const names[] = { "k_id", "k_cut", "k_dig", "k_meta", "k_auth" };
	switch (kind) {
	case ARKF_KEYFILE_SLOT:
		arkf_dump_hex(d, "slot", ARK_UID_LEN);
		arkf_dump_hex(d, "secret", 32);
		break;
	case ARKF_KEYFILE_WRITE_ONLY:
		arkf_dump_u32(d, "ring");
		arkf_dump_hex(d, "reader", 32);
		for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
			arkf_dump_hex(d, names[i], 32);
		arkf_chunker_dump(d);
		break;
	case ARKF_KEYFILE_SECRET:
		arkf_dump_hex(d, "secret", 32);
		arkf_dump_hex(d, "public", 32);
		arkf_dump_hex(d, "pin", ARK_UID_LEN);
		break;
	case ARKF_KEYFILE_ROOT: arkf_dump_hex(d, "root", 32); break;
	case ARKF_KEYFILE_ROOT_SEALED:
		if (arkf_dump_left(d) > ARK_ID_LEN)
			arkf_dump_hex(d, "slot", arkf_dump_left(d) - ARK_ID_LEN);
		break;
	default: arkf_dump_stop(d, "payload", "of an unknown kind");
	}
}

void arkf_keyfile_dump(struct arkf_dump *d)
{
	arkf_dump_header(d, ARKF_KIND_KEYFILE);
	arkf_dump_hex(d, "repository", ARK_UID_LEN);
	uint64_t kind = arkf_dump_u8(d, "file_kind");
	arkf_dump_hex(d, "reserved", 3);
	dump_payload(d, kind);
	arkf_dump_hex(d, "checksum", ARK_ID_LEN);
	arkf_dump_end(d);
}
