/*
 * tap.c - makes a skipped case of cmocka 1.1.5 one that meson takes for skipped.
 *
 * That cmocka prints "not ok 3 # SKIP name", which counts as a failure; later ones say "ok". All
 * its output goes through print_message, which a program may replace by its own. Linked into every
 * test through dep_cmocka in tests/meson.build.
 */
#include "tests/unit/cm.h"

#include <stdio.h>
#include <string.h>

__attribute__((visibility("default"))) void print_message(const char *const format, ...)
{
	static const char skipped[] = "not ok %u # SKIP %s\n";
	va_list ap;
	va_start(ap, format);
	if (strcmp(format, skipped))
		vprintf(format, ap);
	else
		vprintf("ok %u - %s # SKIP\n", ap);
	va_end(ap);
	fflush(stdout);
}
