/* block.c - encoding and decoding of blocks; references and recipes are in refs.c. See block.h. */
#include "format/block.h"

#include "format/object.h"

size_t arkf_entry_weight(const struct arkf_entry *entry)
{
	const struct ark_record *r = &entry->rec;
	return ARKF_ENTRY_WEIGHT + r->space.len + r->key.len + r->meta.len + entry->body.len;
}

/* ---- encoding ---- */

static struct arkf_key key_at(const void *ctx, size_t i)
{
	const struct arkf_entry *entries = ctx;
	return (struct arkf_key){ .space = entries[i].rec.space, .key = entries[i].rec.key };
}

static uint8_t kind_byte(const struct arkf_entry *e)
{
	unsigned byte = (unsigned)e->kind;
	if (e->kind == ARKF_DELETE)
		return (uint8_t)byte;
	if (e->kind == ARKF_PUT)
		byte |= (unsigned)e->form << ARKF_ENTRY_FORM_SHIFT;
	if (e->rec.expires_ms != ARK_NO_EXPIRY)
		byte |= ARKF_ENTRY_EXPIRY;
	if (e->rec.flags)
		byte |= ARKF_ENTRY_FLAGS;
	if (e->rec.meta.len)
		byte |= ARKF_ENTRY_META;
	return (uint8_t)byte;
}

static void encode_attributes(struct ark_wr *wr, const struct arkf_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ark_wr_u8(wr, kind_byte(&entries[i]));
	for (size_t i = 0; i < n; i++)
		if (entries[i].kind == ARKF_PUT)
			ark_wr_u8(wr, entries[i].rec.type);
	uint64_t last = 0;
	for (size_t i = 0; i < n; i++) {
		if (!(kind_byte(&entries[i]) & ARKF_ENTRY_EXPIRY))
			continue;
		ark_wr_varint(wr, ark_zigzag((int64_t)(entries[i].rec.expires_ms - last)));
		last = entries[i].rec.expires_ms;
	}
	for (size_t i = 0; i < n; i++)
		if (kind_byte(&entries[i]) & ARKF_ENTRY_FLAGS)
			ark_wr_varint(wr, entries[i].rec.flags);
	for (size_t i = 0; i < n; i++)
		if (kind_byte(&entries[i]) & ARKF_ENTRY_META)
			ark_wr_varint(wr, entries[i].rec.meta.len);
}

static void encode_values(struct ark_wr *wr, const struct arkf_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (entries[i].kind == ARKF_PUT)
			ark_wr_varint(wr, entries[i].rec.value_len);
	for (size_t i = 0; i < n; i++)
		if (entries[i].kind == ARKF_PUT && entries[i].form != ARKF_INLINE)
			ark_wr_bytes(wr, entries[i].body);
	for (size_t i = 0; i < n; i++)
		if (kind_byte(&entries[i]) & ARKF_ENTRY_META)
			ark_wr_bytes(wr, entries[i].rec.meta);
	for (size_t i = 0; i < n; i++)
		if (entries[i].kind == ARKF_PUT && entries[i].form == ARKF_INLINE)
			ark_wr_bytes(wr, entries[i].body);
}

static size_t attributes_len(const struct arkf_entry *entries, size_t n)
{
	size_t len = n;
	uint64_t last = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned kind = kind_byte(&entries[i]);
		len += entries[i].kind == ARKF_PUT;
		if (kind & ARKF_ENTRY_EXPIRY) {
			len += ark_varint_len(
				ark_zigzag((int64_t)(entries[i].rec.expires_ms - last)));
			last = entries[i].rec.expires_ms;
		}
		if (kind & ARKF_ENTRY_FLAGS)
			len += ark_varint_len(entries[i].rec.flags);
		if (kind & ARKF_ENTRY_META)
			len += ark_varint_len(entries[i].rec.meta.len);
	}
	return len;
}

static size_t values_len(const struct arkf_entry *entries, size_t n)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		if (entries[i].kind == ARKF_PUT)
			len += ark_varint_len(entries[i].rec.value_len) + entries[i].body.len;
		if (kind_byte(&entries[i]) & ARKF_ENTRY_META)
			len += entries[i].rec.meta.len;
	}
	return len;
}

