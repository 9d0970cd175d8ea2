/*
 * files.h - small files of this host: lists of keys, keys, passwords.
 */
#pragma once

#include "libarchive-kv/buf.h"
#include "libarchive-kv/secret.h"

#include <stdio.h>

/* For ARK_AUTO; NULL is fine. */
void cli_closep(FILE **file);
/* The whole of a file, "-" for stdin: at most max bytes, else LIMIT. what names it in messages.
 * Others as their errno says. */
enum ark_rc cli_file_read(struct ark_buf *out, const char *path, const char *what, size_t max,
			  struct ark_err *err) ARK_CHECK;
/* The same in guarded memory, for passwords and keys. fd is read to its end and stays open. */
enum ark_rc cli_secret_read(struct ark_secret *out, const char *path, const char *what, size_t max,
			    struct ark_err *err) ARK_CHECK;
enum ark_rc cli_secret_read_fd(struct ark_secret *out, int fd, const char *what, size_t max,
			       struct ark_err *err) ARK_CHECK;
/* Makes an empty file that only this user can read: EXISTS when it is there. So a key is only made
 * once there is a place for it. Removed by cli_secret_drop when nothing came of it. */
enum ark_rc cli_secret_reserve(const char *path, struct ark_err *err) ARK_CHECK;
void cli_secret_drop(const char *path);
/* Fills such a file, and flushes it to disk. "-": stdout. */
enum ark_rc cli_secret_write(const char *path, struct ark_span bytes, struct ark_err *err)
	ARK_CHECK;
/* True when others than the owner may read the regular file. */
bool cli_file_is_open_to_others(const char *path);
