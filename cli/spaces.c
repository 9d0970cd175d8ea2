/* spaces.c - looks a key up when nobody has said in which space it is. */
#include "cli/spaces.h"

void cli_spaces_release(struct cli_spaces *s)
{
	if (s->is_known)
		ark_buf_release(&s->names);
}

/* The smallest name above space: itself and a zero byte. */
static struct ark_span successor(uint8_t *mem, struct ark_span space)
{
	memcpy(mem, space.p, space.len);
	mem[space.len] = 0;
	return ark_span(mem, space.len + 1);
}

static enum ark_rc learn(struct cli_spaces *s, struct arkv_cursor *cursor, struct ark_err *err)
{
	uint8_t mem[ARK_SPACE_MAX + 1] = { 0 };
	struct ark_span from = ark_span(mem, 1);
	struct ark_record r;
	enum ark_rc rc;

	ark_buf_init(&s->names);
	s->is_known = true;
	for (;;) {
		rc = arkv_cursor_seek(cursor, from, ark_span("", 0), err);
		if (rc)
			break;
		rc = arkv_cursor_next(cursor, &r, err);
		if (rc)
			break;
		ark_wr_u32(&s->names.wr, (uint32_t)r.space.len);
		ark_wr_bytes(&s->names.wr, r.space);
		from = successor(mem, r.space);
	}
	return rc == ARK_NOTFOUND ? ark_buf_check(&s->names, "spaces", err) : rc;
}

enum ark_rc cli_spaces_get(struct cli_spaces *s, struct arkv_cursor *cursor, struct ark_span key,
			   struct ark_record *out, struct ark_err *err)
{
	enum ark_rc rc = arkv_cursor_get(cursor, ark_span("", 0), key, out, err);

	if (rc == ARK_NOTFOUND && !s->is_known) {
		enum ark_rc learnt = learn(s, cursor, err);
		if (learnt)
			return learnt;
	}
	struct ark_rd rd = ark_rd(s->is_known ? ark_buf_span(&s->names) : ark_span(NULL, 0));
	while (rc == ARK_NOTFOUND && ark_rd_left(&rd))
		rc = arkv_cursor_get(cursor, ark_rd_bytes(&rd, ark_rd_u32(&rd)), key, out, err);
	return rc == ARK_NOTFOUND ? ark_fail(err, ARK_NOTFOUND, "no such key") : rc;
}
