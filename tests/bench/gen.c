/*
 * gen.c - makes the key/value sets that all figures are measured on, and each later night of a set.
 *
 * The same options give the same bytes on every machine; tests/bench/README.md has the checksums.
 */
#include "tests/bench/gen_out.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>

enum format { FORMAT_DUMP, FORMAT_JSONL, FORMAT_NONE };

struct options {
	const char *command;
	const char *output;
	enum format format;
	double position;
	bool count_given, changed_given, probe_changed;
	struct gen_set set;
};

struct gen {
	const struct gen_set *set;
	enum format format;
	FILE *file;
	uint64_t keys, key_bytes, value_bytes;
	struct gen_scratch scratch;
};

/* ---- records ---- */

static void put_le32(FILE *file, uint64_t v)
{
	uint8_t p[4];

	ark_put_le32(p, (uint32_t)v);
	fwrite(p, 1, sizeof p, file);
}

/* All that comes before the value; out becomes its sink. */
static void put_key(struct gen *g, struct gen_out *out, struct ark_span key, uint64_t value_len,
		    bool text)
{
	if (g->format == FORMAT_DUMP) {
		put_le32(g->file, key.len);
		put_le32(g->file, value_len);
		fwrite(key.p, 1, key.len, g->file);
		gen_out_plain(out, g->file);
		return;
	}
	fputs("{\"key\":\"", g->file);
	fwrite(key.p, 1, key.len, g->file);
	fputs(text ? "\",\"value\":\"" : "\",\"value_b64\":\"", g->file);
	if (text)
		gen_out_string(out, g->file);
	else
		gen_out_base64(out, g->file);
}

static void put_record(struct gen *g, struct gen_entity e, int version)
{
	bool large = g->set->workload == GEN_LARGE;
	uint8_t key_bytes[GEN_KEY_MAX];
	struct ark_wr key = ark_wr(key_bytes, sizeof key_bytes);
	struct ark_span value = { 0 };
	struct gen_out out;

	gen_key(&key, g->set, e);
	if (!large)
		value = gen_value(&g->scratch, g->set, e, version);
	uint64_t value_len = large ? gen_large_len(g->set, e) : value.len;

	g->keys++;
	g->key_bytes += key.len;
	g->value_bytes += value_len;
	if (g->format == FORMAT_NONE)
		return;
	put_key(g, &out, ark_wr_span(&key), value_len, gen_is_text(g->set, e));
	if (large)
		gen_large(&out.sink, &g->scratch, g->set, e);
	else
		out.sink.take(&out.sink, value);
	gen_out_end(&out);
	if (g->format == FORMAT_JSONL)
		fputs("\"}\n", g->file);
}

/* ---- commands ---- */

static int run_stream(struct gen *g)
{
	if (g->format == FORMAT_DUMP)
		fputs("KVDUMP1\n", g->file);
	for (uint64_t bucket = 0; bucket < g->set->count; bucket++)
		for (int slot = 0; slot <= g->set->night; slot++) {
			struct gen_entity e = { bucket, slot };
			int version = slot == 1 ? -1 : gen_version(g->set, e, g->set->night);

			if (version >= 0)
				put_record(g, e, version);
		}
	if (g->format == FORMAT_NONE)
		fprintf(g->file, "%llu keys, %llu key bytes, %llu value bytes\n",
			(unsigned long long)g->keys, (unsigned long long)g->key_bytes,
			(unsigned long long)g->value_bytes);
	return 0;
}

/* True when night 2 gives the entity another value. */
static bool changes_soon(const struct gen_set *set, struct gen_entity e)
{
	int second = gen_version(set, e, 2);

	return second >= 0 && second != gen_version(set, e, 1);
}

