/* test_jsonl_slow.c - values far larger than memory through jsonl:, in and out (suite slow). */
#include "tests/source/collect.h"

#include <errno.h>
#include <sys/wait.h>

static const uint64_t GIB = UINT64_C(1) << 30;

enum { RSS_MAX_KIB = 16 << 10 };

/* What the value consists of, again and again, and how it may be written in a line. */
struct pattern {
	const char *bytes;
	size_t len;
	const char *written;
	const char *member;
};

static const struct pattern text = {
	.bytes = "plain text, a \"quote\", \xe2\x82\xac \xf0\x9f\x98\x80 and a line\nfeed; ",
	.len = 49,
	.written = "plain text, a \\\"quote\\\", \xe2\x82\xac \\ud83d\\ude00 and a line\\nfeed; ",
	.member = "value",
};

static const struct pattern bytes = {
	.bytes = "\x00\x01\x02\x80\xff\xfe",
	.len = 6,
	.written = "AAECgP\\/+",
	.member = "value_b64",
};

static void write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			_exit(1);
		p += n;
		len -= (size_t)n;
	}
}

/* Writes {"<member>":"<written><written>...","key":"k"} */
static void write_line(int fd, const struct pattern *p, uint64_t repeats)
{
	enum { BATCH = 4096 };
	size_t len = strlen(p->written);
	char *batch = malloc(len * BATCH);
	if (!batch)
		_exit(1);
	for (size_t i = 0; i < BATCH; i++)
		memcpy(batch + i * len, p->written, len);
	write_all(fd, "{\"", 2);
	write_all(fd, p->member, strlen(p->member));
	write_all(fd, "\":\"", 3);
	for (; repeats >= BATCH; repeats -= BATCH)
		write_all(fd, batch, len * BATCH);
	write_all(fd, batch, len * repeats);
	write_all(fd, "\",\"key\":\"k\"}\n", 13);
	free(batch);
}

static size_t rss_anon_kib(void)
{
	char line[256];
	size_t kib = 0;
	FILE *f = fopen("/proc/self/status", "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		if (!strncmp(line, "RssAnon:", 8))
			kib = strtoull(line + 8, NULL, 10);
	fclose(f);
	assert_true(kib > 0);
	return kib;
}

/* Holds each piece against the pattern. */
struct checker {
	struct collect c;
	const struct pattern *pattern;
	uint8_t *twice; /* enough of the pattern to compare from any phase */
	size_t twice_len;
	uint64_t len;
	size_t rss_max_kib;
	unsigned piece_count;
};

static enum ark_rc check_piece(struct arkv_sink *sink, struct ark_span piece, struct ark_err *err)
{
	struct checker *k = (struct checker *)sink;
	(void)err;
	while (piece.len) {
		size_t phase = (size_t)(k->len % k->pattern->len);
		size_t n = k->twice_len - phase < piece.len ? k->twice_len - phase : piece.len;
		assert_memory_equal(piece.p, k->twice + phase, n);
		piece.p += n;
		piece.len -= n;
		k->len += n;
	}
	if (k->piece_count++ % 64 == 0) {
		size_t kib = rss_anon_kib();
		k->rss_max_kib = kib > k->rss_max_kib ? kib : k->rss_max_kib;
	}
	return ARK_OK;
}

static enum ark_rc check_end(struct arkv_sink *sink, const struct ark_record *r,
			     struct ark_err *err)
{
	struct checker *k = (struct checker *)sink;
	(void)err;
	k->c.count++;
	assert_true(r->value_len == k->len);
	assert_true(ark_span_eq(r->key, ark_span("k", 1)));
	return ARK_OK;
}

static void stream_through(const struct pattern *pattern, uint64_t size)
{
	struct checker k = { .pattern = pattern, .twice_len = pattern->len * 20000 };
	uint64_t repeats = size / pattern->len;
	int ends[2], input = dup(STDIN_FILENO), status;
	struct ark_err err;
	collect_init(&k.c);
	k.c.sink.piece = check_piece;
	k.c.sink.record_end = check_end;
	k.twice = malloc(k.twice_len);
	assert_non_null(k.twice);
	for (size_t i = 0; i < k.twice_len; i += pattern->len)
		memcpy(k.twice + i, pattern->bytes, pattern->len);
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		write_line(ends[1], pattern, repeats);
		_exit(0);
	}
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	assert_ok(collect_url(&k.c, "jsonl:-", &err), err);
	dup2(input, STDIN_FILENO);
	close(input);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(k.c.count, 1);
	assert_true(k.len == repeats * pattern->len);
	print_message("# %llu bytes, anonymous memory at most %zu KiB\n", (unsigned long long)k.len,
		      k.rss_max_kib);
	assert_true(k.rss_max_kib < RSS_MAX_KIB);
	free(k.twice);
	collect_release(&k.c);
}

static void three_gib_of_text_stream_through_in_little_memory(void **state)
{
	(void)state;
	stream_through(&text, 3 * GIB);
}

static void three_gib_of_base64_stream_through_in_little_memory(void **state)
{
	(void)state;
	stream_through(&bytes, 3 * GIB);
}

/* Text until the last byte: all of it has to wait in the spool file. */
static void a_large_value_is_written_in_little_memory(void **state)
{
	enum { PIECE = 1 << 20, COUNT = 300 };
	static uint8_t piece[PIECE];
	struct arkv_target_options options = { .spool_dir = *state };
	struct arkv_target *t = NULL;
	struct ark_err err;
	enum arkv_outcome outcome;
	char why[256];
	struct ark_record r = { .type = ARK_TYPE_STRING,
				.expires_ms = ARK_NO_EXPIRY,
				.value_len = (uint64_t)PIECE * COUNT };
	memset(piece, 'x', sizeof piece);
	assert_ok(arkv_target_from_url(&t, "jsonl:/dev/null", &err), err);
	assert_ok(t->ops->open(t, &options, &err), err);
	assert_ok(t->ops->begin(t, &r, &outcome, why, &err), err);
	for (int i = 0; i < COUNT; i++) {
		if (i == COUNT - 1)
			piece[PIECE - 1] = 0xff;
		assert_ok(t->ops->piece(t, ark_span(piece, sizeof piece), &err), err);
	}
	assert_ok(t->ops->end(t, &err), err);
	assert_ok(t->ops->finish(t, &err), err);
	assert_true(rss_anon_kib() < RSS_MAX_KIB);
	arkv_target_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_gib_of_text_stream_through_in_little_memory),
		cmocka_unit_test(three_gib_of_base64_stream_through_in_little_memory),
		cmocka_unit_test_setup_teardown(a_large_value_is_written_in_little_memory,
						folder_setup, folder_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
