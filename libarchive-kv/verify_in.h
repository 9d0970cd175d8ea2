/*
 * verify_in.h - what the parts of one running verification share. For verify*.c alone.
 */
#pragma once

#include "libarchive-kv/codec.h"
#include "libarchive-kv/digest.h"
#include "libarchive-kv/frames.h"
#include "libarchive-kv/objects.h"
#include "libarchive-kv/packuse.h"
#include "libarchive-kv/pipeline.h"
#include "libarchive-kv/slice.h"
#include "libarchive-kv/verify.h"

/* ---- losses: what is wrong, kept until all of it is known (verify_loss.c) ---- */

struct arkv_loss {
	struct arkv_loss *next;
	enum arkv_damage_kind kind;
	char object[ARKV_NAME_MAX + 1];
	char what[ARK_ERR_TEXT_MAX];
	uint8_t *archives; /* bit i: archive i of the verification */
	bool has_range;
	bool has_last;
	struct arkf_key first; /* in the arena, as last and keys */
	struct arkf_key last;
	uint64_t entry_count;
	struct arkf_key keys[ARKV_DAMAGE_KEYS_MAX];
	size_t key_count;
	struct arkv_arena arena;
};

/* ---- what is verified ---- */

struct arkv_v_archive {
	struct ark_uid uid;
	bool forgotten; /* not verified; what it needs is no leftover */
	bool opened;	/* its manifest is whole */
	uint8_t checksum[ARKF_MANIFEST_CHECKSUM_LEN];
};

struct arkv_v_run {
	struct arkv_archive_run run; /* root_box borrows box */
	struct ark_buf box;
	uint8_t *archives;	/* bit i */
	struct arkv_refs *refs; /* NULL: cannot be read */
	bool wanted;		/* by an archive that is verified */
	bool pages_whole;	/* all could be read */
};

/* A frame that cannot be read where it is. */
struct arkv_v_bad {
	struct arkv_v_bad *next;
	uint32_t frame_no;
	struct ark_id id; /* zeros: unknown */
	struct arkv_loss *loss;
};

/* Beside item i of uses. */
struct arkv_v_pack {
	uint64_t len;
	bool listed;
	struct arkv_loss *lost; /* the whole pack */
	struct arkv_v_bad *bad;
	uint64_t said_len; /* by a fragment; 0: none has it */
	uint8_t *moved;	   /* bit i: a remap says where frame i is now; NULL: none */
};

/* What the records of a block add to the sums of an archive. */
struct arkv_block_sums {
	uint64_t records;
	uint64_t expiring;
	uint64_t raw_bytes;
	uint64_t first_hash; /* cut hash of the first key; 0 when it was not looked at */
	struct arkf_digests digests;
};

struct arkv_verification {
	struct arkv_repo *repo;
	struct arkv_store *store;
	struct arkv_keys *keys;
	const struct arkv_verify_options *options;
	const struct arkv_verify_report *report;
	const struct arkv_job *job;
	struct arkv_verify_result *result;
	struct arkv_codec *codec;
	struct arkv_objects objects;

	struct arkv_v_archive *archives;
	size_t archive_count;
	struct arkv_v_run *runs;
	size_t run_count;
	size_t run_cap;
	struct arkv_idnos run_map;
	size_t refs_bytes;	   /* of memory that refs take */
	struct arkv_packuses uses; /* of all runs */
	struct arkv_v_pack *packs; /* pack_count of them; see arkv_v_packs_fit */
	size_t pack_count;

	struct arkv_loss *losses;
	struct arkv_loss **losses_end;

	/* data */
	struct arkv_pool *pool;
	struct arkv_frames *frames;
	struct arkv_digester digester;
	struct arkv_idnos sum_map; /* block id -> sums */
	struct arkv_block_sums *sums;
	size_t sum_count;
	size_t sum_cap;
	struct arkv_idnos broken_blocks; /* their loss is known */
};

/* verify_loss.c */

/* A new loss, without archives. NULL when out of memory: err says so. */
struct arkv_loss *arkv_loss_new(struct arkv_verification *v, enum arkv_damage_kind kind,
				const char *object, struct ark_err *err, const char *format, ...)
	ARK_PRINTF(5, 6);
void arkv_loss_archive(struct arkv_loss *loss, size_t archive_no);
/* All archives of bits, which has the length of the verification's. */
void arkv_loss_archives(const struct arkv_verification *v, struct arkv_loss *loss,
			const uint8_t *bits);
/* All archives whose runs use pack pack_no; of one that only remaps name, all whose packs moved. */
void arkv_loss_pack(const struct arkv_verification *v, struct arkv_loss *loss, size_t pack_no);
/* Keys from first up to last (NULL: to the end), and so many entries, are among what is lost. */
enum ark_rc arkv_loss_range(struct arkv_loss *loss, const struct arkf_key *first,
			    const struct arkf_key *last, uint64_t entry_count, struct ark_err *err)
	ARK_CHECK;
/* This very key is. */
enum ark_rc arkv_loss_key(struct arkv_loss *loss, const struct arkf_key *key, struct ark_err *err)
	ARK_CHECK;
/* Hands all of them to the report, and sums them up. */
void arkv_loss_report(struct arkv_verification *v);
void arkv_loss_release(struct arkv_verification *v);
/* Bytes that a bit for each archive takes. */
size_t arkv_v_archives_len(const struct arkv_verification *v);

/* The parts, in their order. Each goes on over damage, and fails only when it cannot look. */

/* verify_archives.c: manifests, chains, and which runs they name. */
enum ark_rc arkv_verify_archives(struct arkv_verification *v, struct ark_err *err) ARK_CHECK;
/* verify_runs.c: runs and their pages, and which frames they need. */
enum ark_rc arkv_verify_runs(struct arkv_verification *v, struct ark_err *err) ARK_CHECK;
/* verify_runs.c: there is an item of packs for each of uses. NOMEM. */
enum ark_rc arkv_v_packs_fit(struct arkv_verification *v, struct ark_err *err) ARK_CHECK;
/* verify_service.c: config, keys, fragments, remaps, sessions, gc lists, marks. */
enum ark_rc arkv_verify_service(struct arkv_verification *v, struct ark_err *err) ARK_CHECK;
/* verify_presence.c: packs that are needed and absent, or of another length. */
enum ark_rc arkv_verify_presence(struct arkv_verification *v, struct ark_err *err) ARK_CHECK;
/* verify_packs.c: every byte and frame of them. */
enum ark_rc arkv_verify_packs(struct arkv_verification *v, struct ark_err *err) ARK_CHECK;
/* verify_blame.c: which keys the lost packs and blocks held. */
enum ark_rc arkv_verify_blame(struct arkv_verification *v, struct ark_err *err) ARK_CHECK;
/* verify_content.c: counts and digests of the archives, and lost values. */
enum ark_rc arkv_verify_content(struct arkv_verification *v, struct ark_err *err) ARK_CHECK;

/* verify_content.c: sums of a block, for those that ask again. NOMEM. */
enum ark_rc arkv_verify_keep_sums(struct arkv_verification *v, const struct ark_id *block,
				  const struct arkv_block_sums *sums, struct ark_err *err)
	ARK_CHECK;
