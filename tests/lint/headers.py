"""headers.py - every header compiles alone and twice, with the project's warnings as errors.

usage: lint.py headers ROOT COMPILER... -- FLAG...
"""
import subprocess


def check(tree, args):
    split = args.index("--")
    compiler, flags = args[:split], args[split + 1:]
    for path in tree.ending(".h"):
        twice = f'#include "{path}"\n' * 2 + "typedef int not_empty;\n"
        done = subprocess.run(
            [*compiler, *flags, "-Werror", "-fsyntax-only", "-std=gnu17", "-I", tree.root,
             "-x", "c", "-"],
            input=twice, capture_output=True, text=True, check=False)
        if done.returncode:
            first = next((x for x in done.stderr.splitlines() if "error:" in x), done.stderr)
            yield path, 1, f"does not compile alone: {first.strip()}: include what it uses"


SAMPLES = [
    ("a header that lacks an include is found",
     {"format/a.h": "#pragma once\nuint8_t f(void);\n"}, 1),
    ("a header without a guard is found", {"format/a.h": "struct a { int b; };\n"}, 1),
    ("a whole header passes",
     {"format/a.h": "#pragma once\n#include <stdint.h>\nuint8_t f(void);\n"}, None),
]
