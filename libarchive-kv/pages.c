/* pages.c - see pages.h. */
#include "libarchive-kv/pages.h"

#include "libarchive-kv/idmap.h"
#include "libarchive-kv/index.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OPEN_MAX = 16, /* indexes open at one time */
	REMEMBER_MAX = 16 << 20,
	MANIFEST_MAX = 4 << 20,
	FORGET_MAX = 65536,
};

/* An index that was looked for. */
struct looked {
	struct ark_uid archive;
	struct arkv_index *index; /* NULL: there is none, or it cannot be used */
	uint64_t used;		  /* 0: a free place */
};

/* What goes into an index. */
struct kept {
	struct arkv_page_ref ref; /* of a manifest: archive and run alone */
	bool is_manifest;
	bool has_run;
	uint8_t *bytes; /* NULL: forgotten */
	size_t len;
};

struct arkv_pages {
	struct arkv_store *store;
	char *cache_dir;      /* NULL: none */
	pthread_mutex_t lock; /* over all that follows */
	struct looked looked[OPEN_MAX];
	uint64_t clock;
	struct kept *kept;
	size_t kept_count;
	size_t kept_cap;
	size_t kept_bytes;
	struct arkv_idmap kept_nos; /* page -> its number in kept */
	struct arkv_page_ref *bad;  /* pages that did not open */
	size_t bad_count;
	struct arkv_idmap bad_nos;
};

/* A page as a key of the maps. */
static struct ark_id key_of(const struct arkv_page_ref *ref)
{
	struct ark_id id = ref->run;
	for (int i = 0; i < 4; i++)
		id.b[i] ^= (uint8_t)(ref->page_no >> (8 * i));
	return id;
}

static void kept_clear(struct arkv_pages *p)
{
	for (size_t i = 0; i < p->kept_count; i++)
		free(p->kept[i].bytes);
	free(p->kept);
	p->kept = NULL;
	p->kept_count = p->kept_cap = p->kept_bytes = 0;
	arkv_idmap_release(&p->kept_nos);
}

void arkv_pages_freep(struct arkv_pages **pages)
{
	struct arkv_pages *p = *pages;
	if (!p)
		return;
	for (size_t i = 0; i < OPEN_MAX; i++)
		arkv_index_freep(&p->looked[i].index);
	kept_clear(p);
	arkv_idmap_release(&p->bad_nos);
	free(p->bad);
	free(p->cache_dir);
	pthread_mutex_destroy(&p->lock);
	free(p);
	*pages = NULL;
}

enum ark_rc arkv_pages_new(struct arkv_pages **out, struct arkv_store *store, const char *cache_dir,
			   struct ark_err *err)
{
	struct arkv_pages *p = calloc(1, sizeof *p);
	if (!p || (cache_dir && !(p->cache_dir = strdup(cache_dir)))) {
		free(p);
		return ark_fail(err, ARK_NOMEM, "index pages: out of memory");
	}
	p->store = store;
	pthread_mutex_init(&p->lock, NULL);
	*out = p;
	return ARK_OK;
}

/* ---- indexes ---- */

/* The archive's index, or NULL. With the lock held. */
static struct arkv_index *index_of(struct arkv_pages *p, const struct ark_uid *archive)
{
	struct looked *place = &p->looked[0];
	if (!p->cache_dir)
		return NULL;
	for (size_t i = 0; i < OPEN_MAX; i++) {
		struct looked *l = &p->looked[i];
		if (l->used && ark_uid_eq(&l->archive, archive)) {
			l->used = ++p->clock;
			return l->index;
		}
		if (l->used < place->used)
			place = l;
	}
	arkv_index_freep(&place->index);
	*place = (struct looked){ .archive = *archive, .used = ++p->clock };
	if (arkv_index_open(&place->index, p->cache_dir, archive, NULL))
		place->index = NULL;
	return place->index;
}

/* So that it can be opened for writing, and is looked for again. */
static void index_close(struct arkv_pages *p, const struct ark_uid *archive)
{
	for (size_t i = 0; i < OPEN_MAX; i++) {
		struct looked *l = &p->looked[i];
		if (!l->used || !ark_uid_eq(&l->archive, archive))
			continue;
		arkv_index_freep(&l->index);
		l->used = 0;
	}
}

/* ---- what is remembered ---- */

/* Memory that cannot be had is a page that is not remembered. */
static void keep(struct arkv_pages *p, const struct kept *what, struct ark_span bytes)
{
	const struct arkv_where no = { .pack_no = (uint32_t)p->kept_count };
	struct ark_id key = key_of(&what->ref);
	if (bytes.len == 0 || bytes.len > REMEMBER_MAX - p->kept_bytes)
		return;
	if (p->kept_count == p->kept_cap) {
		size_t cap = p->kept_cap ? p->kept_cap * 2 : 32;
		struct kept *more = reallocarray(p->kept, cap, sizeof *more);
		if (!more)
			return;
		p->kept = more;
		p->kept_cap = cap;
	}
	uint8_t *copy = malloc(bytes.len);
	if (!copy || (!what->is_manifest && arkv_idmap_put(&p->kept_nos, &key, &no, NULL))) {
		free(copy);
		return;
	}
	memcpy(copy, bytes.p, bytes.len);
	struct kept *k = &p->kept[p->kept_count++];
	*k = *what;
	k->bytes = copy;
	k->len = bytes.len;
	p->kept_bytes += bytes.len;
}

