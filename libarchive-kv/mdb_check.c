/* mdb_check.c - see mdb_check.h. */
#include "libarchive-kv/mdb_check.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* LMDB's structures: offsets and flags as in its mdb.c, data version 1, 64-bit. */
enum {
	PAGE_HEAD_LEN = 16,
	PAGE_FLAGS_OFF = 10,
	PAGE_LOWER_OFF = 12,
	PAGE_UPPER_OFF = 14,
	META_LEN = 136,
	META_DBS_OFF = 24,
	META_LAST_OFF = 120,
	META_TXNID_OFF = 128,
	DB_LEN = 48,
	DB_FLAGS_OFF = 4,
	DB_DEPTH_OFF = 6,
	DB_ROOT_OFF = 40,
	NODE_HEAD_LEN = 8,
	P_BRANCH = 1,
	P_LEAF = 2,
	P_OVERFLOW = 4,
	P_META = 8,
	F_BIGDATA = 1,
	F_SUBDATA = 2,
	FLAG_INTEGERKEY = 0x08,
	FLAG_NOSUBDIR = 0x4000,
	KEY_MAX = 511,
	PAGE_SIZE_MIN = 512,
	PAGE_SIZE_MAX = 65536,
	DEPTH_MAX = 16,
	FIRST_PAGE = 2,
	MAGIC = (int)0xBEEFC0DE,
	VERSION = 1,
};
#define NO_PAGE UINT64_MAX

_Static_assert(sizeof(size_t) == 8, "LMDB files of other word sizes look otherwise");

enum tree_kind { TREE_FREE, TREE_MAIN, TREE_NAMED };

struct tree {
	uint64_t root;
	uint16_t flags;
	uint16_t depth;
};

struct meta {
	uint32_t page_size;
	uint64_t last_page;
	uint64_t txnid;
	struct tree free_tree;
	struct tree main_tree;
};

struct walk {
	int fd;
	uint64_t file_len;
	uint64_t last_page;
	uint32_t page_size;
	uint8_t *seen;	/* a bit a page */
	uint8_t *cover; /* a byte for each two of a page */
	uint8_t *pages; /* a buffer a level */
	unsigned level;
};

/* What stands at a node of a leaf. */
struct leaf_node {
	const uint8_t *key;
	const uint8_t *data;
	uint32_t data_len;
	uint16_t key_len;
	uint16_t flags;
};

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static enum ark_rc damaged(uint64_t page_no, const char *what, struct ark_err *err)
{
	return ark_fail(err, ARK_CORRUPT, "page %llu: %s", (unsigned long long)page_no, what);
}