void arkf_block_encode(struct ark_wr *wr, const struct arkf_entry *entries, size_t n)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_varint(wr, n);
	arkf_keylist_encode(wr, key_at, entries, n);
	ark_wr_varint(wr, attributes_len(entries, n));
	encode_attributes(wr, entries, n);
	ark_wr_varint(wr, values_len(entries, n));
	encode_values(wr, entries, n);
	arkf_ext_encode_none(wr);
}

/* ---- decoding ---- */

static enum ark_rc corrupt(const char *field, struct ark_err *err)
{
	return ark_fail(err, ARK_CORRUPT, "block: %s: cut off or out of range", field);
}

struct counts {
	uint64_t puts;
	uint64_t expiries;
	uint64_t flags;
	uint64_t metas;
	uint64_t refs[3]; /* by form */
};

static enum ark_rc count_kinds(struct counts *out, struct ark_rd kinds, struct ark_err *err)
{
	struct counts c = { 0 };
	while (ark_rd_left(&kinds)) {
		unsigned byte = ark_rd_u8(&kinds);
		unsigned kind = byte & ARKF_ENTRY_KIND;
		unsigned form = (byte & ARKF_ENTRY_FORM) >> ARKF_ENTRY_FORM_SHIFT;
		if (kind > ARKF_DELETE || form > ARKF_RECIPE || (byte & ARKF_ENTRY_RESERVED))
			return ark_fail(err, ARK_UNSUPPORTED,
					"block: entry kind 0x%02x: use a newer arkv", byte);
		if ((kind == ARKF_DELETE && byte != ARKF_DELETE) || (kind == ARKF_TOUCH && form))
			return corrupt("kinds", err);
		if (kind == ARKF_PUT) {
			c.puts++;
			c.refs[form]++;
		}
		c.expiries += (byte & ARKF_ENTRY_EXPIRY) != 0;
		c.flags += (byte & ARKF_ENTRY_FLAGS) != 0;
		c.metas += (byte & ARKF_ENTRY_META) != 0;
	}
	*out = c;
	return ARK_OK;
}

/* A reader over the next count varints; rd steps over them. *sum: what they add up to. */
static struct ark_rd varint_column(struct ark_rd *rd, uint64_t count, uint64_t max, uint64_t *sum)
{
	const uint8_t *start = rd->p;
	uint64_t total = 0;
	if (ark_rd_fits(rd, count, 1))
		for (uint64_t i = 0; i < count && !rd->bad; i++) {
			uint64_t v = ark_rd_varint(rd);
			if (v > max)
				ark_rd_fail(rd);
			total += v;
		}
	*sum = total;
	return ark_rd(ark_span(start, rd->bad ? 0 : (size_t)(rd->p - start)));
}

static enum ark_rc decode_attributes(struct arkf_block_rd *it, struct ark_rd *rd, uint64_t n,
				     struct counts *c, uint64_t *meta_len, struct ark_err *err)
{
	uint64_t ignored;
	struct ark_rd attributes = ark_rd_sub(rd, ark_rd_varint(rd));
	it->kinds = ark_rd_sub(&attributes, n);
	if (attributes.bad)
		return corrupt("kinds", err);
	enum ark_rc rc = count_kinds(c, it->kinds, err);
	if (rc)
		return rc;
	it->types = ark_rd_sub(&attributes, c->puts);
	it->expiries = varint_column(&attributes, c->expiries, UINT64_MAX, &ignored);
	it->flags = varint_column(&attributes, c->flags, UINT32_MAX, &ignored);
	it->meta_lens = varint_column(&attributes, c->metas, ARK_META_MAX, meta_len);
	if (!ark_rd_done(&attributes))
		return corrupt("attribute columns", err);
	return ARK_OK;
}

/* Steps over the references of the block, and gives the bytes they take. */
static struct ark_rd refs_column(struct ark_rd *rd, struct ark_rd kinds)
{
	const uint8_t *start = rd->p;
	while (ark_rd_left(&kinds) && !rd->bad) {
		unsigned form = (ark_rd_u8(&kinds) & ARKF_ENTRY_FORM) >> ARKF_ENTRY_FORM_SHIFT;
		if (form != ARKF_INLINE)
			arkf_refs_take(rd, (enum arkf_form)form);
	}
	return ark_rd(ark_span(start, rd->bad ? 0 : (size_t)(rd->p - start)));
}

