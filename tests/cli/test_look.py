"""test_look.py - archives, ls, tree, find, stats: what there is, and how it is chosen."""
import json
import os
import time

from data import hostile, line, packages
from harness import main


def _messages(result, kind):
    return [m for m in map(json.loads, result.lines) if m["message_type"] == kind]


def _nights(box, *nights, name="s"):
    box.ok("init")
    for night in nights:
        box.write("in.jsonl", night)
        box.ok("backup", "jsonl:in.jsonl", "--name", name)
        time.sleep(0.002)


def archives_are_listed_newest_first(box):
    _nights(box, line("a", "1"), line("a", "2") + line("b", "1"))
    rows = box.ok("archives").lines
    box.equal(rows[0].split(), ["ID", "TIME", "(UTC)", "SOURCE", "KEYS", "SIZE", "STORED",
                                "CONSISTENCY", "TAGS"])
    listed = _messages(box.ok("archives", "--json"), "archive")
    box.equal([m["n"] for m in listed], [2, 1])
    box.equal([m["keys"] for m in listed], [2, 1])
    box.that(rows[1].startswith(listed[0]["archive"][:8]), "the table has another order")
    box.equal(listed[0]["parent"], listed[1]["archive"])


def the_changes_of_a_night_are_counted_or_not_told(box):
    _nights(box, "".join(line(f"k{i}", f"{i}") for i in range(100)))
    changed = [line(f"k{i}", "new" if i == 7 else f"{i}") for i in range(3, 100)]
    changed += [line("more", "1"), line("k50", "50", expire_at=1 << 42)]
    box.write("in.jsonl", "".join(changed))
    result = box.ok("backup", "jsonl:in.jsonl", "--name", "s", "--json")
    summary = _messages(result, "summary")[0]
    box.equal([summary[x] for x in ("keys", "duplicates", "refused")], [98, 1, 0])
    counts = [summary.get(x) for x in ("new", "changed", "deleted", "touched")]
    box.that(counts in ([1, 1, 3, 1], [None] * 4), f"wrong counts of changes: {counts}")


def references_name_archives(box):
    _nights(box, line("a", "1"), line("a", "2"), line("a", "3"))
    listed = _messages(box.ok("archives", "--json"), "archive")
    box.equal(box.ok("cat", "latest", "a").out, b"3")
    box.equal(box.ok("cat", "latest~2", "a").out, b"1")
    box.equal(box.ok("cat", listed[1]["archive"], "a").out, b"2")
    box.equal(box.ok("cat", listed[1]["archive"][:12], "a").out, b"2")
    box.equal(box.ok("cat", "@2100-01-01", "a").out, b"3")
    box.fails(5, "cat", "@1999-01-01", "a")
    box.fails(5, "cat", "latest~3", "a")
    box.fails(2, "cat", "?!", "a")


def tags_and_sources_choose_archives(box):
    box.ok("init")
    for name, tag in (("one", "nightly"), ("two", "weekly"), ("one", "weekly")):
        box.write("in.jsonl", line("who", name + tag))
        box.ok("backup", "jsonl:in.jsonl", "--name", name, "--tag", tag, "--tag", "all")
    box.equal(box.ok("cat", "latest:nightly", "who").out, b"onenightly")
    box.equal(box.ok("cat", "latest", "who", "-s", "two").out, b"twoweekly")
    box.equal(box.ok("cat", "latest~1", "who", "--source", "one").out, b"onenightly")
    box.equal(len(_messages(box.ok("archives", "--json", "-s", "one"), "archive")), 2)
    box.contains(box.ok("archives").text, "all,weekly")


def a_pipe_gets_raw_keys_and_nul_separators_on_request(box):
    _nights(box, hostile())
    keys = box.ok("ls", "-0").out.split(b"\0")
    box.equal(keys.count(b"\n"), 1)
    box.equal(b"\xff" in keys, True)
    box.equal(b"a\nb\n" in box.ok("ls").out, True, "a raw key in the pipe")


def a_terminal_gets_no_control_characters(box):
    _nights(box, hostile() + line("\x1b]0;owned\x07", "1").encode())
    shown = box.terminal("ls").out
    box.equal(b"\x1b]" in shown or b"\x07" in shown, False, "an escape sequence on the terminal")
    box.contains(shown, b"\\x1b]0;owned\\x07")


