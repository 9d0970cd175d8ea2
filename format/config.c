/* config.c - see config.h. */
#include "format/config.h"

#include <inttypes.h>

static const char what[] = "config";

static const char *const names[ARKF_NS_COUNT] = {
	[ARKF_NS_KEYS] = "keys",	 [ARKF_NS_PACKS] = "packs",
	[ARKF_NS_RUNS] = "runs",	 [ARKF_NS_PLACES] = "places",
	[ARKF_NS_REMAPS] = "remaps",	 [ARKF_NS_ARCHIVES] = "archives",
	[ARKF_NS_SESSIONS] = "sessions", [ARKF_NS_GC] = "gc",
};

const char *arkf_namespace_name(enum arkf_namespace ns)
{
	return names[ns];
}

void arkf_nest_default(struct arkf_nest nest[ARKF_NS_COUNT])
{
	for (unsigned i = 0; i < ARKF_NS_COUNT; i++) {
		uint8_t level = i == ARKF_NS_PACKS ? 2 : i == ARKF_NS_RUNS ? 1 : 0;
		nest[i] = (struct arkf_nest){ .write = level, .read = (uint8_t)(1 << level) };
	}
}

void arkf_config_encode(struct ark_wr *wr, const struct arkf_config *config)
{
	arkf_header_encode(wr, ARKF_KIND_CONFIG, config->suite);
	ark_wr_bytes(wr, ark_span(config->repo.b, sizeof config->repo.b));
	ark_wr_u64(wr, config->incompatible);
	ark_wr_u64(wr, config->compatible);
	ark_wr_u64(wr, config->created_ms);
	for (unsigned i = 0; i < ARKF_NS_COUNT; i++) {
		ark_wr_u8(wr, config->nest[i].write);
		ark_wr_u8(wr, config->nest[i].read);
	}
	arkf_chunker_encode(wr, &config->chunker);
	ark_wr_bytes(wr, ark_span(config->mac.b, sizeof config->mac.b));
	ark_wr_bytes(wr, ark_span(config->checksum.b, sizeof config->checksum.b));
}

static enum ark_rc nest_check(const struct arkf_nest *nest, enum arkf_namespace ns,
			      struct ark_err *err)
{
	const char *name = names[ns];
	bool is_flat = ns == ARKF_NS_KEYS || ns == ARKF_NS_GC;
	if (is_flat && (nest->write || nest->read != 1))
		return ark_fail(err, ARK_UNSUPPORTED, "config: %s/ is nested: use a newer arkv",
				name);
	if (nest->write > ARKF_NEST_LEVEL_MAX || nest->read >> (ARKF_NEST_LEVEL_MAX + 1))
		return ark_fail(err, ARK_UNSUPPORTED,
				"config: %s/ nests deeper than %d levels: use a newer arkv", name,
				ARKF_NEST_LEVEL_MAX);
	if (!(nest->read >> nest->write & 1))
		return ark_fail(err, ARK_CORRUPT,
				"config: %s/ is written at level %u, which is not among those read",
				name, (unsigned)nest->write);
	return ARK_OK;
}

static enum ark_rc sizes_check(const struct arkf_config *config, struct ark_err *err)
{
	const struct arkf_chunker *sizes = &config->chunker;
	if (config->suite == ARK_SUITE_NONE)
		return arkf_chunker_check(sizes, what, err);
	if (sizes->inline_max | sizes->cdc_min | sizes->cdc_avg | sizes->cdc_max)
		return ark_fail(err, ARK_UNSUPPORTED,
				"config: has sizes that an encrypted repository keeps in its "
				"keyring: use a newer arkv");
	return ARK_OK;
}

enum ark_rc arkf_config_decode(struct arkf_config *out, struct ark_span bytes, struct ark_err *err)
{
	struct arkf_config config;
	struct ark_rd rd = ark_rd(bytes);
	enum ark_rc rc = arkf_header_decode(&rd, ARKF_KIND_CONFIG, what, &config.suite, err);
	if (rc)
		return rc;
	ark_rd_copy(&rd, config.repo.b, sizeof config.repo.b);
	config.incompatible = ark_rd_u64(&rd);
	config.compatible = ark_rd_u64(&rd);
	config.created_ms = ark_rd_u64(&rd);
	for (unsigned i = 0; i < ARKF_NS_COUNT; i++) {
		config.nest[i].write = ark_rd_u8(&rd);
		config.nest[i].read = ark_rd_u8(&rd);
	}
	arkf_chunker_decode(&rd, &config.chunker);
	ark_rd_copy(&rd, config.mac.b, sizeof config.mac.b);
	ark_rd_copy(&rd, config.checksum.b, sizeof config.checksum.b);
	rc = arkf_end(&rd, what, err);
	if (!rc && config.incompatible)
		rc = ark_fail(err, ARK_UNSUPPORTED,
			      "config: needs features %#" PRIx64 ": use a newer arkv",
			      config.incompatible);
	for (unsigned i = 0; i < ARKF_NS_COUNT && !rc; i++)
		rc = nest_check(&config.nest[i], (enum arkf_namespace)i, err);
	if (!rc)
		rc = sizes_check(&config, err);
	if (!rc)
		*out = config;
	return rc;
}

void arkf_config_dump(struct arkf_dump *d)
{
	arkf_dump_header(d, ARKF_KIND_CONFIG);
	arkf_dump_hex(d, "repository", ARK_UID_LEN);
	arkf_dump_u64(d, "incompatible");
	arkf_dump_u64(d, "compatible");
	arkf_dump_u64(d, "created_ms");
	for (unsigned i = 0; i < ARKF_NS_COUNT; i++) {
		arkf_dump_item(d, "nest", i);
		arkf_dump_u8(d, "write");
		arkf_dump_u8(d, "read");
		arkf_dump_item_end(d);
	}
	arkf_chunker_dump(d);
	arkf_dump_hex(d, "mac", ARK_ID_LEN);
	arkf_dump_hex(d, "checksum", ARK_ID_LEN);
	arkf_dump_end(d);
}
