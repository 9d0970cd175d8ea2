/* test_cachedir.c - the cache folder of a repository (libarchive-kv/cachedir.h). */
#include "libarchive-kv/cachedir.h"
#include "tests/store/scratch.h"

static const struct ark_uid repo = { .b = "0123456789abcde" };

static char *made(const char *root, const char *store)
{
	char *path = NULL;
	struct ark_err err;
	assert_ok(arkv_cachedir_make(&path, root, &repo, store, &err), err);
	return path;
}

static mode_t mode_of(const char *dir, const char *name)
{
	char path[256];
	struct stat st;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 0777;
}

static void a_cache_folder_is_private_and_marked_for_backup_tools(void **state)
{
	const struct scratch *s = *state;
	char root[96];
	snprintf(root, sizeof root, "%s/deep/er//root", s->path);
	char *path = made(root, "sftp://h/repo");
	assert_int_equal(mode_of(path, "."), 0700);
	assert_int_equal(mode_of(path, "archives"), 0700);
	assert_int_equal(mode_of(path, "staging"), 0700);
	char tag[256], text[44] = "";
	snprintf(tag, sizeof tag, "%s/CACHEDIR.TAG", path);
	FILE *f = fopen(tag, "r");
	assert_non_null(f);
	assert_int_equal(fread(text, 1, 43, f), 43);
	fclose(f);
	assert_string_equal(text, "Signature: 8a477f597d28d172789f06886806bc55");
	free(path);
}

static void the_same_repository_at_another_store_has_another_folder(void **state)
{
	const struct scratch *s = *state;
	char *a = made(s->path, "/backup/one"), *b = made(s->path, "/backup/two");
	char *again = made(s->path, "/backup/one");
	assert_string_equal(a, again);
	assert_string_not_equal(a, b);
	free(a);
	free(b);
	free(again);
}

static void a_folder_that_others_can_read_is_refused(void **state)
{
	const struct scratch *s = *state;
	char *path = made(s->path, "x"), *out = NULL;
	struct ark_err err;
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(arkv_cachedir_make(&out, s->path, &repo, "x", &err), ARK_DENIED);
	assert_non_null(strstr(err.text, "chmod 700"));
	assert_null(out);
	free(path);
}

static void a_link_in_place_of_the_folder_is_refused(void **state)
{
	const struct scratch *s = *state;
	char *path = made(s->path, "x"), *out = NULL;
	char inside[256];
	struct ark_err err;
	snprintf(inside, sizeof inside, "%s/archives", path);
	assert_int_equal(rmdir(inside), 0);
	assert_int_equal(symlink("/tmp", inside), 0);
	assert_int_equal(arkv_cachedir_make(&out, s->path, &repo, "x", &err), ARK_DENIED);
	free(path);
}

static void a_root_that_is_a_file_is_named(void **state)
{
	const struct scratch *s = *state;
	char root[96], *out = NULL;
	struct ark_err err;
	snprintf(root, sizeof root, "%s/file", s->path);
	FILE *f = fopen(root, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_not_equal(arkv_cachedir_make(&out, root, &repo, "x", &err), ARK_OK);
	assert_non_null(strstr(err.text, root));
}

static void network_file_systems_are_known_and_local_ones_pass(void **state)
{
	const struct scratch *s = *state;
	struct ark_err err;
	assert_string_equal(arkv_network_fs(0x6969), "NFS");
	assert_string_equal(arkv_network_fs(0xff534d42), "CIFS");
	assert_string_equal(arkv_network_fs(0xfe534d42), "SMB");
	assert_null(arkv_network_fs(0xef53));	  /* ext */
	assert_null(arkv_network_fs(0x58465342)); /* XFS */
	assert_null(arkv_network_fs(0x01021994)); /* tmpfs */
	assert_ok(arkv_cachedir_check(s->path, &err), err);
	assert_int_equal(arkv_cachedir_check("/no/such/folder", &err), ARK_NOTFOUND);
}

static void free_space_is_told(void **state)
{
	const struct scratch *s = *state;
	struct ark_err err;
	uint64_t bytes = 0;
	assert_ok(arkv_free_space(s->path, &bytes, &err), err);
	assert_true(bytes > 0);
	assert_int_equal(arkv_free_space("/no/such/folder", &bytes, &err), ARK_NOTFOUND);
}

#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_cache_folder_is_private_and_marked_for_backup_tools),
		T(the_same_repository_at_another_store_has_another_folder),
		T(a_folder_that_others_can_read_is_refused),
		T(a_link_in_place_of_the_folder_is_refused),
		T(a_root_that_is_a_file_is_named),
		T(network_file_systems_are_known_and_local_ones_pass),
		T(free_space_is_told),
	};
	return cmocka_run_group_tests_name("cachedir", tests, NULL, NULL);
}
