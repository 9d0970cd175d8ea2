"""test_gen.py - the sets that figures are measured on stay the same, and are what they say."""
import base64
import hashlib
import json
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
from harness import main

# Older figures hold for these bytes alone: never change one.
SUMS = {
    "-w small -n 1000": "68f7d6fd9700bc0447d09cb2ef5ecf966721d9ef5b899c07fc2d2213223d4acb",
    "-w small -n 20000 -k 2 -f jsonl": "14e1262b3355ee39",
    "-w small -n 3000 -s 77 -k 7 -c 0.1 -a 0.05 -d 0.03 -f jsonl": "1ebc5fadb1518b5f",
    "-w medium -n 1000": "7927193d764c3283d1671bf7e828d89fdd400e057dba5ab5766426d7c26a2b2a",
    "-w medium -n 1000 -s 2 -k 7 -c 0.2 -f jsonl": "b0ff28c9503d103c",
    "-w dup -n 1000": "103edfb30f188b01780dc32ea1a8b00a92f6ca1ff5ff7ec4fec9b0b0f62c803d",
    "-w random -n 1000": "e33dec7e16b7a9cf1ccf6805d57e3b57b6dec87ed25b03887bfa247209bc4422",
    "-w random -n 1000 -s 4 -k 7 -c 0.1 -f jsonl": "a84d1110e0ffa671",
    "-w large -n 2 -l 1 -L 4 -k 3":
        "6cda7841064c06db4b38f64bc5f2b2eca5be1369b9f88c9c6e260fef43a2e41c",
    "-w large -n 3 -s 5 -k 3 -l 1 -L 5 -f jsonl": "dcd03b5dcadcef28",
}


def _gen(*args):
    return subprocess.run([os.environ["ARKV_BENCH_GEN"], *args], check=True,
                          stdout=subprocess.PIPE).stdout


def _dump(*args):
    data = _gen("stream", "-f", "dump", *args)
    records, at = {}, 8
    while at < len(data):
        key_len, value_len = struct.unpack_from("<II", data, at)
        value_at = at + 8 + key_len
        records[data[at + 8:value_at]] = data[value_at:value_at + value_len]
        at = value_at + value_len
    return records


def each_workload_gives_the_bytes_that_it_always_gave(box):
    for options, wanted in SUMS.items():
        got = hashlib.sha256(_gen("stream", *options.split())).hexdigest()
        box.equal(got[:len(wanted)], wanted, options)


def jsonl_and_dump_hold_the_same_records_in_the_order_of_keys(box):
    for options in ("-w small -n 500", "-w medium -n 200 -k 3", "-w dup -n 200", "-w random -n 50",
                    "-w large -n 2 -l 1 -L 2 -k 2"):
        records = {}
        for line in _gen("stream", "-f", "jsonl", *options.split()).splitlines():
            one = json.loads(line)
            value = one["value"].encode() if "value" in one else base64.b64decode(one["value_b64"])
            records[one["key"].encode()] = value
        box.equal(records, _dump(*options.split()), options)
        box.equal(list(records), sorted(records), "the order of " + options)


def nights_change_add_and_delete_what_they_are_asked_to(box):
    first = _dump("-n", "20000")
    second = _dump("-n", "20000", "-k", "2", "-c", "0.05", "-a", "0.02", "-d", "0.01")
    changed = sum(first[k] != second[k] for k in first.keys() & second.keys())
    for what, got, wanted in (("changed", changed, 1000),
                              ("added", len(second.keys() - first.keys()), 400),
                              ("deleted", len(first.keys() - second.keys()), 200)):
        box.that(wanted * 0.8 < got < wanted * 1.2, f"{got} {what}, about {wanted} wanted")


def a_probe_is_a_record_of_its_set(box):
    for more in ([], ["-C"], ["-p", "0"], ["-k", "5"]):
        key, value = _gen("probe", "-n", "5000", *more).split(b"\n", 1)
        night = more[1:] if more[:1] == ["-k"] else ["1"]
        box.equal(_dump("-n", "5000", "-k", *night)[key], value, f"the probe {more}")


main(globals())
