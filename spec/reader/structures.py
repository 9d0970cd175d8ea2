"""structures.py - bytes to Python values: pages 03 to 12, one function a structure.

Written from these pages alone. Each function takes a Bytes, checks whatever its page says about the
structure by itself, and raises Refused, whose text says where and what.
"""
import itertools
from collections import namedtuple

from reader.basics import MIB, U64_MAX, Bytes, ascending, blake, data_key, object_header, siphash

NAMESPACES = "keys packs runs places remaps archives sessions gc".split()
BLOCK, CHUNK, RECIPE = 1, 2, 3
RAW_MAX = {BLOCK: 512 * 1024, CHUNK: MIB, RECIPE: MIB}
PUT, TOUCH, DELETE = 0, 1, 2
INLINE, CHUNKS, TREE = 0, 1, 2


# ---- page 03: config ----

Config = namedtuple("Config", "suite repository levels sizes mac")


def decode_config(b):
    b.need(len(b.data) >= 44 and b.data[-32:] == blake(b.data[:-32]),
           "damaged: the checksum does not agree")
    suite, repository = object_header(b, b"CONF"), b.take(16)
    b.know(b.integer(8) == 0, "an incompatible feature")
    b.take(16)  # compatible features, created
    levels = {}
    for name in NAMESPACES:
        write, read = b.integer(1), b.integer(1)
        b.know(write <= 4 and read < 32, "more than 4 levels")
        b.need(read >> write & 1, f"{name} are written where they are not looked for")
        levels[name] = [level for level in range(5) if read >> level & 1]
    b.know(levels["keys"] == levels["gc"] == [0], "nested keys or gc lists")
    sizes = [b.integer(4) for _ in range(4)]
    if suite:
        b.know(not any(sizes), "chunker sizes beside encryption")
    else:
        b.need(sizes[0] <= min(16384, sizes[3]), "inline_max")
        b.need(4096 <= sizes[1] <= sizes[2] <= sizes[3] <= MIB, "sizes")
    config = Config(suite, repository, levels, sizes, b.take(32))
    b.take(32)
    b.end()
    return config


# ---- pages 09, 10: manifest ----

Manifest = namedtuple("Manifest", "uid data_key head table stacks bounds roots body sum")
Head = namedtuple("Head", "n parent parent_sum session body_hash source url host tool began "
                  "scan_began scan_ended made consistency detail marks records expiring raw new "
                  "changed deleted touched duplicates refused stored segments types digests "
                  "filter_hash filter tags comment")
RunRow = namedtuple("RunRow", "name length refs_at refs_len archive n entries")
Root = namedtuple("Root", "uid data_key box")
Segment = namedtuple("Segment", "first end cut_threshold live stack")
Listed = namedtuple("Listed", "run slice from_n entries")


def decode_manifest(b):
    suite = object_header(b, b"AMAN")
    uid = b.take(16)
    sizes = [b.integer(4) for _ in range(5)]
    key = data_key(b, suite)
    head = b.box(sizes[0])
    b.need(b.at <= 4096, "the head ends behind 4,096 bytes")
    behind = b.at
    boxes = [b.box(size) for size in sizes[1:4]] + [b.take(sizes[4])]
    body = b.data[behind:b.at]
    b.know(b.integer(1) == 0, "a signature")
    manifest = Manifest(uid, key, head, *boxes, body, b.take(32))
    b.end()
    return manifest


def decode_head(b):
    b.version()
    fixed = [b.varint(least=1), b.take(16), b.take(32), b.take(16), b.take(32)]
    fixed += [b.text(256), b.text(512), b.text(128), b.text(32), *b.varints(4)]
    fixed += [b.integer(1), b.text(256), b.varint(), *b.varints(11)]
    types = [(b.integer(1), *b.varints(2)) for _ in b.items(most=256, size=3)]
    b.need(ascending([0] + [t for t, _, _ in types]), "types do not ascend from 1")
    digests = [b.integer(32) for _ in range(4)]
    filters = [b.take(32), b.text(512)]
    tags = [b.bytes(64) for _ in b.items(most=16)]
    b.need(ascending(tags), "tags do not ascend")
    head = Head(*fixed, types, digests, *filters, tags, b.text(256))
    b.need(any(head.parent) or not any(head.parent_sum), "the checksum of no parent")
    b.extensions()
    return head


