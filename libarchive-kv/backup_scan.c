/* backup_scan.c - the first half of a backup: everything the source delivers, sorted. */
#include "libarchive-kv/backup_in.h"
#include "libarchive-kv/clock.h"
#include "libarchive-kv/filter.h"
#include "libarchive-kv/keytext.h"

enum {
	TICK_RECORDS = 4096,
	TICK_BYTES = 8 << 20, /* of values that are large */
	REFS_LEN = 1 + 3 + ARK_ID_LEN,
};

struct scan_sink {
	struct arkv_sink sink; /* first: the source hands this back */
	struct arkv_backup_run *backup;
};

static struct arkv_backup_run *backup_of(struct arkv_sink *sink)
{
	return ((struct scan_sink *)sink)->backup;
}

/* Bytes read where the source says how many, as its size is counted so, too. */
static enum ark_rc scan_tick(struct arkv_backup_run *b, struct ark_err *err)
{
	return arkv_backup_tick(b, "scan", b->records_seen,
				b->read_bytes ? b->read_bytes : b->source_bytes, b->info.size_hint,
				err);
}

static enum ark_rc count_record(struct arkv_backup_run *b, const struct ark_record *r,
				struct ark_err *err)
{
	bool is_inline = r->value_len <= arkv_keys_chunker(b->keys)->inline_max;
	size_t body_len = is_inline ? (size_t)r->value_len : REFS_LEN;
	b->records_seen++;
	b->weight += ARKF_ENTRY_WEIGHT + r->space.len + r->key.len + r->meta.len + body_len;
	b->source_bytes += r->key.len + r->value_len;
	if (b->records_seen % TICK_RECORDS)
		return ARK_OK;
	return scan_tick(b, err);
}

/* A piece of a value, or all of a large one. */
static enum ark_rc take_piece(struct arkv_backup_run *b, struct ark_span bytes, struct ark_err *err)
{
	enum ark_rc rc = arkv_values_piece(b->values, bytes, err);
	b->unticked_bytes += bytes.len;
	if (rc || b->unticked_bytes < TICK_BYTES)
		return rc;
	b->unticked_bytes = 0;
	return scan_tick(b, err);
}

static enum ark_rc on_record(struct arkv_sink *sink, const struct ark_record *r,
			     struct ark_span value, struct ark_err *err)
{
	struct arkv_backup_run *b = backup_of(sink);
	if (!arkv_filter_wants(b->options->filter, r))
		return ARK_OK;
	if (value.len > arkv_keys_chunker(b->keys)->inline_max) {
		enum ark_rc rc = take_piece(b, value, err);
		if (!rc)
			rc = arkv_values_end(b->values, r, err);
		return rc ? rc : count_record(b, r, err);
	}
	struct arkf_spill_rec rec = {
		.rec = *r,
		.form = ARKF_SPILL_INLINE,
		.value = value,
		.seq = arkv_sort_seq(b->sort),
	};
	enum ark_rc rc = arkv_sort_add(b->sort, &rec, err);
	return rc ? rc : count_record(b, r, err);
}

static enum ark_rc on_piece(struct arkv_sink *sink, struct ark_span bytes, struct ark_err *err)
{
	return take_piece(backup_of(sink), bytes, err);
}

static enum ark_rc on_record_end(struct arkv_sink *sink, const struct ark_record *r,
				 struct ark_err *err)
{
	struct arkv_backup_run *b = backup_of(sink);
	if (!arkv_filter_wants(b->options->filter, r)) {
		arkv_values_drop(b->values);
		return ARK_OK;
	}
	enum ark_rc rc = arkv_values_end(b->values, r, err);
	return rc ? rc : count_record(b, r, err);
}

static void on_drop(struct arkv_sink *sink)
{
	arkv_values_drop(backup_of(sink)->values);
}

static enum ark_rc on_refused(struct arkv_sink *sink, struct ark_span key, const char *why,
			      struct ark_err *err)
{
	struct arkv_backup_run *b = backup_of(sink);
	b->result->counts.refused++;
	b->result->incomplete = true;
	if (key.len)
		arkv_job_warn(b->job, "not backed up: %s: %s", arkv_key_text(key).s, why);
	else
		arkv_job_warn(b->job, "not backed up: %s", why);
	return arkv_job_check(b->job, err);
}

static enum ark_rc on_tick(struct arkv_sink *sink, uint64_t source_bytes, struct ark_err *err)
{
	struct arkv_backup_run *b = backup_of(sink);
	b->read_bytes = source_bytes;
	return scan_tick(b, err);
}

enum ark_rc arkv_backup_scan(struct arkv_backup_run *b, struct arkv_source *source,
			     struct ark_err *err)
{
	struct scan_sink sink = {
		.sink = {
			.record = on_record,
			.piece = on_piece,
			.record_end = on_record_end,
			.drop = on_drop,
			.refused = on_refused,
			.tick = on_tick,
		},
		.backup = b,
	};
	b->scan_start_ms = (uint64_t)arkv_clock_now_ms(arkv_clock_system());
	enum ark_rc rc = source->ops->scan(source, &sink.sink, err);
	b->scan_end_ms = (uint64_t)arkv_clock_now_ms(arkv_clock_system());
	if (!rc)
		rc = arkv_values_flush(b->values, err);
	arkv_values_freep(&b->values); /* its memory is for the second half */
	return rc ? rc : arkv_sort_end(b->sort, err);
}
