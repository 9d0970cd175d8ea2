/*
 * arkv.h - the interface of libarchive-kv: archives of key/value stores.
 *
 * A repository (struct arkv) holds archives; each is the state of one source at one time. Readers
 * walk over an archive's records in order of space and key, or fetch one. Jobs make an archive,
 * restore one, and verify them; they report through callbacks, can be cancelled, print nothing and
 * never exit.
 *
 * Every call that can fail returns an enum arkv_status (0 is ARKV_OK) and fills *error, which may
 * be NULL. Handles belong to one thread at a time; different handles may be used by different
 * threads. Bytes that a call hands out are borrowed until the next call on the same handle, unless
 * it says more. Times are milliseconds since 1970-01-01 UTC. Structures that the caller fills must
 * be zeroed first: zero is the default of every member, and later versions append members.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ARKV_API __attribute__((visibility("default")))

/* ---- status ---- */

/* What the caller can do about it. The numbers never change; unknown ones mean failure. */
enum arkv_status {
	ARKV_OK = 0,
	ARKV_NOTFOUND = 1,    /* it is not there, on the word of whoever holds it */
	ARKV_EXISTS = 2,      /* it is there already, and was left as it is */
	ARKV_CORRUPT = 3,     /* damage: run a verify job */
	ARKV_AUTH = 4,	      /* wrong key or passphrase, or altered bytes */
	ARKV_UNSUPPORTED = 5, /* made by a later version: upgrade */
	ARKV_LIMIT = 6,	      /* larger than a documented maximum */
	ARKV_AGAIN = 7,	      /* may work when tried again */
	ARKV_DENIED = 8,      /* rights are missing */
	ARKV_NOSPACE = 9,     /* a disk or quota is full */
	ARKV_IO = 10,	      /* any other failure of the world */
	ARKV_NOMEM = 11,
	ARKV_CANCELLED = 12, /* the caller asked to stop */
	ARKV_USAGE = 13,     /* the arguments make no sense */
};

struct arkv_error {
	int status;
	int sys;	/* errno at the cause, or 0 */
	char text[256]; /* one line for people, always terminated */
};

/* "not found" ...; static. */
ARKV_API const char *arkv_status_name(int status);
/* "0.1.0"; static. */
ARKV_API const char *arkv_version(void);

/* ---- repository ---- */

struct arkv;

struct arkv_open_options {
	const char *url;	/* /path, file:///path */
	const char *passphrase; /* NULL: none */
	const char *key_file;	/* the text of a key file; NULL: none */
	const char *cache_root; /* folder for caches; NULL: none, and no backups */
};

/* NOTFOUND: no repository there. AUTH: wrong, missing or foreign key. DENIED, IO, CORRUPT. */
ARKV_API int arkv_open(struct arkv **out, const struct arkv_open_options *options,
		       struct arkv_error *error);
/* Makes an encrypted repository in an empty place, opened by options->passphrase. EXISTS: something
 * is there. */
ARKV_API int arkv_create(struct arkv **out, const struct arkv_open_options *options,
			 struct arkv_error *error);
/* All readers of it are closed before. NULL is fine. */
ARKV_API void arkv_close(struct arkv *a);

/* ---- archives ---- */

struct arkv_summary {
	char id[33]; /* 32 hexadecimal digits */
	char source[257];
	char host[129];
	uint64_t n; /* its number in the chain of its source, from 1 */
	uint64_t time_ms;
	uint64_t records;
	uint64_t raw_bytes;    /* keys and values */
	uint64_t stored_bytes; /* what this archive added to the repository */
	int is_incomplete;     /* some records could not be read from the source */
	int is_damaged;	       /* all but id is empty */
};

/* All archives, by source and n; *items is freed by arkv_archives_free. */
ARKV_API int arkv_archives(struct arkv *a, struct arkv_summary **items, size_t *count,
			   struct arkv_error *error);
ARKV_API void arkv_archives_free(struct arkv_summary *items);

/* ---- reading one archive ---- */

struct arkv_reader;

/* A record. Spaces, keys and metas are bytes of any value. */
struct arkv_item {
	const void *space;
	size_t space_len;
	const void *key;
	size_t key_len;
	const void *meta;
	size_t meta_len;
	uint64_t value_len;
	uint64_t expires_ms; /* UINT64_MAX, and 0 when given: does not expire */
	uint32_t flags;
	uint8_t type; /* spec/01-record.md; 1, and 0 when given, is plain bytes */
};

