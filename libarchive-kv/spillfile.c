/* spillfile.c - see spillfile.h. */
#include "libarchive-kv/spillfile.h"

#include "libarchive-kv/rand.h"
#include "libarchive-kv/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Stored as they are: halving them would cost a third of the time that a backup takes. */
enum { SPILL_ZSTD_LEVEL = 0 };

static struct arkv_box_for box_for(const struct arkv_spill_ctx *ctx, const struct ark_uid *spill,
				   uint32_t piece_no, uint8_t context[ARK_UID_LEN + 4])
{
	memcpy(context, spill->b, ARK_UID_LEN);
	ark_put_le32(context + ARK_UID_LEN, piece_no);
	return (struct arkv_box_for){
		.repo = ctx->repo,
		.context = ark_span(context, ARK_UID_LEN + 4),
		.suite = ARK_SUITE_XCHACHA,
		.type = ARKV_BOX_SPILL,
	};
}

/* ---- writing ---- */

struct arkv_spill_writer {
	const struct arkv_spill_ctx *ctx;
	struct arkv_codec *codec;
	struct ark_buf raw;
	struct ark_buf body;
	struct ark_buf box;
	struct ark_uid uid;
	uint64_t bytes;
	uint32_t piece_no;
	int fd;
};

static enum ark_rc write_all(struct arkv_spill_writer *w, struct ark_span bytes,
			     struct ark_err *err)
{
	w->bytes += bytes.len;
	return arkv_spool_file_write(w->fd, bytes, w->ctx->dir, err);
}

enum ark_rc arkv_spill_writer_new(struct arkv_spill_writer **out, const struct arkv_spill_ctx *ctx,
				  struct ark_err *err)
{
	ARK_AUTO(arkv_spill_writer_freep) struct arkv_spill_writer *w = calloc(1, sizeof *w);
	if (!w)
		return ark_fail(err, ARK_NOMEM, "spill: out of memory");
	w->ctx = ctx;
	ark_buf_init(&w->raw);
	ark_buf_init(&w->body);
	ark_buf_init(&w->box);
	w->fd = -1;
	enum ark_rc rc = arkv_spool_file(&w->fd, ctx->dir, err);
	if (!rc)
		rc = arkv_codec_new(&w->codec, SPILL_ZSTD_LEVEL, err);
	if (rc)
		return rc;
	struct arkv_rand rand = arkv_rand_system();
	arkv_rand_bytes(&rand, w->uid.b, sizeof w->uid.b);
	uint8_t head[ARKF_SPILL_HEAD_LEN];
	struct ark_wr wr = ark_wr(head, sizeof head);
	arkf_spill_head_encode(&wr, ARK_SUITE_XCHACHA, &w->uid);
	rc = write_all(w, ark_wr_span(&wr), err);
	if (rc)
		return rc;
	arkf_spill_begin(&w->raw.wr);
	*out = w;
	w = NULL;
	return ARK_OK;
}

static enum ark_rc piece_end(struct arkv_spill_writer *w, struct ark_err *err)
{
	arkf_spill_end(&w->raw.wr);
	ark_buf_clear(&w->body);
	ark_buf_clear(&w->box);
	enum ark_rc rc = ark_buf_check(&w->raw, "spill", err);
	if (!rc)
		rc = arkv_body_pack(w->codec, ark_buf_span(&w->raw), &w->body, err);
	if (rc)
		return rc;
	size_t box_len = w->body.wr.len + ARKV_BOX_EXTRA;
	ark_wr_u32(&w->box.wr, (uint32_t)box_len);
	uint8_t *room = ark_wr_room(&w->box.wr, box_len);
	if (!room)
		return ark_fail(err, ARK_NOMEM, "spill: out of memory");
	uint8_t context[ARK_UID_LEN + 4];
	struct arkv_box_for what = box_for(w->ctx, &w->uid, w->piece_no, context);
	arkv_box_seal(room, ark_buf_span(&w->body), w->ctx->key, &what);
	w->piece_no++;
	ark_buf_clear(&w->raw);
	arkf_spill_begin(&w->raw.wr);
	return write_all(w, ark_buf_span(&w->box), err);
}