static enum ark_rc decode_values(struct arkf_block_rd *it, struct ark_rd *rd,
				 const struct counts *c, uint64_t meta_len, struct ark_err *err)
{
	uint64_t ignored;
	struct ark_rd values = ark_rd_sub(rd, ark_rd_varint(rd));
	it->value_lens = varint_column(&values, c->puts, ARK_VALUE_MAX, &ignored);
	it->refs = refs_column(&values, it->kinds);
	it->metas = ark_rd_sub(&values, meta_len);
	it->values = ark_rd_sub(&values, ark_rd_left(&values));
	if (values.bad)
		return corrupt("value columns", err);
	return ARK_OK;
}

enum ark_rc arkf_block_decode(struct arkf_block_rd *it, struct ark_span raw, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, "block", err);
	if (rc)
		return rc;
	uint64_t n = ark_rd_varint(&rd);
	if (n < 1 || n > ARKF_BLOCK_ENTRIES_MAX || !ark_rd_fits(&rd, n, 3))
		return corrupt("count of entries", err);
	struct counts counts = { 0 };
	uint64_t meta_len = 0;
	rc = arkf_keylist_decode(&it->keys, &rd, n, "block", err);
	if (!rc)
		rc = decode_attributes(it, &rd, n, &counts, &meta_len, err);
	if (!rc)
		rc = decode_values(it, &rd, &counts, meta_len, err);
	if (!rc)
		rc = arkf_ext_decode(&rd, "block", err);
	if (!rc)
		rc = arkf_end(&rd, "block", err);
	it->last_expiry = 0;
	it->count = n;
	return rc;
}

static bool next_attributes(struct arkf_block_rd *it, unsigned byte, struct ark_record *rec)
{
	if (byte & ARKF_ENTRY_EXPIRY) {
		int64_t step = ark_unzigzag(ark_rd_varint(&it->expiries));
		rec->expires_ms = it->last_expiry + (uint64_t)step;
		it->last_expiry = rec->expires_ms;
		if (rec->expires_ms == ARK_NO_EXPIRY)
			return false;
	}
	if (byte & ARKF_ENTRY_FLAGS) {
		rec->flags = (uint32_t)ark_rd_varint(&it->flags);
		if (rec->flags == 0)
			return false;
	}
	if (byte & ARKF_ENTRY_META) {
		rec->meta = ark_rd_bytes(&it->metas, ark_rd_varint(&it->meta_lens));
		if (rec->meta.len == 0)
			return false;
	}
	return true;
}

static bool next_value(struct arkf_block_rd *it, struct arkf_entry *e)
{
	e->rec.type = ark_rd_u8(&it->types);
	e->rec.value_len = ark_rd_varint(&it->value_lens);
	if (e->rec.type == 0)
		return false;
	if (e->form == ARKF_INLINE) {
		if (e->rec.value_len > ARKF_INLINE_MAX)
			return false;
		e->body = ark_rd_bytes(&it->values, e->rec.value_len);
		return !it->values.bad;
	}
	e->body = arkf_refs_take(&it->refs, e->form);
	struct arkf_refs refs;
	return arkf_refs_decode(&refs, e->body, e->form, e->rec.value_len, NULL) == ARK_OK;
}

static enum ark_rc block_end(const struct arkf_block_rd *it, struct ark_err *err)
{
	if (ark_rd_left(&it->values) || ark_rd_left(&it->metas))
		return corrupt("value columns", err);
	return ARK_NOTFOUND;
}

enum ark_rc arkf_block_next(struct arkf_block_rd *it, struct arkf_entry *out, struct ark_err *err)
{
	struct arkf_key key;
	enum ark_rc rc = arkf_keylist_next(&it->keys, &key, err);
	if (rc == ARK_NOTFOUND)
		return block_end(it, err);
	if (rc)
		return rc;
	unsigned byte = ark_rd_u8(&it->kinds);
	struct arkf_entry e = {
		.rec = { .space = key.space, .key = key.key, .expires_ms = ARK_NO_EXPIRY },
		.kind = (enum arkf_kind)(byte & ARKF_ENTRY_KIND),
		.form = (enum arkf_form)((byte & ARKF_ENTRY_FORM) >> ARKF_ENTRY_FORM_SHIFT),
	};
	if (!next_attributes(it, byte, &e.rec))
		return corrupt("an expiry, flags or meta", err);
	if (e.kind == ARKF_PUT && !next_value(it, &e))
		return corrupt("a value", err);
	*out = e;
	return ARK_OK;
}
