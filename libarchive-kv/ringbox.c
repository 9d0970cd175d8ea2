/* ringbox.c - see ringbox.h. */
#include "libarchive-kv/ringbox.h"

#include "libarchive-kv/slot.h"

static struct arkv_box_for box_of(const struct ark_uid *repo, enum ark_suite suite,
				  struct ark_span head)
{
	return (struct arkv_box_for){
		.repo = repo, .context = head, .suite = suite, .type = ARKV_BOX_RING
	};
}

enum ark_rc arkv_ring_seal(struct ark_buf *out, const struct arkv_keys *keys, uint32_t n,
			   struct ark_span root, struct ark_err *err)
{
	struct ark_span body = arkv_keys_ring_body(keys);
	ARK_AUTO(ark_buf_release) struct ark_buf box;
	ark_buf_init(&box);
	uint8_t *sealed = ark_wr_room(&box.wr, body.len + ARKV_BOX_EXTRA);
	if (!sealed)
		return ark_fail(err, ARK_NOMEM, "keyring: out of memory");
	struct arkf_ring ring = { .suite = arkv_keys_suite(keys),
				  .repo = *arkv_keys_repo(keys),
				  .n = n,
				  .box = ark_buf_span(&box) };
	uint8_t head[ARKF_RING_HEAD_LEN];
	struct ark_wr head_wr = ark_wr(head, sizeof head);
	arkf_ring_encode_head(&head_wr, &ring);
	struct arkv_box_for what = box_of(&ring.repo, ring.suite, ark_wr_span(&head_wr));
	arkv_box_seal(sealed, body, root.p, &what);
	size_t start = out->wr.len;
	arkf_ring_encode(&out->wr, &ring);
	enum ark_rc rc = ark_buf_check(out, "keyring", err);
	if (rc)
		return rc;
	size_t summed = out->wr.len - start - ARK_ID_LEN;
	arkv_hash(out->wr.p + start + summed, ark_span(out->wr.p + start, summed));
	return ARK_OK;
}

static enum ark_rc ring_decode(struct arkf_ring *out, struct ark_span bytes, uint32_t n,
			       const struct ark_uid *repo, struct ark_err *err)
{
	struct ark_id sum = { .b = { 0 } };
	bool whole = bytes.len >= sizeof sum.b;
	if (whole)
		arkv_hash(sum.b, ark_span(bytes.p, bytes.len - sizeof sum.b));
	if (!whole || memcmp(sum.b, bytes.p + bytes.len - sizeof sum.b, sizeof sum.b) != 0)
		return ark_fail(err, ARK_CORRUPT, "keyring %u is damaged", (unsigned)n);
	enum ark_rc rc = arkf_ring_decode(out, bytes, err);
	if (rc)
		return rc;
	if (out->n != n)
		return ark_fail(err, ARK_CORRUPT, "keyring %u is damaged: it says it is number %u",
				(unsigned)n, (unsigned)out->n);
	if (!ark_uid_eq(&out->repo, repo))
		return arkv_foreign_key(&out->repo, repo, err);
	return ARK_OK;
}

enum ark_rc arkv_ring_open(struct ark_secret *body, struct ark_span bytes, uint32_t n,
			   const struct ark_uid *repo, struct ark_span root, struct ark_err *err)
{
	struct arkf_ring ring;
	enum ark_rc rc = ring_decode(&ring, bytes, n, repo, err);
	if (rc)
		return rc;
	ARK_AUTO(ark_secret_release) struct ark_secret plain = { .p = NULL };
	rc = ark_secret_new(&plain, ring.box.len - ARKV_BOX_EXTRA, err);
	if (rc)
		return rc;
	struct arkv_box_for what = box_of(repo, ring.suite, ark_span(bytes.p, ARKF_RING_HEAD_LEN));
	if (arkv_box_open(plain.p, ring.box, root.p, &what, NULL))
		return ark_fail(err, ARK_AUTH,
				"keyring %u does not open with this root key: it was altered, or "
				"made by another",
				(unsigned)n);
	*body = plain;
	plain = (struct ark_secret){ .p = NULL };
	return ARK_OK;
}
