/* gen_value.c - JSON objects, documents of them, log text, noise; and values of many MiB. */
#include "tests/bench/gen_value.h"

#include "tests/bench/gen_rand.h"

#include <assert.h>
#include <math.h>

/* What numbers are drawn for. */
enum {
	FOR_EDIT = 31,
	FOR_LARGE_LEN = 41,
	FOR_LARGE = 42,
	FOR_VALUE = 51,
	FOR_KIND = 52,
	FOR_DUP = 53,
	FOR_DUP_VALUE = 54
};

/* ---- one JSON object ---- */

struct object {
	int group;
	uint64_t id;
	uint64_t seed;
	int version;
	size_t len_max; /* about */
};

static void put_name(struct ark_wr *wr, const char *name, bool again)
{
	gen_put_text(wr, again ? ",\"alt_" : ",\"");
	gen_put_text(wr, name);
	gen_put_text(wr, "\":");
}

static void put_tags(struct ark_wr *wr, const struct gen_words *words, uint64_t x, uint64_t y)
{
	gen_put_char(wr, '[');
	for (uint64_t i = 0; i < 1 + x % 3; i++) {
		gen_put_text(wr, i ? ",\"" : "\"");
		gen_put_word(wr, words, y >> (16 * i));
		gen_put_char(wr, '"');
	}
	gen_put_char(wr, ']');
}

static void put_note(struct ark_wr *wr, const struct gen_words *words, uint64_t x, uint64_t y)
{
	gen_put_char(wr, '"');
	for (uint64_t i = 0; i < 3 + x % 6; i++) {
		if (i)
			gen_put_char(wr, ' ');
		gen_put_word(wr, words, i < 4 ? y >> (16 * i) : x >> (8 * (i - 3)));
	}
	gen_put_char(wr, '"');
}

static void put_email(struct ark_wr *wr, const struct gen_words *words, uint64_t x)
{
	gen_put_char(wr, '"');
	gen_put_word(wr, words, x);
	gen_put_char(wr, '.');
	gen_put_word(wr, words, x >> 20);
	gen_put_number(wr, (x >> 40) % 100);
	gen_put_text(wr, "@example.com\"");
}

static void put_person(struct ark_wr *wr, const struct gen_words *words, uint64_t x)
{
	gen_put_char(wr, '"');
	gen_put_word(wr, words, x);
	gen_put_char(wr, ' ');
	gen_put_word(wr, words, x >> 16);
	gen_put_char(wr, '"');
}

static void put_status(struct ark_wr *wr, uint64_t x)
{
	static const char states[5][9] = { "active", "pending", "closed", "shipped", "archived" };
	static const char countries[8][3] = { "DE", "US", "FR", "GB", "JP", "BR", "IN", "NL" };

	gen_put_char(wr, '"');
	gen_put_text(wr, states[x % 5]);
	gen_put_text(wr, "\",\"country\":\"");
	gen_put_text(wr, countries[x >> 8 & 7]);
	gen_put_char(wr, '"');
}

static void put_amount(struct ark_wr *wr, uint64_t x)
{
	gen_put_number(wr, x % 1000);
	gen_put_char(wr, '.');
	gen_put_digits(wr, (x >> 20) % 100, 2);
	gen_put_text(wr, ",\"currency\":\"EUR\"");
}

enum field { ID, NAME, EMAIL, STATUS, CREATED, AMOUNT, TAGS, REF, NOTE, FIELDS };

static const char field_names[FIELDS][8] = { "id",     "name", "email", "status", "created",
					     "amount", "tags", "ref",	"note" };

static void put_field(struct ark_wr *wr, const struct gen_words *words, enum field field,
		      uint64_t id, uint64_t x, uint64_t y)
{
	switch (field) {
	case ID: gen_put_number(wr, id); break;
	case NAME: put_person(wr, words, x); break;
	case EMAIL: put_email(wr, words, x); break;
	case STATUS: put_status(wr, x); break;
	case CREATED:
		gen_put_char(wr, '"');
		gen_put_date(wr, x);
		gen_put_char(wr, '"');
		break;
	case AMOUNT: put_amount(wr, x); break;
	case TAGS: put_tags(wr, words, x, y); break;
	case REF:
		gen_put_char(wr, '"');
		gen_put_hex(wr, x, 16);
		gen_put_char(wr, '"');
		break;
	case NOTE: put_note(wr, words, x, y); break;
	case FIELDS: break;
	}
}

