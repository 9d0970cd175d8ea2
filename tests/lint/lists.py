"""lists.py - every source, test, fuzz target, manual page and lint is in a list of its meson.build.

What no list names is neither built nor run, and nobody notices. Says also which decoders of format/
no fuzz target calls.
"""
import posixpath
import re

from lint import Note

# pattern of files -> their name in a list; a meson.build of the same folder or of one above has it.
KINDS = [
    (re.compile(r"(?:format|libarchive-kv|backends|cli)/(?:.*/)?([^/]+)\.c$"), (r"\1", r"\1.c")),
    (re.compile(r"tests/(?:.*/)?test_([^/]+)\.(?:c|py)$"), (r"\1", r"test_\1.c", r"test_\1.py")),
    (re.compile(r"fuzz/fuzz_([^/]+)\.c$"), (r"\1",)),
    (re.compile(r"fuzz/corpus/([^/]+)/.*$"), (r"\1",)),
    (re.compile(r"cli/man/([^/]+)\.scd$"), (r"\1",)),
    (re.compile(r"tests/lint/(?!lint\.py)([^/]+)\.py$"), (r"\1",)),
]


def listed(tree, path, names):
    folder = posixpath.dirname(path)
    while folder:
        meson = folder + "/meson.build"
        if meson in tree.paths:
            text = tree.text(meson)
            if any(re.search(r"'(?:[\w-]+/)*" + re.escape(n) + "'", text) for n in names):
                return True
        folder = posixpath.dirname(folder)
    return False


def unfuzzed(tree):
    callers = tree.code("fuzz") + [p for p in tree.code("tests") if "/vectors/" in p]
    called = "".join(tree.text(p) for p in callers)
    for path in tree.code("format"):
        if path.endswith(".h"):
            for name in re.findall(r"\b(arkf_\w+_decode)\(", tree.text(path)):
                if name not in called:
                    yield name


def check(tree, _args):
    for path in tree.paths:
        for pattern, names in KINDS:
            m = pattern.match(path)
            if m and not listed(tree, path, [m.expand(n) for n in names]):
                yield path, 0, "no meson.build names it: add a line to its list"
    missing = sorted(set(unfuzzed(tree)))
    if missing:
        yield Note(f"decoders that no fuzz target calls by name: {' '.join(missing)}")


SAMPLES = [
    ("a source that no list names is found",
     {"format/b.c": "", "format/meson.build": "files('a.c')"}, 0),
    ("a test that no list names is found",
     {"tests/unit/test_b.c": "", "tests/meson.build": "['a']"}, 0),
    ("a fuzz target that no list names is found",
     {"fuzz/fuzz_b.c": "", "fuzz/meson.build": "['a']"}, 0),
    ("what is listed passes",
     {"backends/stores/b.c": "", "backends/meson.build": "['b', 'net/d.c']",
      "backends/net/d.c": "", "tests/cli/test_c.py": "", "tests/meson.build": "['c']",
      "cli/man/arkv.1.scd": "",
      "cli/man/meson.build": "['arkv.1']"}, None),
]
