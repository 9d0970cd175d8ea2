/* test_block.c - how large blocks become (format/block.h, spec/06-block.md "Where blocks end"). */
#include "format/block.h"
#include "format/pack.h"
#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_MAX_LEN = 1100, ENTRIES_MAX = ARKF_BLOCK_WEIGHT_MAX / ARKF_ENTRY_WEIGHT };

/* Makes entry no, whose space and key stand in name. */
typedef void entry_fn(struct arkf_entry *e, char name[NAME_MAX_LEN], unsigned no);

static void put(struct arkf_entry *e)
{
	static const uint8_t zeros[ARKF_INLINE_MAX];
	e->rec.expires_ms = ARK_NO_EXPIRY;
	e->rec.type = 1;
	e->body = ark_span(zeros, 0);
}

/* The longest columns: each expiry as far as can be from the one before it. */
static void columns(struct arkf_entry *e, unsigned no)
{
	put(e);
	e->rec.expires_ms = no % 2 ? UINT64_MAX / 2 : 0;
	e->rec.flags = UINT32_MAX;
	e->rec.meta = ark_span_str("0");
}

static void tiny_key(struct arkf_entry *e, char name[NAME_MAX_LEN], unsigned no)
{
	columns(e, no);
	int len = snprintf(name, NAME_MAX_LEN, "%c%c%c", (int)(33 + no / 8100),
			   (int)(33 + no / 90 % 90), (int)(33 + no % 90));
	e->rec.key = ark_span(name, (size_t)len);
}

static void tiny_space(struct arkf_entry *e, char name[NAME_MAX_LEN], unsigned no)
{
	tiny_key(e, name, no);
	e->rec.space = e->rec.key;
	e->rec.key = ark_span(name, 0);
}

static void long_space(struct arkf_entry *e, char name[NAME_MAX_LEN], unsigned no)
{
	put(e);
	snprintf(name, NAME_MAX_LEN, "%06u%01018u", no, 0U);
	e->rec.space = ark_span(name, ARK_SPACE_MAX);
	e->rec.key = ark_span_str("k");
}

static void long_key(struct arkf_entry *e, char name[NAME_MAX_LEN], unsigned no)
{
	columns(e, no);
	snprintf(name, NAME_MAX_LEN, "%0200u", no);
	e->rec.key = ark_span(name, 200);
}

static void long_value(struct arkf_entry *e, char name[NAME_MAX_LEN], unsigned no)
{
	tiny_key(e, name, no);
	e->rec.value_len = e->body.len = ARKF_INLINE_MAX;
}

/* The raw length of the heaviest block of such entries. */
static size_t heaviest(entry_fn *make, size_t *weight)
{
	struct arkf_entry *entries = calloc(ENTRIES_MAX, sizeof *entries);
	char(*names)[NAME_MAX_LEN] = calloc(ENTRIES_MAX, sizeof *names);
	uint8_t *raw = malloc(4 << 20);
	assert_true(entries && names && raw);
	size_t count = 0;
	for (*weight = 0;; count++) {
		make(&entries[count], names[count], (unsigned)count);
		size_t more = arkf_entry_weight(&entries[count]);
		if (*weight + more > ARKF_BLOCK_WEIGHT_MAX)
			break;
		*weight += more;
	}
	struct ark_wr wr = ark_wr(raw, 4 << 20);
	arkf_block_encode(&wr, entries, count);
	assert_false(wr.full);
	free(entries);
	free(names);
	free(raw);
	return wr.len;
}

static void no_block_passes_its_raw_limit_whatever_its_entries(void **state)
{
	(void)state;
	entry_fn *const kinds[] = { tiny_key, tiny_space, long_space, long_key, long_value };
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		size_t weight;
		size_t len = heaviest(kinds[i], &weight);
		assert_in_range(weight, ARKF_BLOCK_WEIGHT_MAX * 3 / 4, ARKF_BLOCK_WEIGHT_MAX);
		assert_in_range(len, 1, ARKF_BLOCK_RAW_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_block_passes_its_raw_limit_whatever_its_entries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
