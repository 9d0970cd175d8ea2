/* wrappers.c - a store inside what options and environment ask for: see cli_store. */
#include "cli/repo_open.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "libarchive-kv/clock.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/registry.h"
#include "libarchive-kv/store_latency.h"
#include "libarchive-kv/store_limit.h"
#include "libarchive-kv/store_perm.h"
#include "libarchive-kv/store_retry.h"
#include "libarchive-kv/store_trace.h"
#include "libarchive-kv/units.h"

#include <stdlib.h>
#include <string.h>

static void on_trace(void *ctx, const char *line)
{
	cli_trace(ctx, line);
}

static void on_retry(void *ctx, const struct arkv_retry_event *event)
{
	cli_warn(ctx, "%s %s: %s; again in %lld ms (try %u)", event->op, event->name,
		 event->err->text, (long long)event->wait_ms, event->tries + 1);
}

static bool is_cancelled(void *ctx)
{
	(void)ctx;
	return atomic_load(cli_signals_cancel());
}

/* ARKV_TRACE is a list of components: "store,pack", or "all". */
static bool is_traced(const char *component)
{
	const char *list = getenv("ARKV_TRACE");

	for (const char *at = list; at && *at;) {
		size_t len = strcspn(at, ",");

		if ((len == strlen(component) && !strncmp(at, component, len)) ||
		    (len == 3 && !strncmp(at, "all", 3)))
			return true;
		at += len + (at[len] == ',');
	}
	return false;
}

/* ARKV_LATENCY: a duration ("30ms", bare: seconds); ARKV_BANDWIDTH: bits a second ("100M"). */
static enum ark_rc wrap_latency(struct arkv_store **s, struct ark_err *err)
{
	const char *latency = getenv("ARKV_LATENCY"), *bandwidth = getenv("ARKV_BANDWIDTH");
	struct arkv_latency slow = { .latency_us = 0 };
	enum ark_rc rc = ARK_OK;

	if (latency && *latency)
		rc = arkv_duration_parse(&slow.latency_us, latency, "ARKV_LATENCY", err);
	slow.latency_us *= 1000;
	if (!rc && bandwidth && *bandwidth)
		rc = arkv_size_parse(&slow.bandwidth_bits_per_s, bandwidth, "ARKV_BANDWIDTH", err);
	if (rc || (!slow.latency_us && !slow.bandwidth_bits_per_s))
		return rc;
	return arkv_store_latency(s, slow, arkv_clock_system(), err);
}

static enum ark_rc wrap_limit(struct arkv_store **s, const struct cli *cli, struct ark_err *err)
{
	struct arkv_limits limits = { .upload_bytes_per_s = cli->opts.limit_upload,
				      .download_bytes_per_s = cli->opts.limit_download };

	if (!limits.upload_bytes_per_s && !limits.download_bytes_per_s)
		return ARK_OK;
	return arkv_store_limit(s, limits, arkv_clock_system(), err);
}

static enum ark_rc wrap_permissions(struct arkv_store **s, const struct cli *cli,
				    struct ark_err *err)
{
	size_t count;

	if (!cli->opts.permissions)
		return ARK_OK;
	const struct arkv_perm_rule *rules = arkv_perm_preset(cli->opts.permissions, &count);
	if (!rules)
		return ark_fail(err, ARK_USAGE,
				"--permissions: \"%s\": write all, no-delete, write-only or "
				"read-only",
				cli->opts.permissions);
	return arkv_store_perm(s, rules, count, err);
}

static enum ark_rc wrap_retry(struct arkv_store **s, struct cli *cli, struct ark_err *err)
{
	struct arkv_retry_options options = arkv_retry_defaults();

	options.notify = on_retry;
	options.cancelled = is_cancelled;
	options.ctx = cli;
	return arkv_store_retry(s, &options, arkv_clock_system(), arkv_rand_system(), err);
}

enum ark_rc cli_store_at(struct arkv_store **out, struct cli *cli, const char *url,
			 struct ark_err *err)
{
	ARK_AUTO(arkv_store_freep) struct arkv_store *s = NULL;
	enum ark_rc rc = arkv_store_from_url(&s, url, err);

	if (!rc)
		rc = wrap_latency(&s, err);
	if (!rc)
		rc = wrap_limit(&s, cli, err);
	if (!rc && is_traced("store"))
		rc = arkv_store_trace(&s, on_trace, cli, arkv_clock_system(), err);
	if (!rc)
		rc = wrap_permissions(&s, cli, err);
	if (!rc)
		rc = wrap_retry(&s, cli, err);
	if (rc)
		return rc;
	*out = s;
	s = NULL; /* the caller owns it now */
	return ARK_OK;
}

enum ark_rc cli_location_check(const struct cli *cli, struct ark_err *err)
{
	struct arkv_store *probe = NULL;

	if (!cli->opts.repo || !*cli->opts.repo)
		return ark_fail(err, ARK_USAGE,
				"no repository is named: give -r LOCATION, or set ARKV_REPO");
	enum ark_rc rc = arkv_store_from_url(&probe, cli->opts.repo, err);
	arkv_store_free(probe);
	return rc;
}

enum ark_rc cli_store(struct arkv_store **out, struct cli *cli, struct ark_err *err)
{
	enum ark_rc rc = cli_location_check(cli, err);

	return rc ? rc : cli_store_at(out, cli, cli->opts.repo, err);
}
