"""exports.py - the shared library shows exactly the names of arkv.h; the static one only ours.

usage: lint.py exports ROOT NM SHARED STATIC
"""
import re
import subprocess

from lint import Note

HEADER = "libarchive-kv/arkv.h"
OURS = re.compile(r"(ark|arkf|arkv)_")


def declared(tree):
    """name -> line of every function and variable that arkv.h declares."""
    names = {}
    for number, line in tree.lines(HEADER):
        if not line.startswith(("#", "/*", " *", "\t", "typedef", "struct arkv_", "enum {")) or (
                line.startswith("struct arkv_") and "(" in line):
            for m in re.finditer(r"\b(arkv_\w+)\s*(?=\()|\bextern\b.*?\b(arkv_\w+)[\[;]", line):
                names.setdefault(m.group(1) or m.group(2), number)
    return names


def symbols(nm, flags, library):
    out = subprocess.run([nm, "--defined-only", *flags, library], check=True, capture_output=True,
                         text=True).stdout
    for row in out.splitlines():
        m = re.match(r"[0-9a-f]* ([A-Za-z]) (\S+)$", row)
        if m and m.group(1) in "TDBRVWGu":
            yield m.group(2).split("@")[0]


def check(tree, args):
    nm, shared, static = args
    if HEADER in tree.paths:
        names = declared(tree)
        shown = set(symbols(nm, ["-D"], shared))
        for name in sorted(shown - set(names)):
            yield HEADER, 0, f"{name} is exported, and not declared here: hide it"
        for name in sorted(set(names) - shown):
            yield HEADER, names[name], f"{name} is declared, and not exported: mark it, or build it"
    for name in sorted(set(symbols(nm, ["-g"], static))):
        if not OURS.match(name):
            yield HEADER, 0, f"{name}: a global name begins with ark_, arkf_ or arkv_"
    if HEADER not in tree.paths:
        yield Note(f"{HEADER} is not there yet: exports are not held against it")


SAMPLES = [
    ("a declared function that nothing exports is found",
     {HEADER: "#pragma once\nint arkv_nothing_of_this_name(void);\n"}, 2),
]