def decode_table(b):
    b.version()
    rows = [RunRow(b.take(32), *b.varints(3), b.take(16), b.varint(least=1), b.varint())
            for _ in b.items(most=65536, size=53)]
    b.need(all(row.refs_at + row.refs_len <= row.length for row in rows), "refs behind a run")
    b.need(ascending([-row.n for row in rows]), "runs are not newest first")
    b.need(len({row.name for row in rows}) == len(rows), "a run stands there twice")
    b.extensions()
    return rows


def decode_root_copy(b):
    return Root(b.take(16), data_key(b), b.box(b.integer(4)))


def decode_bounds(b):
    b.version()
    firsts = key_list(b, b.varint(most=65535))
    b.extensions()
    return firsts


def decode_stacks(b, bounds, run_count):
    b.version()
    b.need(b.varint(least=1, most=65536) == len(bounds) + 1, "stacks and bounds differ in number")
    segments = []
    for first, end in itertools.pairwise([(b"", b""), *bounds, None]):
        b.varint(most=65535)  # phase
        b.varint(1, 65535)  # fold limit
        cut_threshold, live = b.integer(4), b.varint()
        stack = [Listed(b.varint(most=run_count - 1), b.varint(most=65535), *b.varints(2))
                 for _ in b.items(most=255, size=4)]
        b.need(ascending([listed.run for listed in stack]), "a stack is not newest first")
        segments.append(Segment(first, end, cut_threshold, live, stack))
    b.extensions()
    return segments


# ---- page 08: run ----

Run = namedtuple("Run", "uid data_key pages root refs refs_at")
PageRow = namedtuple("PageRow", "first length entries blocks")
Slice = namedtuple("Slice", "base from_n counts raw frames")


def decode_run(b):
    """pages: their bytes, one after the other."""
    suite = object_header(b, b"ARUN")
    uid, key = b.take(16), data_key(b, suite)
    b.need(len(b.data) - b.at >= 20, "cut off")
    tail = Bytes(b.data[-20:], f"{b.where}, last 20 bytes")
    root_at, root_len, refs_len = tail.integer(8), tail.integer(4), tail.integer(4)
    tail.need(tail.take(4) == b"RUNE", "no run ends here")
    b.need(b.at <= root_at <= len(b.data), "the root is not inside")
    pages, root, refs_at = b.take(root_at - b.at), b.box(root_len), b.at
    run = Run(uid, key, pages, root, b.box(refs_len), refs_at)
    b.take(20)
    b.end()
    return run


def decode_root(b):
    b.version()
    count = b.varint(most=1 << 24)
    firsts = key_list(b, count)
    lengths, entries = b.varints(count, 1, 8 * MIB + 64), b.varints(count, least=1)
    rows = [PageRow(*row) for row in zip(firsts, lengths, entries, b.varints(count, 1, 64))]
    b.extensions()
    return rows


def decode_refs(b):
    b.version()
    packs = [(b.take(32), b.varint(least=1)) for _ in b.items(most=1 << 20, size=33)]
    b.need(ascending([name for name, _ in packs]), "packs do not ascend")
    slices = [decode_slice(b, packs) for _ in b.items(most=65536, size=7)]
    b.extensions()
    return slices


