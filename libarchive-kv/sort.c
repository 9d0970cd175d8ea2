/* sort.c - see sort.h. */
#include "libarchive-kv/sort.h"

#include "libarchive-kv/grow.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/sort_buffer.h"
#include "libarchive-kv/sort_merge.h"

#include <unistd.h>

enum {
	PIECE_LEN = 128 * 1024,
	/* what reading one spill takes: two pieces, raw and sealed, in buffers that have grown, and
	 * a zstd context */
	READER_MEMORY = 4 * (PIECE_LEN + PIECE_LEN / 2) + 192 * 1024,
	BUFFER_MIN = 2 * 1024 * 1024,
	/* one fills, one is being spilled, and two wait: so whoever waits has something to do */
	LOADS = 4,
	SPILLS_MAX = 256,
	/* While the scan goes on the buffers have their memory, too. */
	SCAN_FAN_IN = 8,
	CHECK_RECORDS = 4096,
};

/* A buffer on its way: filled by the caller, then spilled by the pool. */
struct load {
	struct arkv_task task;
	struct arkv_sort *sort;
	struct arkv_sort_buffer *buffer;
	struct ark_err err;
	enum ark_rc rc;
	size_t dropped;
	uint64_t bytes;
	int fd;
	bool under_way;
};

struct spill {
	int fd;
	uint64_t bytes;
};

struct arkv_sort {
	struct arkv_spill_ctx ctx;
	struct arkv_digester digester;
	struct load loads[LOADS];
	unsigned current; /* the one that fills; the one after it was sent longest ago */
	struct spill *spills;
	size_t spill_count;
	size_t spill_cap;
	size_t spills_max;
	size_t fan_in;
	const struct arkv_job *job;
	struct arkv_merge *merge; /* NULL: everything fitted into one buffer */
	size_t next;		  /* then: the next record of that buffer */
	struct arkv_sort_stats stats;
	uint64_t next_seq;
	uint64_t merge_dropped;
	struct ark_buf duplicate_key;
	struct ark_uid repo;
	char *dir;
};

static enum ark_rc loads_new(struct arkv_sort *s, size_t memory_bytes, struct ark_err *err)
{
	size_t each = memory_bytes / LOADS < BUFFER_MIN ? BUFFER_MIN : memory_bytes / LOADS;
	for (int i = 0; i < LOADS; i++) {
		s->loads[i].sort = s;
		s->loads[i].fd = -1;
		enum ark_rc rc = arkv_sort_buffer_new(&s->loads[i].buffer, each, err);
		if (rc)
			return rc;
	}
	s->fan_in = memory_bytes / READER_MEMORY;
	if (s->fan_in < SCAN_FAN_IN)
		s->fan_in = SCAN_FAN_IN;
	return ARK_OK;
}

enum ark_rc arkv_sort_new(struct arkv_sort **out, const struct arkv_sort_options *options,
			  struct ark_err *err)
{
	ARK_AUTO(arkv_sort_freep) struct arkv_sort *s = calloc(1, sizeof *s);
	char *dir = strdup(options->dir);
	if (!s || !dir) {
		free(dir);
		return ark_fail(err, ARK_NOMEM, "sort: out of memory");
	}
	s->dir = dir;
	s->repo = *options->repo;
	s->job = options->job;
	s->spills_max = options->spills_max ? options->spills_max : SPILLS_MAX;
	ark_buf_init(&s->duplicate_key);
	s->ctx = (struct arkv_spill_ctx){
		.dir = dir,
		.repo = &s->repo,
		.pool = options->pool,
		.piece_len = PIECE_LEN,
	};
	struct arkv_rand rand = arkv_rand_system();
	arkv_rand_bytes(&rand, s->ctx.key, sizeof s->ctx.key);
	arkv_digester_init(&s->digester, options->k_dig);
	enum ark_rc rc = loads_new(s, options->memory_bytes, err);
	if (rc)
		return rc;
	*out = s;
	s = NULL;
	return ARK_OK;
}

static void load_wait(struct arkv_sort *s, struct load *load)
{
	if (load->under_way)
		arkv_pool_wait(s->ctx.pool, &load->task);
	load->under_way = false;
}

void arkv_sort_freep(struct arkv_sort **p)
{
	struct arkv_sort *s = *p;
	if (!s)
		return;
	arkv_merge_freep(&s->merge);
	for (int i = 0; i < LOADS; i++) {
		load_wait(s, &s->loads[i]);
		if (s->loads[i].fd >= 0)
			(void)close(s->loads[i].fd);
		arkv_sort_buffer_freep(&s->loads[i].buffer);
	}
	for (size_t i = 0; i < s->spill_count; i++)
		(void)close(s->spills[i].fd);
	free(s->spills);
	free(s->dir);
	ark_buf_release(&s->duplicate_key);
	sodium_memzero(&s->ctx.key, sizeof s->ctx.key);
	free(s);
	*p = NULL;
}

