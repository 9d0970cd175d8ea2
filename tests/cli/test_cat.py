"""test_cat.py - arkv cat: several keys, lists of keys, spaces, files, what is missing."""
import base64
import json
import os

from data import hostile, line
from harness import main


def _three(box):
    box.write("in.jsonl", line("a", "1") + line("b", "22") + line("c", "333"))
    box.ok("init")
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")


def several_keys_come_in_the_order_of_the_arguments(box):
    _three(box)
    box.equal(box.ok("cat", "latest", "c", "a", "c").out, b"3331333")
    box.equal(box.ok("cat", "-0", "latest", "c", "a").out, b"333\x001\x00")


def a_list_of_keys_is_read_from_a_file_and_from_a_pipe(box):
    _three(box)
    box.write("keys", "b\n\na")
    box.equal(box.ok("cat", "latest", "--keys-from", "keys").out, b"221")
    box.equal(box.ok("cat", "latest", "-0", "--keys-from", "-", input=b"b\0c\0").out,
              b"22\x00333\x00")
    box.fails(1, "cat", "latest", "--keys-from", "none", says="none")


def a_missing_key_is_named_and_the_others_still_come(box):
    _three(box)
    result = box.fails(5, "cat", "latest", "a", "nope", "b", says="nope: not in archive latest")
    box.equal(result.out, b"122")


def a_file_appears_only_when_it_is_complete(box):
    _three(box)
    box.ok("cat", "latest", "c", "-o", "out")
    box.equal(box.read("out"), b"333")
    box.fails(5, "cat", "latest", "nope", "-o", "other")
    box.that(not os.path.exists(box.path("other")), "a file stands there although nothing came")
    box.ok("cat", "latest", "a", "-o", "out")
    box.equal(box.read("out"), b"1")
    box.equal([f for f in os.listdir(box.folder) if "arkv-" in f], [], "files left over")


def the_first_space_that_has_the_key_is_taken_unless_one_is_named(box):
    box.write("in.jsonl", hostile())
    box.ok("init")
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")
    box.equal(box.ok("cat", "latest", "shared").out, b"in ")
    box.equal(box.ok("cat", "latest", "shared", "--space", "users").out, b"in users")
    box.equal(box.ok("cat", "latest", "shared", "--db", "1").out, b"in 1")
    box.fails(5, "cat", "latest", "shared", "--space", "none")


def a_key_of_another_space_is_found_without_naming_it(box):
    box.write("in.jsonl", line("x", "1", space="5") + line("y", "2", space="7"))
    box.ok("init")
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")
    box.equal(box.ok("cat", "latest", "y", "x").out, b"21")
    box.fails(5, "cat", "latest", "z")


def json_lines_carry_values_in_base64(box):
    box.write("in.jsonl", line("k", b"\xff\x00" * 2000) + line("l", "text"))
    box.ok("init")
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")
    messages = [json.loads(x) for x in box.ok("cat", "latest", "k", "l", "--json").lines]
    box.equal([m["message_type"] for m in messages], ["record", "record", "exit"])
    box.equal(base64.b64decode(messages[0]["value_b64"]), b"\xff\x00" * 2000)
    box.equal(base64.b64decode(messages[1]["value_b64"]), b"text")


main(globals())
