/* mdb.c - see mdb.h. */
#include "libarchive-kv/mdb.h"

#include "libarchive-kv/cachedir.h"
#include "libarchive-kv/mdb_check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_MAX_LEN = 4096, GROW_TRIES = 48, RESIZE_TRIES = 16 };
#define MAP_MIN (UINT64_C(16) << 20)
#define MAP_MAX (UINT64_C(1) << 44)
/* Where in the data file a process marks that it has it open: far behind any data. */
#define GUARD_OFF (INT64_C(1) << 48)

static const char layout_key[] = { 0, 'l', 'a', 'y', 'o', 'u', 't' };

struct arkv_mdb {
	MDB_env *env;
	int guard_fd;	      /* the data file, with this process's mark */
	pthread_rwlock_t map; /* held for reading by transactions, for writing to move the map */
	bool map_lost;	      /* it could not be made again: nothing may touch env any more */
	size_t db_count;
	MDB_dbi db[ARKV_MDB_DBS_MAX];
	char path[PATH_MAX_LEN];
};

enum ark_rc arkv_mdb_rc(int mdb_rc, const char *doing, struct ark_err *err)
{
	enum ark_rc rc = ARK_CORRUPT;
	if (mdb_rc == 0)
		return ARK_OK;
	if (mdb_rc > 0)
		return ark_fail_sys(err, ark_rc_of_errno(mdb_rc), mdb_rc, "LMDB: %s", doing);
	if (mdb_rc == MDB_NOTFOUND)
		rc = ARK_NOTFOUND;
	else if (mdb_rc == MDB_KEYEXIST)
		rc = ARK_EXISTS;
	else if (mdb_rc == MDB_MAP_FULL)
		rc = ARK_LIMIT;
	else if (mdb_rc == MDB_READERS_FULL)
		rc = ARK_AGAIN;
	return ark_fail(err, rc, "LMDB: %s: %s", doing, mdb_strerror(mdb_rc));
}

MDB_dbi arkv_mdb_db(const struct arkv_mdb *mdb, size_t i)
{
	return mdb->db[i];
}

size_t arkv_mdb_batch(MDB_txn *txn, MDB_dbi dbi, size_t count)
{
	MDB_stat st;
	const bool fits = !mdb_stat(txn, dbi, &st) &&
			  st.ms_leaf_pages + st.ms_branch_pages + count / 16 < ARKV_MDB_BATCH;
	return fits || count < ARKV_MDB_BATCH ? count : ARKV_MDB_BATCH;
}

/* ---- transactions ---- */

static enum ark_rc map_move(struct arkv_mdb *mdb, uint64_t size, struct ark_err *err)
{
	pthread_rwlock_wrlock(&mdb->map);
	int sys = mdb->map_lost ? EIO : mdb_env_set_mapsize(mdb->env, (size_t)size);
	mdb->map_lost |= sys != 0;
	pthread_rwlock_unlock(&mdb->map);
	return arkv_mdb_rc(sys, "mapping more of the file", err);
}

static enum ark_rc map_grow(struct arkv_mdb *mdb, uint64_t seen_size, struct ark_err *err)
{
	if (seen_size >= MAP_MAX)
		return ark_fail(err, ARK_NOSPACE, "LMDB: the file is larger than 16 TiB");
	return map_move(mdb, seen_size * 2, err);
}

static uint64_t map_size(const struct arkv_mdb *mdb)
{
	MDB_envinfo info;
	return mdb_env_info(mdb->env, &info) ? MAP_MIN : info.me_mapsize;
}

/* Begins a transaction with the map held: end it with txn_end. */
static enum ark_rc txn_begin(struct arkv_mdb *mdb, unsigned flags, MDB_txn **txn,
			     struct ark_err *err)
{
	for (int i = 0; i < RESIZE_TRIES; i++) {
		pthread_rwlock_rdlock(&mdb->map);
		int sys = mdb->map_lost ? EIO : mdb_txn_begin(mdb->env, NULL, flags, txn);
		if (sys == 0)
			return ARK_OK;
		pthread_rwlock_unlock(&mdb->map);
		if (sys != MDB_MAP_RESIZED)
			return arkv_mdb_rc(sys, "beginning", err);
		enum ark_rc rc = map_move(mdb, 0, err); /* another process has made it larger */
		if (rc)
			return rc;
	}
	return ark_fail(err, ARK_AGAIN, "LMDB: the file grows faster than it can be mapped");
}

