"""test_second_reader.py - spec/reader/ says of every vector what its name says."""
import glob
import os
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(TOP, "spec"), os.path.join(TOP, "tests", "cli")]
from harness import main
import read
from reader import structures as st
from reader.basics import Bytes, Refused, Unsupported

RUNS = 200  # of the run table that the vectors of stacks are made for
DECODERS = {
    "block": st.decode_block,
    "bounds": st.decode_bounds,
    "config": st.decode_config,
    "frame": st.frame_plain,
    "hints": lambda b: st.decode_hints(b, 3 if b.data else 0),
    "manifest": lambda b: _manifest(b),
    "manifest-head": st.decode_head,
    "pack": st.decode_pack,
    "pack-footer": lambda b: st.decode_footer(b, 1024),
    "page": st.decode_page,
    "places": st.decode_places,
    "recipe": st.decode_recipe,
    "remap": st.decode_remap,
    "run": st.decode_run,
    "run-refs": st.decode_refs,
    "run-root": st.decode_root,
    "run-table": st.decode_table,
}


def _manifest(b):
    roots = Bytes(st.decode_manifest(b).roots, "roots")
    while roots.at < len(roots.data):
        st.decode_root_copy(roots)


def _vectors(structure):
    for path in sorted(glob.glob(os.path.join(TOP, "spec", "vectors", structure, "*.hex"))):
        with open(path, encoding="utf-8") as file:
            digits = "".join(line.split("#")[0] for line in file)
        yield os.path.basename(path), bytes.fromhex("".join(digits.split()))


def _outcome(decode, data, name):
    try:
        decode(Bytes(data, name))
        return "good"
    except Unsupported:
        return "unsupported"
    except Refused:
        return "bad"


def good_vectors_are_read_bad_and_later_ones_refused(box):
    wrong, count = [], 0
    for structure, decode in DECODERS.items():
        for name, data in _vectors(structure):
            wanted = name.split("-")[0].replace("limit", "bad")
            got = _outcome(decode, data, name)
            count += 1
            if got != wanted:
                wrong.append(f"{structure}/{name}: {got}")
    box.equal(wrong, [], "what is said of a vector")
    box.that(count > 200, f"{count} vectors alone were found")


class _Run:
    """A run whose entries are given, as read.merge sees it."""

    def __init__(self, *entries):
        self.entries, self.readings = entries, {}

    def slice(self, _segment):
        place = st.Place(b"pack", 0, 0, 0)
        return [(entry, read.Block([entry], place, {})) for entry in self.entries]


def _put(key, value, **more):
    fields = {"type": 1, "expiry": None, "flags": 0, "meta": b"", **more}
    return st.Entry((b"", key), st.PUT, form=st.INLINE, length=len(value), value=value, **fields)


def _touch(key, **more):
    fields = {"expiry": None, "flags": 0, "meta": b"", **more}
    return st.Entry((b"", key), st.TOUCH, type=None, form=None, length=None, value=None, **fields)


def _delete(key):
    return _touch(key)._replace(kind=st.DELETE)


def _merged(*runs):
    stack = [st.Listed(number, 0, 0, 0) for number in range(len(runs))]
    segment = st.Segment((b"", b""), None, 0, 0, stack)
    return [(e.name[1], value, e.expiry, e.flags, e.meta)
            for e, value in read.merge(None, segment, [_Run(*run) for run in runs])]


def the_first_put_or_delete_decides_and_the_newest_touch_wins(box):
    newest = [_touch(b"a", expiry=9, meta=b"m"), _delete(b"b"), _put(b"d", b"new"), _touch(b"e")]
    middle = [_touch(b"a", flags=5), _touch(b"b", flags=6), _put(b"c", b"middle"), _delete(b"d"),
              _put(b"e", b"middle", expiry=3)]
    base = [_put(b"a", b"old", expiry=1, flags=1), _put(b"b", b"old"), _put(b"c", b"old"),
            _put(b"f", b"old", expiry=0)]
    box.equal(_merged(newest, middle, base),
              [(b"a", b"old", 9, 0, b"m"), (b"c", b"middle", None, 0, b""),
               (b"d", b"new", None, 0, b""), (b"e", b"middle", None, 0, b""),
               (b"f", b"old", 0, 0, b"")], "the records")


def a_touch_of_what_is_not_there_is_damage(box):
    for below in ([], [_delete(b"a")], [_touch(b"a")], [_put(b"b", b"")]):
        try:
            _merged([_touch(b"a")], below)
        except Refused as why:
            box.contains(str(why), "touched")
        else:
            box.fail(f"a touch above {below} passed")


main(globals())
