"""test_read.py - spec/read.py reads what the tool wrote, and finds in it what the tool finds.

Three who share no code must agree, byte for byte: the tool's export, the second reader of the
format (spec/read.py), and the second reader of JSONL (tests/tools/canon.py) of what was backed up.
"""
import base64
import json
import os
import random
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "cli"))
from harness import main

MIB = 1 << 20
TYPES = "hash list set zset stream module function jsvalue bins table type-200".split()
METAS = [None, None, b"", b"null", b'{"a":[1,2.50,{"b":"\\u0000"}]}', b'{"a": 1}', b"\xff\x00",
         b"[" * 128 + b"]" * 128, b"[" * 129 + b"]" * 129, b'"' + b"x" * 16382 + b'"']


def _python(box, *args, code=0):
    done = subprocess.run([sys.executable, *args], capture_output=True, check=False)
    if done.returncode != code:
        box.fail(f"{args}: exit code {done.returncode}: {done.stderr.decode()}")
    return done


def _read(box, *args, code=0):
    done = _python(box, os.path.join(TOP, "spec", "read.py"), box.path("repo"), *args, code=code)
    return done.stderr.decode() if code else done.stdout


def _canon(box, name):
    return _python(box, os.path.join(TOP, "tests", "tools", "canon.py"), box.path(name)).stdout


def _agree(box, name, *options):
    """Backs up a file of records; all three must say the same of it."""
    box.ok("backup", f"jsonl:{box.path(name)}", *options)
    wanted = _canon(box, name)
    box.equal(box.ok("export", "latest", "jsonl:-").out == wanted, True, "export = canon.py")
    box.equal(_read(box, "latest") == wanted, True, "read.py = canon.py")
    return wanted


def _line(space, key, value, **more):
    """One record; bytes that are not UTF-8 become _b64 twins."""
    members = dict(more)
    for name, raw in (("space", space), ("key", key), ("value", value)):
        try:
            members[name] = raw.decode()
        except UnicodeDecodeError:
            members[name + "_b64"] = base64.b64encode(raw).decode()
    return json.dumps(members, ensure_ascii=False) + "\n"


def _value(chance, size):
    """Of text, of zeros with something in them, or of noise."""
    kind = chance.randrange(3)
    if kind == 0:
        return b"".join(b"line %d of a text\n" % chance.randrange(1000)
                        for _ in range(size // 20 + 1))[:size]
    noise = chance.randbytes(min(size, 4096) if kind == 1 else size)
    return (noise + bytes(size))[:size]


def _records(chance, count, sizes):
    """Lines with every member that a record can have, in any order; some keys come twice."""
    for number in range(count):
        space = chance.choice([b"", b"", b"0", b"db", b"\xff\xfe", b"s" * 1024])
        key = chance.choice([b"user:%06d" % chance.randrange(10 * count), chance.randbytes(8), b"",
                             b"k" * chance.randrange(1, 300) + b"%d" % number,
                             "schlüssel:€%d".encode() % number])
        more = {}
        if chance.random() < 0.3:
            more["type"] = chance.choice(TYPES)
        if chance.random() < 0.3:
            more["expire_at"] = chance.choice([0, 1700000000000 + number, 2**63, 2**64 - 2])
        if chance.random() < 0.2:
            more["flags"] = chance.choice([1, 2**31, 2**32 - 1])
        meta = chance.choice(METAS) if chance.random() < 0.3 else None
        if meta is not None:
            more["meta_b64"] = base64.b64encode(meta).decode()
        yield _line(space, key, _value(chance, chance.choice(sizes)), **more)


def _init(box):
    box.env.pop("ARKV_PASSWORD")
    box.ok("init", "--encryption", "none")


def records_of_debian_packages_come_back_the_same(box):
    _init(box)
    with open("/var/lib/dpkg/status", "rb") as file:
        lines = subprocess.run([sys.executable, os.path.join(TOP, "tests", "tools", "stanzas.py")],
                               stdin=file, stdout=subprocess.PIPE, check=True).stdout
    box.write("status.jsonl", lines)
    _agree(box, "status.jsonl", "--name", "status")
    record = json.loads(random.Random(1).choice(lines.splitlines()))
    box.equal(_read(box, "latest", "--get", record["key"]), record["value"].encode(), "one value")
    box.contains(_read(box, "latest", "--get", "no such package", code=1), "no such key")


def records_with_every_feature_come_back_the_same(box):
    seed = int(os.environ.get("ARKV_SEED", "1"))
    chance = random.Random(seed)
    _init(box)
    for n in range(3):
        box.write(f"{n}.jsonl", "".join(_records(chance, 1500, [0, 1, 2, 100, 1000, 1024, 1025])))
        _agree(box, f"{n}.jsonl", "--name", "random")
    box.equal(len(_read(box).splitlines()), 3, "archives")


def values_of_all_sizes_come_back_the_same(box):
    """Inline, one chunk, up to eight chunks, a recipe; chunks that come twice."""
    chance = random.Random(2)
    sizes = [1, 1024, 1025, 16384, 65536, 65537, MIB - 1, MIB, MIB + 1, 3 * MIB, 5 * MIB, 12 * MIB]
    values = [_value(chance, size) for size in sizes for _ in range(2)]
    values.append(values[-1][:6 * MIB] + b"inserted" + values[-1][6 * MIB:])
    box.write("big.jsonl", "".join(_line(b"", b"v%02d" % i, value)
                                   for i, value in enumerate(values)))
    _init(box)
    _agree(box, "big.jsonl", "--name", "big")
    for i in (0, 5, len(values) - 1):
        box.equal(_read(box, "latest", "--get", f"v{i:02}") == values[i], True, f"value {i}")


def many_spaces_and_tiny_records_come_back_the_same(box):
    """Blocks are cut by weight: what weighs little must not make blocks that no reader takes."""
    chance = random.Random(5)
    lines = [_line(b"%05d" % i + b"s" * 1000, b"k", b"") for i in range(1500)]
    for i in range(30000):
        lines.append(_line(b"", b"%x" % i, b"", flags=2**32 - 1, meta=0,
                           expire_at=chance.choice([0, 2**63, 2**64 - 2])))
    box.write("tiny.jsonl", "".join(lines))
    _init(box)
    _agree(box, "tiny.jsonl", "--name", "tiny")


def a_store_without_records_comes_back_empty(box):
    box.write("empty.jsonl", "")
    _init(box)
    box.equal(_agree(box, "empty.jsonl", "--name", "empty"), b"", "no records")


def an_encrypted_repository_is_refused(box):
    box.ok("init")
    box.contains(_read(box, code=1), "is encrypted")


def every_kind_of_damage_is_named(box):
    """A flipped bit in each object that an archive needs."""
    _init(box)
    box.write("in.jsonl", "".join(_records(random.Random(3), 300, [10, 2000])))
    _agree(box, "in.jsonl", "--name", "x")
    chance = random.Random(4)
    for path in box.files():
        space = path.split("/")[0]
        if space in ("sessions", "places"):
            continue
        sound = box.read(f"repo/{path}")
        for _ in range(5):
            data, at = bytearray(sound), chance.randrange(len(sound))
            data[at] ^= 1 << chance.randrange(8)
            box.write(f"repo/{path}", bytes(data))
            told = _read(box, "latest", code=1)
            box.that(told.startswith("read.py: ") and "Traceback" not in told,
                     f"{path}, byte {at}: {told}")
        box.write(f"repo/{path}", sound)


main(globals())
