#!/usr/bin/env python3
"""payload.py - what the frames of a repository's packs hold, without the tool that made them.

usage: payload.py REPO            prints: count of frames, bytes of their ciphertexts
       payload.py REPO --extract  writes the zstd frames of an unencrypted repository, one after the
                                  other: what "zstd -d" takes

Reads packs as spec/05-pack.md says, by spec/reader/; no key is needed for the sizes.
"""
import glob
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "spec"))
from reader.basics import Bytes
from reader.structures import decode_pack, frame_plain


def packs(repo):
    for path in sorted(glob.glob(os.path.join(repo, "packs", "**"), recursive=True)):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                data = file.read()
            yield data, decode_pack(Bytes(data, path))


def extract(repo):
    for data, pack in packs(repo):
        for frame in pack.frames:
            plain = Bytes(data[frame.at + 66:frame.at + 66 + frame.clen], "frame")
            codec, _, packed, _ = frame_plain(plain).packed
            if codec == 1:
                sys.stdout.buffer.write(packed)


def main():
    if sys.argv[2:] == ["--extract"]:
        return extract(sys.argv[1])
    sizes = [frame.clen for _, pack in packs(sys.argv[1]) for frame in pack.frames]
    return print(len(sizes), sum(sizes))


main()
