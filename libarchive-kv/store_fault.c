/* store_fault.c - see store_fault.h. */
#include "libarchive-kv/store_fault.h"

#include "libarchive-kv/rand.h"
#include "libarchive-kv/store_wrap.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_AGAIN,
	FAULT_IO,
	FAULT_NOSPACE,
	FAULT_DENIED,
	FAULT_NOTFOUND,
	FAULT_IN_DOUBT_BEFORE,
	FAULT_IN_DOUBT_AFTER,
	FAULT_FLIP,
	FAULT_TRUNCATE,
	FAULT_KILL,
	FAULT_KILL_AFTER,
};

struct fault_word {
	const char *word;
	enum fault_kind kind;
};

static const struct fault_word fault_words[] = {
	{ "again", FAULT_AGAIN },
	{ "io", FAULT_IO },
	{ "nospace", FAULT_NOSPACE },
	{ "denied", FAULT_DENIED },
	{ "notfound", FAULT_NOTFOUND },
	{ "in-doubt", FAULT_IN_DOUBT_AFTER },
	{ "in-doubt-before", FAULT_IN_DOUBT_BEFORE },
	{ "in-doubt-after", FAULT_IN_DOUBT_AFTER },
	{ "flip", FAULT_FLIP },
	{ "truncate", FAULT_TRUNCATE },
	{ "kill", FAULT_KILL },
	{ "kill-after", FAULT_KILL_AFTER },
};

struct rule {
	enum arkv_op op;      /* ARKV_OP_COUNT: any */
	uint64_t first, last; /* the calls that it fits */
	enum fault_kind kind;
};

struct fault_store {
	struct arkv_wrap wrap;
	struct rule rules[ARKV_FAULT_RULES_MAX];
	size_t rule_count;
	pthread_mutex_t lock; /* guards all below */
	struct arkv_rand rand;
	uint64_t calls[ARKV_OP_COUNT + 1]; /* the last one: any */
};

/* ---- the script ---- */

static bool word_is(struct ark_span span, const char *word)
{
	return ark_span_eq(span, ark_span_str(word));
}

static bool parse_op(struct ark_span word, enum arkv_op *op)
{
	*op = ARKV_OP_COUNT;
	if (word_is(word, "any"))
		return true;
	for (int i = 0; i < ARKV_OP_COUNT; i++)
		if (word_is(word, arkv_op_name((enum arkv_op)i)))
			*op = (enum arkv_op)i;
	return *op != ARKV_OP_COUNT;
}