def filters_choose_keys(box):
    _nights(box, packages())
    every = box.ok("ls").lines
    box.equal(sorted(every), every, "the order of the keys")
    box.equal(box.ok("ls", "--prefix", "lib").lines, [k for k in every if k.startswith("lib")])
    box.equal(box.ok("ls", "--include", "*-dev", "--exclude", "lib*").lines,
              [k for k in every if k.endswith("-dev") and not k.startswith("lib")])
    box.equal(box.ok("ls", "--exclude", "lib*", "--include", "libc6").lines,
              [k for k in every if not k.startswith("lib") or k == "libc6"])
    box.equal(box.ok("ls", "--include-regex", "^(bash|dash)$").lines,
              [k for k in every if k in ("bash", "dash")])
    listed = box.ok("ls", "--keys-from", "-", input="dpkg\nnothing\nbash\n").lines
    box.equal(listed, ["bash", "dpkg"])
    sizes = {m["key"]: m["size"] for m in _messages(box.ok("ls", "--json"), "record")}
    box.equal(box.ok("ls", "--min-size", "1K", "--max-size", "2K").lines,
              [k for k in every if 1024 <= sizes[k] <= 2048])


def types_spaces_and_expiries_choose_keys(box):
    _nights(box, hostile())
    box.equal(box.ok("ls", "--type", "hash").lines, ["h"])
    box.equal(box.ok("ls", "--ttl", "any").lines, ["soon"])
    box.equal(box.ok("ls", "--ttl", "<1h").lines, [])
    box.equal(box.ok("ls", "--space", "0-1").lines, ["shared", "shared"])
    box.equal(box.ok("ls", "--space", "users").lines, ["shared"])
    box.equal(len(box.ok("ls", "-0", "--space", "").out.split(b"\0")),
              len(box.ok("ls", "-0").out.split(b"\0")) - 4)


def long_lines_show_type_size_and_expiry(box):
    _nights(box, line("k", "x" * 2048, expire_at=4102444800000, type="hash", space="7"))
    box.equal(box.ok("ls", "-l").text.split(),
              ["hash", "2.0", "KiB", "2100-01-01", "00:00", "7", "k"])


def a_tree_counts_keys_and_bytes_by_prefix(box):
    _nights(box, "".join(line(f"user:{i}:name", "1234567890") for i in range(20)) +
            line("cart:1", "1") + line("plain", ""))
    rows = {tuple(r.split()[-1:]): r.split()[0] for r in box.ok("tree").lines}
    box.equal(rows[("user:",)], "20")
    box.equal(rows[("cart:",)], "1")
    nodes = _messages(box.ok("tree", "-d", "2", "--json"), "prefix")
    box.equal(len([n for n in nodes if n["depth"] == 2]), 20)
    whole = [n for n in nodes if n["depth"] == 0]
    box.equal((len(whole), whole[0]["keys"], whole[0]["value_bytes"]), (1, 22, 201))


def a_key_is_found_in_all_archives_that_hold_it(box):
    _nights(box, line("a", "1"), line("a", "22") + line("user:1", "x"), line("user:1", "xyz"))
    found = _messages(box.ok("find", "user:*", "--json"), "record")
    box.equal([m["size"] for m in found], [1, 3])
    box.equal(len(box.ok("find", "a").lines), 2)
    box.equal(len(box.ok("find", "user:*", "--archive", "latest").lines), 1)
    box.fails(5, "find", "nothing*", says="no archive holds such a key")


def stats_sum_up_the_repository(box):
    _nights(box, packages(), packages())
    stats = _messages(box.ok("stats", "--json"), "stats")[0]
    box.equal(stats["archives"], 2)
    box.equal(stats["records"], 2 * len(box.ok("ls").lines))
    sizes = sum(os.path.getsize(box.path("repo", f)) for f in box.files())
    box.equal(stats["stored_bytes"], sizes, "the bytes of all files")
    box.contains(box.ok("stats").text, "archives  2")
    one = _messages(box.ok("stats", "latest", "--json"), "stats")[0]
    box.equal(one["records"], stats["records"] // 2)


main(globals())
