"""test_round_trip.py - what goes in comes out: export, cat and restore against canon.py."""
import json
import os
import random

from data import canonical, hostile, line, packages
from harness import main


def _backed_up(box, lines, *options):
    box.write("in.jsonl", lines)
    box.ok("init")
    return box.ok("backup", "jsonl:in.jsonl", "--name", "s", *options)


def every_package_of_this_machine_comes_back_in_canonical_form(box):
    lines = packages()
    _backed_up(box, lines)
    box.equal(box.ok("export", "latest", "jsonl:-").out, canonical(lines), "the export")


def hostile_keys_and_values_come_back_in_canonical_form(box):
    lines = hostile()
    _backed_up(box, lines)
    box.equal(box.ok("export", "latest", "jsonl:-").out, canonical(lines), "the export")


def the_order_of_the_input_makes_no_difference(box):
    lines = packages().splitlines(keepends=True)
    _backed_up(box, b"".join(lines))
    random.Random(4711).shuffle(lines)
    box.write("in.jsonl", b"".join(lines))
    again = box.ok("backup", "jsonl:in.jsonl", "--name", "s", "--json")
    summary = [m for m in map(json.loads, again.lines) if m["message_type"] == "summary"][0]
    box.that(summary["unchanged"], "an equal archive is not called unchanged")
    box.equal((summary["new"], summary["changed"], summary["deleted"]), (0, 0, 0), "the changes")
    box.equal(box.ok("export", "latest", "jsonl:-").out,
              box.ok("export", "latest~1", "jsonl:-").out, "the export of the second night")


def an_export_backed_up_again_exports_the_same(box):
    _backed_up(box, hostile())
    first = box.ok("export", "latest", "jsonl:-").out
    box.write("again.jsonl", first)
    box.ok("backup", "jsonl:again.jsonl", "--name", "again")
    box.equal(box.ok("export", "latest", "jsonl:-", "-s", "again").out, first, "the second export")


def an_empty_store_is_an_archive(box):
    _backed_up(box, b"")
    box.equal(box.ok("ls").out, b"")
    box.equal(box.ok("export", "latest", "jsonl:-").out, b"")
    box.equal(box.ok("tree").code, 0)


def standard_input_is_a_source(box):
    box.ok("init")
    box.ok("backup", "jsonl:-", "--name", "pipe", input=line("a", "1") + line("b", "2"))
    box.equal(box.ok("cat", "latest", "b").out, b"2")


def an_unencrypted_repository_round_trips_and_says_what_it_is(box):
    lines = packages()
    box.write("in.jsonl", lines)
    box.env["ARKV_PASSWORD"] = ""
    del box.env["ARKV_PASSWORD"]
    made = box.ok("init", "--encryption", "none")
    box.contains(made.text, "not encrypted")
    done = box.ok("backup", "jsonl:in.jsonl", "--name", "s")
    box.contains(done.errors, "not encrypted")
    box.equal(box.ok("export", "latest", "jsonl:-").out, canonical(lines), "the export")


def a_folder_comes_back_file_by_file(box):
    box.ok("init")
    source = "/usr/share/doc/bash" if os.path.isdir("/usr/share/doc/bash") else "/var/lib/dpkg/info"
    box.ok("backup", "dir:" + source, "--name", "docs")
    box.ok("restore", "latest", "--to", "dir:out")
    names = [f for f in box.ok("ls", "-0").out.split(b"\0") if f]
    box.that(names, "the archive is empty")
    for name in names[:50]:
        with open(os.path.join(source.encode(), name), "rb") as file:
            box.equal(box.ok("cat", "latest", name).out, file.read(), repr(name))


def a_value_is_written_exactly(box):
    value = bytes(range(256)) * 20 + b"\0\n\r"
    _backed_up(box, line("k", value) + line("empty", "") + line("nl", "x\n"))
    box.equal(box.ok("cat", "latest", "k").out, value)
    box.equal(box.ok("cat", "latest", "empty").out, b"")
    box.equal(box.ok("cat", "latest", "nl").out, b"x\n")


def a_large_value_is_written_exactly(box):
    value = random.Random(1).randbytes(5_000_000)
    _backed_up(box, line("large", value))
    box.equal(box.ok("cat", "latest", "large").out == value, True, "the large value")


main(globals())
