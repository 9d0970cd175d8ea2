/*
 * replay.c - runs a fuzz target without a fuzzer: over its corpus, and over damaged copies of it.
 *
 *   replay_NAME FOLDER|FILE...
 *
 * Every input runs as it is, cut at every length and with every single bit flipped, then with
 * random damage of several kinds. Where that would be more than the program's share of runs,
 * lengths and bits are drawn at random. All chance comes from ARKV_SEED; ARKV_FUZZ_RUNS is the
 * number of runs in all (200,000). Prints TAP, one case an input; when the target dies, the input
 * that did it is written to crash-NAME in the current folder. Without a corpus the empty input and
 * random ones run alone.
 */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	INPUTS_MAX = 100000,
	RANDOM_RUNS = 2000,
	RANDOM_LEN_MAX = 600,
};

struct input {
	char *path; /* NULL: the empty input */
	uint8_t *bytes;
	size_t len;
};

/* What runs just now, for the report of a crash. */
static const char *program;
static uint8_t *now;
static size_t now_len;

static uint64_t seed_now;

/* splitmix64: small, and the same everywhere. */
static uint64_t draw(void)
{
	uint64_t z = seed_now += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static size_t draw_below(size_t n)
{
	return n ? (size_t)(draw() % n) : 0;
}

static void report(void)
{
	char name[256];
	snprintf(name, sizeof name, "crash-%s", program);
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	bool whole = write(fd, now, now_len) == (ssize_t)now_len;
	close(fd);
	fprintf(stderr, "# the input is in %s (%zu bytes%s)\n", name, now_len,
		whole ? "" : ", not all of it");
}

static void on_signal(int number)
{
	report();
	signal(number, SIG_DFL);
	raise(number);
}

/* The sanitizers' runtime has it; without them it is absent. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

static void watch_for_crashes(void)
{
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(report);
	else
		signal(SIGSEGV, on_signal);
	signal(SIGABRT, on_signal);
}

static void *need(void *p)
{
	if (p)
		return p;
	fprintf(stderr, "Bail out! out of memory\n");
	exit(1);
}

/* Runs one input in memory of exactly its size, so that a sanitizer sees a byte too many. */
static void run(const uint8_t *bytes, size_t len)
{
	now = need(malloc(len ? len : 1));
	now_len = len;
	if (len)
		memcpy(now, bytes, len);
	LLVMFuzzerTestOneInput(now, len);
	free(now);
	now = NULL;
	now_len = 0;
}

static void run_cut(const struct input *in, size_t runs)
{
	bool all = in->len <= runs;
	for (size_t i = 0; i < (all ? in->len : runs); i++)
		run(in->bytes, all ? i : draw_below(in->len));
}

static void run_flipped(struct input *in, size_t runs)
{
	size_t bits = in->len * 8;
	bool all = bits <= runs;
	for (size_t i = 0; i < (all ? bits : runs); i++) {
		size_t bit = all ? i : draw_below(bits);
		uint8_t *at = &in->bytes[bit / 8];
		uint8_t was = *at;
		*at = (uint8_t)(was ^ 1 << bit % 8);
		run(in->bytes, in->len);
		*at = was;
	}
}

/* One damage of several kinds, in place; returns the new length, at most len + 8. */
static size_t damage(uint8_t *bytes, size_t len)
{
	static const uint8_t edges[] = { 0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff };
	size_t at = draw_below(len);
	size_t some = 1 + draw_below(8);
	switch (draw_below(6)) {
	case 0: /* a value at an edge */
		if (len)
			bytes[at] = edges[draw_below(sizeof edges)];
		return len;
	case 1: /* any value */
		if (len)
			bytes[at] = (uint8_t)draw();
		return len;
	case 2: /* bytes lost */
		if (some > len - at)
			some = len - at;
		memmove(bytes + at, bytes + at + some, len - at - some);
		return len - some;
	case 3: /* bytes put in */
		memmove(bytes + at + some, bytes + at, len - at);
		for (size_t i = 0; i < some; i++)
			bytes[at + i] = (uint8_t)draw();
		return len + some;
	case 4: /* a piece copied over another */
		if (len) {
			size_t from = draw_below(len);
			size_t n = draw_below(len - (from > at ? from : at));
			memmove(bytes + at, bytes + from, n);
		}
		return len;
	default: /* a run of one byte */
		for (size_t i = at; i < len && i < at + some; i++)
			bytes[i] = 0xff;
		return len;
	}
}

static void run_damaged(const struct input *in, size_t runs)
{
	enum { DAMAGES_MAX = 8 };
	uint8_t *bytes = need(malloc(in->len + 8 * DAMAGES_MAX));
	for (size_t i = 0; i < runs; i++) {
		size_t len = in->len;
		if (len)
			memcpy(bytes, in->bytes, len);
		for (size_t n = 1 + draw_below(DAMAGES_MAX); n; n--)
			len = damage(bytes, len);
		run(bytes, len);
	}
	free(bytes);
}

static void run_random(size_t runs)
{
	uint8_t bytes[RANDOM_LEN_MAX];
	for (size_t i = 0; i < runs; i++) {
		size_t len = draw_below(sizeof bytes + 1);
		for (size_t k = 0; k < len; k++)
			bytes[k] = (uint8_t)draw();
		run(bytes, len);
	}
}

static void load(struct input *in)
{
	FILE *file = fopen(in->path, "rb");
	struct stat st;
	if (!file || fstat(fileno(file), &st) != 0) {
		fprintf(stderr, "Bail out! %s: %s\n", in->path, strerror(errno));
		exit(1);
	}
	in->len = (size_t)st.st_size;
	in->bytes = need(malloc(in->len + 1));
	if (fread(in->bytes, 1, in->len, file) != in->len) {
		fprintf(stderr, "Bail out! %s: cannot be read\n", in->path);
		exit(1);
	}
	fclose(file);
}

struct inputs {
	struct input *all;
	size_t count;
};

static void add_file(struct inputs *inputs, const char *path)
{
	if (inputs->count == INPUTS_MAX)
		return;
	inputs->all = need(realloc(inputs->all, (inputs->count + 1) * sizeof *inputs->all));
	struct input *in = &inputs->all[inputs->count++];
	*in = (struct input){ .path = need(strdup(path)) };
	load(in);
}

static void add_path(struct inputs *inputs, const char *path)
{
	DIR *dir = opendir(path);
	if (!dir) {
		if (errno == ENOTDIR)
			add_file(inputs, path);
		return; /* a target without a corpus is fine */
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		char *inside;
		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&inside, "%s/%s", path, entry->d_name) < 0)
			need(NULL);
		add_file(inputs, inside);
		free(inside);
	}
	closedir(dir);
}