static void put_object_start(struct ark_wr *wr, const struct object *o, struct gen_rand *r)
{
	static const char types[GEN_GROUPS][8] = { "cart", "order", "product", "session", "user" };
	uint64_t version = (uint64_t)o->version;

	gen_put_text(wr, "{\"v\":");
	gen_put_number(wr, version + 1 + (gen_next(r) & 7));
	gen_put_text(wr, ",\"ts\":");
	gen_put_number(wr, 1731000000 + gen_mix(o->seed ^ version * 7919) % 30000000);
	gen_put_text(wr, ",\"type\":\"");
	gen_put_text(wr, types[o->group]);
	gen_put_char(wr, '"');
}

/* An object that no field fitted into is filled up to 50 bytes. */
static void put_filling(struct ark_wr *wr, size_t from, struct gen_rand *r)
{
	gen_put_text(wr, ",\"k\":\"");
	while (wr->len - from < 49)
		gen_put_char(wr, "abcdefghijklmnop"[gen_next(r) & 15]);
	gen_put_char(wr, '"');
}

static void put_object(struct ark_wr *wr, const struct gen_words *words, const struct object *o)
{
	struct gen_rand r = { o->seed };
	size_t from = wr->len;

	put_object_start(wr, o, &r);
	for (size_t f = 0;; f++) {
		size_t before = wr->len;
		uint64_t x = gen_next(&r), y = gen_next(&r);
		enum field field = (enum field)((f + (size_t)o->group * 2) % FIELDS);

		put_name(wr, field_names[field], f >= FIELDS);
		put_field(wr, words, field, o->id, x, y);
		if (wr->len - from + 1 <= o->len_max)
			continue;
		wr->len = before; /* this one is too much */
		break;
	}
	if (wr->len - from < 50)
		put_filling(wr, from, &r);
	gen_put_char(wr, '}');
}

/* ---- documents ---- */

enum doc_kind { DOC_JSON, DOC_JSON_TOO, DOC_LOG, DOC_NOISE, DOC_KINDS };

struct doc {
	enum doc_kind kind;
	uint64_t seed;
	size_t len; /* about, but exact for DOC_NOISE in version 0 */
	int version;
};

/* Each version inserts 100 bytes somewhere. */
static void put_noise(struct ark_wr *wr, const struct doc *d)
{
	size_t len = d->len;
	uint8_t *p = ark_wr_room(wr, len + (size_t)d->version * 100);

	assert(p);
	gen_fill(p, len, d->seed);
	for (uint64_t u = 1; u <= (uint64_t)d->version; u++) {
		size_t at = gen_mix(d->seed + u) % len;

		memmove(p + at + 100, p + at, len - at);
		gen_fill(p + at, 100, d->seed ^ gen_mix(u));
		len += 100;
	}
}

static void put_log_line(struct ark_wr *wr, const struct gen_words *words, uint64_t seed)
{
	struct gen_rand r = { seed };
	uint64_t x = gen_next(&r), count = 8 + gen_next(&r) % 40;

	gen_put_date(wr, x);
	gen_put_text(wr, " INFO  [");
	gen_put_word(wr, words, x >> 40);
	gen_put_text(wr, "] ");
	for (uint64_t i = 0; i < count; i++) {
		gen_put_word(wr, words, gen_next(&r));
		gen_put_char(wr, ' ');
	}
	gen_put_text(wr, "id=");
	gen_put_hex(wr, gen_next(&r), 8);
	gen_put_char(wr, '\n');
}

/* Each version makes one of the count parts anew: the last that did so for this part, or 0. */
static int part_version(const struct doc *d, size_t part, size_t count)
{
	int last = 0;

	for (int u = 1; u <= d->version; u++)
		if (gen_mix(d->seed + (uint64_t)u) % count == part)
			last = u;
	return last;
}

