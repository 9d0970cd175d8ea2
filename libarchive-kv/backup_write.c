/* backup_write.c - the second half of a backup: sorted records become blocks, and blocks a run. */
#include "libarchive-kv/backup_in.h"
#include "libarchive-kv/index.h"
#include "libarchive-kv/keytext.h"

enum { TICK_RECORDS = 4096 };

/* T for blocks of the weight that the spec aims at (spec/06-block.md). */
static uint32_t threshold_for(uint64_t weight, uint64_t records)
{
	uint64_t mean = records ? weight / records : 0;
	uint64_t spread = ARKF_BLOCK_WEIGHT_AIM - ARKF_BLOCK_WEIGHT_MIN;
	uint64_t t = mean * (UINT64_C(1) << 32) / spread;
	return t > UINT32_MAX ? UINT32_MAX : t < 1 ? 1 : (uint32_t)t;
}

/* That of the parent's largest segment. */
static uint32_t parent_threshold(const struct arkv_archive *parent)
{
	const struct arkf_segment *largest = &parent->segments[0].info;
	for (size_t i = 1; i < parent->segment_count; i++)
		if (parent->segments[i].info.live > largest->live)
			largest = &parent->segments[i].info;
	return largest->cut_threshold;
}

/* The parent's threshold as long as its blocks keep near the aim, so that they are found again. */
static uint32_t choose_threshold(const struct arkv_backup_run *b)
{
	uint64_t t = b->parent ? parent_threshold(b->parent) : 0;
	if (t && b->records_seen) {
		uint64_t mean = b->weight / b->records_seen;
		uint64_t block = ARKF_BLOCK_WEIGHT_MIN + mean * (UINT64_C(1) << 32) / t;
		if (block >= ARKF_BLOCK_WEIGHT_AIM / 2 && block <= 2 * ARKF_BLOCK_WEIGHT_AIM)
			return (uint32_t)t;
	}
	return threshold_for(b->weight, b->records_seen);
}

static void count_entry(struct arkv_backup_run *b, const struct ark_record *r)
{
	struct arkf_counts *c = &b->result->counts;
	c->records++;
	c->expiring += r->expires_ms != ARK_NO_EXPIRY;
	c->raw_bytes += r->key.len + r->value_len;
	b->types[r->type].type = r->type;
	b->types[r->type].records++;
	b->types[r->type].value_bytes += r->value_len;
}

/* One put of the archive, from the sort to the block that gathers. */
static enum ark_rc add_record(struct arkv_backup_run *b, struct arkv_blocks *blocks,
			      const struct arkf_spill_rec *rec, struct ark_err *err)
{
	struct arkf_entry entry = {
		.rec = rec->rec,
		.body = rec->value,
		.kind = ARKF_PUT,
		.form = (enum arkf_form)(rec->form - ARKF_SPILL_INLINE),
	};
	count_entry(b, &rec->rec);
	enum ark_rc rc = arkv_blocks_add(blocks, &entry, rec->digest, err);
	if (rc || b->result->counts.records % TICK_RECORDS)
		return rc;
	const struct arkf_counts *c = &b->result->counts;
	return arkv_backup_tick(b, "write", c->records, c->raw_bytes, b->source_bytes, err);
}

static enum ark_rc check_duplicates(const struct arkv_backup_run *b, struct ark_err *err)
{
	if (!b->options->fail_on_duplicates || arkv_sort_stats(b->sort)->duplicates == 0)
		return ARK_OK;
	return ark_fail(err, ARK_LIMIT,
			"the key \"%s\" comes more than once; nothing is stored: mend the source, "
			"or keep the last record of each key (--duplicates last)",
			arkv_key_text(arkv_sort_duplicate_key(b->sort)).s);
}

