"""basics.py - what every structure is made of: pages 00 and 02, for suite 0."""
import hashlib
import itertools
import subprocess
import tempfile
from collections import namedtuple

U64_MAX, MIB = 2**64 - 1, 1 << 20


class Refused(Exception):
    """Damage: no writer wrote this. The text says where and what."""


class Unsupported(Refused):
    """A later version may have written this."""


def need(holds, where, what):
    if not holds:
        raise Refused(f"{where}: {what}")


def ascending(items):
    return all(a < b for a, b in itertools.pairwise(items))


# ---- page 00: conventions ----

class Bytes:
    """Walks over the bytes of one structure."""

    def __init__(self, data, where):
        self.data, self.at, self.where = data, 0, where

    def need(self, holds, what):
        if not holds:
            raise Refused(f"{self.where}, byte {self.at}: {what}")

    def know(self, holds, what):
        if not holds:
            raise Unsupported(f"{self.where}, byte {self.at}: unsupported: {what}")

    def take(self, size):
        self.need(size <= len(self.data) - self.at, f"cut off: {size} more bytes are not there")
        self.at += size
        return self.data[self.at - size:self.at]

    def integer(self, size):
        return int.from_bytes(self.take(size), "little")

    def varint(self, least=0, most=U64_MAX):
        value = shift = 0
        byte = 128
        while byte >= 128:
            byte = self.integer(1)
            value |= (byte & 127) << shift
            shift += 7
        self.need(value <= U64_MAX and (byte or shift == 7), "no varint in its shortest spelling")
        self.need(least <= value <= most, f"{value} is not within {least} and {most}")
        return value

    def varints(self, count, least=0, most=U64_MAX):
        self.need(count <= len(self.data) - self.at, f"cut off: no room for {count} numbers")
        return [self.varint(least, most) for _ in range(count)]

    def items(self, least=0, most=U64_MAX, size=1):
        """A count of items of at least size bytes each, to be looped over."""
        count = self.varint(least, most)
        self.need(count * size <= len(self.data) - self.at, f"cut off: no room for {count} items")
        return range(count)

    def zigzag(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def bytes(self, most):
        return self.take(self.varint(most=most))

    def text(self, most):
        return self.bytes(most).decode(errors="backslashreplace")

    def box(self, size):
        self.need(size >= 40, "a box of under 40 bytes")
        return self.take(size)

    def part(self, what):
        """A part whose length stands in front of it."""
        return Bytes(self.take(self.varint()), f"{self.where}, {what}")

    def rest(self):
        return self.take(len(self.data) - self.at)

    def version(self):
        version = self.integer(1)
        self.know(version == 1, f"version {version}")

    def end(self):
        self.need(self.at == len(self.data), "bytes are left over")

    def extensions(self):
        """Even tags are passed over: none changes what a reader does. Nothing follows them."""
        tags = []
        for _ in self.items(most=64):
            tags.append(self.varint())
            self.know(tags[-1] % 2 == 0, f"extension {tags[-1]}")
            self.bytes(65536)
        self.need(ascending(tags), "extensions do not ascend")
        self.end()


def object_header(b, kind):
    """Gives the suite."""
    b.need(b.take(4) == b"ARKV", "no arkv object")
    b.need(b.take(4) == kind, f"not of kind {kind.decode()}")
    version, suite, flags = b.integer(2), b.integer(1), b.integer(1)
    b.know(version == 1, f"version {version}")
    b.know(suite <= 1, f"suite {suite}")
    b.know(flags == 0, "a flag")
    return suite


# ---- page 02: data keys; boxes and bodies in suite 0 ----

DataKey = namedtuple("DataKey", "id ring sealed")


def data_key(b, suite=None):
    """suite: None where it is not known."""
    key = DataKey(b.take(16), b.integer(4), b.take(b.integer(2)))
    b.need(len(key.sealed) in (0, 80), "no length of a sealed data key")
    b.need(suite is None or len(key.sealed) == 80 * suite, "not a data key of this suite")
    return key


def blake(data, key=b"", size=32):
    return hashlib.blake2b(data, key=key, digest_size=size).digest()


class Keys:
    """The keys of a repository without encryption."""

    def __init__(self, repository):
        self.repository = repository
        self.id, self.cut, self.dig, self.meta, self.auth, self.data = (
            blake(b"arkv-" + name, repository)
            for name in (b"id", b"cut", b"dig", b"meta", b"auth", b"data"))
        self.data_id = blake(b"arkv-dk", self.data, 16)

    def check(self, data_keys, where):
        """Suite 0 has a single data key, which no record seals."""
        need(all(key == DataKey(self.data_id, 0, b"") for key in data_keys), where,
             "a data key that this repository does not have")

    def open(self, box, kind, where, context=b"", data_key=False):
        """The plaintext of a box under K_meta, or under the data key."""
        box = Bytes(box, where).box(len(box))
        nonce, plain, tag = box[:24], box[24:-16], box[-16:]
        aad = b"arkv-box-1" + self.repository + bytes([0, kind])
        aad += (self.data_id if data_key else bytes(16)) + context
        key = self.data if data_key else self.meta
        need(nonce == bytes(24), where, "a nonce in suite 0")
        need(tag == blake(len(aad).to_bytes(4, "little") + aad + plain, key, 16), where,
             "damaged: the tag does not agree")
        return plain

    def open_body(self, box, kind, where, context=b"", data_key=False, most=64 * MIB):
        b = Bytes(self.open(box, kind, where, context, data_key), where)
        codec, size = b.integer(1), b.varint(most=most)
        return Bytes(unpack([(codec, size, b.rest(), where)])[0], where)


def unpack(packed):
    """Decompresses many (codec, raw length, bytes, where), all with one call of zstd."""
    for codec, size, data, where in packed:
        Bytes(b"", where).know(codec <= 1, f"codec {codec}")
        need(codec == 1 or size == len(data), where, "the raw length does not agree")
    frames = [item for item in packed if item[0] == 1]
    total = sum(size for _, size, _, _ in frames)
    raw = zstd(b"".join(data for _, _, data, _ in frames), total) if frames else b""
    if raw is None:  # say which one it was
        for _, size, data, where in frames:
            need(zstd(data, size) is not None, where, "the raw length does not agree, or no zstd")
    parts = Bytes(raw or b"", "zstd")
    return [parts.take(size) if codec else data for codec, size, data, _ in packed]


def zstd(data, size):
    """The size bytes that data is of; None when it is of fewer or more, or none at all."""
    with tempfile.TemporaryFile() as packed:
        packed.write(data)
        packed.seek(0)
        with subprocess.Popen(["zstd", "-dcq"], stdin=packed, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as run:
            raw = run.stdout.read(size + 1)
            if len(raw) > size:
                run.kill()
    return raw if len(raw) == size and run.returncode == 0 else None


def rotate(x, by):
    return (x << by | x >> 64 - by) & U64_MAX


def siphash(key, data):
    """SipHash-2-4, as u64."""
    k0, k1 = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    v0, v1 = k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d
    v2, v3 = k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573
    data += bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    words = [int.from_bytes(data[i:i + 8], "little") for i in range(0, len(data), 8)]
    for word in [*words, None]:
        if word is None:
            v2 ^= 0xff
        else:
            v3 ^= word
        for _ in range(4 if word is None else 2):
            v0, v2 = v0 + v1 & U64_MAX, v2 + v3 & U64_MAX
            v1, v3 = rotate(v1, 13) ^ v0, rotate(v3, 16) ^ v2
            v0, v2 = rotate(v0, 32) + v3 & U64_MAX, v2 + v1 & U64_MAX
            v1, v3 = rotate(v1, 17) ^ v2, rotate(v3, 21) ^ v0
            v2 = rotate(v2, 32)
        v0 ^= word or 0
    return v0 ^ v1 ^ v2 ^ v3