enum ark_rc arkv_spill_write(struct arkv_spill_writer *w, const struct arkf_spill_rec *rec,
			     struct ark_err *err)
{
	arkf_spill_encode(&w->raw.wr, rec);
	if (w->raw.wr.len < w->ctx->piece_len)
		return ARK_OK;
	return piece_end(w, err);
}

enum ark_rc arkv_spill_writer_end(struct arkv_spill_writer *w, int *fd, uint64_t *bytes,
				  struct ark_err *err)
{
	enum ark_rc rc = w->raw.wr.len > 1 ? piece_end(w, err) : ARK_OK;
	if (!rc)
		rc = piece_end(w, err); /* without records: the end piece */
	if (rc)
		return rc;
	*fd = w->fd;
	*bytes = w->bytes;
	w->fd = -1;
	return ARK_OK;
}

void arkv_spill_writer_freep(struct arkv_spill_writer **p)
{
	struct arkv_spill_writer *w = *p;
	if (!w)
		return;
	if (w->fd >= 0)
		(void)close(w->fd);
	ark_buf_release(&w->raw);
	ark_buf_release(&w->body);
	ark_buf_release(&w->box);
	arkv_codec_freep(&w->codec);
	free(w);
	*p = NULL;
}

/* ---- reading ---- */

/* Two of them: one is being read while the pool fills the other. */
struct piece {
	struct arkv_task task;
	struct arkv_spill_reader *reader;
	struct ark_buf box;
	struct ark_buf raw;
	struct ark_err err;
	enum ark_rc rc;
	uint32_t no;
	bool is_end;
};

struct arkv_spill_reader {
	const struct arkv_spill_ctx *ctx;
	struct arkv_codec *codec;
	struct ark_uid uid;
	struct piece pieces[2];
	unsigned current;
	bool pending; /* pieces[!current] was submitted */
	bool started;
	bool ended;
	struct ark_rd rd;
	int fd;
};

static enum ark_rc read_exact(int fd, uint8_t *out, size_t len, struct ark_err *err)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, out + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ark_fail_sys(err, ARK_IO, errno, "reading a spill file");
		if (n == 0)
			return ark_fail(err, ARK_CORRUPT, "a spill file ends too early");
		done += (size_t)n;
	}
	return ARK_OK;
}

static enum ark_rc fill(struct piece *piece, struct ark_err *err)
{
	struct arkv_spill_reader *r = piece->reader;
	uint8_t len_bytes[4];
	enum ark_rc rc = read_exact(r->fd, len_bytes, sizeof len_bytes, err);
	if (rc)
		return rc;
	size_t len = ark_le32(len_bytes);
	if (len < ARKV_BOX_EXTRA || len > ARKF_SPILL_BOX_MAX)
		return ark_fail(err, ARK_CORRUPT, "a spill file has a piece of %zu bytes", len);
	ark_buf_clear(&piece->box);
	ark_buf_clear(&piece->raw);
	uint8_t *box = ark_wr_room(&piece->box.wr, len);
	if (!box)
		return ark_fail(err, ARK_NOMEM, "spill: out of memory");
	rc = read_exact(r->fd, box, len, err);
	if (rc)
		return rc;
	uint8_t context[ARK_UID_LEN + 4];
	struct arkv_box_for what = box_for(r->ctx, &r->uid, piece->no, context);
	uint8_t *plain = box + ARKV_BOX_NONCE_LEN; /* in place */
	rc = arkv_box_open(plain, ark_span(box, len), r->ctx->key, &what, err);
	if (rc)
		return ark_err_prefix(err, "spill file");
	return arkv_body_unpack(r->codec, ark_span(plain, len - ARKV_BOX_EXTRA), ARKF_SPILL_RAW_MAX,
				&piece->raw, err);
}