static enum ark_rc txn_end(struct arkv_mdb *mdb, MDB_txn *txn, enum ark_rc rc, struct ark_err *err)
{
	if (rc)
		mdb_txn_abort(txn);
	else
		rc = arkv_mdb_rc(mdb_txn_commit(txn), "committing", err);
	pthread_rwlock_unlock(&mdb->map);
	return rc;
}

static enum ark_rc named(const struct arkv_mdb *mdb, enum ark_rc rc, struct ark_err *err)
{
	if (rc && rc != ARK_NOTFOUND)
		ark_err_prefix(err, "%s", mdb->path);
	return rc;
}

enum ark_rc arkv_mdb_read(struct arkv_mdb *mdb, arkv_mdb_fn *fn, void *ctx, struct ark_err *err)
{
	MDB_txn *txn = NULL;
	enum ark_rc rc = txn_begin(mdb, MDB_RDONLY, &txn, err);
	if (!rc) {
		rc = fn(ctx, txn, err);
		mdb_txn_abort(txn);
		pthread_rwlock_unlock(&mdb->map);
	}
	return named(mdb, rc, err);
}

enum ark_rc arkv_mdb_write(struct arkv_mdb *mdb, arkv_mdb_fn *fn, void *ctx, struct ark_err *err)
{
	enum ark_rc rc = ARK_LIMIT;
	for (int i = 0; i < GROW_TRIES && rc == ARK_LIMIT; i++) {
		MDB_txn *txn = NULL;
		uint64_t seen_size = 0;
		rc = txn_begin(mdb, 0, &txn, err);
		if (rc)
			break;
		seen_size = map_size(mdb);
		rc = txn_end(mdb, txn, fn(ctx, txn, err), err);
		if (rc == ARK_LIMIT && map_grow(mdb, seen_size, err))
			rc = ARK_NOSPACE;
	}
	return named(mdb, rc, err);
}

/* ---- opening ---- */

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void arkv_mdb_freep(struct arkv_mdb **mdb)
{
	struct arkv_mdb *m = *mdb;
	if (!m)
		return;
	if (m->env)
		mdb_env_close(m->env);
	closep(&m->guard_fd);
	pthread_rwlock_destroy(&m->map);
	free(m);
	*mdb = NULL;
}

/* The folder of path; false when path is too long. */
static bool folder_of(char out[PATH_MAX_LEN], const char *path)
{
	const char *slash = strrchr(path, '/');
	int len = slash ? snprintf(out, PATH_MAX_LEN, "%.*s/", (int)(slash - path), path)
			: snprintf(out, PATH_MAX_LEN, "./");
	return len >= 0 && len + (int)sizeof ".lock" < PATH_MAX_LEN &&
	       strlen(path) + sizeof "-lock" < PATH_MAX_LEN;
}

/* Nobody else makes, opens or removes in this folder while *fd is open. */
static enum ark_rc folder_lock(int *fd, const char *path, struct ark_err *err)
{
	char name[PATH_MAX_LEN];
	if (!folder_of(name, path))
		return ark_fail(err, ARK_LIMIT, "%s: the path is too long", path);
	enum ark_rc rc = arkv_cachedir_check(name, err);
	if (rc)
		return rc;
	memcpy(name + strlen(name), ".lock", sizeof ".lock");
	ARK_AUTO(closep)
	int f = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int sys = f < 0 ? errno : 0;
	while (!sys && flock(f, LOCK_EX))
		sys = errno == EINTR ? 0 : errno;
	if (sys)
		return ark_fail_sys(err, ark_rc_of_errno(sys), sys, "%s: cannot be locked", name);
	*fd = f;
	f = -1;
	return ARK_OK;
}

/* With the folder's lock held. */
static enum ark_rc remove_both(const char *path, struct ark_err *err)
{
	char lock[PATH_MAX_LEN];
	snprintf(lock, sizeof lock, "%s-lock", path);
	if ((unlink(path) && errno != ENOENT) || (unlink(lock) && errno != ENOENT))
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno, "%s: cannot be removed",
				    path);
	return ARK_OK;
}

