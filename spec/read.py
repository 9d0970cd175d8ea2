#!/usr/bin/env python3
"""read.py - a second reader of arkv repositories: slow and plain, written from these pages alone.

usage: read.py REPO                           lists the archives
       read.py REPO ARCHIVE                   writes all records as canonical JSONL (page 20)
       read.py REPO ARCHIVE --get KEY [--space SPACE]    writes the bytes of one value

REPO is the folder of an unencrypted repository; ARCHIVE the beginning of an archive's uid, or
"latest". Python 3.11 and the zstd program are all it needs. Whatever it reads it checks, as far as
the pages allow. Exit 0: done, and sound; 1: damage, or more than it knows, as "where: what".
reader/ decodes structures; this file says where things are, and what must agree.
"""
import argparse
import functools
import hashlib
import heapq
import itertools
import os
import re
import sys
from collections import namedtuple
from datetime import datetime, timezone

sys.dont_write_bytecode = True
from reader import structures as st
from reader.basics import MIB, Bytes, Keys, Refused, blake, need, object_header, unpack
from reader.jsonl import line
from reader.structures import BLOCK, CHUNK, CHUNKS, INLINE, PUT, RECIPE, TOUCH, TREE

UID, NAME = "[0-9a-f]{32}", "[0-9a-f]{64}"


# ---- pages 03, 18: the repository, names ----

class Repository:
    def __init__(self, folder):
        self.folder = folder
        path = os.path.join(folder, "config")
        need(os.path.isfile(path), folder, "no repository: it holds no config")
        with open(path, "rb") as file:
            data = file.read()
        config = st.decode_config(Bytes(data, "config"))
        need(config.suite == 0, folder, "is encrypted: this reader opens unencrypted ones alone")
        self.keys, self.levels = Keys(config.repository), config.levels
        need(config.mac == blake(data[:84], self.keys.auth), "config", "the MAC does not agree")
        need(not self.list("keys", "slot-.*"), folder,
             "has key slots beside a config without encryption")

    def path(self, name):
        """Where an object stands, nested by the digits of its last component; or None."""
        *folders, last = name.split("/")
        for level in self.levels[folders[0]]:
            digits = [last[2 * i:2 * i + 2] for i in range(level)]
            path = os.path.join(self.folder, *folders, *digits, last)
            if os.path.isfile(path):
                return path
        return None

    def load(self, name):
        path = self.path(name)
        need(path, name, "is missing")
        with open(path, "rb") as file:
            return file.read()

    def load_named(self, space, name):
        """An object that is named by the SHA-256 of its bytes."""
        where = f"{space}/{name.hex()}"
        data = self.load(where)
        need(hashlib.sha256(data).digest() == name, where, "damaged: not the bytes of its name")
        return data

    def list(self, space, form):
        """The last components of the names that have this form; others are left alone."""
        found = os.walk(os.path.join(self.folder, space))
        return sorted({name for _, _, names in found for name in names if re.fullmatch(form, name)})

    def archives(self):
        """What is shown, oldest first."""
        marks = self.list("archives", UID + "[.]del")
        found = [Archive(self, name) for name in self.list("archives", UID)
                 if name + ".del" not in marks]
        reaped = self.list("gc/reaped", UID)
        shown = [a for a in found if a.head.session.hex() not in reaped]
        for archive in shown:
            archive.check_parent(found)
        return sorted(shown, key=lambda a: (a.head.made, a.head.n, a.uid))

    # ---- page 05: frames ----

    @functools.lru_cache(maxsize=None)
    def pack(self, name):
        """Its frames; the pack is checked once."""
        where = f"packs/{name.hex()}"
        pack = st.decode_pack(Bytes(self.load_named("packs", name), where))
        self.keys.check(pack.data_keys, where)
        rows = st.decode_footer(self.keys.open_body(pack.footer, 6, f"{where}, footer"),
                                len(pack.data_keys))
        need([(f.id, f.clen, f.data_key) for f in pack.frames] ==
             [(row.id, row.clen, row.data_key) for row in rows], where,
             "the footer names other frames than there are")
        return [(f.at, row) for f, row in zip(pack.frames, rows)]

    def frame(self, kind, wanted, place):
        """A frame that stands at a place; None when its pack is gone."""
        path = self.path(f"packs/{place.pack.hex()}")
        if not path:
            return None
        where = f"packs/{place.pack.hex()}, frame {place.frame} at byte {place.at}"
        rows = self.pack(place.pack)
        need(place.frame < len(rows), where, "is not in the pack")
        at, row = rows[place.frame]
        need((row.id, row.type, row.clen, at) == (wanted, kind, place.clen, place.at), where,
             "is another frame")
        with open(path, "rb") as file:
            file.seek(at + 42)
            box = file.read(place.clen + 40)
        plain = self.keys.open(box, 1, where, wanted, data_key=True)
        frame = st.frame_plain(Bytes(plain, where))
        need((frame.type, frame.packed[1]) == (kind, row.raw), where, "is not as the footer says")
        return frame

    def find(self, kind, wanted, place):
        """Page 12 when a pack is gone; page 11 when there is no hint, too."""
        frame = place and self.frame(kind, wanted, place)
        if not frame and place:
            moved = self.remaps.get((place.pack, place.frame, wanted))
            frame = moved and self.frame(kind, wanted, moved)
        if not frame:
            for other in self.places.get(wanted, ()):
                frame = frame or self.frame(kind, wanted, other)
        need(frame, f"id {wanted.hex()}", "no pack that holds it is there")
        return frame

    @functools.cached_property
    def remaps(self):
        found = {}
        for name in self.list("remaps", NAME):
            b = self.sealed("remaps", name, b"REMP", 11)
            data_keys, moved = st.decode_remap(b)
            self.keys.check(data_keys, b.where)
            found.update({(m.pack, m.frame, m.id): m.place for m in moved})
        return found

    @functools.cached_property
    def places(self):
        found = {}
        for name in self.list("places", NAME):
            b = self.sealed("places", name, b"PLAC", 10)
            data_keys, placed = st.decode_places(b)
            self.keys.check(data_keys, b.where)
            for one, place in placed:
                found.setdefault(one, []).append(place)
        return found

    def sealed(self, space, name, kind, box):
        b = Bytes(self.load_named(space, bytes.fromhex(name)), f"{space}/{name}")
        object_header(b, kind)
        return self.keys.open_body(b.rest(), box, b.where)

    def contents(self, wanted):
        """The raw bytes of many (type, id, place), each a Bytes, and their frames."""
        frames = [self.find(*one) for one in wanted]
        raws = unpack([frame.packed for frame in frames])
        for (kind, told, _), frame, raw in zip(wanted, frames, raws):
            where = frame.packed[3]
            need(told == blake(bytes([kind]) + raw, self.keys.id), where, "has another id")
            yield Bytes(raw, where), frame

    def hints(self, frame, wanted):
        """Where the ids that stand in a block or recipe were: id -> place, or None."""
        where = f"{frame.packed[3]}, hints"
        data_keys, places = st.decode_hints(Bytes(frame.hints, where), len(wanted))
        self.keys.check(data_keys, where)
        return dict(zip(wanted, places))


