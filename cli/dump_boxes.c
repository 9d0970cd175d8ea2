/* dump_boxes.c - arkv debug dump: what the boxes of an object hold. */
#include "cli/dump.h"
#include "cli/say.h"
#include "format/block.h"
#include "format/gc.h"
#include "format/mark.h"
#include "format/page.h"
#include "format/places.h"
#include "format/remap.h"
#include "format/run.h"
#include "format/sealed.h"
#include "format/session.h"
#include "format/stacks.h"
#include "libarchive-kv/codec.h"
#include "libarchive-kv/frame_open.h"

enum { BODY_MAX = 64 << 20 };

struct opener {
	struct cli *cli;
	struct arkv_keys *keys;
	struct arkv_codec *codec;
};

struct box {
	const char *heading;
	enum arkv_box_type type;
	const struct arkf_datakey *datakey; /* NULL: under K_meta */
	struct ark_span context;
	struct ark_span bytes;
	void (*dump)(struct arkf_dump *d);
};

static enum ark_rc open_box(struct ark_buf *raw, struct opener *o, const struct box *box,
			    struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf body;

	ark_buf_init(&body);
	enum ark_rc rc = box->datakey ? arkv_open_dk(&body, o->keys, box->datakey, box->type,
						     box->context, box->bytes, err)
				      : arkv_open_meta(&body, o->keys, box->type, box->context,
						       box->bytes, err);
	return rc ? rc : arkv_body_unpack(o->codec, ark_buf_span(&body), BODY_MAX, raw, err);
}

/* A box that does not open is told, and the others are shown. */
static int show_box(struct opener *o, const struct box *box)
{
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	struct ark_err err = { .rc = ARK_OK };

	ark_buf_init(&raw);
	if (open_box(&raw, o, box, &err)) {
		ark_err_prefix(&err, "%s", box->heading);
		return cli_report(o->cli, CLI_AT_ARCHIVE, &err);
	}
	return cli_dump(o->cli, box->heading, box->dump, ark_buf_span(&raw));
}

static int worse(int a, int b)
{
	return a ? a : b;
}

/* ---- manifests ---- */

static int show_manifest(struct opener *o, struct ark_span bytes)
{
	struct arkf_manifest m;
	struct arkf_manifest_parts parts;
	struct ark_err err = { .rc = ARK_OK };

	if (arkf_manifest_decode(&m, bytes, &err) || arkf_manifest_split(&parts, &m, bytes, &err))
		return cli_report(o->cli, CLI_AT_ARCHIVE, &err);
	struct ark_span uid = ark_span(m.uid.b, sizeof m.uid.b);
	const struct box boxes[] = {
		{ "head", ARKV_BOX_HEAD, NULL, uid, parts.head, arkf_head_dump },
		{ "run table", ARKV_BOX_TABLE, NULL, uid, parts.table, arkf_table_dump },
		{ "stacks", ARKV_BOX_STACKS, NULL, uid, parts.stacks, arkf_stacks_dump },
		{ "bounds", ARKV_BOX_BOUNDS, &m.datakey, uid, parts.bounds, arkf_bounds_dump },
	};
	int code = CLI_OK;
	for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
		code = worse(code, show_box(o, &boxes[i]));
	return code;
}

/* ---- runs ---- */

struct run {
	struct arkf_run_head head;
	struct arkf_run_tail tail;
	struct ark_span bytes;
};

static int show_page(struct opener *o, const struct run *run, uint32_t no, struct ark_span box)
{
	uint8_t context[ARK_UID_LEN + 4];
	char heading[32];

	memcpy(context, run->head.uid.b, ARK_UID_LEN);
	ark_put_le32(context + ARK_UID_LEN, no);
	snprintf(heading, sizeof heading, "page %u", no);
	return show_box(o, &(struct box){ .heading = heading,
					  .type = ARKV_BOX_PAGE,
					  .datakey = &run->head.datakey,
					  .context = ark_span(context, sizeof context),
					  .bytes = box,
					  .dump = arkf_page_dump });
}

/* The pages stand one behind the other, from the head's end on, as long as the root says. */
static int show_pages(struct opener *o, const struct run *run, struct ark_span root)
{
	struct arkf_root_rd it;
	struct arkf_root_page page;
	struct ark_err err = { .rc = ARK_OK };
	size_t off = run->head.len;
	int code = CLI_OK;
	enum ark_rc rc = arkf_root_decode(&it, root, &err);

	for (uint32_t no = 0; !rc && !(rc = arkf_root_next(&it, &page, &err)); no++) {
		if (off > run->tail.root_off || page.box_len > run->tail.root_off - off)
			rc = ark_fail(&err, ARK_CORRUPT, "page %u reaches into the root", no);
		else
			code = worse(code,
				     show_page(o, run, no,
					       ark_span(run->bytes.p + off, (size_t)page.box_len)));
		off += (size_t)page.box_len;
	}
	return rc == ARK_NOTFOUND ? code : cli_report(o->cli, CLI_AT_ARCHIVE, &err);
}

