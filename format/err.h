/*
 * err.h - the one error vocabulary of the project.
 *
 * A return code answers "what should the caller do"; struct ark_err carries the story for people.
 * Only the place that sees the cause calls ark_fail(); each level above may add one noun in front
 * with ark_err_prefix(). Nothing here allocates, prints or touches errno.
 */
#pragma once

#include "format/macros.h"

enum ark_rc {
	ARK_OK = 0,
	ARK_NOTFOUND,	 /* it is not there, on the word of whoever holds it */
	ARK_EXISTS,	 /* it is there already, and was left as it is */
	ARK_CORRUPT,	 /* the bytes cannot be what was written: treat as damage */
	ARK_AUTH,	 /* wrong key or passphrase, or a seal that does not open */
	ARK_UNSUPPORTED, /* valid for a later version or another build: upgrade */
	ARK_LIMIT,	 /* larger than a documented maximum */
	ARK_AGAIN,	 /* may work when tried again */
	ARK_DENIED,	 /* the other side refuses: rights are missing */
	ARK_NOSPACE,	 /* the disk or quota is full */
	ARK_IO,		 /* any other failure of the world; err->sys has errno if there was one */
	ARK_NOMEM,	 /* out of memory */
	ARK_CANCELLED,	 /* the caller asked to stop */
	ARK_USAGE,	 /* the arguments make no sense together */
};

enum { ARK_ERR_TEXT_MAX = 256 };

struct ark_err {
	enum ark_rc rc;
	int sys;	 /* errno at the cause, or 0 */
	bool in_doubt;	 /* a write may have happened although it failed */
	const char *file; /* where ark_fail() was called; static storage */
	int line;
	char text[ARK_ERR_TEXT_MAX]; /* always terminated; long text is cut at its end */
};

/* "not found", "corrupt" ...: a short lower-case name; never NULL. */
const char *ark_rc_name(enum ark_rc rc);

/* Records a failure and returns rc, so that "return ark_fail(...)" reads as one step. err may
 * be NULL. */
#define ark_fail(err, rc, ...) ark_fail_at(err, rc, 0, __FILE__, __LINE__, __VA_ARGS__)
/* The same for a failed system call: keeps sys and appends its text (": No space left on
 * device"). */
#define ark_fail_sys(err, rc, sys, ...) ark_fail_at(err, rc, sys, __FILE__, __LINE__, __VA_ARGS__)

enum ark_rc ark_fail_at(struct ark_err *err, enum ark_rc rc, int sys, const char *file, int line,
			const char *format, ...) ARK_PRINTF(6, 7);

/* Puts "noun: " in front of the text and returns err->rc. err may be NULL: then the result is
 * ARK_IO. */
enum ark_rc ark_err_prefix(struct ark_err *err, const char *format, ...) ARK_PRINTF(2, 3);

/* The code that fits an errno of a file operation: ENOENT NOTFOUND, EEXIST EXISTS, EACCES EPERM
 * EROFS DENIED, ENOSPC EDQUOT EFBIG NOSPACE, ENOMEM NOMEM, EINTR EAGAIN AGAIN, all else IO. */
enum ark_rc ark_rc_of_errno(int sys);
