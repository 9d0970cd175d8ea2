/*
 * source.h - where records come from: the contract between a source and a backup.
 *
 * A source knows its own store and nothing of repositories; it hands each record to a sink. A value
 * comes whole or in pieces, so that the largest one never has to be in memory; its key may be known
 * only after its bytes (a JSON line may end with its key), which is why the record comes with the
 * last call. A source is used by one thread.
 */
#pragma once

#include "format/err.h"
#include "format/record.h"

/* Takes what a scan finds. Spans are borrowed for the call. Any code but OK ends the scan with that
 * code. */
struct arkv_sink {
	/* A record with its whole value; r->value_len equals value.len. The sink checks nothing
	 * that the limits of record.h say: the source has refused what passes them. */
	enum ark_rc (*record)(struct arkv_sink *sink, const struct ark_record *r,
			      struct ark_span value, struct ark_err *err);
	/* A value in pieces: piece calls (any number, any sizes), then record_end with the sum of
	 * their lengths in r->value_len, or drop when the record turns out to be unusable. */
	enum ark_rc (*piece)(struct arkv_sink *sink, struct ark_span bytes, struct ark_err *err);
	enum ark_rc (*record_end)(struct arkv_sink *sink, const struct ark_record *r,
				  struct ark_err *err);
	void (*drop)(struct arkv_sink *sink);
	/* A record (or what should be one) that could not be read: counted, and shown with its
	 * text; the archive is then incomplete (exit status 3). key may be empty when it is
	 * unknown. */
	enum ark_rc (*refused)(struct arkv_sink *sink, struct ark_span key, const char *why,
			       struct ark_err *err);
	/* Called by a source that reads much without finding a record; progress and cancellation.
	 * bytes: how much of the source has been read so far in all. */
	enum ark_rc (*tick)(struct arkv_sink *sink, uint64_t source_bytes, struct ark_err *err);
};

enum arkv_source_caps {
	ARKV_SOURCE_ORDERED = 1 << 0,	/* records come sorted by space, then key */
	ARKV_SOURCE_POINT = 1 << 1,	/* the scan shows one moment */
	ARKV_SOURCE_CHANGES = 1 << 2,	/* can deliver only what changed */
};

/* Kept in the manifest (spec/09-manifest.md). */
enum arkv_consistency {
	ARKV_CONSISTENCY_UNKNOWN = 0, /* the source cannot tell (a pipe) */
	ARKV_CONSISTENCY_POINT = 1,   /* all records as of one moment */
	ARKV_CONSISTENCY_RECORD = 2,  /* each record whole, the set spread over the scan window */
	ARKV_CONSISTENCY_FUZZY = 3,   /* a record itself may mix states */
};

struct arkv_source;

struct arkv_source_info {
	char identity[512];	/* the URL without credentials: the default --name */
	uint64_t size_hint;	/* bytes to read, 0 when unknown: progress, free-space check */
	uint64_t count_hint;	/* records, 0 when unknown */
	unsigned caps;		/* enum arkv_source_caps */
	enum arkv_consistency consistency;
};

struct arkv_source_ops {
	const char *kind;
	/* Connects or opens; fills info. NOTFOUND, DENIED, IO: the message names the place. */
	enum ark_rc (*open)(struct arkv_source *s, struct arkv_source_info *info,
			    struct ark_err *err);
	/* Delivers every record once, in any order. CORRUPT with position ("line 17, column 3")
	 * when the input is not what it should be. May be called again after it returned, when
	 * rewindable. */
	enum ark_rc (*scan)(struct arkv_source *s, struct arkv_sink *sink, struct ark_err *err);
	void (*free)(struct arkv_source *s);
	/* Optional (NULL: as info said). What the consistency turned out to be, once scan has
	 * returned: a file that changed while it was read shows no one moment. Read it through
	 * arkv_source_consistency. */
	enum arkv_consistency (*consistency)(const struct arkv_source *s);
};

struct arkv_source {
	const struct arkv_source_ops *ops;
};

/* The consistency to be recorded after a scan; info is what open gave. */
enum arkv_consistency arkv_source_consistency(const struct arkv_source *s,
					      const struct arkv_source_info *info);
void arkv_source_free(struct arkv_source *s);
void arkv_source_freep(struct arkv_source **s);

/* A kind of source, as the registry lists it. prefix is what its URLs start with ("jsonl:"). */
struct arkv_source_kind {
	const char *prefix;
	const char *form; /* for the help text: "jsonl:FILE|-" */
	enum ark_rc (*make)(struct arkv_source **out, const char *url, struct ark_err *err);
};
