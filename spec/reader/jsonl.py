"""jsonl.py - records as canonical JSONL, page 20."""
import base64
import json

TYPES = "string hash list set zset stream module function jsvalue bins table".split()


class Pairs(list):
    """The members of an object, in their order."""


class Number(str):
    """A number by its text."""


def quote(text):
    return json.dumps(text, ensure_ascii=False)


def spell(value, depth=0):
    """JSON as page 20 spells it."""
    if isinstance(value, list) and depth == 128:
        raise ValueError("nests too deep")
    if isinstance(value, Pairs):
        return "{%s}" % ",".join(quote(k) + ":" + spell(v, depth + 1) for k, v in value)
    if isinstance(value, list):
        return "[%s]" % ",".join(spell(v, depth + 1) for v in value)
    return value if isinstance(value, Number) else quote(value)


def no_constant(name):
    raise ValueError(name)


def is_json(meta):
    """True when meta is a JSON text in that spelling."""
    try:
        value = json.loads(meta.decode(), object_pairs_hook=Pairs, parse_int=Number,
                           parse_float=Number, parse_constant=no_constant)
        return spell(value).encode() == meta
    except (ValueError, RecursionError):
        return False


def member(name, raw):
    try:
        return quote(name) + ":" + quote(raw.decode())
    except UnicodeDecodeError:
        return encoded(name, raw)


def encoded(name, raw):
    return quote(name + "_b64") + ":" + quote(base64.b64encode(raw).decode())


def line(entry, value):
    (space, key), members = entry.name, []
    if space:
        members.append(member("space", space))
    members.append(member("key", key))
    if entry.type != 1:
        known = entry.type <= len(TYPES)
        members.append('"type":' + quote(TYPES[entry.type - 1] if known else f"type-{entry.type}"))
    if entry.expiry is not None:
        members.append(f'"expire_at":{entry.expiry}')
    if entry.flags:
        members.append(f'"flags":{entry.flags}')
    if entry.meta:
        members.append('"meta":' + entry.meta.decode() if is_json(entry.meta)
                       else encoded("meta", entry.meta))
    members.append(member("value", value))
    return ("{" + ",".join(members) + "}\n").encode()
