/*
 * windows.h - stretches of packs that were read ahead: neighbouring frames come with one request.
 *
 * Bounded: at most ARKV_WINDOWS_BYTES, the least recently used one goes first. One thread.
 */
#pragma once

#include "libarchive-kv/store.h"

enum { ARKV_WINDOWS_BYTES = 8 << 20, ARKV_WINDOW_COUNT = 32 };

struct arkv_windows;

/* store is borrowed. */
enum ark_rc arkv_windows_new(struct arkv_windows **out, struct arkv_store *store,
			     struct ark_err *err) ARK_CHECK;
void arkv_windows_freep(struct arkv_windows **windows);

/* Bytes [off, off + len) of object name. When they are not at hand, [off, off + ahead) is read
 * instead, as far as ahead is above len: the caller knows that those bytes are there. *out is good
 * until the next call. NOTFOUND, CORRUPT (the object is shorter), and what the store says. */
enum ark_rc arkv_windows_get(struct ark_span *out, struct arkv_windows *windows, const char *name,
			     uint64_t off, size_t len, size_t ahead, struct ark_err *err) ARK_CHECK;
/* The same without reading: false when the bytes are not at hand. */
bool arkv_windows_peek(struct ark_span *out, const struct arkv_windows *windows, const char *name,
		       uint64_t off, size_t len);
