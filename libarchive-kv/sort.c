/* sort.c - see sort.h. */
#include "libarchive-kv/sort.h"

#include "libarchive-kv/rand.h"
#include "libarchive-kv/sort_buffer.h"
#include "libarchive-kv/sort_merge.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	PIECE_LEN = 128 * 1024,
	/* what reading one spill takes: two pieces, raw and sealed, and a zstd context */
	READER_MEMORY = 4 * PIECE_LEN + 192 * 1024,
	BUFFER_MIN = 2 * 1024 * 1024,
	/* one fills, one is being spilled, and two wait: so whoever waits has something to do */
	LOADS = 4,
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

struct arkv_sort {
	struct arkv_spill_ctx ctx;
	struct arkv_digester digester;
	struct load loads[LOADS];
	unsigned current; /* the one that fills; the one after it was sent longest ago */
	int *fds;	  /* spills, oldest first */
	size_t fd_count;
	size_t fd_cap;
	size_t fan_in;
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
	s->fan_in = memory_bytes / READER_MEMORY < 8 ? 8 : memory_bytes / READER_MEMORY;
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
	for (size_t i = 0; i < s->fd_count; i++)
		(void)close(s->fds[i]);
	free(s->fds);
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

static enum ark_rc fds_add(struct arkv_sort *s, int fd, uint64_t bytes, struct ark_err *err)
{
	if (s->fd_count == s->fd_cap) {
		size_t cap = s->fd_cap ? 2 * s->fd_cap : 16;
		int *fds = realloc(s->fds, cap * sizeof *fds);
		if (!fds)
			return ark_fail(err, ARK_NOMEM, "sort: out of memory");
		s->fds = fds;
		s->fd_cap = cap;
	}
	s->fds[s->fd_count++] = fd;
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
	enum ark_rc rc = fds_add(s, load->fd, load->bytes, err);
	if (rc)
		return rc;
	load->fd = -1;
	if (load->dropped)
		note_duplicates(s, load->dropped, arkv_sort_buffer_dropped(load->buffer)->rec.key);
	arkv_sort_buffer_clear(load->buffer);
	return ARK_OK;
}

/* Sends the current buffer off, and goes on with the next one. */
static enum ark_rc load_send(struct arkv_sort *s, struct ark_err *err)
{
	struct load *full = &s->loads[s->current];
	full->task.run = spill_task;
	full->under_way = true;
	arkv_pool_submit(s->ctx.pool, &full->task);
	s->current = (s->current + 1) % LOADS;
	/* retired in the order they were sent: spills are listed in the order of the scan */
	return load_retire(s, &s->loads[s->current], err);
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

/* Merges the oldest fan_in spills into one, which takes their place. */
static enum ark_rc merge_pass(struct arkv_sort *s, struct ark_err *err)
{
	size_t count = s->fan_in < s->fd_count ? s->fan_in : s->fd_count;
	ARK_AUTO(arkv_merge_freep) struct arkv_merge *merge = NULL;
	ARK_AUTO(arkv_spill_writer_freep) struct arkv_spill_writer *w = NULL;
	enum ark_rc rc = arkv_merge_new(&merge, &s->ctx, s->fds, count, err);
	s->fd_count -= count;
	memmove(s->fds, s->fds + count, s->fd_count * sizeof *s->fds);
	if (!rc)
		rc = arkv_spill_writer_new(&w, &s->ctx, err);
	struct arkf_spill_rec rec;
	while (!rc && !(rc = arkv_merge_next(merge, &rec, err)))
		rc = arkv_spill_write(w, &rec, err);
	if (rc != ARK_NOTFOUND)
		return rc;
	int fd;
	uint64_t bytes;
	rc = arkv_spill_writer_end(w, &fd, &bytes, err);
	if (rc)
		return rc;
	note_duplicates(s, arkv_merge_dropped(merge), arkv_merge_dropped_key(merge));
	rc = fds_add(s, fd, bytes, err);
	if (rc) {
		(void)close(fd);
		return rc;
	}
	/* to the front: it holds the oldest records */
	memmove(s->fds + 1, s->fds, (s->fd_count - 1) * sizeof *s->fds);
	s->fds[0] = fd;
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
	for (unsigned i = 1; i < LOADS && !rc; i++) /* the newest of them is last */
		rc = load_retire(s, &s->loads[(s->current + i) % LOADS], err);
	for (int i = 0; i < LOADS; i++) /* their memory is for merging now */
		if (!rc)
			arkv_sort_buffer_freep(&s->loads[i].buffer);
	while (!rc && s->fd_count > s->fan_in)
		rc = merge_pass(s, err);
	if (rc)
		return rc;
	size_t count = s->fd_count;
	s->fd_count = 0;
	return arkv_merge_new(&s->merge, &s->ctx, s->fds, count, err);
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
		return rc;
	}
	const struct arkv_sort_buffer *buffer = s->loads[s->current].buffer;
	if (!buffer || s->next == arkv_sort_buffer_count(buffer))
		return ARK_NOTFOUND;
	*out = *arkv_sort_buffer_at(buffer, s->next++);
	return ARK_OK;
}

const struct arkv_sort_stats *arkv_sort_stats(const struct arkv_sort *s)
{
	return &s->stats;
}

struct ark_span arkv_sort_duplicate_key(const struct arkv_sort *s)
{
	return ark_buf_span(&s->duplicate_key);
}