def decode_slice(b, packs):
    """frames: the set of (pack name, frame number) that it needs."""
    base, from_n = b.integer(1), b.varint()
    b.know(base <= 1, "a kind of slice")
    b.need(not (base and from_n), "a base from a number on")
    counts, raw = b.varints(3), b.varint()
    b.need(not base or counts[TOUCH] == counts[DELETE] == 0, "a base of more than puts")
    numbers, frames = [], set()
    for _ in b.items(size=2):
        numbers.append(b.varint())
        b.need(numbers[-1] < len(packs), "no such pack")
        name, count = packs[numbers[-1]]
        bits = b.integer((count + 7) // 8)
        b.need(bits >> count == 0, "spare bits are set")
        frames.update((name, i) for i in range(count) if bits >> i & 1)
    b.need(ascending(numbers), "packs do not ascend")
    return Slice(base, from_n, counts, raw, frames)


# ---- page 07: index page ----

Page = namedtuple("Page", "data_keys blocks filter")
BlockRow = namedtuple("BlockRow", "first id place entries")
Filter = namedtuple("Filter", "seed segment count fingerprints")


def decode_page(b):
    b.version()
    flags = b.integer(1)
    b.know(flags <= 1, "a flag")
    count = b.varint(1, 64)
    table = pack_table(b)
    firsts = key_list(b, count)
    names = [b.take(32) for _ in firsts]
    places = [place(b, table) for _ in firsts]
    rows = [BlockRow(*row) for row in zip(firsts, names, places, b.varints(count, 1, 131072))]
    page = Page(table.data_keys, rows, decode_filter(b) if flags else None)
    b.extensions()
    return page


def decode_filter(b):
    seed, segment, count = b.integer(8), b.varint(4, 1 << 18), b.varint(least=1)
    b.need(segment & segment - 1 == 0 and segment * count <= 1 << 23, "no size of a filter")
    fingerprints = b.bytes((count + 2) * segment)
    b.need(len(fingerprints) == (count + 2) * segment, "not its fingerprints")
    return Filter(seed, segment, count, fingerprints)


def murmur_mix(h):
    h = (h ^ h >> 33) * 0xff51afd7ed558ccd & U64_MAX
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53 & U64_MAX
    return h ^ h >> 33


def filter_denies(f, name, keys):
    space, key = name
    h = siphash(keys.cut[16:], varint_of(len(space)) + space + key)
    h = murmur_mix(h + f.seed & U64_MAX)
    h0 = h * (f.count * f.segment) >> 64
    h1 = h0 + f.segment ^ h >> 18 & f.segment - 1
    h2 = h0 + 2 * f.segment ^ h & f.segment - 1
    told = f.fingerprints[h0] ^ f.fingerprints[h1] ^ f.fingerprints[h2]
    return told != (h ^ h >> 32) & 255


def varint_of(value):
    spelled = bytearray()
    while value > 127:
        spelled.append(value & 127 | 128)
        value >>= 7
    return bytes([*spelled, value])


# ---- page 05: pack, frame, pack table ----

Pack = namedtuple("Pack", "data_keys frames footer")
FrameHead = namedtuple("FrameHead", "data_key clen id at")
FrameRow = namedtuple("FrameRow", "id type clen raw data_key")
PackTable = namedtuple("PackTable", "data_keys names")
Place = namedtuple("Place", "pack frame at clen")
Frame = namedtuple("Frame", "type packed hints")


def decode_pack(b):
    """frames: a FrameHead each; footer: its box."""
    suite = object_header(b, b"PACK")
    data_keys = [data_key(b, suite) for _ in range(b.integer(2))]
    b.need(0 < len({key.id for key in data_keys}) == len(data_keys) <= 1024, "data keys")
    tail = Bytes(b.data[-8:], f"{b.where}, last 8 bytes")
    footer_len = tail.integer(4)
    tail.need(tail.take(4) == b"PEND", "no pack ends here")
    footer_at = len(b.data) - 8 - footer_len
    b.need(footer_len >= 40 and b.at <= footer_at, "no footer")
    frames = []
    while b.at < footer_at:
        frames.append(frame_head(b, len(data_keys)))
        b.take(frames[-1].clen + 40)
    footer = b.take(footer_len)
    b.take(8)
    b.end()
    return Pack(data_keys, frames, footer)


def frame_head(b, data_keys):
    at = b.at
    b.need(b.take(4) == b"\xa7\x6b\x76\x46", "no frame begins here")
    head = FrameHead(b.integer(2), b.integer(4), b.take(32), at)
    b.need(head.data_key < data_keys, "no such data key")
    return head


def frame_plain(b):
    """The plaintext of a frame's box. packed: what unpack() takes."""
    kind, codec = b.integer(1), b.integer(1)
    b.need(kind, "type 0")
    b.know(kind in RAW_MAX, "a type of frame")
    b.know(codec <= 1, f"codec {codec}")
    raw, trailer = b.varint(most=RAW_MAX[kind]), b.varint(most=MIB)
    rest = b.rest()
    b.need(trailer <= len(rest), "the trailer is not there")
    cut = len(rest) - trailer
    b.need(codec or cut == raw, "the raw length does not agree")
    return Frame(kind, (codec, raw, rest[:cut], b.where), rest[cut:])


def decode_footer(b, data_keys):
    b.version()
    rows = [frame_row(b, data_keys) for _ in b.items(size=36)]
    b.extensions()
    return rows


def frame_row(b, data_keys):
    one, kind = b.take(32), b.integer(1)
    b.need(kind, "type 0")
    b.know(kind in RAW_MAX, "a type of frame")
    return FrameRow(one, kind, b.varint(), b.varint(most=RAW_MAX[kind]),
                    b.varint(most=data_keys - 1))


def pack_table(b):
    data_keys = [data_key(b) for _ in b.items(most=65536, size=22)]
    names = []
    for _ in b.items(most=1 << 20, size=33):
        names.append(b.take(32))
        used = [(b.varint(most=1023), b.varint(most=len(data_keys) - 1))
                for _ in b.items(most=1024, size=2)]
        b.need(ascending([number for number, _ in used]), "data keys of a pack do not ascend")
    return PackTable(data_keys, names)


def place(b, table):
    return place_in(b, table.names[b.varint(most=len(table.names) - 1)])


def place_in(b, name):
    found = Place(name, b.varint(most=2**32 - 1), *b.varints(2))
    b.need(found.at + found.clen <= 1 << 30, "a place behind the largest pack")
    return found


def hint(b, table):
    number = b.varint(most=len(table.names))
    return place_in(b, table.names[number - 1]) if number else None


def decode_hints(b, count):
    """The data keys of their pack table, and a place or None for each of count ids."""
    if not b.data:
        return [], [None] * count
    table = pack_table(b)
    hints = [hint(b, table) for _ in range(count)]
    b.end()
    return table.data_keys, hints


# ---- page 06: key list, block, recipe ----

Entry = namedtuple("Entry", "name kind type expiry flags meta form length value")


def key_list(b, count):
    """count pairs (space, key)."""
    groups = [(b.bytes(1024), b.varint(least=1)) for _ in b.items(most=count, size=2)]
    b.need(ascending([space for space, _ in groups]), "spaces do not ascend")
    b.need(sum(n for _, n in groups) == count, "groups do not hold as many keys as there are")
    b.need(count == 0 or groups, "no groups")
    shared, lengths, rests = b.part("shared"), b.part("suffix lengths"), b.part("suffixes")
    names = []
    for space, n in groups:
        key = None
        for same, more in zip(shared.varints(n), lengths.varints(n)):
            rest, last = rests.take(more), key
            if last is None:
                b.need(same == 0, "the first key of a group shares with none")
            else:
                b.need(same <= len(last) and rest and (same == len(last) or rest[0] > last[same]),
                       "keys do not ascend, or share more")
            key = (last[:same] if same else b"") + rest
            b.need(len(key) <= 65535, "a key of over 65,535 bytes")
            names.append((space, key))
    for column in shared, lengths, rests:
        column.end()
    return names


def decode_block(b):
    b.version()
    count = b.varint(1, 131072)
    names = key_list(b, count)
    a = b.part("attributes")
    kinds = a.take(count)
    for kind in kinds:
        a.know(kind & 3 != 3 and kind >> 2 & 3 != 3 and kind < 128, f"kind {kind}")
        a.need(kind & 3 == PUT or kind >> 2 & 3 == 0, "a form without a value")
        a.need(kind & 3 != DELETE or kind == DELETE, "a delete with attributes")
    put = [kind & 3 == PUT for kind in kinds]
    types = spread(put, [a.integer(1) for _ in range(sum(put))])
    a.need(0 not in types, "type 0")
    expiries = spread([k & 16 for k in kinds], expiry_column(a, sum(k >> 4 & 1 for k in kinds)))
    flags = spread([k & 32 for k in kinds], a.varints(sum(k >> 5 & 1 for k in kinds), 1, 2**32 - 1))
    metas = spread([k & 64 for k in kinds], a.varints(sum(k >> 6 & 1 for k in kinds), 1, 16384))
    a.end()
    v = b.part("values")
    lengths = spread(put, v.varints(sum(put), most=2**40 - 1))
    forms = [kind >> 2 & 3 if here else None for kind, here in zip(kinds, put)]
    values = [references(v, form, length) if form else None for form, length in zip(forms, lengths)]
    metas = [v.take(length or 0) for length in metas]
    values = [inline(v, length) if form == INLINE else value
              for form, length, value in zip(forms, lengths, values)]
    v.end()
    b.extensions()
    return [Entry(*entry) for entry in zip(names, (kind & 3 for kind in kinds), types, expiries,
                                           (f or 0 for f in flags), metas, forms, lengths, values)]


def spread(where, items):
    """The items at the places that are true, None at the others."""
    items = iter(items)
    return [next(items) if here else None for here in where]


def expiry_column(b, count):
    expiries, last = [], 0
    for _ in range(count):
        last = (last + b.zigzag()) & U64_MAX
        b.need(last != U64_MAX, "an expiry that is none")
        expiries.append(last)
    return expiries


def references(b, form, length):
    """A list of (raw length, id) of chunks, or (depth, id) of a recipe."""
    if form == TREE:
        depth = b.integer(1)
        b.need(1 <= depth <= 4 and length, "no depth of a recipe, or no value")
        return depth, b.take(32)
    chunks = [(b.varint(1, MIB), b.take(32)) for _ in b.items(1, 8, 33)]
    b.need(sum(size for size, _ in chunks) == length, "chunks do not sum up to the value")
    return chunks


def inline(b, length):
    b.need(length <= 16384, "an inline value of over 16,384 bytes")
    return b.take(length)


def decode_recipe(b):
    """Its depth and a list of (length, id)."""
    b.version()
    depth = b.integer(1)
    b.need(1 <= depth <= 4, "no depth of a recipe")
    most = MIB if depth == 1 else 2**40 - 1
    parts = [(b.varint(1, most), b.take(32)) for _ in b.items(1, 32768, 33)]
    b.extensions()
    return depth, parts


# ---- pages 11, 12: places, remaps ----

Moved = namedtuple("Moved", "pack frame id place")


def decode_places(b):
    """Its data keys; (id, place) of each frame."""
    b.version()
    b.take(32)  # session, lineage
    data_keys = [data_key(b) for _ in b.items(most=65536, size=22)]
    b.need(len({len(key.sealed) for key in data_keys}) <= 1, "data keys of several lengths")
    key_len = 22 + len(data_keys[0].sealed) if data_keys else 22
    found = []
    for _ in b.items(most=1 << 20, size=36):
        name, length, own = b.take(32), b.varint(most=1 << 30), b.varint(1, 1024)
        frames = b.items(size=36)
        b.varints(own, most=len(data_keys) - 1)
        at = 14 + key_len * own
        for number in frames:
            row = frame_row(b, own)
            found.append((row.id, Place(name, number, at, row.clen)))
            at += 82 + row.clen
        b.need(at + 48 <= length, "frames end behind their pack")
    b.extensions()
    return data_keys, found


def decode_remap(b):
    """The data keys of its pack table; a Moved for each frame that moved."""
    b.version()
    b.take(16)  # session
    table, names, moved = pack_table(b), [], []
    for _ in b.items(most=1 << 20, size=33):
        names.append(b.take(32))
        frame = 0
        for stretch in b.items(least=1, size=2):
            frame += b.varint(least=min(stretch, 1))
            for _ in b.items(least=1, size=36):
                b.need(frame < 1 << 32, "a frame number of over 32 bits")
                moved.append(Moved(names[-1], frame, b.take(32), place(b, table)))
                frame += 1
    b.need(ascending(names), "old packs do not ascend")
    b.extensions()
    return table.data_keys, moved
