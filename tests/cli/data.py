"""data.py - records for the tests of the tool: dpkg's own, and hostile ones."""
import base64
import json
import os
import subprocess
import sys

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools")
STATUS = "/var/lib/dpkg/status"


def packages():
    """A JSON line for each package of this machine: its name, and its stanza as the value."""
    with open(STATUS, "rb") as status:
        return subprocess.run([sys.executable, os.path.join(TOOLS, "stanzas.py")], stdin=status,
                              check=True, capture_output=True).stdout


def canonical(lines):
    """What an export of these lines must be, by canon.py, which shares no code with arkv."""
    return subprocess.run([sys.executable, os.path.join(TOOLS, "canon.py")], input=lines,
                          check=True, capture_output=True).stdout


def member(name, value):
    """A member of a JSON line: name, or name_b64 for what is no UTF-8."""
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {name + "_b64": base64.b64encode(value).decode()}


def line(key, value, **more):
    """A JSON line of one record; key and value are bytes or text."""
    as_bytes = [x.encode() if isinstance(x, str) else x for x in (key, value)]
    return json.dumps({**member("key", as_bytes[0]), **member("value", as_bytes[1]), **more}) + "\n"


def hostile():
    """Keys with every byte, the empty key, the longest key, empty and large values, spaces."""
    out = [line(bytes([i]), f"byte {i}") for i in range(256)]
    out += [line("", "the empty key"), line("k" * 65535, "the longest key"), line("empty", "")]
    out += [line("large", "0123456789abcdef" * 100000), line("binary", bytes(range(256)) * 9)]
    out += [line("\u2028\u00e9\U0001f600", "text"), line("a\nb", "two lines"), line("a\tb", "tab")]
    out += [line("shared", f"in {s}", space=s) for s in ("", "0", "1", "users", "\u00e4")]
    out += [line("h", "x", type="hash"), line("soon", "v", expire_at=4102444800000)]
    return "".join(out).encode()