# ---- pages 09, 10: an archive ----

class Archive:
    def __init__(self, repo, name):
        self.repo, self.where = repo, f"archives/{name}"
        data, keys = repo.load(self.where), repo.keys
        self.manifest = st.decode_manifest(Bytes(data, self.where))
        self.uid, self.sum = self.manifest.uid, self.manifest.sum
        need(self.sum == blake(data[:-32], keys.auth), self.where, "damaged: not its checksum")
        need(self.uid.hex() == name, self.where, "the uid is not that of the name")
        keys.check([self.manifest.data_key], self.where)
        self.head = st.decode_head(self.open(self.manifest.head, 7, "head"))
        need(self.head.body_hash == blake(self.manifest.body, keys.auth), self.where,
             "the body hash differs")

    def open(self, box, kind, what, data_key=False):
        where = f"{self.where}, {what}"
        return self.repo.keys.open_body(box, kind, where, self.uid, data_key)

    def check_parent(self, archives):
        for other in archives:
            if other.uid == self.head.parent:
                need((other.sum, other.head.n) == (self.head.parent_sum, self.head.n - 1),
                     self.where, "the parent is not the archive that this one followed")

    def open_segments(self):
        m = self.manifest
        rows = st.decode_table(self.open(m.table, 8, "run table"))
        bounds = st.decode_bounds(self.open(m.bounds, 4, "bounds", data_key=True))
        segments = st.decode_stacks(self.open(m.stacks, 9, "stacks"), bounds, len(rows))
        need(len(segments) == self.head.segments, self.where, "the count of segments differs")
        b = Bytes(m.roots, f"{self.where}, roots")
        roots = [st.decode_root_copy(b) for _ in rows]
        b.end()
        self.repo.keys.check([root.data_key for root in roots], self.where)
        runs = [Run(self.repo, row, root) for row, root in zip(rows, roots)]
        for segment in segments:
            self.check_stack(segment, runs)
        return segments, runs

    def check_stack(self, segment, runs):
        for depth, listed in enumerate(segment.stack):
            slices = runs[listed.run].slices
            need(listed.slice < len(slices), self.where, "lists a slice that its run lacks")
            told = slices[listed.slice]
            need(told.from_n < runs[listed.run].row.n, self.where, "a slice from behind its run")
            need((told.from_n, sum(told.counts)) == (listed.from_n, listed.entries), self.where,
                 "a slice is not what its run says")
            need(told.base == (depth == len(segment.stack) - 1), self.where,
                 "a base stands last in each stack, and nowhere else")

    def records(self):
        """Every record in order; what the head says of them is checked at the end."""
        segments, runs = self.open_segments()
        totals = Totals(self.repo.keys)
        for segment in segments:
            live = 0
            for entry, value in merge(self.repo, segment, runs):
                totals.add(entry, value)
                live += 1
                yield entry, value
            need(live == segment.live, self.where, "a segment's count of records differs")
        totals.check(self.head, self.where)
        for run in runs:
            for number, reading in run.readings.items():
                reading.check(run.slices[number], f"{run.where}, slice {number}")

    def get(self, name):
        """Reading a key, page 10: the pieces of its value."""
        segments, runs = self.open_segments()
        segment = [s for s in segments if s.first <= name][-1]
        for listed in segment.stack:
            entry, block = runs[listed.run].look_up(name)
            if entry and entry.kind != TOUCH:
                need(entry.kind == PUT, self.where, "holds no such key: it was deleted")
                return value_pieces(self.repo, entry, block.hints, Reading())
        raise Refused(f"{self.where}: holds no such key")


