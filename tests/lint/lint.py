#!/usr/bin/env python3
"""lint.py - runs one lint on itself, then on the tree; prints TAP, and findings on stderr.

usage: lint.py NAME ROOT [arguments of that lint]

A lint is a file NAME.py beside this one, with
    check(tree, args)  yields (path, line, message) for each finding; line 0 for a file as a whole.
                       The message says what is wrong and what to do.
    SAMPLES            (title, {path: text}, line or None): a small tree that must give a finding at
                       that line of its first path, or none at all. So no lint passes in silence.
It may raise Skip("why"), and yield Note("text") for what people want to see.
"""
import importlib
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.modules.setdefault("lint", sys.modules[__name__])  # for the lints, when this file is run


class Skip(Exception):
    """The lint cannot run here."""


class Note(str):
    """Something to print that is no finding."""


class Tree:
    """The files of the project: those that git knows or would take; without git, all but builds."""

    def __init__(self, root):
        self.root = root
        self._texts = {}
        self.paths = sorted(p for p in self._list() if os.path.isfile(os.path.join(root, p)))

    def _list(self):
        try:
            out = subprocess.run(
                ["git", "-C", self.root, "ls-files", "-z", "--cached", "--others",
                 "--exclude-standard"],
                check=True, capture_output=True).stdout
            return set(out.decode().split("\0")) - {""}
        except (OSError, subprocess.CalledProcessError):
            return self._walk()

    def _walk(self):
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f == ".ci" or not f.startswith((".", "build"))]
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def file(self, path):
        """Where path lies on disk."""
        return os.path.join(self.root, path)

    def text(self, path):
        """The text of a file; bytes that are no UTF-8 come as U+FFFD."""
        if path not in self._texts:
            with open(self.file(path), encoding="utf-8", errors="replace", newline="") as f:
                self._texts[path] = f.read()
        return self._texts[path]

    def lines(self, path):
        """(number, line) from 1 on, without line ends."""
        return enumerate(self.text(path).split("\n"), 1)

    def ending(self, *suffixes):
        return [p for p in self.paths if p.endswith(suffixes)]

    def code(self, *folders):
        """The C files and headers; of these folders alone when some are named."""
        return [p for p in self.ending(".c", ".h") if not folders or p.split("/")[0] in folders]


_BLANK = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def bare(text):
    """C text with comments and the insides of strings blanked; every line keeps its number."""

    def blank(m):
        keep = '"' if m.group()[0] == '"' else ""
        return keep + re.sub(r"[^\n]", " ", m.group())[len(keep) * 2:] + keep

    return _BLANK.sub(blank, text)


def run(module, tree, args):
    notes, found = [], []
    for item in module.check(tree, args):
        if isinstance(item, Note):
            notes.append(item)
        else:
            found.append(item)
    return notes, found


def try_sample(module, files, line, args):
    """None when the sample gives what it should, else what it gave."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8", newline="") as f:
                f.write(text)
        _, found = run(module, Tree(root), args)
    first = next(iter(files))
    if line is None:
        return f"nothing is wrong, but it says: {found}" if found else None
    if any(path == first and at == line for path, at, _ in found):
        return None
    return f"it should find {first}:{line}, and finds: {found}"


def main(argv):
    name, root, args = argv[1], argv[2], argv[3:]
    module = importlib.import_module(name)
    print(f"1..{len(module.SAMPLES) + 1}")
    failed = False
    for i, (title, files, line) in enumerate(module.SAMPLES, 1):
        try:
            wrong = try_sample(module, files, line, args)
        except Skip as why:
            print(f"ok {i} - {title} # SKIP {why}")
            continue
        failed |= bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {i} - {title}")
        if wrong:
            print(f"sample {i}: {wrong}", file=sys.stderr)
    last = len(module.SAMPLES) + 1
    try:
        notes, found = run(module, Tree(root), args)
    except Skip as why:
        print(f"ok {last} - the tree # SKIP {why}")
        return 1 if failed else 0
    for note in notes:
        print(f"# {note}")
    for path, line, message in found:
        print(f"{path}:{line}: {message}", file=sys.stderr)
    print(f"{'not ok' if found else 'ok'} {last} - the tree: {len(found)} findings")
    return 1 if failed or found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
