/* spool.c - see spool.h. */
#include "libarchive-kv/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WRITE_LEN = 256 * 1024 };

struct arkv_spool {
	struct arkv_sha256 *sha;
	char *dir;
	struct ark_buf pending;
	uint64_t len; /* with what is pending */
	int fd;
};

enum ark_rc arkv_spool_file(int *out, const char *dir, struct ark_err *err)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) { /* a file system without O_TMPFILE */
		char path[4096];
		int len = snprintf(path, sizeof path, "%s/spool-XXXXXX", dir);
		if (len < 0 || (size_t)len >= sizeof path)
			errno = ENAMETOOLONG;
		else
			fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			(void)unlink(path);
	}
	if (fd < 0)
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno, "cannot make a file in %s",
				    dir);
	*out = fd;
	return ARK_OK;
}

enum ark_rc arkv_spool_file_write(int fd, struct ark_span bytes, const char *dir,
				  struct ark_err *err)
{
	for (size_t done = 0; done < bytes.len;) {
		ssize_t n = write(fd, bytes.p + done, bytes.len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ark_fail_sys(err, ark_rc_of_errno(errno), errno,
					    "writing a file in %s", dir);
		done += (size_t)n;
	}
	return ARK_OK;
}

enum ark_rc arkv_spool_new(struct arkv_spool **out, const char *dir, struct ark_err *err)
{
	ARK_AUTO(arkv_spool_freep) struct arkv_spool *s = calloc(1, sizeof *s);
	if (!s)
		return ark_fail(err, ARK_NOMEM, "spool: out of memory");
	s->fd = -1;
	ark_buf_init(&s->pending);
	s->dir = strdup(dir);
	enum ark_rc rc = arkv_sha256_new(&s->sha, err);
	if (!rc)
		rc = ark_buf_reserve(&s->pending, WRITE_LEN, err);
	if (rc || !s->dir)
		return rc ? rc : ark_fail(err, ARK_NOMEM, "spool: out of memory");
	rc = arkv_spool_file(&s->fd, dir, err);
	if (rc)
		return rc;
	*out = s;
	s = NULL;
	return ARK_OK;
}

void arkv_spool_freep(struct arkv_spool **p)
{
	struct arkv_spool *s = *p;
	if (!s)
		return;
	if (s->fd >= 0)
		(void)close(s->fd);
	ark_buf_release(&s->pending);
	arkv_sha256_freep(&s->sha);
	free(s->dir);
	free(s);
	*p = NULL;
}

static enum ark_rc flush(struct arkv_spool *s, struct ark_err *err)
{
	enum ark_rc rc = arkv_spool_file_write(s->fd, ark_buf_span(&s->pending), s->dir, err);
	ark_buf_clear(&s->pending);
	return rc;
}

enum ark_rc arkv_spool_write(struct arkv_spool *s, struct ark_span bytes, struct ark_err *err)
{
	arkv_sha256_update(s->sha, bytes);
	s->len += bytes.len;
	if (s->pending.wr.len + bytes.len > WRITE_LEN) {
		enum ark_rc rc = flush(s, err);
		if (rc || bytes.len > WRITE_LEN)
			return rc ? rc : arkv_spool_file_write(s->fd, bytes, s->dir, err);
	}
	ark_wr_bytes(&s->pending.wr, bytes);
	return ark_buf_check(&s->pending, "spool", err);
}

uint64_t arkv_spool_len(const struct arkv_spool *s)
{
	return s->len;
}

enum ark_rc arkv_spool_end(struct arkv_spool *s, struct ark_id *sha256, struct ark_err *err)
{
	arkv_sha256_final(s->sha, sha256);
	return flush(s, err);
}

enum ark_rc arkv_spool_put(const struct arkv_spool *s, struct arkv_store *store, const char *prefix,
			   const struct ark_id *name, struct ark_err *err)
{
	char full[ARKV_NAME_MAX + 1];
	snprintf(full, sizeof full, "%s%s", prefix, ark_id_hex(name).s);
	void *map = mmap(NULL, (size_t)s->len, PROT_READ, MAP_SHARED, s->fd, 0);
	if (map == MAP_FAILED)
		return ark_fail_sys(err, ARK_IO, errno, "mapping a file in %s", s->dir);
	enum ark_rc rc = arkv_store_put(store, full, ark_span(map, (size_t)s->len), err);
	(void)munmap(map, (size_t)s->len);
	return rc ? ark_err_prefix(err, "%s", full) : ARK_OK;
}
