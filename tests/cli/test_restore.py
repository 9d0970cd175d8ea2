"""test_restore.py - restore and export: conflicts, dry runs, filters, unusable targets."""
import json
import os

from data import line, packages
from harness import main


def _backed_up(box, lines=line("a", "1") + line("b", "2") + line("c", "3")):
    box.write("in.jsonl", lines)
    box.ok("init")
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")


def _summary(result):
    return [m for m in map(json.loads, result.lines) if m["message_type"] == "summary"][0]


def a_folder_gets_a_file_for_each_key(box):
    _backed_up(box)
    box.contains(box.ok("restore", "latest", "--to", "dir:out").errors, "3 keys: 3 created")
    box.equal(box.read("out/b"), b"2")


def a_key_that_is_there_with_another_value_is_a_conflict(box):
    _backed_up(box)
    box.write("out/b", "mine")
    box.fails(23, "restore", "latest", "--to", "dir:out", says="--on-conflict")
    box.equal(box.read("out/b"), b"mine", "the file that was there")


def what_is_there_with_the_same_value_is_no_conflict_and_is_counted(box):
    _backed_up(box)
    box.ok("restore", "latest", "--to", "dir:out")
    box.contains(box.ok("restore", "latest", "--to", "dir:out").errors, "3 the same already")


def skip_keeps_and_replace_replaces(box):
    _backed_up(box)
    box.write("out/b", "mine")
    done = box.ok("restore", "latest", "--to", "dir:out", "--on-conflict", "skip", "--json")
    done = _summary(done)
    box.equal((done["created"], done["skipped"]), (2, 1))
    box.equal(box.read("out/b"), b"mine")
    box.ok("restore", "latest", "--to", "dir:out", "--on-conflict", "replace")
    box.equal(box.read("out/b"), b"2")


def a_dry_run_counts_and_writes_nothing(box):
    _backed_up(box)
    box.write("out/b", "mine")
    done = box.ok("restore", "latest", "--to", "dir:out", "--on-conflict", "skip", "-n")
    box.contains(done.errors, "would write: 3 keys: 2 to create, 1 skipped")
    box.equal(box.files("out"), ["b"])
    box.ok("export", "latest", "jsonl:new.jsonl", "--dry-run")
    box.equal(os.path.exists(box.path("new.jsonl")), False)


def filters_choose_what_is_restored(box):
    _backed_up(box, packages())
    box.ok("restore", "latest", "--to", "dir:out", "--include", "*sh", "--exclude", "z*")
    names = [k for k in box.ok("ls").lines if k.endswith("sh") and not k.startswith("z")]
    box.equal(sorted(f for f in box.files("out") if not f.startswith(".")), names)


def an_export_does_not_replace_a_file_unasked(box):
    _backed_up(box)
    box.write("out.jsonl", "mine")
    box.fails(23, "export", "latest", "jsonl:out.jsonl")
    box.equal(box.read("out.jsonl"), b"mine")
    box.ok("export", "latest", "jsonl:out.jsonl", "--on-conflict", "replace")
    box.equal(len(box.read("out.jsonl").splitlines()), 3)


def a_target_that_cannot_be_written_is_named(box):
    _backed_up(box)
    box.fails(2, "restore", "latest", "--to", "nowhere:x", says="nowhere:x")
    result = box.run("restore", "latest", "--to", "dir:/proc/nothing")
    box.that(result.code in (1, 20, 22), f"exit code {result.code}")
    box.contains(result.errors, "/proc/nothing")


main(globals())
