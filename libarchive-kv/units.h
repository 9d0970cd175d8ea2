/*
 * units.h - sizes and durations as people write them.
 */
#pragma once

#include "format/err.h"

/* "512", "64K", "256M", "1.5G", "2T"; "KiB", "MB" ... mean the same: all multiples are of 1024.
 * USAGE with the forms when text is none of these, or does not fit. what names the value in the
 * message. */
enum ark_rc arkv_size_parse(uint64_t *bytes, const char *text, const char *what,
			    struct ark_err *err) ARK_CHECK;
/* "250ms", "90s", "15m", "12h", "7d", "2w"; a bare number is seconds. USAGE. */
enum ark_rc arkv_duration_parse(uint64_t *ms, const char *text, const char *what,
				struct ark_err *err) ARK_CHECK;