/* reference: "latest", "latest~1", "@2026-11-19T03:00", or the first digits of an id; source limits
 * it to one source, or is NULL. */
ARKV_API int arkv_reader_open(struct arkv_reader **out, struct arkv *a, const char *reference,
			      const char *source, struct arkv_error *error);
ARKV_API void arkv_reader_close(struct arkv_reader *r);
/* Stands before the first record not below (space, key). A new reader stands before all. */
ARKV_API int arkv_reader_seek(struct arkv_reader *r, const void *space, size_t space_len,
			      const void *key, size_t key_len, struct arkv_error *error);
/* The next record. NOTFOUND after the last. CORRUPT: a part cannot be read; the next call goes on
 * behind it. */
ARKV_API int arkv_reader_next(struct arkv_reader *r, struct arkv_item *item,
			      struct arkv_error *error);
/* One record, by its key; arkv_reader_next is not moved by it. */
ARKV_API int arkv_reader_get(struct arkv_reader *r, const void *space, size_t space_len,
			     const void *key, size_t key_len, struct arkv_item *item,
			     struct arkv_error *error);
/* Takes a piece of a value; anything but 0 ends the reading with CANCELLED. */
typedef int arkv_value_fn(void *ctx, const void *bytes, size_t len);
/* The value of the record that next or get gave last, in order, value_len bytes in all. */
ARKV_API int arkv_reader_value(struct arkv_reader *r, arkv_value_fn *fn, void *ctx,
			       struct arkv_error *error);

/* ---- jobs ---- */

/* What every job may be given. */
struct arkv_callbacks {
	void *ctx;
	/* Now and then; phase is static text. bytes_total is 0 when unknown. */
	void (*progress)(void *ctx, const char *phase, uint64_t records, uint64_t bytes,
			 uint64_t bytes_total);
	/* A line that people should see although the job goes on. */
	void (*warn)(void *ctx, const char *text);
	/* Asked often; anything but 0 ends the job soon, with CANCELLED. */
	int (*cancelled)(void *ctx);
};

/* Hands over the caller's records, in any order: 0 with a record in *item and its value in *value
 * (both borrowed until the next call), 1 when there are no more, anything else to give up. */
typedef int arkv_next_fn(void *ctx, struct arkv_item *item, const void **value);

struct arkv_backup_request {
	const char *source; /* "jsonl:FILE", "dir:FOLDER"; NULL: records come from next */
	arkv_next_fn *next;
	void *next_ctx;
	const char *name;    /* of the source in the repository; needed with next */
	const char *host;    /* shown with the archive; may be NULL */
	size_t memory_bytes; /* 0: 256 MiB; at least 64 MiB */
	const struct arkv_callbacks *callbacks; /* may be NULL */
};

/* Makes an archive of all records of the source. *summary (may be NULL) describes it. ARKV_OK with
 * summary->is_incomplete: records were refused, each named through warn. */
ARKV_API int arkv_run_backup(struct arkv *a, const struct arkv_backup_request *request,
			     struct arkv_summary *summary, struct arkv_error *error);

struct arkv_restore_request {
	const char *reference; /* as for arkv_reader_open */
	const char *source;
	const char *target; /* "jsonl:FILE", "dir:FOLDER" */
	int on_conflict;    /* 0 fail, 1 skip, 2 replace */
	int dry_run;
	const struct arkv_callbacks *callbacks;
};

struct arkv_restore_summary {
	uint64_t created;
	uint64_t replaced;
	uint64_t skipped;
	uint64_t same;
	uint64_t refused;    /* by the target */
	uint64_t unreadable; /* damaged in the repository */
};

ARKV_API int arkv_run_restore(struct arkv *a, const struct arkv_restore_request *request,
			      struct arkv_restore_summary *summary, struct arkv_error *error);

struct arkv_verify_request {
	int read_data; /* 0: everything is there; 1: every byte is what was written */
	/* One line for each damage: the object, what is wrong, how many entries it touches. */
	void (*damage)(void *ctx, const char *object, const char *what, uint64_t entries);
	void *damage_ctx;
	const struct arkv_callbacks *callbacks;
};

/* *damages: how many were found. ARKV_OK means that everything could be looked at. */
ARKV_API int arkv_run_verify(struct arkv *a, const struct arkv_verify_request *request,
			     uint64_t *damages, struct arkv_error *error);

#ifdef __cplusplus
}
#endif
