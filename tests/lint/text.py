"""text.py - how every text file looks: columns, blanks at line ends, first lines, words, paths."""
import re

# Written in parts, so that this file passes itself.
UNDONE = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE = re.compile(r"(?<![\w.])(/wor" r"k/|/fa" r"rm/|/roo" r"t/|/tmp/(bash_jobs|wt)\b)")
COLUMNS = {".c": 100, ".h": 100, ".py": 100, ".sh": 100}
BINARY = ("fuzz/corpus/", "tests/data/")


def check_line(path, suffix, line):
    if line.endswith("\r"):
        yield "a line end with CR: use LF alone"
    elif line != line.rstrip():
        yield "blanks at the end of the line"
    limit = COLUMNS.get(suffix)
    width = len(line.expandtabs(8))
    if limit and width > limit:
        yield f"{width} columns, {limit} at most (a tab is 8)"
    if suffix in (".c", ".h") and re.match(r"\t* {8}", line):
        yield "indented with blanks: use tabs"
    if UNDONE.search(line):
        yield "a word of unfinished work: finish it, or open an issue"
    if MACHINE.search(line):
        yield "a path of one machine: make it relative to the tree, or a variable"


def check_head(tree, path):
    name = path.split("/")[-1]
    head = tree.text(path)[:400]
    if not re.match(r"/\*\s+(?:\* )?" + re.escape(name) + " - ", head):
        yield path, 1, f'open the file with what it is for: "/* {name} - ..."'
    if path.endswith(".h") and "\n#pragma once\n" not in tree.text(path):
        yield path, 1, "a header without #pragma once"


def check(tree, _args):
    for path in tree.paths:
        if path.startswith(BINARY) or "\0" in tree.text(path)[:4096]:
            continue
        suffix = "." + path.rsplit(".", 1)[-1]
        for number, line in tree.lines(path):
            for wrong in check_line(path, suffix, line):
                yield path, number, wrong
        text = tree.text(path)
        if text and not text.endswith("\n"):
            yield path, text.count("\n") + 1, "the last line has no end"
        if suffix in (".c", ".h"):
            yield from check_head(tree, path)


HEAD = "/* a.c - a sample. */\n"
SAMPLES = [
    ("a line of 101 columns is found", {"cli/a.c": HEAD + "\t" + "x" * 93 + "\n"}, 2),
    ("a line of 100 columns passes", {"cli/a.c": HEAD + "\t" + "x" * 92 + "\n"}, None),
    ("blanks at a line end are found", {"README.md": "one\ntwo \n"}, 2),
    ("blanks instead of tabs are found", {"cli/a.c": HEAD + "        f();\n"}, 2),
    ("unfinished work is found", {"cli/a.c": HEAD + "/* TO" + "DO */\n"}, 2),
    ("a machine's path is found", {"tests/a.sh": "cd /roo" + "t/x\n"}, 1),
    ("a missing head is found", {"cli/a.c": "int x;\n"}, 1),
    ("a head with another file's name is found", {"cli/a.c": "/* b.c - sample. */\n"}, 1),
    ("a header without pragma is found", {"cli/a.h": "/* a.h - sample. */\n"}, 1),
    ("a missing last line end is found", {"README.md": "one\ntwo"}, 2),
]