enum ark_rc arkv_mdb_remove(const char *path, struct ark_err *err)
{
	ARK_AUTO(closep) int lock_fd = -1;
	enum ark_rc rc = folder_lock(&lock_fd, path, err);
	return rc ? rc : remove_both(path, err);
}

/* With the folder's lock held: whether some process has left its mark. */
static bool has_guard(const char *path)
{
	ARK_AUTO(closep) int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = GUARD_OFF };
	return fd >= 0 && (fcntl(fd, F_OFD_GETLK, &lock) || lock.l_type != F_UNLCK);
}

enum ark_rc arkv_mdb_remove_stale(const char *path, struct ark_err *err)
{
	ARK_AUTO(closep) int lock_fd = -1;
	enum ark_rc rc = folder_lock(&lock_fd, path, err);
	return rc || has_guard(path) ? rc : remove_both(path, err);
}

/* Opens the data file and leaves this process's mark on it: a lock of the open file, which other
 * handles of this process cannot get, at an offset that other processes do not use. */
static enum ark_rc guard_take(struct arkv_mdb *mdb, bool create, struct ark_err *err)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0);
	mdb->guard_fd = open(mdb->path, flags, 0600);
	if (mdb->guard_fd < 0)
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno, "%s: cannot be opened",
				    mdb->path);
	struct stat st;
	if (fstat(mdb->guard_fd, &st) || !S_ISREG(st.st_mode))
		return ark_fail(err, ARK_IO, "%s: is no plain file: remove it", mdb->path);
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = GUARD_OFF + getpid(), .l_len = 1
	};
	if (!fcntl(mdb->guard_fd, F_OFD_SETLK, &lock))
		return ARK_OK;
	if (errno == EAGAIN || errno == EACCES)
		return ark_fail(err, ARK_EXISTS, "%s: this process has it open already", mdb->path);
	return ark_fail_sys(err, ARK_IO, errno, "%s: cannot be locked", mdb->path);
}

static enum ark_rc env_open(struct arkv_mdb *mdb, const struct arkv_mdb_options *options,
			    struct ark_err *err)
{
	struct stat st = { .st_size = 0 };
	uint64_t size = MAP_MIN;
	enum ark_rc rc = arkv_mdb_check_meta(mdb->guard_fd, err);
	if (!rc && fstat(mdb->guard_fd, &st) == 0 && st.st_size == 0 && options->read_only)
		rc = ark_fail(err, ARK_CORRUPT, "is empty");
	if (rc)
		return rc;
	if ((uint64_t)st.st_size > MAP_MIN / 2)
		size = ((uint64_t)st.st_size / MAP_MIN + 1) * 2 * MAP_MIN;
	int sys = mdb_env_create(&mdb->env);
	if (!sys)
		sys = mdb_env_set_mapsize(mdb->env, (size_t)size);
	if (!sys)
		sys = mdb_env_set_maxdbs(mdb->env, ARKV_MDB_DBS_MAX);
	if (!sys)
		sys = mdb_env_open(mdb->env, mdb->path,
				   MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD |
					   (options->read_only ? MDB_RDONLY : 0),
				   0600);
	int dead = 0;
	if (!sys)
		sys = mdb_reader_check(mdb->env, &dead); /* snapshots of killed processes */
	return arkv_mdb_rc(sys, "opening", err);
}

struct begin {
	struct arkv_mdb *mdb;
	const struct arkv_mdb_options *options;
	bool is_new;
};

static enum ark_rc look_through(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct begin *b = ctx;
	MDB_stat st;
	enum ark_rc rc = arkv_mdb_check_pages(b->mdb->guard_fd, mdb_txn_id(txn), err);
	if (rc)
		return rc;
	MDB_dbi main_db;
	int sys = mdb_dbi_open(txn, NULL, 0, &main_db);
	if (!sys)
		sys = mdb_stat(txn, main_db, &st);
	b->is_new = !sys && st.ms_entries == 0;
	return arkv_mdb_rc(sys, "opening the main database", err);
}

