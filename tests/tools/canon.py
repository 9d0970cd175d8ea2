#!/usr/bin/env python3
"""canon.py - reads any arkv JSONL (spec/20-jsonl.md) and writes its canonical form.

The last record of a key wins.

An independent oracle for tests: Python's own json module reads, nothing here comes from the C code.
usage: canon.py [FILE]
exit 0; 1 malformed ("line N: why"); 3 records over a limit were left out
"""
import base64
import json
import re
import sys

SPACE_MAX, KEY_MAX, META_MAX, DEPTH_MAX = 1024, 65535, 16384, 128
TYPES = "string hash list set zset stream module function jsvalue bins table".split()
MEMBERS = {"space", "space_b64", "key", "key_b64", "type", "expire_at", "flags",
           "meta", "meta_b64", "value", "value_b64"}
ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r",
           "\t": "\\t"}
CONTROL = re.compile('[\x00-\x1f"\\\\]')


class Number(str):
    """A number by its text."""


class Pairs(list):
    """An object with its members in their order."""


def bad_constant(name):
    raise ValueError(name + " is not JSON")


DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=bad_constant,
                           object_pairs_hook=Pairs)


def quote(text):
    return '"' + CONTROL.sub(lambda m: ESCAPES.get(m[0], "\\u%04x" % ord(m[0])), text) + '"'


def spell(value, depth=0):
    if isinstance(value, (Pairs, list)):
        if depth == DEPTH_MAX:
            raise ValueError("meta nests too deep")
        if isinstance(value, Pairs):
            return "{" + ",".join(quote(k) + ":" + spell(v, depth + 1) for k, v in value) + "}"
        return "[" + ",".join(spell(v, depth + 1) for v in value) + "]"
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return quote(value)
    return {None: "null", True: "true", False: "false"}[value]


def parse(text):
    """One JSON value and nothing behind it but white space."""
    value, end = DECODER.raw_decode(text, len(text) - len(text.lstrip(" \t\r")))
    if text[end:].strip(" \t\r"):
        raise ValueError("something follows the object")
    return value


def unbase64(text):
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("base64 is not in its one spelling")
    return raw


def take_bytes(members, name):
    if name in members and name + "_b64" in members:
        raise ValueError(name + " and its twin")
    for found in (name, name + "_b64"):
        if found not in members:
            continue
        value = members[found]
        if not isinstance(value, str) or isinstance(value, Number):
            raise ValueError(found + " is not a string")
        return value.encode() if found == name else unbase64(value)
    return None


def take_meta(members):
    if "meta" not in members:
        return take_bytes(members, "meta") or b""
    if "meta_b64" in members:
        raise ValueError("meta and its twin")
    return spell(members["meta"]).encode()


def take_integer(members, name, limit, absent):
    if name not in members:
        return absent
    value = members[name]
    whole = isinstance(value, Number) and re.fullmatch("0|[1-9][0-9]*", value)
    if not whole or int(value) > limit:
        raise ValueError(name + " is not an integer of 0 to %d" % limit)
    return int(value)


def take_type(members):
    name = members.get("type", "string")
    if isinstance(name, Number) or not isinstance(name, str):
        raise ValueError("type is not a string")
    later = re.fullmatch("type-([1-9][0-9]{0,2})", name)
    if name not in TYPES and not (later and len(TYPES) < int(later[1]) < 256):
        raise ValueError("unknown type " + name)
    return name


def read_record(line):
    pairs = parse(line.decode())
    if not isinstance(pairs, Pairs):
        raise ValueError("not an object")
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    if members.keys() - MEMBERS:
        raise ValueError("unknown member " + min(members.keys() - MEMBERS))
    record = {
        "space": take_bytes(members, "space") or b"", "key": take_bytes(members, "key"),
        "type": take_type(members),
        "expire_at": take_integer(members, "expire_at", 2**64 - 2, None),
        "flags": take_integer(members, "flags", 2**32 - 1, 0), "meta": take_meta(members),
        "value": take_bytes(members, "value"),
    }
    if record["key"] is None or record["value"] is None:
        raise ValueError("key or value is missing")
    return record


def is_canonical(meta):
    try:
        return spell(parse(meta.decode())).encode() == meta
    except (ValueError, RecursionError):
        return False


def twin(name, raw):
    try:
        return quote(name) + ":" + quote(raw.decode())
    except UnicodeDecodeError:
        return quote(name + "_b64") + ":" + quote(base64.b64encode(raw).decode())


def write_record(record):
    members = [twin("space", record["space"])] if record["space"] else []
    members.append(twin("key", record["key"]))
    if record["type"] != "string":
        members.append('"type":' + quote(record["type"]))
    if record["expire_at"] is not None:
        members.append('"expire_at":%d' % record["expire_at"])
    if record["flags"]:
        members.append('"flags":%d' % record["flags"])
    meta = record["meta"]
    if meta and is_canonical(meta):
        members.append('"meta":' + meta.decode())
    elif meta:
        members.append('"meta_b64":' + quote(base64.b64encode(meta).decode()))
    members.append(twin("value", record["value"]))
    return ("{" + ",".join(members) + "}\n").encode()


def main():
    sys.setrecursionlimit(20000)
    with (open(sys.argv[1], "rb") if len(sys.argv) > 1 else sys.stdin.buffer) as file:
        data = file.read()
    data = data[3:] if data.startswith(b"\xef\xbb\xbf") else data
    records, status = {}, 0
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip(b" \t\r"):
            continue
        try:
            record = read_record(line)
        except (ValueError, RecursionError) as why:
            sys.exit("line %d: %s" % (number, why))
        limits = (("space", SPACE_MAX), ("key", KEY_MAX), ("meta", META_MAX))
        if any(len(record[name]) > limit for name, limit in limits):
            print("line %d: over a limit, left out" % number, file=sys.stderr)
            status = 3
            continue
        records[record["space"], record["key"]] = record
    for name in sorted(records):
        sys.stdout.buffer.write(write_record(records[name]))
    return status


sys.exit(main())