static int show_run(struct opener *o, struct ark_span bytes)
{
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	struct run run = { .bytes = bytes };
	struct ark_err err = { .rc = ARK_OK };

	ark_buf_init(&raw);
	if (arkf_run_head_decode(&run.head, bytes, &err) || bytes.len < ARKF_RUN_TAIL_LEN ||
	    arkf_run_tail_decode(
		    &run.tail, ark_span(bytes.p + bytes.len - ARKF_RUN_TAIL_LEN, ARKF_RUN_TAIL_LEN),
		    bytes.len, &err))
		return cli_report(o->cli, CLI_AT_ARCHIVE, &err);
	struct ark_span uid = ark_span(run.head.uid.b, sizeof run.head.uid.b);
	const uint8_t *at = bytes.p + run.tail.root_off;
	struct box root = { "root",
			    ARKV_BOX_ROOT,
			    &run.head.datakey,
			    uid,
			    ark_span(at, run.tail.root_len),
			    arkf_root_dump };
	struct box refs = { "refs",
			    ARKV_BOX_REFS,
			    NULL,
			    uid,
			    ark_span(at + run.tail.root_len, run.tail.refs_len),
			    arkf_runrefs_dump };
	int code = worse(show_box(o, &root), show_box(o, &refs));
	if (!o->cli->opts.verbose)
		return code;
	if (open_box(&raw, o, &root, &err))
		return cli_report(o->cli, CLI_AT_ARCHIVE, &err);
	return worse(code, show_pages(o, &run, ark_buf_span(&raw)));
}

/* ---- packs ---- */

struct pack {
	struct arkf_datakey datakeys[ARKF_PACK_DATAKEYS_MAX];
	unsigned datakey_count;
	size_t frames_off;
	size_t footer_off;
};

static int show_frame(struct opener *o, struct arkv_opener *opener, const struct pack *pack,
		      const struct arkf_frame *head, struct ark_span frame, unsigned no)
{
	ARK_AUTO(arkv_frame_content_release) struct arkv_frame_content content;
	struct ark_err err = { .rc = ARK_OK };
	char heading[96];

	arkv_frame_content_init(&content);
	snprintf(heading, sizeof heading, "frame %u, %.16s", no, ark_id_hex(&head->id).s);
	if (head->datakey_no >= pack->datakey_count)
		return cli_error(o->cli, CLI_DAMAGED, NULL, "%s: it names data key %u of %u",
				 heading, head->datakey_no, pack->datakey_count);
	if (arkv_frame_open(opener, head, &pack->datakeys[head->datakey_no], frame, &content,
			    &err)) {
		ark_err_prefix(&err, "%s", heading);
		return cli_report(o->cli, CLI_AT_ARCHIVE, &err);
	}
	if (content.type == ARKF_FRAME_CHUNK) /* bytes of somebody's value: arkv cat shows them */
		return CLI_OK;
	return cli_dump(o->cli, heading,
			content.type == ARKF_FRAME_BLOCK ? arkf_block_dump : arkf_recipe_dump,
			ark_buf_span(&content.raw));
}

static int show_frames(struct opener *o, const struct pack *pack, struct ark_span bytes)
{
	ARK_AUTO(arkv_opener_freep) struct arkv_opener *opener = NULL;
	struct ark_err err = { .rc = ARK_OK };
	int code = CLI_OK;
	enum ark_rc rc = arkv_opener_new(&opener, o->keys, &err);
	size_t off = pack->frames_off;

	for (unsigned no = 0; !rc && off < pack->footer_off; no++) {
		struct arkf_frame head;
		struct ark_span left = ark_span(bytes.p + off, pack->footer_off - off);

		rc = arkf_frame_decode(&head, left, &err);
		if (!rc && (uint64_t)head.clen + ARKF_FRAME_EXTRA > left.len)
			rc = ark_fail(&err, ARK_CORRUPT, "frame %u reaches into the footer", no);
		if (rc)
			break;
		size_t len = (size_t)head.clen + ARKF_FRAME_EXTRA;
		code = worse(code, show_frame(o, opener, pack, &head, ark_span(left.p, len), no));
		off += len;
	}
	return rc ? cli_report(o->cli, CLI_AT_ARCHIVE, &err) : code;
}

