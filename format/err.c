/* err.c - see err.h. */
#include "format/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *ark_rc_name(enum ark_rc rc)
{
	switch (rc) {
	case ARK_OK: return "ok";
	case ARK_NOTFOUND: return "not found";
	case ARK_EXISTS: return "exists";
	case ARK_CORRUPT: return "corrupt";
	case ARK_AUTH: return "wrong key";
	case ARK_UNSUPPORTED: return "unsupported";
	case ARK_LIMIT: return "too large";
	case ARK_AGAIN: return "try again";
	case ARK_DENIED: return "denied";
	case ARK_NOSPACE: return "no space";
	case ARK_IO: return "input/output error";
	case ARK_NOMEM: return "out of memory";
	case ARK_CANCELLED: return "cancelled";
	case ARK_USAGE: return "usage";
	}
	return "unknown";
}

static void text_append(struct ark_err *err, const char *more)
{
	size_t have = strlen(err->text);
	size_t room = sizeof err->text - 1 - have;
	size_t n = strlen(more);
	if (n > room)
		n = room;
	memcpy(err->text + have, more, n);
	err->text[have + n] = '\0';
}

enum ark_rc ark_fail_at(struct ark_err *err, enum ark_rc rc, int sys, const char *file, int line,
			const char *format, ...)
{
	if (!err)
		return rc;
	err->rc = rc;
	err->sys = sys;
	err->in_doubt = false;
	err->file = file;
	err->line = line;
	va_list ap;
	va_start(ap, format);
	if (vsnprintf(err->text, sizeof err->text, format, ap) < 0)
		err->text[0] = '\0';
	va_end(ap);
	if (sys) {
		text_append(err, ": ");
		text_append(err, strerror(sys));
	}
	return rc;
}

enum ark_rc ark_err_prefix(struct ark_err *err, const char *format, ...)
{
	if (!err)
		return ARK_IO;
	char noun[ARK_ERR_TEXT_MAX];
	va_list ap;
	va_start(ap, format);
	int len = vsnprintf(noun, sizeof noun - 2, format, ap);
	va_end(ap);
	if (len <= 0)
		return err->rc;
	size_t head = strlen(noun);
	memcpy(noun + head, ": ", 3);
	head += 2;
	size_t body = strlen(err->text);
	if (body > sizeof err->text - 1 - head)
		body = sizeof err->text - 1 - head;
	memmove(err->text + head, err->text, body);
	memcpy(err->text, noun, head);
	err->text[head + body] = '\0';
	return err->rc;
}

enum ark_rc ark_rc_of_errno(int sys)
{
	switch (sys) {
	case ENOENT: return ARK_NOTFOUND;
	case EEXIST: return ARK_EXISTS;
	case EACCES:
	case EPERM:
	case EROFS: return ARK_DENIED;
	case ENOSPC:
	case EDQUOT:
	case EFBIG: return ARK_NOSPACE;
	case ENOMEM: return ARK_NOMEM;
	case EINTR:
	case EAGAIN: return ARK_AGAIN;
	default: return ARK_IO;
	}
}