static bool parse_when(struct ark_span word, struct rule *rule)
{
	rule->first = 1;
	rule->last = UINT64_MAX;
	if (word_is(word, "*"))
		return true;
	bool onwards = word.len && word.p[word.len - 1] == '+';
	word.len -= onwards;
	if (!word.len || word.len > 18)
		return false;
	uint64_t n = 0;
	for (size_t i = 0; i < word.len; i++) {
		if (word.p[i] < '0' || word.p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(word.p[i] - '0');
	}
	rule->first = n;
	rule->last = onwards ? UINT64_MAX : n;
	return n > 0;
}

static bool parse_kind(struct ark_span word, struct rule *rule)
{
	for (size_t i = 0; i < sizeof fault_words / sizeof fault_words[0]; i++)
		if (word_is(word, fault_words[i].word))
			rule->kind = fault_words[i].kind;
	bool spoils = rule->kind == FAULT_FLIP || rule->kind == FAULT_TRUNCATE;
	bool has_bytes = rule->op == ARKV_OP_PUT || rule->op == ARKV_OP_GET;
	return rule->kind != FAULT_NONE && (!spoils || has_bytes || rule->op == ARKV_OP_COUNT);
}

/* The bytes before the next colon, or all; *text steps behind them. */
static struct ark_span next_part(struct ark_span *text)
{
	struct ark_span part = { .p = text->p };
	while (part.len < text->len && text->p[part.len] != ':')
		part.len++;
	size_t step = part.len < text->len ? part.len + 1 : part.len;
	*text = ark_span(text->p + step, text->len - step);
	return part;
}

static bool parse_rule(struct ark_span text, struct rule *rule)
{
	*rule = (struct rule){ .kind = FAULT_NONE };
	struct ark_span op = next_part(&text);
	struct ark_span when = next_part(&text);
	return parse_op(op, &rule->op) && parse_when(when, rule) && parse_kind(text, rule);
}

static enum ark_rc parse_script(struct fault_store *f, const char *script, struct ark_err *err)
{
	static const char between[] = ", \t\n";
	for (script += strspn(script, between); *script; script += strspn(script, between)) {
		size_t len = strcspn(script, between);
		int shown = len < 60 ? (int)len : 60;
		if (f->rule_count == ARKV_FAULT_RULES_MAX)
			return ark_fail(err, ARK_USAGE, "fault script: more than %d rules",
					ARKV_FAULT_RULES_MAX);
		if (!parse_rule(ark_span(script, len), &f->rules[f->rule_count]))
			return ark_fail(err, ARK_USAGE,
					"fault script: \"%.*s\" is no rule such as "
					"put:3:again, get:*:flip, any:12+:io",
					shown, script);
		f->rule_count++;
		script += len;
	}
	return ARK_OK;
}

/* ---- the calls ---- */

/* Counts the call; what is to go wrong with it, and a random number for where. */
static enum fault_kind next_fault(struct fault_store *f, enum arkv_op op, uint64_t *chance)
{
	enum fault_kind kind = FAULT_NONE;
	pthread_mutex_lock(&f->lock);
	uint64_t of_op = ++f->calls[op];
	uint64_t of_any = ++f->calls[ARKV_OP_COUNT];
	for (size_t i = 0; i < f->rule_count && kind == FAULT_NONE; i++) {
		const struct rule *r = &f->rules[i];
		uint64_t n = r->op == ARKV_OP_COUNT ? of_any : of_op;
		if ((r->op == op || r->op == ARKV_OP_COUNT) && n >= r->first && n <= r->last)
			kind = r->kind;
	}
	if (kind != FAULT_NONE)
		*chance = arkv_rand_below(&f->rand, UINT64_MAX);
	pthread_mutex_unlock(&f->lock);
	return kind;
}

/* Flips or cuts; the new length. */
static size_t spoil(uint8_t *bytes, size_t len, enum fault_kind kind, uint64_t chance)
{
	if (!len)
		return 0;
	if (kind == FAULT_TRUNCATE)
		return (size_t)(chance % len);
	bytes[chance / 8 % len] ^= (uint8_t)(1u << (chance % 8));
	return len;
}

static enum ark_rc put_spoiled(struct fault_store *f, const struct arkv_call *call,
			       enum fault_kind kind, uint64_t chance, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf copy;
	ark_buf_init(&copy);
	ark_wr_bytes(&copy.wr, call->bytes);
	enum ark_rc rc = ark_buf_check(&copy, "fault", err);
	if (rc)
		return rc;
	copy.wr.len = spoil(copy.wr.p, copy.wr.len, kind, chance);
	return arkv_store_put(f->wrap.base.below, call->name, ark_buf_span(&copy), err);
}

static enum ark_rc run_spoiled(struct fault_store *f, const struct arkv_call *call,
			       enum fault_kind kind, uint64_t chance, struct ark_err *err)
{
	if (call->op == ARKV_OP_PUT)
		return put_spoiled(f, call, kind, chance, err);
	if (call->op != ARKV_OP_GET)
		return arkv_call_run(f->wrap.base.below, call, err);
	size_t before = call->out->wr.len;
	enum ark_rc rc = arkv_call_run(f->wrap.base.below, call, err);
	size_t got = call->out->wr.len - before;
	if (!rc && got)
		call->out->wr.len = before + spoil(call->out->wr.p + before, got, kind, chance);
	return rc;
}

static enum ark_rc in_doubt(const struct arkv_call *call, struct ark_err *err)
{
	enum ark_rc rc = ark_fail(err, ARK_AGAIN, "%s %s: the answer was lost, as the script says",
				  arkv_op_name(call->op), call->name);
	err->in_doubt = true;
	return rc;
}

static enum ark_rc fail_as(enum ark_rc rc, const struct arkv_call *call, struct ark_err *err)
{
	return ark_fail(err, rc, "%s %s: fails, as the script says", arkv_op_name(call->op),
			call->name);
}

static enum ark_rc fault_around(struct arkv_wrap *w, const struct arkv_call *call,
				struct ark_err *err)
{
	struct fault_store *f = (struct fault_store *)w;
	uint64_t chance = 0;
	enum fault_kind kind = next_fault(f, call->op, &chance);
	enum ark_rc rc = ARK_OK;
	switch (kind) {
	case FAULT_AGAIN: return fail_as(ARK_AGAIN, call, err);
	case FAULT_IO: return fail_as(ARK_IO, call, err);
	case FAULT_NOSPACE: return fail_as(ARK_NOSPACE, call, err);
	case FAULT_DENIED: return fail_as(ARK_DENIED, call, err);
	case FAULT_NOTFOUND: return fail_as(ARK_NOTFOUND, call, err);
	case FAULT_IN_DOUBT_BEFORE: return in_doubt(call, err);
	case FAULT_FLIP:
	case FAULT_TRUNCATE: return run_spoiled(f, call, kind, chance, err);
	case FAULT_KILL: raise(SIGKILL); break;
	case FAULT_NONE:
	case FAULT_IN_DOUBT_AFTER:
	case FAULT_KILL_AFTER: break;
	}
	rc = arkv_call_run(w->base.below, call, err);
	if (kind == FAULT_KILL_AFTER)
		raise(SIGKILL);
	return rc || kind != FAULT_IN_DOUBT_AFTER ? rc : in_doubt(call, err);
}

static void fault_release(struct arkv_wrap *w)
{
	pthread_mutex_destroy(&((struct fault_store *)w)->lock);
}

enum ark_rc arkv_store_fault(struct arkv_store **s, const char *script, uint64_t seed,
			     struct ark_err *err)
{
	struct fault_store parsed = { .rule_count = 0 };
	enum ark_rc rc = parse_script(&parsed, script, err);
	struct arkv_wrap *w;
	if (!rc)
		rc = arkv_wrap_new(&w, sizeof(struct fault_store), "fault", s, err);
	if (rc)
		return rc;
	struct fault_store *f = (struct fault_store *)w;
	w->around = fault_around;
	w->release = fault_release;
	memcpy(f->rules, parsed.rules, sizeof f->rules);
	f->rule_count = parsed.rule_count;
	f->rand = arkv_rand_seeded(seed);
	pthread_mutex_init(&f->lock, NULL);
	return ARK_OK;
}
