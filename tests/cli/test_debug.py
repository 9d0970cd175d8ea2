"""test_debug.py - dump, list, cat-object, check-store."""
import json
import os

from data import hostile, line
from harness import main


def _backed_up(box):
    box.write("in.jsonl", hostile())
    box.ok("init")
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")


def every_object_is_listed_and_written_as_it_is(box):
    _backed_up(box)
    rows = [r.split() for r in box.ok("debug", "list").lines]
    box.equal(len(rows), len(box.files()))
    for size, name in rows:
        path = [f for f in box.files() if f.endswith(name.split("/")[-1])][0]
        box.equal(int(size), os.path.getsize(box.path("repo", path)), name)
        box.equal(box.ok("debug", "cat-object", name).out, box.read("repo/" + path), name)
    box.fails(5, "debug", "cat-object", "packs/none")


def every_object_is_shown_to_its_last_byte(box):
    _backed_up(box)
    for row in box.ok("debug", "list").lines:
        size, name = row.split()
        fields = [json.loads(x) for x in box.ok("debug", "dump", name, "--json").lines]
        outer = []
        for message in fields:
            if message["message_type"] != "field":
                break
            outer.append(message)
        box.that(outer, f"{name}: nothing is shown")
        box.equal(outer[-1]["offset"] + outer[-1]["size"], int(size), f"the end of {name}")
        box.equal([f["offset"] for f in outer], sorted(f["offset"] for f in outer), name)
        box.ok("debug", "dump", "-v", name)


def a_dump_shows_what_stands_in_the_boxes(box):
    _backed_up(box)
    ident = box.ok("archives").lines[1].split()[0]
    shown = box.ok("debug", "dump", ident).text
    for part in ("head, opened", "source_name", "run table, opened", "stacks, opened",
                 "bounds, opened"):
        box.contains(shown, part)
    box.fails(5, "debug", "dump", "ffffffff")


def a_file_is_shown_without_any_key(box):
    _backed_up(box)
    shown = box.ok("debug", "dump", box.path("repo/config"), env={"ARKV_PASSWORD": None})
    box.contains(shown.text, "CONF")


def a_dump_of_a_damaged_object_shows_what_is_before_it(box):
    _backed_up(box)
    box.write("cut", box.read("repo/config")[:50])
    result = box.fails(13, "debug", "dump", "cut", says="at 4")
    box.contains(result.text, "CONF")
    box.write("other", "nothing of ours")
    box.fails(1, "debug", "dump", "other", says="no object of arkv")


def a_store_is_tried_and_left_empty(box):
    result = box.ok("debug", "check-store", box.path("place"), seconds=240)
    box.that(len(result.lines) > 10, "hardly anything was checked")
    box.equal([x for x in result.lines if not x.startswith("ok")], [])
    box.equal(os.path.exists(box.path("place")), False, "the place afterwards")
    box.write("full/x", "y")
    box.fails(1, "debug", "check-store", box.path("full"))


def calls_of_the_store_are_traced(box):
    box.write("in.jsonl", line("a", "1"))
    box.ok("init")
    traced = box.ok("backup", "jsonl:in.jsonl", "--name", "s", env={"ARKV_TRACE": "store"})
    box.contains(traced.errors, "trace: put archives/")


main(globals())