static enum ark_rc spill_buffer(struct load *load, struct ark_err *err)
{
	struct arkv_sort *s = load->sort;
	load->dropped = arkv_sort_buffer_sort(load->buffer, &s->digester);
	ARK_AUTO(arkv_spill_writer_freep) struct arkv_spill_writer *w = NULL;
	enum ark_rc rc = arkv_spill_writer_new(&w, &s->ctx, err);
	size_t count = arkv_sort_buffer_count(load->buffer);
	for (size_t i = 0; i < count && !rc; i++)
		rc = arkv_spill_write(w, arkv_sort_buffer_at(load->buffer, i), err);
	return rc ? rc : arkv_spill_writer_end(w, &load->fd, &load->bytes, err);
}

static void spill_task(struct arkv_task *task)
{
	struct load *load = (struct load *)task; /* its first member */
	load->rc = spill_buffer(load, &load->err);
}

static enum ark_rc spills_add(struct arkv_sort *s, int fd, uint64_t bytes, struct ark_err *err)
{
	struct spill *spills = arkv_grow(s->spills, &s->spill_cap, s->spill_count, sizeof *spills);
	if (!spills)
		return ark_fail(err, ARK_NOMEM, "sort: out of memory");
	s->spills = spills;
	s->spills[s->spill_count++] = (struct spill){ .fd = fd, .bytes = bytes };
	s->stats.spilled_bytes += bytes;
	s->stats.spill_count++;
	return ARK_OK;
}

static void note_duplicates(struct arkv_sort *s, uint64_t count, struct ark_span key)
{
	if (count && s->duplicate_key.wr.len == 0)
		ark_wr_bytes(&s->duplicate_key.wr, key);
	s->stats.duplicates += count;
}

/* Waits for a load that is being spilled, and takes over its file. The buffer is empty after that.
 */
static enum ark_rc load_retire(struct arkv_sort *s, struct load *load, struct ark_err *err)
{
	if (!load->under_way)
		return ARK_OK;
	load_wait(s, load);
	if (load->rc) {
		if (err)
			*err = load->err;
		return load->rc;
	}
	enum ark_rc rc = spills_add(s, load->fd, load->bytes, err);
	if (rc)
		return rc;
	load->fd = -1;
	if (load->dropped)
		note_duplicates(s, load->dropped, arkv_sort_buffer_dropped(load->buffer)->rec.key);
	arkv_sort_buffer_clear(load->buffer);
	return ARK_OK;
}

