/* slot.c - see slot.h. */
#include "format/slot.h"

static const char what[] = "key slot";
static const uint8_t zeros[32];

/* How many bytes the character at p takes in well-formed UTF-8 (RFC 3629); 0 when it is none. */
static size_t utf8_len(struct ark_span s)
{
	uint8_t c = s.p[0];
	size_t len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
	if (len > s.len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && s.p[1] < 0xa0) || (c == 0xed && s.p[1] > 0x9f) ||
	    (c == 0xf0 && s.p[1] < 0x90) || (c == 0xf4 && s.p[1] > 0x8f))
		return 0;
	return len;
}

static bool is_control(struct ark_span s)
{
	return s.p[0] < 0x20 || s.p[0] == 0x7f || (s.p[0] == 0xc2 && s.p[1] < 0xa0);
}

bool arkf_slot_label_ok(struct ark_span label)
{
	if (label.len > ARKF_SLOT_LABEL_MAX)
		return false;
	while (label.len) {
		size_t len = utf8_len(label);
		if (!len || is_control(label))
			return false;
		label = ark_span(label.p + len, label.len - len);
	}
	return true;
}

void arkf_slot_encode_head(struct ark_wr *wr, const struct arkf_slot *slot)
{
	arkf_header_encode(wr, ARKF_KIND_SLOT, slot->suite);
	ark_wr_bytes(wr, ark_span(slot->repo.b, sizeof slot->repo.b));
	ark_wr_bytes(wr, ark_span(slot->uid.b, sizeof slot->uid.b));
	ark_wr_u8(wr, (uint8_t)slot->kind);
	ark_wr_bytes(wr, ark_span(zeros, 3));
	ark_wr_u32(wr, slot->passes);
	ark_wr_u32(wr, slot->memory_kib);
	ark_wr_bytes(wr, ark_span(slot->salt, sizeof slot->salt));
	ark_wr_bytes(wr, ark_span(slot->recipient.b, sizeof slot->recipient.b));
	ark_wr_u64(wr, slot->created_ms);
	ark_wr_lenbytes(wr, slot->label);
}

void arkf_slot_encode(struct ark_wr *wr, const struct arkf_slot *slot)
{
	arkf_slot_encode_head(wr, slot);
	ark_wr_bytes(wr, ark_span(slot->commitment.b, sizeof slot->commitment.b));
	ark_wr_u16(wr, (uint16_t)slot->sealed_len);
	ark_wr_bytes(wr, ark_span(slot->sealed, slot->sealed_len));
	ark_wr_bytes(wr, ark_span(slot->checksum.b, sizeof slot->checksum.b));
}

static bool is_zero(const void *p, size_t len)
{
	return memcmp(p, zeros, len) == 0;
}

static enum ark_rc cost_check(const struct arkf_slot *slot, struct ark_err *err)
{
	if (!slot->passes || slot->passes > ARKF_SLOT_PASSES_MAX)
		return ark_fail(err, ARK_LIMIT, "key slot: %u passes of Argon2id, 1 to %d allowed",
				(unsigned)slot->passes, ARKF_SLOT_PASSES_MAX);
	if (slot->memory_kib < ARKF_SLOT_MEMORY_KIB_MIN ||
	    slot->memory_kib > ARKF_SLOT_MEMORY_KIB_MAX)
		return ark_fail(err, ARK_LIMIT, "key slot: %u KiB for Argon2id, %d to %d allowed",
				(unsigned)slot->memory_kib, ARKF_SLOT_MEMORY_KIB_MIN,
				ARKF_SLOT_MEMORY_KIB_MAX);
	return ARK_OK;
}

