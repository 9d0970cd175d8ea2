/* record.c - see record.h. */
#include "format/record.h"

#include <stdio.h>

static const char *const names[] = {
	[ARK_TYPE_STRING] = "string",	[ARK_TYPE_HASH] = "hash",   [ARK_TYPE_LIST] = "list",
	[ARK_TYPE_SET] = "set",		[ARK_TYPE_ZSET] = "zset",   [ARK_TYPE_STREAM] = "stream",
	[ARK_TYPE_MODULE] = "module",	[ARK_TYPE_FUNCTION] = "function",
	[ARK_TYPE_JSVALUE] = "jsvalue", [ARK_TYPE_BINS] = "bins",   [ARK_TYPE_TABLE] = "table",
};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

struct ark_type_text ark_type_name(uint8_t type)
{
	struct ark_type_text text;
	if (type < NAME_COUNT && names[type])
		snprintf(text.s, sizeof text.s, "%s", names[type]);
	else
		snprintf(text.s, sizeof text.s, "type-%u", (unsigned)type);
	return text;
}

uint8_t ark_type_from_name(struct ark_span name)
{
	for (unsigned type = 1; type <= UINT8_MAX; type++) {
		struct ark_type_text text = ark_type_name((uint8_t)type);
		if (ark_span_eq(name, ark_span_str(text.s)))
			return (uint8_t)type;
	}
	return 0;
}

int ark_record_cmp(const struct ark_record *a, const struct ark_record *b)
{
	int c = ark_span_cmp(a->space, b->space);
	return c ? c : ark_span_cmp(a->key, b->key);
}