class Totals:
    """Page 01, digests of an archive; page 09, counts."""

    def __init__(self, keys):
        self.keys, self.records, self.expiring, self.raw = keys, 0, 0, 0
        self.types, self.sums = {}, [0, 0, 0, 0]

    def add(self, entry, value):
        (space, key), k_dig = entry.name, self.keys.dig
        h = blake(value + key + space + bytes([entry.type]) + len(value).to_bytes(8, "little") +
                  len(key).to_bytes(4, "little") + len(space).to_bytes(4, "little"), k_dig, 16)
        t1 = t2 = int.from_bytes(blake(h, k_dig), "little")
        if entry.expiry is not None or entry.flags or entry.meta:
            expiry = 2**64 - 1 if entry.expiry is None else entry.expiry
            a = blake(expiry.to_bytes(8, "little") + entry.flags.to_bytes(4, "little") +
                      entry.meta, k_dig, 16)
            t2 = int.from_bytes(blake(h + a, k_dig), "little")
        expiring = int(entry.expiry is not None)
        for at, term in (expiring, t1), (2 + expiring, t2):
            self.sums[at] = (self.sums[at] + term) % 2**256
        self.records += 1
        self.expiring += expiring
        self.raw += len(key) + len(value)
        count, size = self.types.get(entry.type, (0, 0))
        self.types[entry.type] = count + 1, size + len(value)

    def check(self, head, where):
        need((self.records, self.expiring, self.raw) == (head.records, head.expiring, head.raw),
             where, "the head counts other records or bytes than there are")
        need(sorted((t, *n) for t, n in self.types.items()) == head.types, where,
             "the head counts other types than there are")
        need(self.sums == head.digests, where, "a content digest does not agree")


# ---- pages 08, 07: a run ----

Block = namedtuple("Block", "entries place hints")


class Reading:
    """What was read of a slice, to be held against the refs of its run."""

    def __init__(self):
        self.counts, self.raw, self.values, self.frames = [0, 0, 0], 0, 0, set()
        self.all_places = True

    def add(self, entry, block):
        self.counts[entry.kind] += 1
        self.need([block.place])
        if entry.kind == PUT:
            self.raw += len(entry.name[1]) + entry.length

    def need(self, places):
        self.all_places = self.all_places and None not in places
        self.frames.update((place.pack, place.frame) for place in places if place)

    def check(self, told, where):
        need(sum(self.counts) <= sum(told.counts), where, "more entries than its refs say")
        need(self.frames <= told.frames, where, "needs frames that its refs lack")
        if sum(self.counts) < sum(told.counts):
            return  # other segments, of other archives, list the rest of the slice
        need((self.counts, self.raw) == (told.counts, told.raw), where, "its refs count otherwise")
        if self.values == self.counts[PUT] and self.all_places:
            need(self.frames == told.frames, where, "its refs name frames that it does not need")


