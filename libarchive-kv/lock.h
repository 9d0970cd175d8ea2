/*
 * lock.h - one backup of a source at a time on this host.
 *
 * A lock is a file in the cache folder, held with flock(2), with the holder's process id inside for
 * messages. It ends with the process, however that ends. Other hosts are not kept out: two of them
 * under one name fork the chain of archives, which is found later.
 */
#pragma once

#include "format/err.h"

struct arkv_lock;

/* Takes the lock of source in the folder dir. EXISTS: another one holds it, whose process id is in
 * the text; also another handle of this process. DENIED, NOSPACE, IO: the text names the file. */
enum ark_rc arkv_lock_take(struct arkv_lock **out, const char *dir, const char *source,
			   struct ark_err *err) ARK_CHECK;
/* Gives it back and removes the file. NULL is fine. */
void arkv_lock_freep(struct arkv_lock **lock);