static enum ark_rc pack_decode(struct pack *pack, struct ark_span bytes, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(bytes);
	enum ark_suite suite;
	uint32_t footer_len;
	enum ark_rc rc = arkf_pack_head_decode(&rd, &suite, &pack->datakey_count, err);

	for (unsigned i = 0; !rc && i < pack->datakey_count; i++)
		arkf_datakey_decode(&rd, &pack->datakeys[i]);
	if (!rc && rd.bad)
		rc = ark_fail(err, ARK_CORRUPT, "the pack ends in its data keys");
	if (rc)
		return rc;
	pack->frames_off = bytes.len - ark_rd_left(&rd);
	if (ark_rd_left(&rd) < ARKF_PACK_TAIL_LEN)
		return ark_fail(err, ARK_CORRUPT, "the pack ends in its data keys");
	const uint8_t *tail = bytes.p + bytes.len - ARKF_PACK_TAIL_LEN;
	rc = arkf_pack_tail_decode(&footer_len, ark_span(tail, ARKF_PACK_TAIL_LEN), err);
	if (rc)
		return rc;
	if (footer_len > ark_rd_left(&rd) - ARKF_PACK_TAIL_LEN)
		return ark_fail(err, ARK_CORRUPT, "the footer is longer than the pack");
	pack->footer_off = bytes.len - ARKF_PACK_TAIL_LEN - footer_len;
	return ARK_OK;
}

static int show_pack(struct opener *o, struct ark_span bytes)
{
	static struct pack pack; /* large; a command shows one object */
	struct ark_err err = { .rc = ARK_OK };

	if (pack_decode(&pack, bytes, &err))
		return cli_report(o->cli, CLI_AT_ARCHIVE, &err);
	struct box footer = {
		.heading = "footer",
		.type = ARKV_BOX_FOOTER,
		.context = ark_span(NULL, 0),
		.bytes = ark_span(bytes.p + pack.footer_off,
				  bytes.len - ARKF_PACK_TAIL_LEN - pack.footer_off),
		.dump = arkf_footer_dump,
	};
	int code = show_box(o, &footer);
	return o->cli->opts.verbose ? worse(code, show_frames(o, &pack, bytes)) : code;
}

/* ---- all that is one box ---- */

static int show_sealed(struct opener *o, const char *kind, struct ark_span bytes)
{
	static const struct {
		const char *kind;
		enum arkv_box_type type;
		void (*dump)(struct arkf_dump *d);
	} kinds[] = {
		{ ARKF_KIND_PLACES, ARKV_BOX_PLACES, arkf_places_dump },
		{ ARKF_KIND_REMAP, ARKV_BOX_REMAP, arkf_remap_dump },
		{ ARKF_KIND_SESSION, ARKV_BOX_SESSION, arkf_session_dump },
		{ ARKF_KIND_BEAT, ARKV_BOX_SESSION, arkf_beat_dump },
		{ ARKF_KIND_GC, ARKV_BOX_GC, arkf_gc_dump },
		{ ARKF_KIND_REAPED, ARKV_BOX_SESSION, arkf_reaped_dump },
		{ ARKF_KIND_MARK, ARKV_BOX_MARK, arkf_mark_dump },
	};
	struct arkf_sealed sealed;
	struct ark_err err = { .rc = ARK_OK };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (memcmp(kind, kinds[i].kind, 4))
			continue;
		if (arkf_sealed_decode(&sealed, arkf_sealed_shape_of(bytes), bytes, &err))
			return cli_report(o->cli, CLI_AT_ARCHIVE, &err);
		return show_box(o, &(struct box){ .heading = "body",
						  .type = kinds[i].type,
						  .context = sealed.context,
						  .bytes = sealed.box,
						  .dump = kinds[i].dump });
	}
	return CLI_OK;
}

int cli_dump_boxes(struct cli *cli, struct arkv_keys *keys, const char *kind, struct ark_span bytes)
{
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = NULL;
	struct ark_err err = { .rc = ARK_OK };

	if (arkv_codec_new(&codec, 1, &err))
		return cli_report(cli, CLI_AT_COMMAND, &err);
	struct opener o = { .cli = cli, .keys = keys, .codec = codec };
	if (!memcmp(kind, ARKF_KIND_MANIFEST, 4))
		return show_manifest(&o, bytes);
	if (!memcmp(kind, ARKF_KIND_RUN, 4))
		return show_run(&o, bytes);
	if (!memcmp(kind, ARKF_KIND_PACK, 4))
		return show_pack(&o, bytes);
	return show_sealed(&o, kind, bytes);
}