/* CORRUPT when the file ends before. */
static enum ark_rc read_at(int fd, uint8_t *out, size_t len, uint64_t off, struct ark_err *err)
{
	while (len) {
		ssize_t n = pread(fd, out, len, (off_t)off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ark_fail_sys(err, ARK_IO, errno, "cannot be read");
		if (n == 0)
			return ark_fail(err, ARK_CORRUPT, "ends at %llu: cut off",
					(unsigned long long)off);
		out += n;
		len -= (size_t)n;
		off += (uint64_t)n;
	}
	return ARK_OK;
}

static enum ark_rc file_len(int fd, uint64_t *len, struct ark_err *err)
{
	struct stat st;
	if (fstat(fd, &st))
		return ark_fail_sys(err, ARK_IO, errno, "cannot be looked at");
	*len = (uint64_t)st.st_size;
	return ARK_OK;
}

/* ---- meta pages ---- */

static struct tree tree_at(const uint8_t *p)
{
	return (struct tree){ .root = get64(p + DB_ROOT_OFF),
			      .flags = get16(p + DB_FLAGS_OFF),
			      .depth = get16(p + DB_DEPTH_OFF) };
}

static enum ark_rc meta_at(struct meta *out, int fd, uint64_t off, uint64_t len,
			   struct ark_err *err)
{
	uint8_t page[PAGE_HEAD_LEN + META_LEN];
	enum ark_rc rc = read_at(fd, page, sizeof page, off, err);
	if (rc)
		return rc;
	const uint8_t *p = page + PAGE_HEAD_LEN;
	if (get16(page + PAGE_FLAGS_OFF) != P_META || get32(p) != (uint32_t)MAGIC ||
	    get32(p + 4) != VERSION)
		return ark_fail(err, ARK_CORRUPT, "is no LMDB file, or one of another version");
	struct meta m = { .page_size = get32(p + META_DBS_OFF),
			  .last_page = get64(p + META_LAST_OFF),
			  .txnid = get64(p + META_TXNID_OFF),
			  .free_tree = tree_at(p + META_DBS_OFF),
			  .main_tree = tree_at(p + META_DBS_OFF + DB_LEN) };
	if (m.page_size < PAGE_SIZE_MIN || m.page_size > PAGE_SIZE_MAX ||
	    (m.page_size & (m.page_size - 1)))
		return ark_fail(err, ARK_CORRUPT, "its page size is damaged");
	/* Pages at the end that were never needed have not been written: the file may be short. */
	if (m.last_page > (len + (UINT64_C(1) << 30)) / m.page_size)
		return ark_fail(err, ARK_CORRUPT, "its count of pages is damaged");
	if ((m.free_tree.flags & ~FLAG_NOSUBDIR) != FLAG_INTEGERKEY || m.main_tree.flags)
		return ark_fail(err, ARK_CORRUPT, "its flags are damaged");
	*out = m;
	return ARK_OK;
}

static enum ark_rc metas_read(struct meta out[2], int fd, uint64_t len, struct ark_err *err)
{
	enum ark_rc rc = meta_at(&out[0], fd, 0, len, err);
	if (!rc)
		rc = meta_at(&out[1], fd, out[0].page_size, len, err);
	if (!rc && out[0].page_size != out[1].page_size)
		rc = ark_fail(err, ARK_CORRUPT, "its page size is damaged");
	return rc;
}

enum ark_rc arkv_mdb_check_meta(int fd, struct ark_err *err)
{
	struct meta metas[2];
	uint64_t len = 0;
	enum ark_rc rc = file_len(fd, &len, err);
	if (rc || len == 0)
		return rc;
	return metas_read(metas, fd, len, err);
}

/* ---- pages ---- */

/* Each page has one use. */
static enum ark_rc mark(struct walk *w, uint64_t page_no, uint64_t count, struct ark_err *err)
{
	if (page_no < FIRST_PAGE || page_no > w->last_page || count > w->last_page - page_no + 1)
		return damaged(page_no, "is outside of the file", err);
	for (uint64_t i = page_no; i < page_no + count; i++) {
		if (w->seen[i / 8] & 1 << i % 8)
			return damaged(i, "is used twice", err);
		w->seen[i / 8] |= (uint8_t)(1 << i % 8);
	}
	return ARK_OK;
}

/* The overflow pages of a long value. */
static enum ark_rc overflow_check(struct walk *w, uint64_t page_no, uint32_t data_len,
				  struct ark_err *err)
{
	uint64_t count = (PAGE_HEAD_LEN - 1 + (uint64_t)data_len) / w->page_size + 1;
	enum ark_rc rc = mark(w, page_no, count, err);
	uint8_t head[PAGE_HEAD_LEN];
	if (!rc)
		rc = read_at(w->fd, head, sizeof head, page_no * w->page_size, err);
	if (rc)
		return rc;
	if (get64(head) != page_no || get16(head + PAGE_FLAGS_OFF) != P_OVERFLOW ||
	    get32(head + PAGE_LOWER_OFF) != count)
		return damaged(page_no, "is no head of a long value", err);
	if ((page_no + count) * w->page_size > w->file_len)
		return damaged(page_no, "is cut off", err);
	return ARK_OK;
}

/* A piece of the list of free pages, bytes of it at p; *last: the page before. */
static enum ark_rc free_piece(struct walk *w, const uint8_t *p, size_t count, uint64_t *last,
			      struct ark_err *err)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t page_no = get64(p + 8 * i);
		if (page_no >= *last)
			return damaged(page_no, "is out of order in the list of free pages", err);
		*last = page_no;
		enum ark_rc rc = mark(w, page_no, 1, err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

/* A record of the list of free pages: a count and that many page numbers. */
static enum ark_rc free_check(struct walk *w, const struct leaf_node *node, struct ark_err *err)
{
	uint8_t piece[4096];
	const bool is_long = node->flags & F_BIGDATA;
	const uint64_t off = is_long ? get64(node->data) * w->page_size + PAGE_HEAD_LEN : 0;
	uint64_t last = NO_PAGE, count = 0;
	enum ark_rc rc = ARK_OK;
	if (node->key_len != 8 || node->data_len < 8)
		return ark_fail(err, ARK_CORRUPT, "the list of free pages is damaged");
	if (is_long)
		rc = read_at(w->fd, piece, 8, off, err);
	count = get64(is_long ? piece : node->data);
	if (!rc && count > node->data_len / 8 - 1)
		rc = ark_fail(err, ARK_CORRUPT, "the list of free pages is damaged");
	if (!is_long)
		return rc ? rc : free_piece(w, node->data + 8, count, &last, err);
	for (uint64_t at = 0; at < count && !rc;) {
		size_t n = count - at < sizeof piece / 8 ? count - at : sizeof piece / 8;
		rc = read_at(w->fd, piece, n * 8, off + 8 + at * 8, err);
		if (!rc)
			rc = free_piece(w, piece, n, &last, err);
		at += n;
	}
	return rc;
}

static enum ark_rc tree_check(struct walk *w, const struct tree *tree, enum tree_kind kind,
			      struct ark_err *err);

static enum ark_rc leaf_check(struct walk *w, const struct leaf_node *node, enum tree_kind kind,
			      struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	if (node->flags & F_BIGDATA)
		rc = overflow_check(w, get64(node->data), node->data_len, err);
	if (!rc && kind == TREE_FREE)
		rc = free_check(w, node, err);
	if (rc || !(node->flags & F_SUBDATA))
		return rc;
	if (kind != TREE_MAIN || node->flags != F_SUBDATA || node->data_len != DB_LEN)
		return ark_fail(err, ARK_CORRUPT, "a sub-database is damaged");
	struct tree named = tree_at(node->data);
	if (named.flags || get32(node->data))
		return ark_fail(err, ARK_CORRUPT, "a sub-database has unknown flags");
	return tree_check(w, &named, TREE_NAMED, err);
}

/* Marks [off, off + len) of the page: false when it is not free. */
static bool cover(struct walk *w, size_t off, size_t len)
{
	for (size_t i = off / 2; i < (off + len) / 2; i++) {
		if (w->cover[i])
			return false;
		w->cover[i] = 1;
	}
	return true;
}

/* Where node i of the page lies, and that it fits there alone. *end: behind its key. */
static enum ark_rc node_place(struct walk *w, const uint8_t *page, size_t i, bool is_leaf,
			      struct leaf_node *out, struct ark_err *err)
{
	static const char off_the_page[] = "a record lies outside of it";
	const uint64_t page_no = get64(page);
	const size_t off = get16(page + PAGE_HEAD_LEN + 2 * i);
	if (off % 2 || off < get16(page + PAGE_UPPER_OFF) || off + NODE_HEAD_LEN > w->page_size)
		return damaged(page_no, off_the_page, err);
	const uint8_t *p = page + off;
	struct leaf_node node = { .key = p + NODE_HEAD_LEN, .key_len = get16(p + 6) };
	size_t len = NODE_HEAD_LEN + (size_t)node.key_len;
	if (is_leaf) {
		node.flags = get16(p + 4);
		node.data_len = (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
		node.data = node.key + node.key_len;
		len += node.flags & F_BIGDATA ? 8 : node.data_len;
	}
	if (node.key_len > KEY_MAX || len > w->page_size - off ||
	    (is_leaf && (node.key_len == 0 || node.flags & ~(F_BIGDATA | F_SUBDATA))))
		return damaged(page_no, off_the_page, err);
	if (!cover(w, off, len + len % 2))
		return damaged(page_no, "two records overlap", err);
	*out = node;
	return ARK_OK;
}

static enum ark_rc page_head_check(const struct walk *w, const uint8_t *page, uint64_t page_no,
				   bool is_leaf, struct ark_err *err)
{
	const size_t lower = get16(page + PAGE_LOWER_OFF), upper = get16(page + PAGE_UPPER_OFF);
	if (get64(page) != page_no || get16(page + PAGE_FLAGS_OFF) != (is_leaf ? P_LEAF : P_BRANCH))
		return damaged(page_no, "is not the page that should be there", err);
	if (lower < PAGE_HEAD_LEN + (is_leaf ? 2 : 4) || lower % 2 || lower > upper ||
	    upper > w->page_size || upper % 2)
		return damaged(page_no, "its bounds are damaged", err);
	return ARK_OK;
}

/* The page and all below it. depth: of what is left, 1 for a leaf. */
static enum ark_rc page_check(struct walk *w, uint64_t page_no, unsigned depth, enum tree_kind kind,
			      struct ark_err *err)
{
	uint8_t *page = w->pages + (size_t)w->level * w->page_size;
	const bool is_leaf = depth == 1;
	enum ark_rc rc = mark(w, page_no, 1, err);
	if (!rc)
		rc = read_at(w->fd, page, w->page_size, page_no * w->page_size, err);
	if (!rc)
		rc = page_head_check(w, page, page_no, is_leaf, err);
	if (rc)
		return rc;
	const size_t count = (get16(page + PAGE_LOWER_OFF) - (size_t)PAGE_HEAD_LEN) / 2;
	struct leaf_node node;
	memset(w->cover, 0, w->page_size / 2);
	for (size_t i = 0; i < count && !rc; i++)
		rc = node_place(w, page, i, is_leaf, &node, err);
	w->level++;
	for (size_t i = 0; i < count && !rc; i++) {
		const uint8_t *p = page + get16(page + PAGE_HEAD_LEN + 2 * i);
		if (!is_leaf) {
			uint64_t child = (uint64_t)get16(p) | (uint64_t)get16(p + 2) << 16 |
					 (uint64_t)get16(p + 4) << 32;
			rc = page_check(w, child, depth - 1, kind, err);
			continue;
		}
		node = (struct leaf_node){
			.key = p + NODE_HEAD_LEN,
			.data = p + NODE_HEAD_LEN + get16(p + 6),
			.data_len = (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16,
			.key_len = get16(p + 6),
			.flags = get16(p + 4),
		};
		rc = leaf_check(w, &node, kind, err);
	}
	w->level--;
	return rc;
}

static enum ark_rc tree_check(struct walk *w, const struct tree *tree, enum tree_kind kind,
			      struct ark_err *err)
{
	if (tree->root == NO_PAGE && tree->depth == 0)
		return ARK_OK;
	if (tree->depth == 0 || tree->depth > DEPTH_MAX)
		return damaged(tree->root, "its tree is too deep", err);
	return page_check(w, tree->root, tree->depth, kind, err);
}

static void walk_end(struct walk *w)
{
	free(w->seen);
	free(w->cover);
	free(w->pages);
}

enum ark_rc arkv_mdb_check_pages(int fd, uint64_t txnid, struct ark_err *err)
{
	struct meta metas[2];
	uint64_t len = 0;
	enum ark_rc rc = file_len(fd, &len, err);
	if (!rc)
		rc = metas_read(metas, fd, len, err);
	if (rc)
		return rc;
	const struct meta *meta = &metas[txnid % 2];
	if (meta->txnid != txnid)
		return ark_fail(err, ARK_CORRUPT, "its transaction numbers are damaged");
	ARK_AUTO(walk_end)
	struct walk w = {
		.fd = fd,
		.file_len = len,
		.last_page = meta->last_page,
		.page_size = meta->page_size,
		.seen = calloc(1, (size_t)(meta->last_page / 8 + 1)),
		.cover = malloc(meta->page_size / 2),
		.pages = malloc((size_t)meta->page_size * 2 * DEPTH_MAX),
	};
	if (!w.seen || !w.cover || !w.pages)
		return ark_fail(err, ARK_NOMEM, "looking through it: out of memory");
	rc = tree_check(&w, &meta->main_tree, TREE_MAIN, err);
	return rc ? rc : tree_check(&w, &meta->free_tree, TREE_FREE, err);
}