static void fill_task(struct arkv_task *task)
{
	struct piece *piece = (struct piece *)task; /* its first member */
	piece->rc = fill(piece, &piece->err);
}

static void prefetch(struct arkv_spill_reader *r, uint32_t no)
{
	struct piece *piece = &r->pieces[!r->current];
	piece->no = no;
	piece->task.run = fill_task;
	r->pending = true;
	arkv_pool_submit(r->ctx->pool, &piece->task);
}

/* Moves on to the next piece; NOTFOUND when that is the end piece. */
static enum ark_rc advance(struct arkv_spill_reader *r, struct ark_err *err)
{
	struct piece *next = &r->pieces[!r->current];
	arkv_pool_wait(r->ctx->pool, &next->task);
	r->pending = false;
	if (next->rc) {
		if (err)
			*err = next->err;
		return next->rc;
	}
	enum ark_rc rc = arkf_spill_decode(&r->rd, ark_buf_span(&next->raw), err);
	if (rc)
		return rc;
	struct ark_rd peek = r->rd;
	struct arkf_spill_rec rec;
	rc = arkf_spill_next(&peek, &rec, err);
	if (rc == ARK_NOTFOUND)
		r->ended = true;
	if (rc)
		return rc;
	r->current = !r->current;
	prefetch(r, next->no + 1);
	return ARK_OK;
}

enum ark_rc arkv_spill_reader_new(struct arkv_spill_reader **out, const struct arkv_spill_ctx *ctx,
				  int fd, struct ark_err *err)
{
	ARK_AUTO(arkv_spill_reader_freep) struct arkv_spill_reader *r = calloc(1, sizeof *r);
	if (!r) {
		(void)close(fd);
		return ark_fail(err, ARK_NOMEM, "spill: out of memory");
	}
	r->ctx = ctx;
	r->fd = fd;
	for (int i = 0; i < 2; i++) {
		r->pieces[i].reader = r;
		ark_buf_init(&r->pieces[i].box);
		ark_buf_init(&r->pieces[i].raw);
	}
	enum ark_rc rc = arkv_codec_new(&r->codec, 0, err);
	if (rc)
		return rc;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return ark_fail_sys(err, ARK_IO, errno, "reading a spill file");
	uint8_t head[ARKF_SPILL_HEAD_LEN];
	rc = read_exact(fd, head, sizeof head, err);
	if (rc)
		return rc;
	struct ark_rd rd = ark_rd(ark_span(head, sizeof head));
	enum ark_suite suite;
	rc = arkf_spill_head_decode(&rd, &suite, &r->uid, err);
	if (rc)
		return rc;
	*out = r;
	r = NULL;
	return ARK_OK;
}

enum ark_rc arkv_spill_read(struct arkv_spill_reader *r, struct arkf_spill_rec *out,
			    struct ark_err *err)
{
	if (r->ended)
		return ARK_NOTFOUND;
	if (r->started) {
		enum ark_rc rc = arkf_spill_next(&r->rd, out, err);
		if (rc != ARK_NOTFOUND)
			return rc;
	} else {
		prefetch(r, 0);
		r->started = true;
	}
	enum ark_rc rc = advance(r, err);
	return rc ? rc : arkf_spill_next(&r->rd, out, err);
}

void arkv_spill_reader_freep(struct arkv_spill_reader **p)
{
	struct arkv_spill_reader *r = *p;
	if (!r)
		return;
	if (r->pending)
		arkv_pool_wait(r->ctx->pool, &r->pieces[!r->current].task);
	for (int i = 0; i < 2; i++) {
		ark_buf_release(&r->pieces[i].box);
		ark_buf_release(&r->pieces[i].raw);
	}
	arkv_codec_freep(&r->codec);
	(void)close(r->fd);
	free(r);
	*p = NULL;
}
