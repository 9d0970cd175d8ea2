"""test_cuts.py - the tool ends blocks and cuts values where pages 06 and 19 of spec/ say.

No reader needs to know where; but two writers of one repository that disagree store everything
twice. What stands here is written from those pages.
"""
import base64
import json
import os
import random
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(TOP, "spec"), os.path.join(TOP, "tests", "cli")]
import read
from harness import main
from reader import structures as st
from reader.basics import U64_MAX, blake, siphash

CDC_MIN, CDC_AVG, CDC_MAX = 65536, 262144, 1048576
INLINE_MAX = 1024


def _backup(box, records):
    """A backup of {key: value}; gives the archive, its one segment and its one run."""
    box.write("in.jsonl", "".join(
        json.dumps({"space": "s", "key": key, "value_b64": base64.b64encode(value).decode()}) + "\n"
        for key, value in records.items()))
    box.env.pop("ARKV_PASSWORD")
    box.ok("init", "--encryption", "none")
    box.ok("backup", "jsonl:in.jsonl", "--name", "x")
    archive = read.choose(read.Repository(box.path("repo")), "latest")
    [segment], [run] = archive.open_segments()
    return archive, segment, run


def _weight(entry):
    space, key = entry.name
    body = entry.length if entry.form == st.INLINE else 33 if entry.form == st.TREE else \
        1 + sum(len(st.varint_of(size)) + 32 for size, _ in entry.value)
    return 16 + len(space) + len(key) + len(entry.meta) + body


def blocks_end_where_page_06_says(box):
    chance = random.Random(1)
    records = {f"user:{i:06}": chance.randbytes(chance.randrange(300)) for i in range(4000)}
    records |= {f"v:{i}": chance.randbytes(2000) for i in range(50)}
    archive, segment, run = _backup(box, records)
    k_cut = archive.repo.keys.cut
    wanted, weight, count = [], 0, 0
    got = [block.entries for page in range(len(run.root)) for block in run.page_blocks(page)]
    for entry in (entry for entries in got for entry in entries):
        space, key = entry.name
        cut_hash = siphash(k_cut[:16], st.varint_of(len(space)) + space + key)
        hit = weight >= 16384 and cut_hash >> 32 < segment.cut_threshold
        if count and (hit or weight + _weight(entry) > 262144):
            wanted.append(count)
            weight = count = 0
        weight += _weight(entry)
        count += 1
    box.equal([len(entries) for entries in got], wanted + [count], "entries of each block")
    mean = sum(_weight(e) for entries in got for e in entries) / len(got)
    box.that(len(got) > 5 and 32768 < mean < 131072, f"{len(got)} blocks of {mean:.0f}")


def _chunks(value, k_cut):
    """Page 19."""
    rows = [blake(b"arkv-gear" + bytes([i]), k_cut, 64) for i in range(32)]
    gear = [int.from_bytes(row[8 * j:8 * j + 8], "little") for row in rows for j in range(8)]
    bits, sizes = CDC_AVG.bit_length() - 1, []
    while sum(sizes) < len(value):
        piece = value[sum(sizes):sum(sizes) + CDC_MAX]
        size, gear_hash = len(piece), 0
        for at in range(CDC_MIN, len(piece)):
            gear_hash = (gear_hash << 1) + gear[piece[at]] & U64_MAX
            if gear_hash >> 64 - (bits + 2 if at < CDC_AVG else bits - 2) == 0:
                size = at + 1
                break
        sizes.append(size)
    return sizes


def values_are_cut_where_page_19_says(box):
    chance = random.Random(2)
    sizes = [INLINE_MAX, INLINE_MAX + 1, CDC_MAX, CDC_MAX + 1, 2 * CDC_MAX, 5 * CDC_MAX]
    values = {f"{size:08}": chance.randbytes(size) for size in sizes}
    values["zeros"] = bytes(CDC_MAX + 5)
    archive, _, run = _backup(box, values)
    [block] = run.page_blocks(0)
    for entry in block.entries:
        value = values[entry.name[1].decode()]
        if entry.form == st.INLINE:
            box.that(len(value) <= INLINE_MAX, f"{entry.name}: inline")
            continue
        parts = entry.value
        if entry.form == st.TREE:
            one = entry.value[1]
            [(raw, _)] = archive.repo.contents([(st.RECIPE, one, block.hints[one])])
            parts = st.decode_recipe(raw)[1]
        wanted = [len(value)] if len(value) <= CDC_MAX else _chunks(value, archive.repo.keys.cut)
        box.equal([size for size, _ in parts], wanted, f"chunks of {entry.name}")
        box.equal(entry.form == st.TREE, len(parts) > 8, f"the form of {entry.name}")


main(globals())
