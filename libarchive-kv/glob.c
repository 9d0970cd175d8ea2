/* glob.c - patterns over bytes: compiled to a list of items, matched with one point of return. */
#include "libarchive-kv/glob.h"

#include <stdlib.h>

enum item_kind { ITEM_BYTE, ITEM_ANY, ITEM_SET, ITEM_STAR };

struct item {
	uint16_t set; /* its number in sets */
	uint8_t kind;
	uint8_t byte;
};

struct set {
	uint8_t bits[32];
};

struct arkv_glob {
	struct item *items;
	struct set *sets;
	uint8_t *prefix;
	size_t item_count;
	size_t set_count;
	size_t prefix_len;
};

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that stands behind a backslash. */
static uint8_t escaped(struct ark_rd *rd)
{
	uint8_t c = ark_rd_u8(rd);

	if (c == 'x' && ark_rd_left(rd) >= 2 && hex_value(rd->p[0]) >= 0 &&
	    hex_value(rd->p[1]) >= 0) {
		c = (uint8_t)(hex_value(rd->p[0]) << 4 | hex_value(rd->p[1]));
		rd->p += 2;
	}
	return c;
}

static void set_add(struct set *set, uint8_t from, uint8_t to)
{
	uint8_t low = from < to ? from : to, high = from < to ? to : from;

	for (unsigned c = low; c <= high; c++)
		set->bits[c / 8] = (uint8_t)(set->bits[c / 8] | 1 << (c % 8));
}

static bool set_has(const struct set *set, uint8_t c)
{
	return (set->bits[c / 8] >> (c % 8)) & 1;
}

/* The inside of [...]; rd stands behind the '['. */
static void set_read(struct set *set, struct ark_rd *rd)
{
	bool negated = ark_rd_left(rd) && (*rd->p == '^' || *rd->p == '!');

	if (negated)
		ark_rd_u8(rd);
	for (bool first = true;; first = false) {
		uint8_t from = ark_rd_u8(rd), to;

		if (rd->bad || (from == ']' && !first))
			break;
		to = from = from == '\\' ? escaped(rd) : from;
		if (ark_rd_left(rd) >= 2 && rd->p[0] == '-' && rd->p[1] != ']') {
			ark_rd_u8(rd);
			to = ark_rd_u8(rd);
			if (to == '\\')
				to = escaped(rd);
		}
		set_add(set, from, to);
	}
	for (size_t i = 0; negated && i < sizeof set->bits; i++)
		set->bits[i] = (uint8_t)~set->bits[i];
}

static void add_item(struct arkv_glob *glob, struct item item)
{
	bool again = item.kind == ITEM_STAR && glob->item_count &&
		     glob->items[glob->item_count - 1].kind == ITEM_STAR;

	if (!again)
		glob->items[glob->item_count++] = item;
}

static enum ark_rc compile(struct arkv_glob *glob, struct ark_span pattern, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(pattern);

	while (ark_rd_left(&rd)) {
		uint8_t c = ark_rd_u8(&rd);
		struct item item = { .kind = ITEM_BYTE, .byte = c };

		if (c == '*')
			item.kind = ITEM_STAR;
		if (c == '?')
			item.kind = ITEM_ANY;
		if (c == '\\')
			item.byte = escaped(&rd);
		if (c == '[') {
			item.kind = ITEM_SET;
			item.set = (uint16_t)glob->set_count;
			set_read(&glob->sets[glob->set_count++], &rd);
		}
		if (rd.bad)
			return ark_fail(
				err, ARK_USAGE, "pattern %.*s: %s", (int)pattern.len,
				(const char *)pattern.p,
				c == '[' ? "'[' without ']': write \\[ for the byte itself"
					 : "'\\' at the end: write \\\\ for the byte itself");
		add_item(glob, item);
	}
	while (glob->prefix_len < glob->item_count &&
	       glob->items[glob->prefix_len].kind == ITEM_BYTE) {
		glob->prefix[glob->prefix_len] = glob->items[glob->prefix_len].byte;
		glob->prefix_len++;
	}
	return ARK_OK;
}

static size_t count_byte(struct ark_span s, uint8_t c)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += s.p[i] == c;
	return count;
}

enum ark_rc arkv_glob_new(struct arkv_glob **out, struct ark_span pattern, struct ark_err *err)
{
	if (pattern.len > ARKV_GLOB_MAX)
		return ark_fail(err, ARK_LIMIT, "pattern: %zu bytes, at most %d", pattern.len,
				ARKV_GLOB_MAX);
	ARK_AUTO(arkv_glob_freep) struct arkv_glob *glob = calloc(1, sizeof *glob);
	if (!glob)
		return ark_fail(err, ARK_NOMEM, "pattern: out of memory");
	glob->items = calloc(pattern.len + 1, sizeof *glob->items);
	glob->sets = calloc(count_byte(pattern, '[') + 1, sizeof *glob->sets);
	glob->prefix = calloc(1, pattern.len + 1);
	if (!glob->items || !glob->sets || !glob->prefix)
		return ark_fail(err, ARK_NOMEM, "pattern: out of memory");
	enum ark_rc rc = compile(glob, pattern, err);
	if (rc)
		return rc;
	*out = glob;
	glob = NULL; /* the caller owns it now */
	return ARK_OK;
}

void arkv_glob_free(struct arkv_glob *glob)
{
	if (!glob)
		return;
	free(glob->items);
	free(glob->sets);
	free(glob->prefix);
	free(glob);
}

void arkv_glob_freep(struct arkv_glob **glob)
{
	arkv_glob_free(*glob);
}

static bool item_takes(const struct arkv_glob *glob, const struct item *item, uint8_t c)
{
	switch ((enum item_kind)item->kind) {
	case ITEM_BYTE: return item->byte == c;
	case ITEM_ANY: return true;
	case ITEM_SET: return set_has(&glob->sets[item->set], c);
	case ITEM_STAR: break;
	}
	return false;
}

/* What a star swallowed can only grow when all behind it failed; an earlier star never has to be
 * looked at again, as the later one can take over whatever it would give back. */
bool arkv_glob_match(const struct arkv_glob *glob, struct ark_span bytes)
{
	size_t at = 0, i = 0, star = SIZE_MAX, retry = 0;

	while (at < bytes.len) {
		bool more = i < glob->item_count;

		if (more && glob->items[i].kind == ITEM_STAR) {
			star = ++i;
			retry = at;
		} else if (more && item_takes(glob, &glob->items[i], bytes.p[at])) {
			i++;
			at++;
		} else if (star != SIZE_MAX) {
			i = star;
			at = ++retry;
		} else {
			return false;
		}
	}
	while (i < glob->item_count && glob->items[i].kind == ITEM_STAR)
		i++;
	return i == glob->item_count;
}

struct ark_span arkv_glob_prefix(const struct arkv_glob *glob)
{
	return ark_span(glob->prefix, glob->prefix_len);
}

bool arkv_glob_literal(const struct arkv_glob *glob)
{
	return glob->prefix_len == glob->item_count;
}