/* Fields that have no meaning in this kind are zero, those that have one are not. */
static enum ark_rc kind_check(const struct arkf_slot *slot, struct ark_err *err)
{
	bool is_public = slot->kind == ARKF_SLOT_PUBLIC;
	bool bad = slot->suite == ARK_SUITE_NONE ||
		   is_public == is_zero(slot->recipient.b, sizeof slot->recipient.b) ||
		   (is_public && !is_zero(slot->commitment.b, sizeof slot->commitment.b));
	if (slot->kind == ARKF_SLOT_PASSPHRASE && !bad)
		return cost_check(slot, err);
	if (bad || slot->passes || slot->memory_kib || !is_zero(slot->salt, sizeof slot->salt))
		return ark_fail(err, ARK_CORRUPT,
				"key slot: has fields that its kind does not have");
	return ARK_OK;
}

static void decode_head(struct ark_rd *rd, struct arkf_slot *slot, uint32_t *kind_and_reserved)
{
	ark_rd_copy(rd, slot->repo.b, sizeof slot->repo.b);
	ark_rd_copy(rd, slot->uid.b, sizeof slot->uid.b);
	*kind_and_reserved = ark_rd_u32(rd);
	slot->passes = ark_rd_u32(rd);
	slot->memory_kib = ark_rd_u32(rd);
	ark_rd_copy(rd, slot->salt, sizeof slot->salt);
	ark_rd_copy(rd, slot->recipient.b, sizeof slot->recipient.b);
	slot->created_ms = ark_rd_u64(rd);
	slot->label = ark_rd_lenbytes(rd, ARKF_SLOT_LABEL_MAX);
}

enum ark_rc arkf_slot_decode(struct arkf_slot *out, struct ark_span bytes, struct ark_err *err)
{
	struct arkf_slot slot;
	struct ark_rd rd = ark_rd(bytes);
	enum ark_rc rc = arkf_header_decode(&rd, ARKF_KIND_SLOT, what, &slot.suite, err);
	if (rc)
		return rc;
	uint32_t kind;
	decode_head(&rd, &slot, &kind);
	if (!rd.bad && (kind < ARKF_SLOT_PASSPHRASE || kind > ARKF_SLOT_PUBLIC))
		return ark_fail(err, ARK_UNSUPPORTED,
				"key slot: kind %u, reserved bytes %#x: use a newer arkv",
				(unsigned)(kind & 0xff), (unsigned)(kind >> 8));
	slot.kind = (enum arkf_slot_kind)kind;
	ark_rd_copy(&rd, slot.commitment.b, sizeof slot.commitment.b);
	size_t sealed_len = ark_rd_u16(&rd);
	slot.sealed_len = kind == ARKF_SLOT_PUBLIC ? ARKF_SLOT_SEALED_LEN : ARKF_SLOT_BOX_LEN;
	if (sealed_len != slot.sealed_len || !arkf_slot_label_ok(slot.label))
		ark_rd_fail(&rd);
	ark_rd_copy(&rd, slot.sealed, slot.sealed_len);
	ark_rd_copy(&rd, slot.checksum.b, sizeof slot.checksum.b);
	rc = arkf_end(&rd, what, err);
	if (!rc)
		rc = kind_check(&slot, err);
	if (!rc)
		*out = slot;
	return rc;
}

void arkf_slot_dump(struct arkf_dump *d)
{
	arkf_dump_header(d, ARKF_KIND_SLOT);
	arkf_dump_hex(d, "repository", ARK_UID_LEN);
	arkf_dump_hex(d, "uid", ARK_UID_LEN);
	arkf_dump_u8(d, "slot_kind");
	arkf_dump_hex(d, "reserved", 3);
	arkf_dump_u32(d, "passes");
	arkf_dump_u32(d, "memory_kib");
	arkf_dump_hex(d, "salt", ARKF_SLOT_SALT_LEN);
	arkf_dump_hex(d, "recipient", ARK_ID_LEN);
	arkf_dump_u64(d, "created_ms");
	arkf_dump_lentext(d, "label", ARKF_SLOT_LABEL_MAX);
	arkf_dump_hex(d, "commitment", ARK_ID_LEN);
	arkf_dump_hex(d, "sealed", arkf_dump_u16(d, "sealed_length"));
	arkf_dump_hex(d, "checksum", ARK_ID_LEN);
	arkf_dump_end(d);
}
