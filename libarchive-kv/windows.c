/* windows.c - see windows.h. */
#include "libarchive-kv/windows.h"

#include <stdlib.h>

struct window {
	char name[ARKV_NAME_MAX + 1]; /* empty: unused */
	uint64_t off;
	uint64_t used; /* the call that used it last */
	struct ark_buf bytes;
};

struct arkv_windows {
	struct arkv_store *store;
	uint64_t calls;
	size_t byte_count;
	struct window of[ARKV_WINDOW_COUNT];
};

enum ark_rc arkv_windows_new(struct arkv_windows **out, struct arkv_store *store,
			     struct ark_err *err)
{
	struct arkv_windows *w = calloc(1, sizeof *w);
	if (!w)
		return ark_fail(err, ARK_NOMEM, "read-ahead: out of memory");
	w->store = store;
	for (size_t i = 0; i < ARKV_WINDOW_COUNT; i++)
		ark_buf_init(&w->of[i].bytes);
	*out = w;
	return ARK_OK;
}

static void drop(struct arkv_windows *w, struct window *window)
{
	w->byte_count -= window->bytes.wr.cap;
	ark_buf_release(&window->bytes);
	window->name[0] = '\0';
}

void arkv_windows_freep(struct arkv_windows **windows)
{
	if (!*windows)
		return;
	for (size_t i = 0; i < ARKV_WINDOW_COUNT; i++)
		drop(*windows, &(*windows)->of[i]);
	free(*windows);
	*windows = NULL;
}

static bool covers(const struct window *window, const char *name, uint64_t off, size_t len)
{
	return strcmp(window->name, name) == 0 && off >= window->off &&
	       off - window->off <= window->bytes.wr.len &&
	       len <= window->bytes.wr.len - (off - window->off);
}

/* The window to use for len new bytes: an unused one, or the oldest. Others go until it fits. */
static struct window *make_room(struct arkv_windows *w, size_t len)
{
	for (;;) {
		struct window *oldest = NULL, *unused = NULL;
		for (size_t i = 0; i < ARKV_WINDOW_COUNT; i++) {
			struct window *window = &w->of[i];
			if (!window->name[0])
				unused = window;
			else if (!oldest || window->used < oldest->used)
				oldest = window;
		}
		bool fits = w->byte_count + len <= ARKV_WINDOWS_BYTES;
		if (unused && (fits || !oldest))
			return unused;
		drop(w, oldest);
	}
}

static enum ark_rc fill(struct window **out, struct arkv_windows *w, const char *name, uint64_t off,
			size_t len, struct ark_err *err)
{
	struct window *window = make_room(w, len);
	enum ark_rc rc = ark_buf_reserve(&window->bytes, len, err);
	if (!rc)
		rc = arkv_store_get(w->store, name, off, len, &window->bytes, err);
	if (!rc && window->bytes.wr.len != len)
		rc = ark_fail(err, ARK_IO, "%s: the store gave %zu bytes instead of %zu", name,
			      window->bytes.wr.len, len);
	if (rc) {
		ark_buf_release(&window->bytes);
		return rc;
	}
	memcpy(window->name, name, strlen(name) + 1);
	window->off = off;
	w->byte_count += window->bytes.wr.cap;
	*out = window;
	return ARK_OK;
}

enum ark_rc arkv_windows_get(struct ark_span *out, struct arkv_windows *w, const char *name,
			     uint64_t off, size_t len, size_t ahead, struct ark_err *err)
{
	struct window *window = NULL;
	for (size_t i = 0; i < ARKV_WINDOW_COUNT && !window; i++)
		if (w->of[i].name[0] && covers(&w->of[i], name, off, len))
			window = &w->of[i];
	if (!window) {
		enum ark_rc rc = fill(&window, w, name, off, ahead > len ? ahead : len, err);
		if (rc)
			return rc;
	}
	window->used = ++w->calls;
	*out = ark_span(window->bytes.wr.p + (off - window->off), len);
	return ARK_OK;
}

bool arkv_windows_peek(struct ark_span *out, const struct arkv_windows *w, const char *name,
		       uint64_t off, size_t len)
{
	for (size_t i = 0; i < ARKV_WINDOW_COUNT; i++) {
		const struct window *window = &w->of[i];
		if (!window->name[0] || !covers(window, name, off, len))
			continue;
		*out = ark_span(window->bytes.wr.p + (off - window->off), len);
		return true;
	}
	return false;
}
