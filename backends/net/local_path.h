/* local_path.h - names of local files and folders in URLs. */
#pragma once

#include "format/err.h"

#include <stddef.h>

/* prefix and the absolute path of path, as in "jsonl:/var/kv.jsonl": made absolute with the current
 * folder, "./" at the front left out, nothing looked up, so that a symbolic link keeps its own
 * name. LIMIT when size bytes do not hold it; IO when there is no current folder. */
enum ark_rc arkv_local_identity(char *out, size_t size, const char *prefix, const char *path,
				struct ark_err *err) ARK_CHECK;