/* Prints the first key from position on, and its value behind a line feed. */
static int run_probe(struct gen *g, const struct options *o)
{
	uint64_t from = (uint64_t)(o->position * (double)g->set->count);
	uint8_t key_bytes[GEN_KEY_MAX];
	struct gen_out out;

	for (uint64_t bucket = from; bucket < g->set->count; bucket++) {
		struct gen_entity e = { bucket, 0 };
		int version = gen_version(g->set, e, g->set->night);

		if (version < 0 || (o->probe_changed && !changes_soon(g->set, e)))
			continue;
		struct ark_wr key = ark_wr(key_bytes, sizeof key_bytes);

		gen_key(&key, g->set, e);
		gen_put_char(&key, '\n');
		fwrite(key.p, 1, key.len, g->file);
		gen_out_plain(&out, g->file);
		if (g->set->workload == GEN_LARGE)
			gen_large(&out.sink, &g->scratch, g->set, e);
		else
			out.sink.take(&out.sink, gen_value(&g->scratch, g->set, e, version));
		return 0;
	}
	fputs("gen: no such key: try a lower --position\n", stderr);
	return 1;
}

static int run(struct gen *g, const struct options *o)
{
	if (strcmp(o->command, "probe") == 0)
		return run_probe(g, o);
	if (strcmp(o->command, "stats") == 0)
		g->format = FORMAT_NONE;
	return run_stream(g);
}

/* ---- options ---- */

static const char *const workload_names[GEN_WORKLOADS] = {
	[GEN_SMALL] = "small", [GEN_MEDIUM] = "medium", [GEN_LARGE] = "large",
	[GEN_DUP] = "dup",     [GEN_RANDOM] = "random",
};

static const uint64_t default_counts[GEN_WORKLOADS] = {
	[GEN_SMALL] = 1000000, [GEN_MEDIUM] = 100000, [GEN_LARGE] = 20,
	[GEN_DUP] = 200000,    [GEN_RANDOM] = 100000,
};

static uint64_t number_of(const char *arg, struct argp_state *state, uint64_t least, uint64_t most)
{
	char *end;

	errno = 0;
	uint64_t v = strtoull(arg, &end, 10);
	if (errno || *end || end == arg || *arg == '-' || v < least || v > most)
		argp_error(state, "%s: not a number from %llu to %llu", arg,
			   (unsigned long long)least, (unsigned long long)most);
	return v;
}

static double fraction_of(const char *arg, struct argp_state *state)
{
	char *end;
	double v = strtod(arg, &end);

	if (*end || end == arg || !(v >= 0 && v <= 1))
		argp_error(state, "%s: not a fraction from 0 to 1", arg);
	return v;
}

static enum gen_workload workload_of(const char *arg, struct argp_state *state)
{
	for (int i = 0; i < GEN_WORKLOADS; i++)
		if (strcmp(arg, workload_names[i]) == 0)
			return (enum gen_workload)i;
	argp_error(state, "%s: not a workload: small medium large dup random", arg);
	return GEN_SMALL;
}

static enum format format_of(const char *arg, struct argp_state *state)
{
	if (strcmp(arg, "dump") != 0 && strcmp(arg, "jsonl") != 0)
		argp_error(state, "%s: not a format: dump jsonl", arg);
	return *arg == 'd' ? FORMAT_DUMP : FORMAT_JSONL;
}