static enum ark_rc write_blocks(struct arkv_backup_run *b, struct arkv_blocks *blocks,
				struct ark_err *err)
{
	struct arkf_spill_rec rec;
	enum ark_rc rc = check_duplicates(b, err);
	while (!rc && !(rc = arkv_sort_next(b->sort, &rec, err))) {
		rc = add_record(b, blocks, &rec, err);
		if (!rc && b->options->fail_on_duplicates)
			rc = check_duplicates(b, err);
	}
	if (rc == ARK_NOTFOUND)
		rc = check_duplicates(b, err);
	if (!rc)
		rc = arkv_blocks_flush(blocks, err);
	return rc ? rc : arkv_packer_flush(b->packer, err);
}

/* The page as the run has it also goes into the archive's index on this host. */
static enum ark_rc index_page(void *ctx, uint32_t page_no, struct ark_span box, struct ark_err *err)
{
	struct arkv_backup_run *b = ctx;
	(void)err;
	if (b->index && arkv_index_put_page(b->index, page_no, box, NULL))
		arkv_index_freep(&b->index);
	return ARK_OK;
}

/* Without an index, readers on this host take pages from the store: nothing else is lost. */
static void index_open(struct arkv_backup_run *b)
{
	if (b->options->dry_run)
		return;
	if (arkv_index_create(&b->index, arkv_repo_cache_dir(b->repo, NULL), &b->result->archive,
			      NULL, ARKV_INDEX_NEW, NULL))
		b->index = NULL;
}

/* Frames that were stored anew mean that something of the parent is missing: then its runs do not
 * serve. */
static bool same_as_parent(const struct arkv_backup_run *b)
{
	return b->parent && arkv_packer_stats(b->packer)->frames == 0 &&
	       arkv_digests_equal(&b->parent->head.digests, &b->digests) &&
	       b->parent->head.counts.records == b->result->counts.records &&
	       b->parent->head.counts.raw_bytes == b->result->counts.raw_bytes;
}

static enum ark_rc write_run(struct arkv_backup_run *b, struct arkv_run_writer *writer,
			     struct ark_err *err)
{
	const struct arkf_counts *c = &b->result->counts;
	struct arkf_slice slice = {
		.kind = ARKF_SLICE_BASE,
		.puts = c->records,
		.raw_bytes = c->raw_bytes,
	};
	ARK_AUTO(ark_buf_release) struct ark_buf refs;
	ark_buf_init(&refs);
	enum ark_rc rc = arkv_dedup_store_fragments(b->dedup, err);
	if (!rc)
		rc = arkv_usemap_encode(&b->uses, b->dedup, &slice, &refs, err);
	if (rc)
		return rc;
	return arkv_run_writer_end(writer, b->store, ark_buf_span(&refs), &b->run, err);
}

enum ark_rc arkv_backup_write(struct arkv_backup_run *b, struct ark_err *err)
{
	ARK_AUTO(arkv_run_writer_freep) struct arkv_run_writer *writer = NULL;
	ARK_AUTO(arkv_blocks_freep) struct arkv_blocks *blocks = NULL;
	struct arkv_run_options run_options = {
		.ctx = &b->frames,
		.spool_dir = b->spool_dir,
		.page = index_page,
		.page_ctx = b,
	};
	index_open(b);
	enum ark_rc rc = arkv_run_writer_new(&writer, &run_options, err);
	b->cut_threshold = choose_threshold(b);
	struct arkv_blocks_options options = {
		.ctx = &b->frames,
		.packer = b->packer,
		.pool = b->pool,
		.uses = &b->uses,
		.placed = arkv_run_writer_block,
		.placed_ctx = writer,
		.cut_threshold = b->cut_threshold,
		.lane_len = b->lane_len,
	};
	if (!rc)
		rc = arkv_blocks_new(&blocks, &options, err);
	if (!rc)
		rc = write_blocks(b, blocks, err);
	if (rc)
		return rc;
	b->digests = arkv_blocks_stats(blocks)->digests;
	arkv_blocks_freep(&blocks);
	b->result->unchanged = same_as_parent(b);
	if (!b->options->dry_run && !b->result->unchanged && b->result->counts.records)
		return write_run(b, writer, err);
	arkv_index_freep(&b->index); /* its pages are of a run that is not stored */
	index_open(b);
	return ARK_OK;
}