static const struct kept *kept_page(const struct arkv_pages *p, const struct arkv_page_ref *ref)
{
	struct ark_id key = key_of(ref);
	const struct arkv_where *no = arkv_idmap_get(&p->kept_nos, &key);
	return no ? &p->kept[no->pack_no] : NULL;
}

static bool is_bad(const struct arkv_pages *p, const struct arkv_page_ref *ref)
{
	struct ark_id key = key_of(ref);
	return arkv_idmap_get(&p->bad_nos, &key) != NULL;
}

/* ---- getting ---- */

/* From this host. With the lock held. */
static enum ark_rc get_here(struct arkv_pages *p, const struct arkv_page_ref *ref,
			    struct ark_buf *out)
{
	const size_t start = out->wr.len;
	const struct kept *k = kept_page(p, ref);
	if (k) {
		ark_wr_bytes(&out->wr, ark_span(k->bytes, k->len));
		return ark_buf_check(out, "index page", NULL);
	}
	struct arkv_index *index = is_bad(p, ref) ? NULL : index_of(p, &ref->archive);
	if (!index || !arkv_index_is_of(index, &ref->run))
		return ARK_NOTFOUND;
	enum ark_rc rc = arkv_index_page(index, ref->page_no, out, NULL);
	if (!rc && out->wr.len - start == ref->box_len)
		return ARK_OK;
	out->wr.len = start;
	return ARK_NOTFOUND;
}

static bool fills_cache(const struct arkv_pages *p)
{
	return p->cache_dir && !(p->store->caps & ARKV_STORE_LOCAL);
}

enum ark_rc arkv_pages_get(struct arkv_pages *pages, const struct arkv_page_ref *ref,
			   struct ark_buf *out, bool *from_cache, struct ark_err *err)
{
	pthread_mutex_lock(&pages->lock);
	enum ark_rc rc = get_here(pages, ref, out);
	pthread_mutex_unlock(&pages->lock);
	if (from_cache)
		*from_cache = rc == ARK_OK;
	if (!rc)
		return ARK_OK;
	const size_t start = out->wr.len;
	char name[ARKV_NAME_MAX + 1];
	snprintf(name, sizeof name, "runs/%s", ark_id_hex(&ref->run).s);
	rc = arkv_store_get(pages->store, name, ref->off, ref->box_len, out, err);
	if (rc || !fills_cache(pages))
		return rc;
	const struct kept what = { .ref = *ref, .has_run = true };
	pthread_mutex_lock(&pages->lock);
	if (!kept_page(pages, ref))
		keep(pages, &what, ark_span(out->wr.p + start, out->wr.len - start));
	pthread_mutex_unlock(&pages->lock);
	return ARK_OK;
}

static void forget_kept(struct arkv_pages *p, const struct ark_id *key)
{
	const struct arkv_where *no = arkv_idmap_get(&p->kept_nos, key);
	if (!no)
		return;
	struct kept *k = &p->kept[no->pack_no];
	p->kept_bytes -= k->len;
	free(k->bytes);
	k->bytes = NULL;
	k->len = 0;
	arkv_idmap_delete(&p->kept_nos, key);
}

static void add_bad(struct arkv_pages *p, const struct arkv_page_ref *ref, const struct ark_id *key)
{
	const struct arkv_where no = { .pack_no = 0 };
	if (arkv_idmap_get(&p->bad_nos, key) || p->bad_count == FORGET_MAX)
		return;
	struct arkv_page_ref *more = reallocarray(p->bad, p->bad_count + 1, sizeof *more);
	if (!more)
		return;
	p->bad = more;
	if (!arkv_idmap_put(&p->bad_nos, key, &no, NULL))
		p->bad[p->bad_count++] = *ref;
}

void arkv_pages_forget(struct arkv_pages *pages, const struct arkv_page_ref *ref)
{
	struct ark_id key = key_of(ref);
	pthread_mutex_lock(&pages->lock);
	forget_kept(pages, &key);
	if (pages->cache_dir)
		add_bad(pages, ref, &key);
	pthread_mutex_unlock(&pages->lock);
}

/* ---- manifests ---- */

