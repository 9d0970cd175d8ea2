/* local_path.c - see local_path.h. */
#include "backends/net/local_path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum ark_rc arkv_local_identity(char *out, size_t size, const char *prefix, const char *path,
				struct ark_err *err)
{
	char here[PATH_MAX] = "";
	if (path[0] != '/' && !getcwd(here, sizeof here))
		return ark_fail_sys(err, ARK_IO, errno, "%s%s: the current folder is not known",
				    prefix, path);
	while (path[0] == '.' && path[1] == '/')
		path += 2 + strspn(path + 2, "/");
	const char *sep = path[0] == '/' || !strcmp(here, "/") ? "" : "/";
	int len = snprintf(out, size, "%s%s%s%s", prefix, here, *path ? sep : "", path);
	if (len > 0 && (size_t)len < size)
		return ARK_OK;
	return ark_fail(err, ARK_LIMIT, "%s%s: the path is longer than %zu bytes", prefix, path,
			size - 1);
}
