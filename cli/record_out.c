/* record_out.c - one record on stdout. */
#include "cli/record_out.h"

#include "cli/human.h"
#include "cli/out.h"

void cli_json_record(struct cli *cli, const struct ark_record *r)
{
	cli_json_bytes(cli, "space", r->space);
	cli_json_bytes(cli, "key", r->key);
	cli_json_text(cli, "type", ark_type_name(r->type).s);
	cli_json_count(cli, "size", r->value_len);
	if (r->flags)
		cli_json_count(cli, "flags", r->flags);
	if (r->expires_ms != ARK_NO_EXPIRY)
		cli_json_count(cli, "expire_at", r->expires_ms);
}

void cli_out_long(struct cli *cli, const struct ark_record *r)
{
	bool expires = r->expires_ms != ARK_NO_EXPIRY;

	cli_out(cli, "%-8s %10s  %-16s  ", ark_type_name(r->type).s, human_bytes(r->value_len).s,
		expires ? human_minute(r->expires_ms).s : "-");
	if (r->space.len)
		cli_out_safe(cli, r->space);
	cli_out(cli, "%s  ", r->space.len ? "" : "-");
}
