/*
 * store_fault.h - wrapper: fails on purpose, as a script says. For tests, and for users who want to
 *see what a failing store does to a backup.
 *
 * A script is a list of rules with commas or blanks between them; a rule is OPERATION:WHEN:KIND.
 *	operation  create open put get stat list remove destroy, or any
 *	when       7 the seventh such call; 7+ that one and all after it; * every one
 *	kind       again io nospace denied notfound: fails so, and nothing was done
 *	           in-doubt-before, in-doubt-after: AGAIN with in_doubt; nothing, or all, was done
 *	           in-doubt: the same as in-doubt-after
 *	           flip: one random bit of a get's result, or of what a put stores, is turned; says
 *OK truncate: a random part of its end is missing; says OK kill, kill-after: the process gets
 *SIGKILL before, or after, the call is run The first rule that fits a call is followed. Calls are
 *counted for each operation, and over all of them for "any", in the order in which they begin.
 */
#pragma once

#include "libarchive-kv/store.h"

enum { ARKV_FAULT_RULES_MAX = 32 };

/* Wraps *s. seed decides where flips and truncations fall. USAGE naming the rule that is malformed.
 */
enum ark_rc arkv_store_fault(struct arkv_store **s, const char *script, uint64_t seed,
			     struct ark_err *err) ARK_CHECK;