static enum ark_rc layout_check(MDB_txn *txn, MDB_dbi main_db, const char *layout,
				struct ark_err *err)
{
	MDB_val key = arkv_mdb_val(ark_span(layout_key, sizeof layout_key)), value;
	int sys = mdb_get(txn, main_db, &key, &value);
	if (sys && sys != MDB_NOTFOUND)
		return arkv_mdb_rc(sys, "reading the layout", err);
	if (sys || !ark_span_eq(ark_span(value.mv_data, value.mv_size), ark_span_str(layout)))
		return ark_fail(err, ARK_CORRUPT, "is not of the layout \"%s\"", layout);
	return ARK_OK;
}

/* Writes the layout of a new file, checks that of another; opens the databases. */
static enum ark_rc begin(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct begin *b = ctx;
	const struct arkv_mdb_options *options = b->options;
	struct arkv_mdb *mdb = b->mdb;
	enum ark_rc rc = arkv_mdb_rc(mdb_dbi_open(txn, NULL, 0, &mdb->db[0]),
				     "opening the main database", err);
	if (!rc && b->is_new) {
		MDB_val key = arkv_mdb_val(ark_span(layout_key, sizeof layout_key));
		MDB_val value = arkv_mdb_val(ark_span_str(options->layout));
		rc = arkv_mdb_rc(mdb_put(txn, mdb->db[0], &key, &value, 0), "writing the layout",
				 err);
	} else if (!rc) {
		rc = layout_check(txn, mdb->db[0], options->layout, err);
	}
	mdb->db_count = 0;
	for (const char *const *name = options->dbs; name && *name && !rc; name++) {
		int sys = mdb_dbi_open(txn, *name, options->read_only ? 0 : MDB_CREATE,
				       &mdb->db[mdb->db_count++]);
		if (sys == MDB_NOTFOUND)
			sys = MDB_INCOMPATIBLE;
		rc = arkv_mdb_rc(sys, "opening a sub-database", err);
	}
	return rc;
}

/* A file that was never written has no layout and nothing else. */
static enum ark_rc begin_read_only(struct begin *b, struct ark_err *err)
{
	if (b->is_new)
		return ark_fail(err, ARK_CORRUPT, "is empty");
	MDB_txn *txn = NULL;
	enum ark_rc rc = txn_begin(b->mdb, MDB_RDONLY, &txn, err);
	return rc ? rc : txn_end(b->mdb, txn, begin(b, txn, err), err); /* keeps the handles */
}

static enum ark_rc open_once(struct arkv_mdb **out, const char *path,
			     const struct arkv_mdb_options *options, struct ark_err *err)
{
	ARK_AUTO(arkv_mdb_freep) struct arkv_mdb *mdb = calloc(1, sizeof *mdb);
	if (!mdb)
		return ark_fail(err, ARK_NOMEM, "%s: out of memory", path);
	mdb->guard_fd = -1;
	pthread_rwlock_init(&mdb->map, NULL);
	snprintf(mdb->path, sizeof mdb->path, "%s", path);
	enum ark_rc rc = guard_take(mdb, !options->read_only, err);
	if (rc)
		return rc;
	struct begin b = { .mdb = mdb, .options = options };
	rc = named(mdb, env_open(mdb, options, err), err);
	if (!rc)
		rc = arkv_mdb_read(mdb, look_through, &b, err);
	if (!rc && options->read_only)
		rc = named(mdb, begin_read_only(&b, err), err);
	else if (!rc)
		rc = arkv_mdb_write(mdb, begin, &b, err);
	if (rc)
		return rc;
	*out = mdb;
	mdb = NULL;
	return ARK_OK;
}

enum ark_rc arkv_mdb_open(struct arkv_mdb **out, const char *path,
			  const struct arkv_mdb_options *options, struct ark_err *err)
{
	ARK_AUTO(closep) int lock_fd = -1;
	enum ark_rc rc = folder_lock(&lock_fd, path, err);
	if (!rc)
		rc = open_once(out, path, options, err);
	if (rc != ARK_CORRUPT || !options->rebuildable)
		return rc;
	rc = remove_both(path, err);
	if (rc)
		return rc;
	if (options->read_only)
		return ark_fail(err, ARK_NOTFOUND, "%s: was damaged, and has been removed", path);
	return open_once(out, path, options, err);
}
