/* cachedir.c - see cachedir.h. */
#include "libarchive-kv/cachedir.h"

#include "libarchive-kv/crypt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { STORE_DIGITS = 16 };

static const char tag_text[] =
	"Signature: 8a477f597d28d172789f06886806bc55\n"
	"# A cache of arkv: it can be removed at any time and is made anew.\n"
	"# See https://bford.info/cachedir/\n";

/* ---- file systems ---- */

/* Types as in statfs(2) and the kernel's linux/magic.h. */
static const struct {
	uint32_t type;
	const char *name;
} network_fs[] = {
	{ 0x6969, "NFS" },	  { 0xff534d42, "CIFS" },  { 0xfe534d42, "SMB" },
	{ 0x517b, "SMB" },	  { 0x65735546, "FUSE" },  { 0x01021997, "9P" },
	{ 0x00c36400, "Ceph" },	  { 0x5346414f, "AFS" },   { 0x6b414653, "AFS" },
	{ 0x73757245, "Coda" },	  { 0x564c, "NCP" },	   { 0x0bd00bd0, "Lustre" },
	{ 0x01161970, "GFS2" },	  { 0x7461636f, "OCFS2" }, { 0x47504653, "GPFS" },
	{ 0x19830326, "BeeGFS" },
};

const char *arkv_network_fs(uint32_t type)
{
	for (size_t i = 0; i < sizeof network_fs / sizeof network_fs[0]; i++)
		if (network_fs[i].type == type)
			return network_fs[i].name;
	return NULL;
}

enum ark_rc arkv_cachedir_check(const char *path, struct ark_err *err)
{
	struct statfs st;
	if (statfs(path, &st))
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno,
				    "%s: cannot tell its file system", path);
	const char *name = arkv_network_fs((uint32_t)st.f_type);
	if (!name)
		return ARK_OK;
	return ark_fail(err, ARK_UNSUPPORTED,
			"%s: lies on %s, where a cache cannot be kept: pass --cache-dir with a "
			"folder on a disk of this host",
			path, name);
}

enum ark_rc arkv_free_space(const char *path, uint64_t *bytes, struct ark_err *err)
{
	struct statvfs st;
	if (statvfs(path, &st))
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno,
				    "%s: cannot tell its free space", path);
	uint64_t free_bytes;
	if (__builtin_mul_overflow((uint64_t)st.f_bavail, (uint64_t)st.f_frsize, &free_bytes))
		free_bytes = UINT64_MAX;
	*bytes = free_bytes;
	return ARK_OK;
}

/* ---- folders ---- */

static void free_text(char **text)
{
	free(*text);
}

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static enum ark_rc make_one(const char *path, struct ark_err *err)
{
	if (!mkdir(path, 0700) || errno == EEXIST)
		return ARK_OK;
	return ark_fail_sys(err, ark_rc_of_errno(errno), errno,
			    "%s: this cache folder cannot be made: pass --cache-dir with one that "
			    "you may write to",
			    path);
}

/* path and all above it. */
static enum ark_rc make_all(const char *path, struct ark_err *err)
{
	ARK_AUTO(free_text) char *part = strdup(path);
	if (!part)
		return ark_fail(err, ARK_NOMEM, "%s: out of memory", path);
	struct stat st;
	for (char *p = part + 1; *part && *p; p++) {
		if (*p != '/' || p[-1] == '/')
			continue;
		*p = '\0';
		enum ark_rc rc = stat(part, &st) ? make_one(part, err) : ARK_OK;
		*p = '/';
		if (rc)
			return rc;
	}
	return make_one(path, err);
}

/* Ours alone, and no link that somebody else has put there. */
static enum ark_rc owner_check(const char *path, struct ark_err *err)
{
	struct stat st;
	if (lstat(path, &st))
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno, "%s: cannot be looked at",
				    path);
	if (!S_ISDIR(st.st_mode))
		return ark_fail(err, ARK_DENIED, "%s: is not a folder: remove it", path);
	if (st.st_uid != geteuid())
		return ark_fail(err, ARK_DENIED,
				"%s: belongs to user %lu, not to this one (%lu): pass another "
				"--cache-dir",
				path, (unsigned long)st.st_uid, (unsigned long)geteuid());
	if (st.st_mode & 077)
		return ark_fail(err, ARK_DENIED,
				"%s: others have rights in it (mode %03o): chmod 700 it, or remove "
				"it",
				path, (unsigned)st.st_mode & 0777);
	return ARK_OK;
}

/* A folder of ours below one that is checked. */
static enum ark_rc make_inside(const char *dir, const char *name, struct ark_err *err)
{
	ARK_AUTO(free_text) char *path = NULL;
	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		path = NULL;
		return ark_fail(err, ARK_NOMEM, "%s: out of memory", dir);
	}
	enum ark_rc rc = make_one(path, err);
	return rc ? rc : owner_check(path, err);
}

static enum ark_rc write_tag(const char *dir, struct ark_err *err)
{
	ARK_AUTO(closep) int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ARK_AUTO(closep) int fd = -1;
	if (dir_fd >= 0)
		fd = openat(dir_fd, "CACHEDIR.TAG", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			    0600);
	struct stat st;
	const size_t len = sizeof tag_text - 1;
	if (fd >= 0 && !fstat(fd, &st) &&
	    (st.st_size == (off_t)len || pwrite(fd, tag_text, len, 0) == (ssize_t)len))
		return ARK_OK;
	return ark_fail_sys(err, ark_rc_of_errno(errno), errno,
			    "%s/CACHEDIR.TAG: cannot be written", dir);
}

enum ark_rc arkv_cachedir_make(char **out, const char *root, const struct ark_uid *repo,
			       const char *store, struct ark_err *err)
{
	uint8_t hash[32];
	arkv_hash(hash, ark_span_str(store));
	ARK_AUTO(free_text) char *path = NULL;
	if (asprintf(&path, "%s/%s-%s", root, ark_uid_hex(repo).s,
		     ark_hex_prefix(hash, STORE_DIGITS).s) < 0) {
		path = NULL;
		return ark_fail(err, ARK_NOMEM, "%s: out of memory", root);
	}
	enum ark_rc rc = make_all(root, err);
	if (!rc)
		rc = arkv_cachedir_check(root, err);
	if (!rc)
		rc = make_one(path, err);
	if (!rc)
		rc = owner_check(path, err);
	if (!rc)
		rc = make_inside(path, "archives", err);
	if (!rc)
		rc = make_inside(path, "staging", err);
	if (!rc)
		rc = write_tag(path, err);
	if (rc)
		return rc;
	*out = path;
	path = NULL;
	return ARK_OK;
}