enum ark_rc arkv_pages_manifest(struct arkv_pages *pages, const struct ark_uid *archive,
				struct ark_buf *out, struct ark_err *err)
{
	pthread_mutex_lock(&pages->lock);
	struct arkv_index *index = index_of(pages, archive);
	enum ark_rc rc = index ? arkv_index_manifest(index, out, NULL) : ARK_NOTFOUND;
	pthread_mutex_unlock(&pages->lock);
	if (!rc || rc == ARK_NOMEM)
		return rc ? ark_fail(err, rc, "manifest: out of memory") : ARK_OK;
	return ark_fail(err, ARK_NOTFOUND, "archive %s: its manifest is not on this host",
			ark_uid_hex(archive).s);
}

void arkv_pages_keep_manifest(struct arkv_pages *pages, const struct ark_uid *archive,
			      const struct ark_id *run, struct ark_span manifest)
{
	struct kept what = { .ref.archive = *archive, .is_manifest = true, .has_run = run != NULL };
	if (!fills_cache(pages) || manifest.len > MANIFEST_MAX)
		return;
	if (run)
		what.ref.run = *run;
	pthread_mutex_lock(&pages->lock);
	keep(pages, &what, manifest);
	pthread_mutex_unlock(&pages->lock);
}

/* ---- flushing ---- */

/* By archive, what has a run first, then pages in order. */
static int kept_cmp(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;
	int order = memcmp(&x->ref.archive, &y->ref.archive, sizeof x->ref.archive);
	if (!order)
		order = (int)y->has_run - (int)x->has_run;
	if (!order)
		order = ark_id_cmp(&x->ref.run, &y->ref.run);
	if (!order)
		order = (int)x->is_manifest - (int)y->is_manifest;
	if (!order && x->ref.page_no != y->ref.page_no)
		order = x->ref.page_no < y->ref.page_no ? -1 : 1;
	return order;
}

static enum ark_rc put_kept(struct arkv_index *index, const struct kept *k, struct ark_err *err)
{
	if (!k->bytes)
		return ARK_OK;
	struct ark_span bytes = ark_span(k->bytes, k->len);
	return k->is_manifest ? arkv_index_set_manifest(index, bytes, err)
			      : arkv_index_put_page(index, k->ref.page_no, bytes, err);
}

/* Into one index: [from, to) of kept. Another handle of this process may have it open: then its
 * pages are read from the store another time. */
static enum ark_rc flush_archive(struct arkv_pages *p, size_t from, size_t to, struct ark_err *err)
{
	const struct kept *first = &p->kept[from];
	ARK_AUTO(arkv_index_freep) struct arkv_index *index = NULL;
	index_close(p, &first->ref.archive);
	enum ark_rc rc =
		arkv_index_create(&index, p->cache_dir, &first->ref.archive,
				  first->has_run ? &first->ref.run : NULL, ARKV_INDEX_MORE, err);
	if (rc)
		return rc == ARK_EXISTS ? ARK_OK : rc;
	for (size_t i = from; i < to && !rc; i++)
		rc = put_kept(index, &p->kept[i], err);
	return rc ? rc : arkv_index_flush(index, err);
}

static enum ark_rc drop_bad(struct arkv_pages *p, const struct arkv_page_ref *ref,
			    struct ark_err *err)
{
	ARK_AUTO(arkv_index_freep) struct arkv_index *index = NULL;
	if (kept_page(p, ref)) /* the right bytes take its place */
		return ARK_OK;
	index_close(p, &ref->archive);
	enum ark_rc rc =
		arkv_index_create(&index, p->cache_dir, &ref->archive, NULL, ARKV_INDEX_MORE, err);
	if (rc)
		return rc == ARK_EXISTS ? ARK_OK : rc;
	return arkv_index_is_of(index, &ref->run) ? arkv_index_drop_page(index, ref->page_no, err)
						  : ARK_OK;
}

static bool same_file(const struct kept *a, const struct kept *b)
{
	return ark_uid_eq(&a->ref.archive, &b->ref.archive) &&
	       (!b->has_run || ark_id_eq(&a->ref.run, &b->ref.run));
}

static enum ark_rc flush(struct arkv_pages *p, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < p->bad_count && !rc; i++)
		rc = drop_bad(p, &p->bad[i], err);
	p->bad_count = 0;
	arkv_idmap_release(&p->bad_nos);
	arkv_idmap_release(&p->kept_nos); /* the numbers change */
	if (p->kept_count)
		qsort(p->kept, p->kept_count, sizeof *p->kept, kept_cmp);
	for (size_t from = 0, to = 0; from < p->kept_count && !rc; from = to) {
		for (to = from + 1; to < p->kept_count; to++)
			if (!same_file(&p->kept[from], &p->kept[to]))
				break;
		rc = flush_archive(p, from, to, err);
	}
	kept_clear(p);
	return rc;
}

enum ark_rc arkv_pages_flush(struct arkv_pages *pages, struct ark_err *err)
{
	pthread_mutex_lock(&pages->lock);
	enum ark_rc rc = pages->cache_dir ? flush(pages, err) : ARK_OK;
	pthread_mutex_unlock(&pages->lock);
	return rc;
}
