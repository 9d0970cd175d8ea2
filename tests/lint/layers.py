"""layers.py - who may include whom: arrows point from cli down to format, never up.

format <- libarchive-kv <- backends <- cli. Of the library, a backend sees the few headers named
below; of other backends nothing but backends/net/. tests/ and fuzz/ may see everything.
"""
import posixpath
import re

from lint import bare

ORDER = {"format": 1, "libarchive-kv": 2, "backends": 3, "cli": 4}

# What a backend sees of the library; all of format/ is open to it.
LIBRARY_DOORS = {"buf.h", "clock.h", "rand.h", "registry.h", "source.h", "store.h", "target.h",
                 "trace.h"}

# System headers whose presence alone means that format/ does what it must not.
FORMAT_NOT = re.compile(
    r"(stdlib|unistd|fcntl|pthread|threads|sodium|zstd|lmdb|jansson|signal|time|dirent)\.h$"
    r"|^(sys|openssl)/")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def stem(path):
    """posix_tmp.c and posix.h are one backend: what stands before the first underscore."""
    return re.split(r"[_.]", posixpath.basename(path))[0]


def check_backend(path, target):
    folder = posixpath.dirname(target)
    if folder == "libarchive-kv" and posixpath.basename(target) not in LIBRARY_DOORS:
        return (f"{target}: a backend sees only {', '.join(sorted(LIBRARY_DOORS))} of the library; "
                "hand over what it needs through store.h, source.h or target.h")
    other = folder.startswith("backends/") and folder != "backends/net"
    if other and path.startswith("backends/net/"):
        return f"{target}: net/ serves the backends and knows none of them"
    if other and stem(target) != stem(path):
        return f"{target}: a backend includes no other one; put what both need into backends/net/"
    return None


def check_include(tree, path, quote, target):
    top = path.split("/")[0]
    if quote == "<":
        if top == "format" and FORMAT_NOT.search(target):
            return f"<{target}>: format/ does no I/O, memory or crypto; do it in libarchive-kv/"
        return None
    if target not in tree.paths:
        return f'"{target}" is no file of the tree: name headers from its top ("format/bytes.h")'
    if target.endswith(".c"):
        return f'"{target}": include headers only'
    below = target.split("/")[0]
    if top in ORDER and ORDER.get(below, 9) > ORDER[top]:
        return f"{target}: {top}/ must not know {below}/; arrows point down only"
    return check_backend(path, target) if top == "backends" else None


def check_order(tree, path, includes):
    """Own header first, ours before the system's."""
    own = path[:-2] + ".h"
    if path.endswith(".c") and own in tree.paths and includes and includes[0][2] != own:
        yield path, includes[0][0], f'include "{own}" first: it proves that it compiles alone'
    system = False
    for number, quote, target in includes:
        if quote == '"' and system and not target.endswith("cm.h"):
            yield path, number, f'"{target}" stands after a system header: ours come first'
        system |= quote == "<"


def check(tree, _args):
    for path in tree.code():
        includes = []
        visible = bare(tree.text(path)).split("\n")
        for number, line in tree.lines(path):
            m = INCLUDE.match(line)
            if m and "#" in visible[number - 1]:
                includes.append((number, m.group(1), m.group(2)))
        for number, quote, target in includes:
            wrong = check_include(tree, path, quote, target)
            if wrong:
                yield path, number, wrong
        if path.split("/")[0] in ORDER:
            yield from check_order(tree, path, includes)


SAMPLES = [
    ("an include that points up is found",
     {"format/a.c": '/* */\n#include "libarchive-kv/b.h"\n', "libarchive-kv/b.h": ""}, 2),
    ("a backend that looks into the library is found",
     {"backends/stores/a.c": '#include "libarchive-kv/pack.h"\n', "libarchive-kv/pack.h": ""}, 1),
    ("a backend that includes another is found",
     {"backends/stores/a.c": '#include "backends/sources/b.h"\n', "backends/sources/b.h": ""}, 1),
    ("an include that is not rooted is found",
     {"format/a.c": '#include "b.h"\n', "format/b.h": ""}, 1),
    ("a system header before ours is found",
     {"cli/a.c": '#include <stdio.h>\n#include "cli/b.h"\n', "cli/b.h": ""}, 2),
    ("the own header in second place is found",
     {"cli/a.c": '#include "cli/b.h"\n#include "cli/a.h"\n', "cli/a.h": "", "cli/b.h": ""}, 1),
    ("threads in format/ are found", {"format/a.c": "#include <pthread.h>\n"}, 1),
    ("includes in the right order pass",
     {"backends/stores/a_put.c": '#include "backends/stores/a.h"\n#include "format/b.h"\n'
                                 '#include "libarchive-kv/store.h"\n#include <stdio.h>\n',
      "backends/stores/a.h": "", "format/b.h": "", "libarchive-kv/store.h": ""}, None),
]
