/* store_check.c - see store_check.h. Here the checks are run; they stand in store_check_*.c. */
#include "libarchive-kv/store_check.h"

#include "libarchive-kv/clock.h"
#include "libarchive-kv/store_check_in.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
	LARGE_LEN = 33 << 20,
	MANY_COUNT = 1100,
	THREADS_MAX = 16,
};

/* ---- tools of the checks ---- */

enum ark_rc arkv_store_check_fill(const struct store_checker *c, struct ark_buf *out, uint64_t salt,
				  size_t len, struct ark_err *err)
{
	ark_buf_clear(out);
	enum ark_rc rc = ark_buf_reserve(out, len, err);
	if (rc || !len)
		return rc;
	struct arkv_rand rand =
		arkv_rand_seeded(c->options.seed + salt * UINT64_C(0x9e3779b97f4a7c15));
	arkv_rand_bytes(&rand, out->wr.p, len);
	out->wr.len = len;
	return ARK_OK;
}

enum ark_rc arkv_store_check_put(struct store_checker *c, const char *name, uint64_t salt,
				 size_t len, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf bytes;
	ark_buf_init(&bytes);
	enum ark_rc rc = arkv_store_check_fill(c, &bytes, salt, len, err);
	return rc ? rc : arkv_store_put(c->s, name, ark_buf_span(&bytes), err);
}

enum ark_rc arkv_store_check_holds(struct store_checker *c, const char *name, uint64_t salt,
				   size_t len, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf want, got;
	ark_buf_init(&want);
	ark_buf_init(&got);
	enum ark_rc rc = arkv_store_check_fill(c, &want, salt, len, err);
	if (!rc)
		rc = arkv_store_get(c->s, name, 0, ARKV_TO_END, &got, err);
	if (rc || ark_span_eq(ark_buf_span(&want), ark_buf_span(&got)))
		return rc;
	return ark_fail(err, ARK_CORRUPT, "%s: put %zu bytes, got %zu, the first %zu the same",
			name, want.wr.len, got.wr.len,
			ark_span_common(ark_buf_span(&want), ark_buf_span(&got)));
}

enum ark_rc arkv_store_check_rc(enum ark_rc got, enum ark_rc want, const char *doing,
				const struct ark_err *got_err, struct ark_err *err)
{
	if (got == want)
		return ARK_OK;
	return ark_fail(err, ARK_CORRUPT, "%s: expected \"%s\", got \"%s\"%s%.100s", doing,
			ark_rc_name(want), ark_rc_name(got), got ? ": " : "",
			got ? got_err->text : "");
}

/* ---- threads ---- */

struct crew {
	struct store_checker *c;
	store_check_job_fn *fn;
	void *ctx;
	size_t count;
	atomic_size_t next;
	atomic_bool stop;
};

struct hand {
	struct arkv_task task; /* first: run gets it back as a hand */
	struct crew *crew;
	enum ark_rc rc;
	struct ark_err err;
};

static void hand_work(struct arkv_task *task)
{
	struct hand *hand = (struct hand *)task;
	struct crew *crew = hand->crew;
	while (!hand->rc && !atomic_load(&crew->stop)) {
		size_t index = atomic_fetch_add(&crew->next, 1);
		if (index >= crew->count)
			break;
		hand->rc = crew->fn(crew->c, crew->ctx, index, &hand->err);
	}
	if (hand->rc)
		atomic_store(&crew->stop, true);
}

enum ark_rc arkv_store_check_parallel(struct store_checker *c, store_check_job_fn *fn, void *ctx,
				      size_t count, struct ark_err *err)
{
	struct crew crew = { .c = c, .fn = fn, .ctx = ctx, .count = count };
	struct hand hands[THREADS_MAX] = { 0 };
	for (unsigned i = 0; i < c->threads; i++) {
		hands[i].crew = &crew;
		hands[i].task.run = hand_work;
		arkv_pool_submit(c->pool, &hands[i].task);
	}
	enum ark_rc rc = ARK_OK;
	for (unsigned i = 0; i < c->threads; i++) {
		arkv_pool_wait(c->pool, &hands[i].task);
		if (!rc && hands[i].rc) {
			rc = hands[i].rc;
			*err = hands[i].err;
		}
	}
	return rc;
}

/* ---- lists ---- */

void arkv_store_check_names_release(struct store_check_names *names)
{
	ark_buf_release(&names->text);
}