static void put_part(struct ark_wr *wr, const struct gen_words *words, enum doc_kind kind,
		     uint64_t seed, int version)
{
	struct object o = {
		.group = (int)(seed % GEN_GROUPS),
		.id = seed >> 40,
		.seed = seed,
		.version = version,
		.len_max = 120 + gen_mix(seed) % 240,
	};

	if (kind == DOC_LOG)
		put_log_line(wr, words, seed);
	else
		put_object(wr, words, &o);
}

static void put_doc(struct ark_wr *wr, const struct gen_words *words, const struct doc *d)
{
	bool json = d->kind == DOC_JSON || d->kind == DOC_JSON_TOO;
	size_t count = d->len / 240 + 1;

	if (d->kind == DOC_NOISE) {
		put_noise(wr, d);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t seed = gen_mix(d->seed ^ i * UINT64_C(0x5851f42d4c957f2d));
		int version = part_version(d, i, count);

		if (version)
			seed = gen_mix(seed + (uint64_t)version);
		if (json)
			gen_put_char(wr, i ? ',' : '[');
		put_part(wr, words, d->kind, seed, version);
	}
	if (json)
		gen_put_char(wr, ']');
}

/* From low to high, each doubling as likely as the next. */
static size_t doc_len(uint64_t random, double low, double high)
{
	return (size_t)(low * exp(gen_unit(random) * log(high / low)));
}

/* ---- values ---- */

static uint64_t entity_name(struct gen_entity e)
{
	return e.bucket * 64 + (uint64_t)e.slot;
}

static enum doc_kind medium_kind(const struct gen_set *set, struct gen_entity e)
{
	return (enum doc_kind)(gen_hash(set, FOR_KIND, e.bucket, (uint64_t)e.slot) % DOC_KINDS);
}

bool gen_is_text(const struct gen_set *set, struct gen_entity e)
{
	switch (set->workload) {
	case GEN_SMALL:
	case GEN_DUP: return true;
	case GEN_MEDIUM: return medium_kind(set, e) != DOC_NOISE;
	case GEN_LARGE:
	case GEN_RANDOM:
	case GEN_WORKLOADS: break;
	}
	return false;
}

static void put_small(struct ark_wr *wr, const struct gen_set *set, struct gen_entity e,
		      int version)
{
	struct object o = {
		.group = gen_group(set, e.bucket),
		.id = e.bucket,
		.seed = gen_hash(set, FOR_VALUE, e.bucket, (uint64_t)e.slot),
		.version = version,
	};

	o.len_max = 60 + (size_t)(pow(gen_unit(gen_mix(o.seed)), 1.4) * 440);
	put_object(wr, &set->words, &o);
}

static void put_medium(struct ark_wr *wr, const struct gen_set *set, struct gen_entity e,
		       int version)
{
	uint64_t seed = gen_hash(set, FOR_VALUE, e.bucket, (uint64_t)e.slot);
	struct doc d = {
		.kind = medium_kind(set, e),
		.seed = seed,
		.len = doc_len(gen_mix(seed), 1024, 65536),
		.version = version,
	};

	put_doc(wr, &set->words, &d);
}

static void put_dup(struct ark_wr *wr, const struct gen_set *set, struct gen_entity e, int version)
{
	uint64_t distinct = set->count >= 40 ? set->count / 40 : 1;
	uint64_t which = gen_hash(set, FOR_DUP, entity_name(e), (uint64_t)version) % distinct;
	uint64_t seed = gen_hash(set, FOR_DUP_VALUE, which, 0);
	struct doc d = {
		.kind = (enum doc_kind)(which % 3),
		.seed = seed,
		.len = doc_len(gen_mix(seed), 1024, 16384),
	};

	put_doc(wr, &set->words, &d);
}

static void put_random(struct ark_wr *wr, const struct gen_set *set, struct gen_entity e,
		       int version)
{
	uint64_t seed = gen_hash(set, FOR_VALUE, entity_name(e), (uint64_t)version);
	struct doc d = { .kind = DOC_NOISE, .seed = seed, .len = 1024 + gen_mix(seed) % 15361 };

	put_noise(wr, &d);
}

struct ark_span gen_value(struct gen_scratch *scratch, const struct gen_set *set,
			  struct gen_entity e, int version)
{
	struct ark_wr wr = ark_wr(scratch->value, sizeof scratch->value);

