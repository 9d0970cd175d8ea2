"""docs.py - what the documents say about the tree is true: files, the list of pages, NEWS.md."""
import fnmatch
import re

from lint import Note

TOPS = ("format", "libarchive-kv", "backends", "cli", "fuzz", "tests", "spec", ".ci")
TICKS = re.compile(r"`([^`\s]+)`|`(?:sh|bash) ([^`\s]+)[^`]*`|\]\(([^)#\s]+)\)")
COMMENT_PATH = re.compile(r"\b(?:%s)/[\w.-]+(?:/[\w.-]+)*\.(?:md|c|h|py|sh|build)\b"
                          % "|".join(re.escape(t) for t in TOPS))
VERSION = re.compile(r"^## (\d+\.\d+\.\d+) \((unreleased|\d{4}-\d\d-\d\d)\)$")
PARTS = ["Format", "Behaviour", "Fixed"]


def alternatives(name):
    """format/{a,b}.c -> format/a.c and format/b.c; <name> stands for anything."""
    m = re.search(r"\{([^}]*)\}", name)
    if m:
        for part in m.group(1).split(","):
            yield from alternatives(name[:m.start()] + part + name[m.end():])
    else:
        yield re.sub(r"<[^>]*>|NN|\.\.\.", "*", name)


def exists(tree, name):
    name = name.rstrip("/")
    return any(fnmatch.fnmatch(p, name) or fnmatch.fnmatch(p, name + "/*") for p in tree.paths)


def check_names(tree, path):
    base = path.rsplit("/", 1)[0] + "/" if "/" in path else ""
    for number, line in tree.lines(path):
        for m in TICKS.finditer(line):
            linked = m.group(3)
            if linked and re.match(r"[a-z]+:", linked):
                continue
            name = linked or m.group(1) or m.group(2)
            if not linked and (name.split("/")[0] not in TOPS or "/" not in name):
                continue
            for one in alternatives(name.split(":")[0]):
                if not exists(tree, one) and not exists(tree, base + one):
                    yield path, number, f"{one} is not in the tree: mend the name, or drop it"


def unwritten(tree):
    """The numbers of pages that spec/README.md lists and that are not there yet."""
    if "spec/README.md" not in tree.paths:
        return set()
    listed = set(re.findall(r"^\| (\d\d) \|", tree.text("spec/README.md"), re.M))
    return listed - {p[5:7] for p in tree.paths if p.startswith("spec/")}


def check_comments(tree):
    missing = unwritten(tree)
    for path in tree.code():
        for number, line in tree.lines(path):
            if line.lstrip().startswith("#"):
                continue
            for name in COMMENT_PATH.findall(line):
                page = re.match(r"spec/(\d\d)-", name)
                if not exists(tree, name) and not (page and page.group(1) in missing):
                    yield path, number, f"{name} is not in the tree: mend the name"


def check_spec(tree):
    pages = [p for p in tree.ending(".md") if re.match(r"spec/[^/]+$", p)]
    if "spec/README.md" not in pages:
        return
    index = tree.text("spec/README.md")
    for page in pages:
        name = page.split("/")[1]
        if name != "README.md" and name not in index:
            yield "spec/README.md", 1, f"{name} is not named: add it to the list of pages"


def check_news(tree):
    if "NEWS.md" not in tree.paths:
        return
    version, parts = None, []
    for number, line in tree.lines("NEWS.md"):
        if line.startswith("## "):
            m = VERSION.match(line)
            if not m:
                yield "NEWS.md", number, 'a version is "## 1.2.3 (2026-11-30)" or "(unreleased)"'
            version, parts = m and m.group(1), []
        elif line.startswith("### "):
            part = line[4:]
            if not version or part not in PARTS or [p for p in parts if PARTS.index(p) >=
                                                    PARTS.index(part)]:
                yield "NEWS.md", number, "under a version stand Format, Behaviour, Fixed, in turn"
            else:
                parts.append(part)
        elif line.startswith("- ") and not parts:
            yield "NEWS.md", number, "an entry stands under Format, Behaviour or Fixed"
    first = re.search(r"^## (\S+)", tree.text("NEWS.md"), re.M)
    built = re.search(r"\bversion: '([^']+)'", tree.text("meson.build"))
    if not first or not built or first.group(1) != built.group(1):
        yield "NEWS.md", 1, "the first version is not that of meson.build"


def check(tree, _args):
    for path in tree.ending(".md"):
        yield from check_names(tree, path)
    if "spec/README.md" in tree.paths:
        yield from check_comments(tree)
    for number in sorted(unwritten(tree)):
        yield Note(f"spec/README.md lists page {number}, which is not written")
    yield from check_spec(tree)
    yield from check_news(tree)


MESON = {"meson.build": "project('a', version: '0.1.0')\n"}
SAMPLES = [
    ("a named file that is absent is found", {"README.md": "see\n`format/nothing.c`\n"}, 2),
    ("a link to nowhere is found", {"README.md": "[x](docs/none.md)\n"}, 1),
    ("a command that is absent is found", {"README.md": "`sh tests/none.sh --long`\n"}, 1),
    ("named files that are there pass",
     {"README.md": "`format/{a,b}.c`, `format/`, `sh format/a.c x`, [y](format/a.c#z), `a/b`\n",
      "format/a.c": "", "format/b.c": ""}, None),
    ("a comment that names an absent page is found",
     {"format/a.c": "/* see spec/77-x.md */\n", "spec/README.md": ""}, 1),
    ("a page that the list lacks is found", {"spec/README.md": "01-a.md\n", "spec/02-b.md": ""}, 1),
    ("parts of NEWS in the wrong order are found",
     {"NEWS.md": "## 0.1.0 (unreleased)\n### Fixed\n### Format\n", **MESON}, 3),
    ("NEWS of another version is found", {"NEWS.md": "## 0.2.0 (unreleased)\n", **MESON}, 1),
    ("good NEWS pass",
     {"NEWS.md": "# News\n\n## 0.1.0 (2026-11-20)\n\n### Format\n\n- One.\n\n### Fixed\n- Two.\n",
      **MESON}, None),
]
