/*
 * memory.h - a store in this process's memory, for tests and for `debug check-store memory:`.
 *
 * It ends with its handle. Any number of threads.
 */
#pragma once

#include "libarchive-kv/clock.h"
#include "libarchive-kv/store.h"

/* An empty store, to be created or opened like any other (open gives NOTFOUND before create).
 * clock gives the objects their mtime; it is borrowed and must outlive the store. */
enum ark_rc arkv_memory_new(struct arkv_store **out, const struct arkv_clock *clock,
			    struct ark_err *err) ARK_CHECK;
