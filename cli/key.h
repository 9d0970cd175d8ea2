/* key.h - the parts of arkv key. */
#pragma once

#include "cli/repo_open.h"

extern const struct cli_command cmd_key_add;
extern const struct cli_command cmd_key_export;
extern const struct cli_command cmd_key_import;
extern const struct cli_command cmd_key_list;
extern const struct cli_command cmd_key_passwd;
extern const struct cli_command cmd_key_remove;

/* Opens the store and reads config; refuses a repository without keys. CLI_OK, or what was
 * reported. */
int cli_config_read(struct arkf_config *out, struct arkv_store **store, struct cli *cli) ARK_CHECK;

/* What a new key is to be: options, and the secrets behind them. Starts as zeros. */
struct cli_new_key {
	const char *label;
	const char *password_file; /* of the new password; NULL: asked for */
	const char *key_file;	   /* to be made; NULL: a password */
	const char *recipient;	   /* 64 digits; NULL: a password */
	bool is_reserved;	   /* key_file is made, and nothing stands in it yet */
	struct ark_secret password;
	struct ark_id public;
	struct arkv_slot_new slot;
};
void cli_new_key_release(struct cli_new_key *k);
/* Fills k->slot: asks for the password, makes an empty key file, decodes the recipient. */
enum ark_rc cli_new_key_fill(struct cli_new_key *k, struct cli *cli, struct ark_err *err) ARK_CHECK;
/* The text of the key file that was made goes into it. */
enum ark_rc cli_new_key_write(struct cli_new_key *k, const struct arkv_slot_made *made,
			      struct ark_err *err) ARK_CHECK;
