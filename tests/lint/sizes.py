"""sizes.py - no C file over 600 lines, no function over 70; reports the medians."""
import shutil
import statistics
import subprocess

from lint import Note, Skip

FILE_MAX = 600
FUNCTION_MAX = 70


def functions(tree, paths):
    """(path, line, name, lines) of every function, from its name to its closing brace."""
    if not shutil.which("ctags"):
        raise Skip("ctags is absent: apt-get install universal-ctags")
    out = subprocess.run(
        ["ctags", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f", "--fields=+ne", "-f", "-",
         *paths], cwd=tree.root, check=True, capture_output=True, text=True).stdout
    for row in out.splitlines():
        cells = row.split("\t")
        fields = dict(c.split(":", 1) for c in cells[3:] if ":" in c)
        if "end" not in fields:
            continue
        line, end = int(fields["line"]), int(fields["end"])
        yield cells[1], line, cells[0], end - line + 1


def check(tree, _args):
    paths = tree.code()
    if not paths:
        return
    counts = {p: tree.text(p).count("\n") for p in paths}
    for path, count in counts.items():
        if count > FILE_MAX:
            yield path, FILE_MAX + 1, f"{count} lines, {FILE_MAX} at most: split it by verb"
    sizes = []
    for path, line, name, count in functions(tree, paths):
        sizes.append(count)
        if count > FUNCTION_MAX:
            yield path, line, f"{name}: {count} lines, {FUNCTION_MAX} at most: name its parts"
    ours = [c for p, c in counts.items() if not p.startswith(("tests/", "fuzz/"))]
    if ours:
        yield Note(f"{len(ours)} C files outside tests/ and fuzz/: median "
                   f"{statistics.median(ours):.0f} lines, longest {max(ours)}")
    if sizes:
        yield Note(f"{len(sizes)} functions: median {statistics.median(sizes):.0f} lines, "
                   f"longest {max(sizes)}, {sum(s > 20 for s in sizes)} over 20")


SAMPLES = [
    ("a function of 71 lines is found",
     {"cli/a.c": "/* */\nint f(void)\n{\n" + "\tg();\n" * 68 + "}\n"}, 2),
    ("a function of 70 lines passes",
     {"cli/a.c": "/* */\nint f(void)\n{\n" + "\tg();\n" * 67 + "}\n"}, None),
    ("a file of 601 lines is found", {"cli/a.c": "\n" * 601}, 601),
]
