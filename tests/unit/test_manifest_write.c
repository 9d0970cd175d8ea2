/* test_manifest_write.c - a manifest from its parts (libarchive-kv/manifest_write.h). */
#include "libarchive-kv/manifest_write.h"
#include "libarchive-kv/rand.h"
#include "tests/unit/cm.h"
#include "tests/unit/writer.h"

#include <stdio.h>
#include <stdlib.h>

static struct ark_err err;

enum { RUNS = 20, SEGMENTS = 50 };

/* Everything a manifest can have. */
struct parts {
	struct arkf_head head;
	struct arkv_manifest_run runs[RUNS];
	struct arkv_manifest_segment segments[SEGMENTS];
	struct arkf_stack_slice slices[SEGMENTS][RUNS];
	char keys[SEGMENTS][16];
	uint8_t boxes[RUNS][100];
	struct ark_uid uid;
	struct arkv_manifest_parts all;
};

static struct parts *parts_new(const struct arkv_dk *dk)
{
	struct parts *p = test_calloc(1, sizeof *p);
	struct arkv_rand rand = arkv_rand_seeded(1);
	p->head = (struct arkf_head){ .n = RUNS, .source_name = ark_span_str("s") };
	p->uid.b[0] = 1;
	for (size_t i = 0; i < RUNS; i++) {
		struct arkv_manifest_run *run = &p->runs[i];
		arkv_rand_bytes(&rand, p->boxes[i], sizeof p->boxes[i]);
		arkv_rand_bytes(&rand, run->table.name.b, 32);
		run->table.len = 1000 + i;
		run->table.refs_len = 10;
		run->table.n = RUNS - i;
		run->root.run_uid.b[0] = (uint8_t)i;
		run->root.datakey = dk->record;
		run->root.box = ark_span(p->boxes[i], sizeof p->boxes[i]);
	}
	for (size_t i = 0; i < SEGMENTS; i++) {
		snprintf(p->keys[i], sizeof p->keys[i], "key %04zu", i);
		for (size_t j = 0; j < RUNS; j++)
			p->slices[i][j] = (struct arkf_stack_slice){ .run_no = (uint32_t)j,
								     .slice_no = (uint32_t)i,
								     .from = j,
								     .entry_count = i };
		p->segments[i] = (struct arkv_manifest_segment){
			.info = { .phase = (uint32_t)i,
				  .fold_limit = 500,
				  .cut_threshold = 7,
				  .depth = (uint32_t)(i % RUNS),
				  .live = i },
			.begin = { .key = ark_span_str(i ? p->keys[i] : "") },
			.slices = p->slices[i],
		};
	}
	p->all = (struct arkv_manifest_parts){ .uid = &p->uid,
					       .dk = dk,
					       .head = &p->head,
					       .runs = p->runs,
					       .run_count = RUNS,
					       .segments = p->segments,
					       .segment_count = SEGMENTS };
	return p;
}

static void what_was_put_in_is_read_back(void **state)
{
	(void)state;
	struct writer w;
	struct arkv_dk dk;
	struct ark_buf object;
	struct arkv_archive *a = NULL;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct arkv_keys *keys = arkv_repo_keys(w.repo);
	assert_int_equal(arkv_dk_new(&dk, keys, &err), ARK_OK);
	struct parts *p = parts_new(&dk);
	ark_buf_init(&object);
	ark_wr_u8(&object.wr, 1); /* it is appended */
	assert_int_equal(arkv_manifest_make(&object, keys, &p->all, &err), ARK_OK);
	struct arkv_object_name name = arkv_archive_name(&p->uid);
	struct ark_span bytes = ark_span(object.wr.p + 1, object.wr.len - 1);
	assert_int_equal(arkv_store_put(w.memory, name.s, bytes, &err), ARK_OK);
	if (arkv_archive_open(&a, w.repo, &p->uid, &err))
		fail_msg("%s", err.text);
	assert_int_equal(a->head.n, RUNS);
	assert_int_equal(a->run_count, RUNS);
	assert_int_equal(a->segment_count, SEGMENTS);
	for (size_t i = 0; i < RUNS; i++) {
		assert_true(ark_id_eq(&a->runs[i].table.name, &p->runs[i].table.name));
		assert_true(ark_span_eq(a->runs[i].root_box, p->runs[i].root.box));
	}
	for (size_t i = 0; i < SEGMENTS; i++) {
		assert_true(ark_span_eq(a->segments[i].begin.key, p->segments[i].begin.key));
		assert_memory_equal(&a->segments[i].info, &p->segments[i].info,
				    sizeof a->segments[i].info);
		for (size_t j = 0; j < i % RUNS; j++)
			assert_int_equal(a->segments[i].slices[j].slice_no, i);
	}
	arkv_archive_freep(&a);
	ark_buf_release(&object);
	arkv_dk_release(&dk);
	test_free(p);
	writer_release(&w);
}

static void a_head_above_4096_bytes_is_refused(void **state)
{
	(void)state;
	struct writer w;
	struct arkv_dk dk;
	struct ark_buf object;
	struct arkv_rand rand = arkv_rand_seeded(5);
	uint8_t noise[4096];
	arkv_rand_bytes(&rand, noise, sizeof noise);
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct arkv_keys *keys = arkv_repo_keys(w.repo);
	assert_int_equal(arkv_dk_new(&dk, keys, &err), ARK_OK);
	struct parts *p = parts_new(&dk);
	ark_buf_init(&object);
	/* all that a user can give, at its longest */
	struct arkf_head *h = &p->head;
	h->source_name = ark_span(noise, ARKF_SOURCE_NAME_MAX);
	h->source_url = ark_span(noise + 300, ARKF_SOURCE_URL_MAX);
	h->host = ark_span(noise + 1000, ARKF_HOST_MAX);
	h->filter_text = ark_span(noise + 1200, ARKF_FILTER_TEXT_MAX);
	h->comment = ark_span(noise + 1800, ARKF_COMMENT_MAX);
	for (size_t i = 0; i < ARKF_MANIFEST_TAGS_MAX; i++)
		h->tags[h->tag_count++] = ark_span(noise + 2100 + 64 * i, ARKF_TAG_MAX);
	for (size_t i = 0; i < 12; i++)
		h->types[h->type_count++] =
			(struct arkf_type_count){ .type = (uint8_t)(i + 1), .records = UINT64_MAX };
	assert_int_equal(arkv_manifest_make(&object, keys, &p->all, &err), ARK_OK);
	ark_buf_clear(&object);
	for (size_t i = h->type_count; i < 255; i++)
		h->types[h->type_count++] =
			(struct arkf_type_count){ .type = (uint8_t)(i + 1),
						  .records = UINT64_MAX - i * 777777777 };
	assert_int_equal(arkv_manifest_make(&object, keys, &p->all, &err), ARK_LIMIT);
	assert_non_null(strstr(err.text, "shorter"));
	ark_buf_release(&object);
	arkv_dk_release(&dk);
	test_free(p);
	writer_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_in_is_read_back),
		cmocka_unit_test(a_head_above_4096_bytes_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
