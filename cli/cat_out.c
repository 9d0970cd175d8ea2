/* cat_out.c - where cat writes. */
#include "cli/cat_out.h"

#include "cli/human.h"
#include "cli/out.h"
#include "cli/record_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void cli_key_text(struct ark_wr *wr, struct ark_span key)
{
	human_text(wr, ark_span(key.p, key.len < 100 ? key.len : 100));
	if (key.len > 100)
		ark_wr_bytes(wr, ark_span_str("..."));
}

static enum ark_rc failed(const struct cli_cat_out *out, struct ark_err *err)
{
	int sys = errno;

	return ark_fail_sys(err, ark_rc_of_errno(sys), sys, "%s", out->path);
}

enum ark_rc cli_cat_begin(struct cli_cat_out *out, struct cli *cli, const char *path,
			  bool nul_ended, struct ark_err *err)
{
	static const char suffix[] = ".arkv-XXXXXX";

	*out = (struct cli_cat_out){ .cli = cli, .path = path, .nul_ended = nul_ended };
	if (!path)
		return ARK_OK;
	if (cli->opts.json)
		return ark_fail(err, ARK_USAGE,
				"--output writes values, --json writes lines: "
				"choose one");
	size_t len = strlen(path);
	out->temp = malloc(len + sizeof suffix);
	if (!out->temp)
		return ark_fail(err, ARK_NOMEM, "%s: out of memory", path);
	memcpy(out->temp, path, len);
	memcpy(out->temp + len, suffix, sizeof suffix);
	int fd = mkstemp(out->temp);
	out->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (out->file)
		return ARK_OK;
	enum ark_rc rc = failed(out, err);
	free(out->temp);
	return rc;
}

static enum ark_rc on_bytes(void *ctx, struct ark_span bytes, struct ark_err *err)
{
	struct cli_cat_out *out = ctx;

	if (out->file)
		return bytes.len && fwrite(bytes.p, 1, bytes.len, out->file) != bytes.len
			       ? failed(out, err)
			       : ARK_OK;
	cli_out_bytes(out->cli, bytes);
	return cli_out_check(out->cli, err);
}

struct json_value {
	struct cli *cli;
	struct cli_json_b64 b64;
};

static enum ark_rc on_json(void *ctx, struct ark_span bytes, struct ark_err *err)
{
	struct json_value *v = ctx;

	cli_json_b64_piece(v->cli, &v->b64, bytes);
	return cli_out_check(v->cli, err);
}

static enum ark_rc value_json(struct cli_cat_out *out, struct arkv_cursor *cursor,
			      const struct ark_record *r, struct ark_err *err)
{
	struct json_value v = { .cli = out->cli };

	cli_json_begin(out->cli, "record");
	cli_json_record(out->cli, r);
	cli_json_b64_begin(out->cli, &v.b64, "value");
	enum ark_rc rc = arkv_value_read(cursor, on_json, &v, err);
	cli_json_b64_end(out->cli, &v.b64);
	if (rc)
		cli_json_bool(out->cli, "damaged", true);
	cli_json_end(out->cli);
	return rc;
}

enum ark_rc cli_cat_value(struct cli_cat_out *out, struct arkv_cursor *cursor,
			  const struct ark_record *r, struct ark_err *err)
{
	if (out->cli->opts.json)
		return value_json(out, cursor, r, err);
	enum ark_rc rc = arkv_value_read(cursor, on_bytes, out, err);
	if (!rc && out->nul_ended)
		rc = on_bytes(out, ark_span("", 1), err);
	return rc;
}

/* The mode that a plain open would have given; mkstemp gives 0600. */
static mode_t usual_mode(void)
{
	mode_t mask = umask(077);

	umask(mask);
	return 0666 & ~mask;
}

enum ark_rc cli_cat_end(struct cli_cat_out *out, bool complete, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;

	if (!out->file)
		return ARK_OK;
	bool well = !fflush(out->file) && !fchmod(fileno(out->file), usual_mode());
	if (fclose(out->file) || !well)
		rc = failed(out, err);
	if (complete && !rc && rename(out->temp, out->path))
		rc = failed(out, err);
	if (!complete || rc)
		unlink(out->temp);
	free(out->temp);
	return rc;
}