	switch (set->workload) {
	case GEN_SMALL: put_small(&wr, set, e, version); break;
	case GEN_MEDIUM: put_medium(&wr, set, e, version); break;
	case GEN_DUP: put_dup(&wr, set, e, version); break;
	case GEN_RANDOM: put_random(&wr, set, e, version); break;
	case GEN_LARGE:
	case GEN_WORKLOADS: break;
	}
	assert(!wr.full);
	return ark_wr_span(&wr);
}

/* ---- large values ---- */

struct edit {
	uint64_t at; /* in the value of the first night */
	uint64_t len, seed;
};

enum { EDITS_A_NIGHT = 4 };

struct edits {
	size_t count;
	struct edit item[GEN_NIGHT_MAX * EDITS_A_NIGHT]; /* by .at */
};

static uint64_t first_len(const struct gen_set *set, struct gen_entity e)
{
	uint64_t random = gen_hash(set, FOR_LARGE_LEN, e.bucket, (uint64_t)e.slot);

	return set->large_min + random % (set->large_max - set->large_min + 1);
}

static void add_edit(struct edits *edits, struct edit edit)
{
	size_t i = edits->count++;

	for (; i > 0 && edits->item[i - 1].at > edit.at; i--)
		edits->item[i] = edits->item[i - 1];
	edits->item[i] = edit;
}

static void find_edits(struct edits *edits, const struct gen_set *set, struct gen_entity e)
{
	uint64_t len = first_len(set, e);

	edits->count = 0;
	for (int night = e.slot ? e.slot + 1 : 2; night <= set->night; night++) {
		if (!gen_changes(set, e, night))
			continue;
		for (uint64_t i = 0; i < EDITS_A_NIGHT; i++) {
			uint64_t x = gen_hash(set, FOR_EDIT + i, entity_name(e), (uint64_t)night);

			add_edit(edits, (struct edit){ .at = x % len,
						       .len = 1000 + gen_mix(x) % 30000,
						       .seed = gen_mix(x + 1) });
		}
	}
}

uint64_t gen_large_len(const struct gen_set *set, struct gen_entity e)
{
	struct edits edits;
	uint64_t len = first_len(set, e);

	find_edits(&edits, set, e);
	for (size_t i = 0; i < edits.count; i++)
		len += edits.item[i].len;
	return len;
}

/* GEN_BLOCK bytes; runs of 1 MiB are of one kind. */
static void make_block(struct gen_scratch *scratch, const struct gen_set *set, uint64_t seed,
		       uint64_t number)
{
	struct ark_wr wr = ark_wr(scratch->block, sizeof scratch->block);
	struct doc d = {
		.kind = (enum doc_kind)((number / 16 + seed) % DOC_KINDS),
		.seed = gen_mix(seed ^ number * UINT64_C(0x2545f4914f6cdd1d)),
	};

	d.len = d.kind == DOC_NOISE ? GEN_BLOCK : GEN_BLOCK + GEN_BLOCK / 2;
	put_doc(&wr, &set->words, &d);
	assert(!wr.full);
}

void gen_large(struct gen_sink *sink, struct gen_scratch *scratch, const struct gen_set *set,
	       struct gen_entity e)
{
	struct edits edits;
	size_t done = 0;
	uint64_t len = first_len(set, e);
	uint64_t seed = gen_hash(set, FOR_LARGE, e.bucket, (uint64_t)e.slot);

	find_edits(&edits, set, e);
	for (uint64_t from = 0; from < len; from += GEN_BLOCK) {
		size_t at = 0, end = len - from < GEN_BLOCK ? (size_t)(len - from) : GEN_BLOCK;

		make_block(scratch, set, seed, from / GEN_BLOCK);
		for (; done < edits.count && edits.item[done].at < from + end; done++) {
			const struct edit *edit = &edits.item[done];
			size_t cut = (size_t)(edit->at - from);

			sink->take(sink, ark_span(scratch->block + at, cut - at));
			gen_fill(scratch->inserted, (size_t)edit->len, edit->seed);
			sink->take(sink, ark_span(scratch->inserted, (size_t)edit->len));
			at = cut;
		}
		sink->take(sink, ark_span(scratch->block + at, end - at));
	}
}
