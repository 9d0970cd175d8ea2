/* verify_presence.c - packs that are needed: there, and as long as they should be. See
 * verify_in.h. */
#include "libarchive-kv/verify_in.h"

/* Whether remaps know where all needed frames are now. */
static bool all_moved(const struct arkv_packuse *use, const struct arkv_v_pack *pack)
{
	if (!pack->moved)
		return false;
	for (uint64_t i = 0; i < arkf_bitmap_len(use->frame_count); i++)
		if (use->bits[i] & ~pack->moved[i])
			return false;
	return true;
}

static enum ark_rc check_pack(struct arkv_verification *v, size_t no, struct ark_err *err)
{
	const struct arkv_packuse *use = &v->uses.items[no];
	struct arkv_v_pack *pack = &v->packs[no];
	struct arkv_object_name name = arkv_hash_name("packs/", &use->name);
	struct arkv_object *object = arkv_objects_find(&v->objects, name.s);
	pack->listed = object != NULL;
	if (object) {
		object->needed = true;
		pack->len = object->len;
	}
	if (v->options->level < ARKV_VERIFY_PRESENCE)
		return ARK_OK;
	if (object && (!pack->said_len || pack->said_len == pack->len))
		return ARK_OK;
	if (!object && all_moved(use, pack))
		return ARK_OK;
	struct arkv_loss *loss =
		object ? arkv_loss_new(v, ARKV_DAMAGE_PACK, name.s, err,
				       "is %llu bytes long instead of %llu: cut off or altered",
				       (unsigned long long)pack->len,
				       (unsigned long long)pack->said_len)
		       : arkv_loss_new(v, ARKV_DAMAGE_PACK, name.s, err, "is gone from the store");
	if (!loss)
		return ARK_NOMEM;
	arkv_loss_pack(v, loss, no);
	if (!object)
		pack->lost = loss;
	return ARK_OK;
}

enum ark_rc arkv_verify_presence(struct arkv_verification *v, struct ark_err *err)
{
	enum ark_rc rc = arkv_v_packs_fit(v, err);
	for (size_t i = 0; !rc && i < v->uses.count; i++)
		rc = check_pack(v, i, err);
	return rc;
}