/* The large workload changes each value each night, and adds and deletes none. */
static void finish_options(struct options *o, struct argp_state *state)
{
	bool large = o->set.workload == GEN_LARGE;

	if (!o->command)
		argp_usage(state);
	if (strcmp(o->command, "stream") != 0 && strcmp(o->command, "stats") != 0 &&
	    strcmp(o->command, "probe") != 0)
		argp_error(state, "%s: not a command: stream stats probe", o->command);
	if (!o->count_given)
		o->set.count = default_counts[o->set.workload];
	if (large && !o->changed_given)
		o->set.changed = 1;
	if (large)
		o->set.added = o->set.deleted = 0;
	if (o->set.large_min > o->set.large_max)
		argp_error(state, "--min is above --max");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct gen_set *set = &o->set;

	switch (key) {
	case 'w': set->workload = workload_of(arg, state); break;
	case 'n': set->count = number_of(arg, state, 1, 1ULL << 40); break;
	case 's': set->seed = number_of(arg, state, 0, UINT64_MAX); break;
	case 'k': set->night = (int)number_of(arg, state, 1, GEN_NIGHT_MAX); break;
	case 'c': set->changed = fraction_of(arg, state); break;
	case 'a': set->added = fraction_of(arg, state); break;
	case 'd': set->deleted = fraction_of(arg, state); break;
	case 'l': set->large_min = number_of(arg, state, 1, 4095) << 20; break;
	case 'L': set->large_max = number_of(arg, state, 1, 4095) << 20; break;
	case 'f': o->format = format_of(arg, state); break;
	case 'p': o->position = fraction_of(arg, state); break;
	case 'C': o->probe_changed = true; break;
	case 'o': o->output = arg; break;
	case ARGP_KEY_ARG:
		if (o->command)
			argp_usage(state);
		o->command = arg;
		break;
	case ARGP_KEY_END: finish_options(o, state); break;
	default: return ARGP_ERR_UNKNOWN;
	}
	o->count_given = o->count_given || key == 'n';
	o->changed_given = o->changed_given || key == 'c';
	return 0;
}

static const struct argp_option option_list[] = {
	{ "workload", 'w', "NAME", 0, "small, medium, large, dup or random (small)", 0 },
	{ "count", 'n', "N", 0, "keys of night 1 (1000000, 100000, 20, 200000, 100000)", 0 },
	{ "seed", 's', "N", 0, "another set of the same kind (1)", 0 },
	{ "night", 'k', "N", 0, "the state on that night, 1 to 40 (1)", 0 },
	{ "changed", 'c', "FRACTION", 0, "of the keys, each night (0.01; large: 1)", 0 },
	{ "added", 'a', "FRACTION", 0, "of the keys, each night (0.001; large: 0)", 0 },
	{ "deleted", 'd', "FRACTION", 0, "of the keys, each night (0.001; large: 0)", 0 },
	{ "min", 'l', "MIB", 0, "shortest value of the large workload (64)", 0 },
	{ "max", 'L', "MIB", 0, "longest value of the large workload (256)", 0 },
	{ "format", 'f', "NAME", 0, "dump or jsonl (dump)", 0 },
	{ "position", 'p', "FRACTION", 0, "probe: where in the key space (0.5)", 0 },
	{ "changing", 'C', NULL, 0, "probe: a key whose value night 2 changes", 0 },
	{ "output", 'o', "FILE", 0, "instead of standard output", 0 },
	{ 0 },
};

static const char doc[] =
	"Makes key/value sets to measure with, the same bytes for the same options.\v"
	"stream writes a whole set, in the order of its keys. dump is \"KVDUMP1\\n\", then for "
	"each "
	"record u32 key length, u32 value length (little-endian), key, value; jsonl is arkv "
	"JSONL.\n"
	"stats prints how many keys and bytes stream would write.\n"
	"probe prints one key, a line feed, and its value.";

int main(int argc, char **argv)
{
	static struct options o = { .position = 0.5,
				    .set = { .seed = 1,
					     .night = 1,
					     .changed = 0.01,
					     .added = 0.001,
					     .deleted = 0.001,
					     .large_min = 64 << 20,
					     .large_max = 256 << 20 } };
	static struct gen g;
	const struct argp argp = {
		option_list, parse, "stream|stats|probe", doc, NULL, NULL, NULL
	};

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	gen_set_init(&o.set);
	g.set = &o.set;
	g.format = o.format;
	g.file = o.output ? fopen(o.output, "wb") : stdout;
	if (!g.file) {
		fprintf(stderr, "gen: %s: %s\n", o.output, strerror(errno));
		return 1;
	}
	setvbuf(g.file, NULL, _IOFBF, 1 << 20);
	int status = run(&g, &o);

	if (fflush(g.file) != 0 || ferror(g.file)) {
		fprintf(stderr, "gen: cannot write: %s\n", strerror(errno));
		return 1;
	}
	return status;
}