static enum ark_rc take_name(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	struct store_check_names *names = ctx;
	ark_wr_bytes(&names->text.wr, ark_span(name, strlen(name) + 1));
	names->count++;
	names->size_sum += size;
	return ark_buf_check(&names->text, "list", err);
}

enum ark_rc arkv_store_check_list(struct store_checker *c, const char *prefix,
				  struct store_check_names *names, struct ark_err *err)
{
	ark_buf_clear(&names->text);
	names->count = 0;
	names->size_sum = 0;
	return arkv_store_list(c->s, prefix, take_name, names, err);
}

size_t arkv_store_check_names_has(const struct store_check_names *names, const char *name)
{
	size_t found = 0;
	const char *at = (const char *)names->text.wr.p;
	for (size_t i = 0; i < names->count; i++, at += strlen(at) + 1)
		found += !strcmp(at, name);
	return found;
}

/* ---- the run ---- */

static enum ark_rc remove_one(struct store_checker *c, void *ctx, size_t index, struct ark_err *err)
{
	const char *const *at = ctx;
	return arkv_store_remove(c->s, at[index], err);
}

static void freep(void *p)
{
	free(*(void **)p);
}

/* Removes what a check left. */
static enum ark_rc clean(struct store_checker *c, struct ark_err *err)
{
	ARK_AUTO(arkv_store_check_names_release) struct store_check_names names = { 0 };
	ark_buf_init(&names.text);
	enum ark_rc rc = arkv_store_check_list(c, "", &names, err);
	if (rc || !names.count)
		return rc;
	ARK_AUTO(freep) const char **at = calloc(names.count, sizeof *at);
	if (!at)
		return ark_fail(err, ARK_NOMEM, "out of memory");
	const char *text = (const char *)names.text.wr.p;
	for (size_t i = 0; i < names.count; i++, text += strlen(text) + 1)
		at[i] = text;
	return arkv_store_check_parallel(c, remove_one, at, names.count, err);
}

struct run {
	struct store_checker checker;
	arkv_store_check_fn *report;
	void *ctx;
	unsigned failed;
	unsigned done;
};

static enum ark_rc run_checks(struct run *run, const struct store_check_entry *entries,
			      struct ark_err *err)
{
	const struct arkv_clock *clock = arkv_clock_system();
	enum ark_rc rc = ARK_OK;
	for (const struct store_check_entry *e = entries; e->name && !rc; e++) {
		struct ark_err why = { 0 };
		int64_t start_us = arkv_clock_mono_us(clock);
		bool passed = e->fn(&run->checker, &why) == ARK_OK;
		struct arkv_store_check_result result = {
			.name = e->name,
			.passed = passed,
			.why = passed ? "" : why.text,
			.took_us = arkv_clock_mono_us(clock) - start_us,
		};
		run->report(run->ctx, &result);
		run->done++;
		run->failed += !passed;
		rc = clean(&run->checker, err);
		if (rc)
			rc = ark_err_prefix(err, "cleaning up after \"%s\"", e->name);
	}
	return rc;
}

enum ark_rc arkv_store_check(struct arkv_store *s, const struct arkv_store_check_options *options,
			     arkv_store_check_fn *report, void *ctx, struct ark_err *err)
{
	struct ark_err unasked;
	err = err ? err : &unasked;
	enum ark_rc rc = arkv_store_create(s, err);
	if (!rc)
		rc = arkv_store_open(s, err);
	if (rc)
		return rc;
	struct run run = { .checker = { .s = s, .options = *options },
			   .report = report,
			   .ctx = ctx };
	run.checker.threads = s->max_parallel < THREADS_MAX ? s->max_parallel : THREADS_MAX;
	if (!options->large_len)
		run.checker.options.large_len = LARGE_LEN;
	if (!options->many_count)
		run.checker.options.many_count = MANY_COUNT;
	rc = arkv_pool_new(&run.checker.pool, run.checker.threads, err);
	if (!rc)
		rc = run_checks(&run, arkv_store_checks_one, err);
	if (!rc)
		rc = run_checks(&run, arkv_store_checks_many, err);
	arkv_pool_freep(&run.checker.pool);
	struct ark_err end_err;
	enum ark_rc end_rc = arkv_store_destroy(s, rc ? &end_err : err);
	if (rc || end_rc)
		return rc ? rc : end_rc;
	if (run.failed)
		return ark_fail(err, ARK_IO, "%u of %u checks failed", run.failed, run.done);
	return ARK_OK;
}