class Run:
    """One run of an archive: its root from the manifest, all else from the object."""

    def __init__(self, repo, row, root):
        self.repo, self.row, self.uid, self.root_box = repo, row, root.uid, root.box
        self.where = f"runs/{row.name.hex()}"
        self.root = st.decode_root(self.open(root.box, 3, "root"))
        need(sum(page.entries for page in self.root) == row.entries, self.where, "entries differ")
        self.last_page = None, None
        self.readings = {}  # by number of the slice

    def open(self, box, kind, what, context=b"", most=64 * MIB):
        where, context = f"{self.where}, {what}", self.uid + context
        return self.repo.keys.open_body(box, kind, where, context, kind != 5, most)

    @functools.cached_property
    def object(self):
        data = self.repo.load_named("runs", self.row.name)
        run = st.decode_run(Bytes(data, self.where))
        self.repo.keys.check([run.data_key], self.where)
        told = run.uid, run.root, run.refs_at, len(run.refs), len(data)
        need(told == (self.uid, self.root_box, self.row.refs_at, self.row.refs_len,
                      self.row.length), self.where, "is not as the manifest has it")
        return run

    @functools.cached_property
    def pages(self):
        b = Bytes(self.object.pages, f"{self.where}, pages")
        pages = [b.take(row.length) for row in self.root]
        b.end()
        return pages

    @functools.cached_property
    def slices(self):
        slices = st.decode_refs(self.open(self.object.refs, 5, "refs"))
        entries = sum(sum(one.counts) for one in slices)
        need(entries == self.row.entries, self.where, "its slices hold other entries than the root")
        return slices

    def page(self, number):
        row = self.root[number]
        b = self.open(self.pages[number], 2, f"page {number}", number.to_bytes(4, "little"),
                      8 * MIB)
        page = st.decode_page(b)
        self.repo.keys.check(page.data_keys, b.where)
        entries = sum(block.entries for block in page.blocks)
        need((page.blocks[0].first, entries, len(page.blocks)) ==
             (row.first, row.entries, row.blocks), b.where, "is not as the root has it")
        return page

    def blocks(self, page, rows):
        """Some blocks of a page."""
        found = self.repo.contents([(BLOCK, row.id, row.place) for row in rows])
        for row, (raw, frame) in zip(rows, found):
            entries = st.decode_block(raw)
            need((entries[0].name, len(entries)) == (row.first, row.entries), raw.where,
                 "is not as the page has it")
            for entry in entries if page.filter else ():
                need(not st.filter_denies(page.filter, entry.name, self.repo.keys), self.where,
                     f"a filter denies the key {entry.name}")
            wanted = [one for entry in entries for one in ids(entry)]
            yield Block(entries, row.place, self.repo.hints(frame, wanted))

    def page_blocks(self, number):
        """All blocks of a page; the last one stays at hand."""
        if self.last_page[0] != number:
            page = self.page(number)
            self.last_page = number, list(self.blocks(page, page.blocks))
        return self.last_page[1]

    def slice(self, segment):
        """The entries that lie in a segment, each with its block."""
        last = None
        for number, row in enumerate(self.root):
            behind = self.root[number + 1].first if number + 1 < len(self.root) else None
            if (behind and behind <= segment.first) or (segment.end and row.first >= segment.end):
                continue
            for block in self.page_blocks(number):
                for entry in block.entries:
                    need(last is None or last < entry.name, self.where, "keys do not ascend")
                    last = entry.name
                    if segment.first <= last and not (segment.end and segment.end <= last):
                        yield entry, block

    def look_up(self, name):
        numbers = [i for i, row in enumerate(self.root) if row.first <= name]
        if not numbers:
            return None, None
        page = self.page(numbers[-1])
        if page.filter and st.filter_denies(page.filter, name, self.repo.keys):
            return None, None
        row = [row for row in page.blocks if row.first <= name][-1]
        for block in self.blocks(page, [row]):
            for entry in block.entries:
                if entry.name == name:
                    return entry, block
        return None, None


