#!/usr/bin/env python3
"""stanzas.py - Debian's package records as JSONL: key = package, value = its whole stanza.

usage: stanzas.py [--changed OLDER.jsonl] < stanzas > records.jsonl

Reads what `apt-cache dumpavail` or a Packages file says. A package that comes twice comes twice
here, too. With --changed it writes no records, but the key of a package whose stanza differs from
that in OLDER.jsonl, and counts on stderr: real data for a second night, with a key to ask for.
"""
import json
import sys


def stanzas(stream):
    """(package, stanza with its last line end) for each stanza."""
    for block in stream.read().split("\n\n"):
        block = block.strip("\n")
        if block.startswith("Package: "):
            yield block.split("\n", 1)[0][len("Package: "):], block + "\n"


def read(path):
    with open(path, encoding="utf-8") as lines:
        return {r["key"]: r["value"] for r in map(json.loads, lines)}


def main(argv):
    records = stanzas(open(0, encoding="utf-8", errors="replace", newline=""))
    if argv[1:2] != ["--changed"]:
        for key, value in records:
            print(json.dumps({"key": key, "value": value}, ensure_ascii=False))
        return 0
    old, new = read(argv[2]), dict(records)
    changed = sorted(k for k in new if k in old and new[k] != old[k])
    print(f"{len(new):,} records: {len(changed):,} changed, {len(new.keys() - old.keys()):,} new, "
          f"{len(old.keys() - new.keys()):,} gone", file=sys.stderr)
    print(next((k for k in ("openssl", "curl") if k in changed), (changed or sorted(old))[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
