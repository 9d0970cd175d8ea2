"""test_key.py - passwords, key files, exports, and hosts that only write."""
import json
import os

from data import line
from harness import PASSWORD, main

NONE = {"ARKV_PASSWORD": None}


def _made(box, *options):
    box.write("in.jsonl", line("a", "1"))
    box.ok("init", *options)


def _keys(box):
    return [m for m in map(json.loads, box.ok("key", "list", "--json").lines)
            if m["message_type"] == "key"]


def a_wrong_password_is_refused(box):
    _made(box)
    box.fails(12, "archives", env={"ARKV_PASSWORD": "wrong"}, says="wrong passphrase")
    box.fails(12, "archives", env=NONE, says="no password")
    box.fails(12, "archives", env={"ARKV_PASSWORD": ""})


def a_password_comes_from_a_file_a_command_or_a_descriptor(box):
    _made(box)
    path = box.write("pw", PASSWORD + "\nsecond line\n")
    os.chmod(path, 0o600)
    box.equal(box.ok("archives", "--password-file", "pw", env=NONE).errors.count("warning"), 0)
    box.ok("archives", env={**NONE, "ARKV_PASSWORD_FILE": path})
    box.ok("archives", "--password-command", "cat pw", env=NONE)
    box.ok("archives", env={**NONE, "ARKV_PASSWORD_COMMAND": "cat pw"})
    box.fails(12, "archives", "--password-command", "cat pw; exit 3", env=NONE, says="status 3")
    for how in (("--password-fd", "0"), ()):
        box.ok("archives", *how, input=PASSWORD,
               env=NONE if how else {**NONE, "ARKV_PASSWORD_FD": "0"})
    box.ok("archives", "--password-file", "pw", env={"ARKV_PASSWORD": "wrong"})
    os.chmod(path, 0o644)
    box.contains(box.ok("archives", "--password-file", "pw", env=NONE).errors, "others can read")


def a_password_is_asked_for_without_echo(box):
    box.write("in.jsonl", line("a", "1"))
    asked = box.terminal("init", typed=(("new password", "s3cret"), ("again", "s3cret")), env=NONE)
    box.equal(asked.code, 0)
    box.equal(b"s3cret" in asked.out, False, "the password on the screen")
    box.equal(box.terminal("archives", typed=(("password for", "s3cret"),), env=NONE).code, 0)
    box.equal(box.terminal("archives", typed=(("password for", "wrong"),), env=NONE).code, 12)


def keys_are_added_listed_changed_and_removed(box):
    _made(box)
    box.write("second", "two\n")
    box.write("third", "three\n")
    box.ok("key", "add", "--new-password-file", "second", "--label", "for Ann")
    box.equal([k["label"] for k in _keys(box)], ["", "for Ann"])
    box.ok("backup", "jsonl:in.jsonl", "--name", "s", env={"ARKV_PASSWORD": "two"})
    box.ok("key", "passwd", "--new-password-file", "third", env={"ARKV_PASSWORD": "two"})
    box.fails(12, "ls", env={"ARKV_PASSWORD": "two"})
    box.equal(box.ok("ls", env={"ARKV_PASSWORD": "three"}).lines, ["a"])
    box.ok("key", "remove", _keys(box)[0]["id"][:8])
    box.fails(12, "ls")
    box.fails(2, "key", "remove", _keys(box)[0]["id"])
    box.fails(5, "key", "remove", "ffffffff")
    box.equal(box.ok("ls", env={"ARKV_PASSWORD": "three"}).lines, ["a"])


def a_key_file_opens_what_it_was_made_for(box):
    _made(box, "--key-file-new", "kf")
    box.equal(os.stat(box.path("kf")).st_mode & 0o777, 0o600)
    box.ok("backup", "jsonl:in.jsonl", "--name", "s", "--key-file", "kf", env=NONE)
    box.equal(box.ok("ls", env={**NONE, "ARKV_KEY_FILE": box.path("kf")}).lines, ["a"])
    box.fails(12, "ls", env={"ARKV_PASSWORD": PASSWORD})
    box.ok("init", "--key-file-new", "kf2", "-r", box.path("repo2"))
    box.fails(12, "ls", "--key-file", "kf2", env=NONE)
    box.fails(1, "init", "--key-file-new", "kf", "-r", box.path("repo3"), says="exists")
    box.equal(os.path.exists(box.path("repo3")), False, "a repository without its key")


def an_export_opens_a_repository_that_has_lost_its_keys(box):
    _made(box)
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")
    box.ok("key", "export", "-o", "kv.key")
    box.equal(os.stat(box.path("kv.key")).st_mode & 0o777, 0o600)
    box.equal(box.ok("ls", "--key-file", "kv.key", env=NONE).lines, ["a"])
    for name in box.files():
        if name.startswith("keys/slot"):
            os.remove(box.path("repo", name))
    box.fails(12, "ls")
    box.write("pw", "new one\n")
    box.ok("key", "import", "kv.key", "--new-password-file", "pw", env=NONE)
    box.equal(box.ok("ls", env={"ARKV_PASSWORD": "new one"}).lines, ["a"])


def a_sealed_export_needs_its_own_password(box):
    _made(box)
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")
    box.write("pw", "for the drawer\n")
    box.ok("key", "export", "--seal", "--new-password-file", "pw", "-o", "sealed.key")
    box.equal(box.ok("ls", "--key-file", "sealed.key", env={"ARKV_PASSWORD": "for the drawer"})
              .lines, ["a"])
    box.fails(12, "ls", "--key-file", "sealed.key", env={"ARKV_PASSWORD": "other"})


def an_export_goes_to_a_pipe_and_not_to_a_terminal(box):
    _made(box)
    box.contains(box.ok("key", "export").text, "arkv key 1 root-export")
    box.equal(box.terminal("key", "export").code, 2)


def a_host_with_a_write_only_key_backs_up_and_cannot_read(box):
    _made(box)
    box.ok("key", "export", "--write-only", "-o", "wo.key")
    only = {**NONE, "ARKV_KEY_FILE": box.path("wo.key"), "ARKV_CACHE_DIR": box.path("cache2")}
    box.ok("backup", "jsonl:in.jsonl", "--name", "s", env=only)
    box.write("in.jsonl", line("a", "2") + line("b", "3"))
    box.ok("backup", "jsonl:in.jsonl", "--name", "s", "--permissions", "write-only", env=only)
    box.equal(len(box.ok("archives", env=only).lines), 3)
    for args in (("ls",), ("cat", "latest", "a"), ("export", "latest", "jsonl:-"), ("tree",)):
        refused = box.fails(12, *args, env=only)
        box.contains(refused.errors, "not read")
        box.equal(refused.out, b"")
    box.equal(box.ok("cat", "latest", "a", "b").out, b"23")
    box.equal(box.ok("cat", "latest~1", "a").out, b"1")


def an_unencrypted_repository_has_no_keys(box):
    box.write("in.jsonl", line("a", "1"))
    box.ok("init", "--encryption", "none", env=NONE)
    box.fails(1, "key", "list", says="not encrypted")
    box.fails(12, "ls", says="not encrypted")


main(globals())