def merge(repo, segment, runs):
    """The records of a segment with their values: its stack, newest first, seen as one."""
    def numbered(depth, listed):
        reading = runs[listed.run].readings.setdefault(listed.slice, Reading())
        for entry, block in runs[listed.run].slice(segment):
            reading.add(entry, block)
            yield entry.name, depth, entry, block, reading

    entries = heapq.merge(*(numbered(i, listed) for i, listed in enumerate(segment.stack)),
                          key=lambda item: item[:2])
    for name, stack in itertools.groupby(entries, key=lambda item: item[0]):
        touch = None
        for _, _, entry, block, reading in stack:
            if entry.kind != TOUCH:
                break
            touch = touch or entry
        need(not touch or entry.kind == PUT, "merge", f"{name} is touched, and not there")
        if entry.kind == PUT:
            value = b"".join(value_pieces(repo, entry, block.hints, reading))
            if touch:
                entry = entry._replace(expiry=touch.expiry, flags=touch.flags, meta=touch.meta)
            yield entry, value


# ---- page 06: values ----

def ids(entry):
    """The ids of chunks or of a recipe that stand in an entry."""
    if entry.form == CHUNKS:
        return [one for _, one in entry.value]
    return [entry.value[1]] if entry.form == TREE else []


def value_pieces(repo, entry, hints, reading):
    """The value in pieces."""
    reading.values += 1
    if entry.form == INLINE:
        yield entry.value
    elif entry.form == CHUNKS:
        yield from chunk_pieces(repo, entry.value, hints, reading)
    else:
        depth, one = entry.value
        yield from recipe_pieces(repo, (depth, entry.length, one), hints, reading)


def chunk_pieces(repo, chunks, hints, reading):
    """chunks: many (raw length, id)."""
    for at in range(0, len(chunks), 16):
        some = chunks[at:at + 16]
        reading.need([hints[one] for _, one in some])
        found = repo.contents([(CHUNK, one, hints[one]) for _, one in some])
        for (size, _), (raw, _) in zip(some, found):
            need(len(raw.data) == size, raw.where, "a chunk of another length")
            yield raw.data


def recipe_pieces(repo, wanted, hints, reading):
    depth, length, one = wanted
    reading.need([hints[one]])
    [(raw, frame)] = repo.contents([(RECIPE, one, hints[one])])
    told, parts = st.decode_recipe(raw)
    need((told, sum(size for size, _ in parts)) == (depth, length), raw.where,
         "a recipe of another depth or length")
    below = repo.hints(frame, [part for _, part in parts])
    if depth == 1:
        yield from chunk_pieces(repo, parts, below, reading)
    else:
        for size, part in parts:
            yield from recipe_pieces(repo, (depth - 1, size, part), below, reading)


# ---- commands ----

def list_archives(repo):
    for archive in repo.archives():
        head = archive.head
        made = datetime.fromtimestamp(head.made / 1000, timezone.utc).isoformat(" ", "seconds")
        print(archive.uid.hex(), made, head.source, f"n={head.n}", f"records={head.records}",
              f"bytes={head.raw}", sep="  ")


def choose(repo, wanted):
    found = repo.archives()
    if wanted == "latest":
        found = found[-1:]
    else:
        found = [archive for archive in found if archive.uid.hex().startswith(wanted)]
    need(len(found) == 1, wanted, f"{len(found)} archives are called so")
    return found[0]


def run(args, out):
    repo = Repository(args.repo)
    if not args.archive:
        return list_archives(repo)
    archive = choose(repo, args.archive)
    if args.get is None:
        lines = (line(*record) for record in archive.records())
    else:
        lines = archive.get((os.fsencode(args.space), os.fsencode(args.get)))
    for piece in lines:
        out.write(piece)
    return out.flush()


def main():
    words = argparse.ArgumentParser(prog="read.py", description=__doc__.split("\n\n")[0])
    words.add_argument("repo", metavar="REPO")
    words.add_argument("archive", metavar="ARCHIVE", nargs="?")
    words.add_argument("--get", metavar="KEY", help="write the value of this key alone")
    words.add_argument("--space", metavar="SPACE", default="", help="the space of KEY")
    try:
        run(words.parse_args(), sys.stdout.buffer)
    except Refused as why:
        sys.exit(f"read.py: {why}")


if __name__ == "__main__":
    main()
