"""test_verify.py - verify finds damage in every kind of object, and says what it touches."""
import json
import os
import random

from data import hostile, line
from harness import main

SEED = int(os.environ.get("ARKV_SEED", 4711))


def _backed_up(box):
    box.write("in.jsonl", hostile() + "".join(line(f"key:{i:05}", "value " * (i % 50))
                                              for i in range(5000)).encode())
    box.ok("init")
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")


def _fresh(box):
    """A cache that has seen nothing."""
    return {"ARKV_CACHE_DIR": box.path(f"cache-{random.random()}")}


def a_whole_repository_verifies_on_every_level(box):
    _backed_up(box)
    for level in ((), ("--structure",), ("--presence",), ("--read-data",),
                  ("--read-data", "latest")):
        box.contains(box.ok("verify", *level).text, "no damage")
    box.fails(5, "verify", "ffffffff")


def _flip(box, name, at):
    os.chmod(box.path("repo", name), 0o600)
    data = bytearray(box.read("repo/" + name))
    data[at] ^= 1 << (at % 8)
    box.write("repo/" + name, bytes(data))


def a_flipped_bit_anywhere_is_found(box):
    print(f"# ARKV_SEED={SEED}")
    rng = random.Random(SEED)
    _backed_up(box)
    for name in box.files():
        if name == "config" or name.startswith("keys/"):
            continue
        whole = box.read("repo/" + name)
        for _ in range(2):
            at = rng.randrange(len(whole))
            _flip(box, name, at)
            result = box.run("verify", "--read-data", env=_fresh(box))
            box.equal(result.code, 13, f"the code with byte {at} of {name} flipped")
            box.write("repo/" + name, whole)
    box.ok("verify", "--read-data", env=_fresh(box))


def a_lost_pack_is_found_by_the_quick_level_and_its_keys_are_named(box):
    _backed_up(box)
    packs = [f for f in box.files() if f.startswith("packs/")]
    os.remove(box.path("repo", packs[0]))
    result = box.run("verify", "--json", env=_fresh(box))
    box.equal(result.code, 13)
    damages = [m for m in map(json.loads, result.lines) if m["message_type"] == "damage"]
    box.that(damages and damages[0]["archives"], "no damage with its archives")
    text = box.run("verify", env=_fresh(box))
    box.contains(text.text, "damaged pack")
    box.contains(text.errors, "the repository is damaged")


def reading_goes_on_around_a_damaged_pack(box):
    _backed_up(box)
    packs = sorted((os.path.getsize(box.path("repo", f)), f)
                   for f in box.files() if f.startswith("packs/"))
    _flip(box, packs[-1][1], packs[-1][0] // 2)
    listed = box.run("ls", env=_fresh(box))
    box.that(listed.code in (0, 13), f"exit code {listed.code}")
    box.that(len(listed.lines) > 100, "hardly anything is listed")


main(globals())