static int smaller(const void *a, const void *b)
{
	const struct spill *x = a;
	const struct spill *y = b;
	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

/* Hands the first count spills over to a merge. */
static enum ark_rc merge_open(struct arkv_sort *s, struct arkv_merge **out, size_t count,
			      struct ark_err *err)
{
	int *fds = calloc(count + 1, sizeof *fds);
	if (!fds)
		return ark_fail(err, ARK_NOMEM, "sort: out of memory");
	for (size_t i = 0; i < count; i++)
		fds[i] = s->spills[i].fd;
	s->spill_count -= count;
	memmove(s->spills, s->spills + count, s->spill_count * sizeof *s->spills);
	enum ark_rc rc = arkv_merge_new(out, &s->ctx, fds, count, err);
	free(fds);
	return rc;
}

static enum ark_rc merge_into(struct arkv_sort *s, struct arkv_merge *merge,
			      struct arkv_spill_writer *w, struct ark_err *err)
{
	struct arkf_spill_rec rec;
	enum ark_rc rc;
	for (uint64_t n = 1; !(rc = arkv_merge_next(merge, &rec, err)); n++) {
		rc = arkv_spill_write(w, &rec, err);
		if (!rc && n % CHECK_RECORDS == 0)
			rc = arkv_job_check(s->job, err);
		if (rc)
			return rc;
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

/* Merges the count smallest spills into one: so no byte is merged often. */
static enum ark_rc merge_smallest(struct arkv_sort *s, size_t count, struct ark_err *err)
{
	ARK_AUTO(arkv_merge_freep) struct arkv_merge *merge = NULL;
	ARK_AUTO(arkv_spill_writer_freep) struct arkv_spill_writer *w = NULL;
	if (count > s->spill_count)
		count = s->spill_count;
	qsort(s->spills, s->spill_count, sizeof *s->spills, smaller);
	enum ark_rc rc = merge_open(s, &merge, count, err);
	if (!rc)
		rc = arkv_spill_writer_new(&w, &s->ctx, err);
	if (!rc)
		rc = merge_into(s, merge, w, err);
	int fd = -1;
	uint64_t bytes = 0;
	if (!rc)
		rc = arkv_spill_writer_end(w, &fd, &bytes, err);
	if (rc)
		return rc;
	note_duplicates(s, arkv_merge_dropped(merge), arkv_merge_dropped_key(merge));
	rc = spills_add(s, fd, bytes, err);
	if (rc)
		(void)close(fd);
	return rc;
}

/* Sends the current buffer off, and goes on with the next one. */
static enum ark_rc load_send(struct arkv_sort *s, struct ark_err *err)
{
	struct load *full = &s->loads[s->current];
	full->task.run = spill_task;
	full->under_way = true;
	arkv_pool_submit(s->ctx.pool, &full->task);
	s->current = (s->current + 1) % LOADS;
	enum ark_rc rc = load_retire(s, &s->loads[s->current], err);
	if (!rc && s->spill_count >= s->spills_max)
		rc = merge_smallest(s, SCAN_FAN_IN, err);
	return rc;
}

uint64_t arkv_sort_seq(struct arkv_sort *s)
{
	return s->next_seq++;
}

enum ark_rc arkv_sort_add(struct arkv_sort *s, const struct arkf_spill_rec *rec,
			  struct ark_err *err)
{
	s->stats.records++;
	if (arkv_sort_buffer_add(s->loads[s->current].buffer, rec))
		return ARK_OK;
	enum ark_rc rc = load_send(s, err);
	if (rc)
		return rc;
	if (!arkv_sort_buffer_add(s->loads[s->current].buffer, rec))
		return ark_fail(err, ARK_LIMIT, "sort: a record does not fit into the buffer");
	return ARK_OK;
}

static bool anything_sent(const struct arkv_sort *s)
{
	bool sent = s->stats.spill_count > 0;
	for (int i = 0; i < LOADS; i++)
		sent = sent || s->loads[i].under_way;
	return sent;
}

enum ark_rc arkv_sort_end(struct arkv_sort *s, struct ark_err *err)
{
	struct load *last = &s->loads[s->current];
	if (!anything_sent(s)) {
		size_t dropped = arkv_sort_buffer_sort(last->buffer, &s->digester);
		if (dropped)
			note_duplicates(s, dropped,
					arkv_sort_buffer_dropped(last->buffer)->rec.key);
		return ARK_OK;
	}
	enum ark_rc rc = load_send(s, err);
	for (unsigned i = 1; i < LOADS && !rc; i++)
		rc = load_retire(s, &s->loads[(s->current + i) % LOADS], err);
	for (int i = 0; i < LOADS; i++) /* their memory is for merging now */
		if (!rc)
			arkv_sort_buffer_freep(&s->loads[i].buffer);
	while (!rc && s->spill_count > s->fan_in) {
		size_t more = s->spill_count - s->fan_in + 1;
		rc = merge_smallest(s, more < s->fan_in ? more : s->fan_in, err);
	}
	return rc ? rc : merge_open(s, &s->merge, s->spill_count, err);
}

enum ark_rc arkv_sort_next(struct arkv_sort *s, struct arkf_spill_rec *out, struct ark_err *err)
{
	if (s->merge) {
		enum ark_rc rc = arkv_merge_next(s->merge, out, err);
		uint64_t dropped = arkv_merge_dropped(s->merge);
		if (dropped != s->merge_dropped)
			note_duplicates(s, dropped - s->merge_dropped,
					arkv_merge_dropped_key(s->merge));
		s->merge_dropped = dropped;
		if (rc == ARK_NOTFOUND)
			arkv_merge_freep(&s->merge);
		return rc;
	}
	const struct arkv_sort_buffer *buffer = s->loads[s->current].buffer;
	if (buffer && s->next < arkv_sort_buffer_count(buffer)) {
		*out = *arkv_sort_buffer_at(buffer, s->next++);
		return ARK_OK;
	}
	for (int i = 0; i < LOADS; i++)
		arkv_sort_buffer_freep(&s->loads[i].buffer);
	return ARK_NOTFOUND;
}

const struct arkv_sort_stats *arkv_sort_stats(const struct arkv_sort *s)
{
	return &s->stats;
}

struct ark_span arkv_sort_duplicate_key(const struct arkv_sort *s)
{
	return ark_buf_span(&s->duplicate_key);
}