static int by_path(const void *a, const void *b)
{
	const struct input *x = a;
	const struct input *y = b;
	return strcmp(x->path, y->path);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	struct inputs inputs = { .all = NULL };
	program = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	for (int i = 1; i < argc; i++)
		add_path(&inputs, argv[i]);
	if (inputs.count)
		qsort(inputs.all, inputs.count, sizeof *inputs.all, by_path);

	uint64_t seed = number_from("ARKV_SEED", 1);
	size_t share = (size_t)number_from("ARKV_FUZZ_RUNS", 200000) / 3 / (inputs.count + 1);
	printf("1..%zu\n# ARKV_SEED=%llu\n", inputs.count + 1, (unsigned long long)seed);
	watch_for_crashes();
	seed_now = seed;
	run(NULL, 0);
	run_random(RANDOM_RUNS);
	printf("ok 1 - nothing, and bytes without sense\n");
	for (size_t i = 0; i < inputs.count; i++) {
		struct input *in = &inputs.all[i];
		seed_now = seed + i + 1;
		printf("# %s\n", in->path);
		fflush(stdout);
		run(in->bytes, in->len);
		run_cut(in, share);
		run_flipped(in, share);
		run_damaged(in, in->len < share ? in->len + 100 : share);
		printf("ok %zu - %s\n", i + 2, strrchr(in->path, '/') ? strrchr(in->path, '/') + 1
								       : in->path);
		free(in->bytes);
		free(in->path);
	}
	free(inputs.all);
	return 0;
}
