/* handlers.c - the structures that have vectors: see vectors.h. One line each, and a function
 * here or in reencode.h. */
#include "format/block.h"
#include "format/config.h"
#include "format/gc.h"
#include "format/keyfile.h"
#include "format/manifest.h"
#include "format/mark.h"
#include "format/pack.h"
#include "format/page.h"
#include "format/places.h"
#include "format/remap.h"
#include "format/ring.h"
#include "format/run.h"
#include "format/session.h"
#include "format/slot.h"
#include "format/spill.h"
#include "format/stacks.h"
#include "format/state.h"
#include "tests/vectors/reencode.h"
#include "tests/vectors/vectors.h"

static enum ark_rc config(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_config value;
	enum ark_rc rc = arkf_config_decode(&value, in, err);
	if (!rc)
		arkf_config_encode(out, &value);
	return rc;
}

static enum ark_rc keyfile(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_keyfile value;
	enum ark_rc rc = arkf_keyfile_decode(&value, in, err);
	if (!rc)
		arkf_keyfile_encode(out, &value);
	return rc;
}

static enum ark_rc ring(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_ring value;
	enum ark_rc rc = arkf_ring_decode(&value, in, err);
	if (!rc)
		arkf_ring_encode(out, &value);
	return rc;
}

static enum ark_rc ring_body(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_ring_body value;
	enum ark_rc rc = arkf_ring_body_decode(&value, in, err);
	if (!rc)
		arkf_ring_body_encode(out, &value);
	return rc;
}

static enum ark_rc slot(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_slot value;
	enum ark_rc rc = arkf_slot_decode(&value, in, err);
	if (!rc)
		arkf_slot_encode(out, &value);
	return rc;
}

/* clang-format off */
const struct vector_handler vector_handlers[] = {
	{ "block", reencode_block, arkf_block_dump },
	{ "bounds", reencode_bounds, arkf_bounds_dump },
	{ "config", config, arkf_config_dump },
	{ "frame", reencode_frame, arkf_frame_plain_dump },
	{ "gc-list", reencode_gc, arkf_gc_dump },
	{ "heartbeat", reencode_beat, arkf_beat_dump },
	{ "hints", reencode_hints, arkf_hints_dump },
	{ "keyfile", keyfile, arkf_keyfile_dump },
	{ "manifest", reencode_manifest, arkf_manifest_dump },
	{ "manifest-head", reencode_head, arkf_head_dump },
	{ "mark", reencode_mark, arkf_mark_dump },
	{ "pack", reencode_pack, arkf_pack_dump },
	{ "pack-footer", reencode_footer, arkf_footer_dump },
	{ "page", reencode_page, arkf_page_dump },
	{ "places", reencode_places, arkf_places_dump },
	{ "reaped", reencode_reaped, arkf_reaped_dump },
	{ "recipe", reencode_recipe, arkf_recipe_dump },
	{ "remap", reencode_remap, arkf_remap_dump },
	{ "ring", ring, arkf_ring_dump },
	{ "ring-body", ring_body, arkf_ring_body_dump },
	{ "run", reencode_run, arkf_run_dump },
	{ "run-refs", reencode_runrefs, arkf_runrefs_dump },
	{ "run-root", reencode_root, arkf_root_dump },
	{ "run-table", reencode_table, arkf_table_dump },
	{ "sealed", reencode_sealed, arkf_sealed_dump },
	{ "session", reencode_session, arkf_session_dump },
	{ "session-end", reencode_session_end, arkf_beat_dump },
	{ "slot", slot, arkf_slot_dump },
	{ "spill-file", reencode_spill_file, arkf_spill_file_dump },
	{ "spill-piece", reencode_spill, arkf_spill_dump },
	{ "stacks", reencode_stacks, arkf_stacks_dump },
	{ "state-file", reencode_state_file, arkf_state_file_dump },
	{ "state-page", reencode_state_page, arkf_state_page_dump },
};
/* clang-format on */
const size_t vector_handler_count = sizeof vector_handlers / sizeof vector_handlers[0];
