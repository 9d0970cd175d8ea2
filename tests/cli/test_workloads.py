"""test_workloads.py - whatever goes in comes out: export is the canonical JSONL of the input, byte
for byte, and the content digest does not depend on the order of the input.

With ARKV_LONG=1 the sets have the sizes that the figures are measured on.
"""
import base64
import json
import os
import random
import subprocess
import sys

from harness import main

BENCH_GEN = os.environ["ARKV_BENCH_GEN"]
CANON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools", "canon.py")
STANZAS = os.path.join(os.path.dirname(CANON), "stanzas.py")
LONG = "ARKV_LONG" in os.environ
SEED = int(os.environ.get("ARKV_SEED") or random.SystemRandom().randrange(1 << 32))


def _b64(data):
    return base64.b64encode(data).decode()


def _canon(box, name):
    with open(box.path(name + ".canon"), "wb") as out:
        subprocess.run([sys.executable, CANON, box.path(name)], stdout=out, check=True)
    return box.path(name + ".canon")


def _same_file(box, a, b):
    box.that(subprocess.run(["cmp", a, b]).returncode == 0, f"{a} and {b} differ")


def _round_trip(box, name, *options):
    """Backs the file up, exports the archive, and compares."""
    box.ok("backup", "jsonl:" + name, "--name", name, *options)
    box.ok("export", "latest", "jsonl:" + name + ".out", "--source", name)
    _same_file(box, _canon(box, name), box.path(name + ".out"))


def _digests(box, name):
    """The four content digests of the newest archive of a source."""
    for line in box.ok("archives", "--json", "--source", name).lines:
        row = json.loads(line)
        if row.get("message_type") == "archive":
            last = row
    return {k: v for k, v in last.items() if "digest" in k}


def _workload(box, name, count):
    box.ok("init")
    with open(box.path(name), "wb") as out:
        subprocess.run([BENCH_GEN, "stream", "-w", name, "-n", str(count), "-f", "jsonl"],
                       stdout=out, stderr=subprocess.DEVNULL, check=True)
    _round_trip(box, name)
    box.ok("verify", "--read-data")


def small_values(box):
    _workload(box, "small", 1000000 if LONG else 50000)


def medium_values(box):
    _workload(box, "medium", 100000 if LONG else 600)


def large_values(box):
    _workload(box, "large", 20 if LONG else 1)


def many_equal_values(box):
    _workload(box, "dup", 200000 if LONG else 4000)


def random_values(box):
    _workload(box, "random", 100000 if LONG else 2000)


def debian_package_records(box):
    """Real records: apt's, or dpkg's where apt has no lists."""
    box.ok("init")
    dump = subprocess.run(["apt-cache", "dumpavail"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout
    if len(dump) < 100000:
        with open("/var/lib/dpkg/status", "rb") as status:
            dump = status.read()
    if not LONG:
        dump = dump[:dump.rindex(b"\n\n", 0, 8 << 20) + 2] if len(dump) > 8 << 20 else dump
    lines = subprocess.run([sys.executable, STANZAS], input=dump, stdout=subprocess.PIPE,
                           check=True).stdout
    box.write("packages", lines)
    _round_trip(box, "packages")


def an_empty_store(box):
    box.ok("init")
    box.write("empty", "")
    _round_trip(box, "empty")
    box.equal(box.ok("ls", "latest").out, b"", "the keys")
    box.ok("verify", "--read-data")


def every_kind_of_key_and_value(box):
    """Empty values, an empty key, keys and values of every byte, keys and spaces as long as can be,
    values around every limit, all attributes."""
    box.ok("init")
    rng = random.Random(SEED)
    print(f"# ARKV_SEED={SEED}", flush=True)
    lines = [{"key": "", "value": ""}, {"key": "empty", "value": ""}]
    every_byte = bytes(range(256))
    lines.append({"key_b64": _b64(every_byte), "value_b64": _b64(every_byte * 3)})
    for byte in range(256):
        lines.append({"key_b64": _b64(b"k" + bytes([byte])), "value_b64": _b64(bytes([byte]))})
    for length in (1, 510, 511, 512, 65534, 65535):
        lines.append({"key": "l" * length, "value": str(length)})
        lines.append({"key": "l" * (length - 1) + "m", "value": str(length)})
    for length in (1023, 1024, 1025, 65536, 1048575, 1048576, 1048577, 3 << 20):
        value = rng.randbytes(length)
        lines.append({"key": f"v{length}", "value_b64": _b64(value)})
    for i in range(2000):
        record = {"space": rng.choice(["", "0", "1", "s" * 1024, "\u00fc"]), "key": f"r{i % 1500}",
                  "value": "x" * rng.randrange(60)}
        if rng.random() < 0.3:
            record["expire_at"] = rng.randrange(1, 1 << 45)
        if rng.random() < 0.2:
            record["flags"] = rng.randrange(1, 1 << 32)
        if rng.random() < 0.2:
            record["meta"] = {"a": [1, "\u20ac", None], "b": "m" * rng.randrange(9000)}
        if rng.random() < 0.2:
            record["type"] = rng.choice(["hash", "list", "stream", "type-200"])
        if not record["space"]:
            del record["space"]
        lines.append(record)
    box.write("kinds", "".join(json.dumps(line) + "\n" for line in lines))
    _round_trip(box, "kinds")
    box.ok("verify", "--read-data")


def the_order_of_the_input_does_not_matter(box):
    box.ok("init")
    rng = random.Random(SEED)
    print(f"# ARKV_SEED={SEED}", flush=True)
    lines = ['{"key":"%d","value":"%s"}\n' % (i * 7919, "v" * (i % 50) + str(i))
             for i in range(20000)]
    wanted = None
    for turn in range(3):
        box.write(f"o{turn}", "".join(lines))
        _round_trip(box, f"o{turn}")
        digests = _digests(box, f"o{turn}")
        box.that(digests, "archives --json shows digests")
        wanted = wanted or digests
        box.equal(digests, wanted, "the content digests")
        rng.shuffle(lines)


main(globals())
