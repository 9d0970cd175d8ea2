/* posix_url.c - locations of the posix store: /abs/path, ./rel, rel/path, file:///abs/path. */
#include "backends/stores/posix.h"

#include <stdlib.h>

static const char file_scheme[] = "file:";

bool arkv_posix_accepts(const char *url)
{
	if (!strncmp(url, file_scheme, strlen(file_scheme)) || url[0] == '.')
		return true;
	const char *slash = strchr(url, '/');
	const char *colon = strchr(url, ':');
	return slash && (!colon || slash < colon);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes %XX in place; false when one is malformed or a NUL. */
static bool percent_decode(char *path)
{
	char *to = path;
	for (const char *from = path; *from; from++) {
		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		int high = hex_digit(from[1]);
		int low = high < 0 ? -1 : hex_digit(from[2]);
		if (low < 0 || high + low == 0)
			return false;
		*to++ = (char)(high * 16 + low);
		from += 2;
	}
	*to = '\0';
	return true;
}

enum ark_rc arkv_posix_root_of_url(char **out, const char *url, struct ark_err *err)
{
	bool is_url = !strncmp(url, file_scheme, strlen(file_scheme));
	const char *path = is_url ? url + strlen(file_scheme) : url;
	if (is_url && strncmp(path, "///", 3))
		return ark_fail(err, ARK_USAGE,
				"%s: write file:///abs/path (three slashes, no host)", url);
	char *root = strdup(is_url ? path + 2 : path);
	if (!root)
		return ark_fail(err, ARK_NOMEM, "posix store: out of memory");
	if (is_url && !percent_decode(root)) {
		free(root);
		return ark_fail(err, ARK_USAGE,
				"%s: \"%%\" must be followed by two hexadecimal digits, not 00",
				url);
	}
	for (size_t len = strlen(root); len > 1 && root[len - 1] == '/'; len--)
		root[len - 1] = '\0';
	*out = root;
	return ARK_OK;
}
