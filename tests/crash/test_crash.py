"""test_crash.py - a backup that is killed, or whose disk fails, at any moment: the archives that
were there stay whole, and the next backup works.

By default every k-th point of failure is tried, so that a case takes seconds; with ARKV_LONG=1 all.
"""
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
from harness import main  # noqa: E402

FAILAT = os.environ["ARKV_FAILAT"]
LONG = "ARKV_LONG" in os.environ
SEED = int(os.environ.get("ARKV_SEED") or time.time())
POINTS = 40  # tried of all points of failure, unless ARKV_LONG
KILLS = 200 if LONG else 25
KEY_OF_NIGHT = {1: b"one", 2: b"two"}


def _night(box, name, night, count=4000):
    rng = random.Random(night)
    lines = []
    for i in range(count):
        value = KEY_OF_NIGHT[night].decode() if i == 7 else f"{i}:{rng.random()}" * (1 + i % 7)
        if i % 500 == 0:
            value = "".join(chr(97 + (i + j) % 26) for j in range(3000)) + str(night)
        lines.append('{"key":"key:%06d","value":"%s"}' % (i, value))
    box.write(name, "\n".join(lines) + "\n")


def _start(box):
    _night(box, "1.jsonl", 1)
    _night(box, "2.jsonl", 2)
    box.ok("init")
    box.ok("backup", "jsonl:1.jsonl", "--name", "s")


def _whole(box, archive, night):
    """The archive reads right and everything that is listed verifies."""
    box.ok("verify", "--read-data")
    box.equal(box.ok("cat", archive, "key:000007").out, KEY_OF_NIGHT[night], "the value")


def _first(box):
    return box.ok("archives", "--json").text.split('"archive":"')[1][:32]


def _count_calls(box):
    where = box.path("count")
    box.ok("backup", "jsonl:2.jsonl", "--name", "count",
           env={"LD_PRELOAD": FAILAT, "ARKV_FAIL_COUNT": where})
    total = int(open(where).read())
    box.that(total > 50, f"only {total} calls were counted: nothing is preloaded")
    return total


def _points(total):
    step = 1 if LONG else max(1, total // POINTS)
    first = 1 if LONG else 1 + SEED % step
    return range(first, total + 1, step)


def every_point_of_death_leaves_the_archives_whole(box):
    _start(box)
    first = _first(box)
    total = _count_calls(box)
    tried = 0
    for k in _points(total):
        process = box.start("backup", "jsonl:2.jsonl", "--name", "s",
                            env={"LD_PRELOAD": FAILAT, "ARKV_FAIL_AT": str(k),
                                 "ARKV_FAIL_KILL": "1"})
        result = box.finish(process, signals=(signal.SIGKILL,))
        tried += 1
        if result.code == 0:
            continue  # fewer calls this time: threads share them out differently
        box.equal(result.code, -signal.SIGKILL, "the exit status")
        _whole(box, first, 1)
    box.ok("backup", "jsonl:2.jsonl", "--name", "s")
    _whole(box, "latest", 2)
    print(f"# killed before {tried} of {total} calls", flush=True)


def a_disk_that_fills_at_any_call_is_said_and_harms_nothing(box):
    _start(box)
    first = _first(box)
    total = _count_calls(box)
    tried = 0
    for k in _points(total):
        result = box.run("backup", "jsonl:2.jsonl", "--name", "s",
                         env={"LD_PRELOAD": FAILAT, "ARKV_FAIL_AT": str(k)})
        tried += 1
        if result.code == 0:
            continue  # only what comes after the commit failed
        box.equal(result.code, 1, "the exit status")
        box.contains(result.errors, "No space left on device", "the message")
        _whole(box, first, 1)
    box.ok("backup", "jsonl:2.jsonl", "--name", "s")
    _whole(box, "latest", 2)
    print(f"# no space from {tried} of {total} calls on", flush=True)


def a_single_failing_call_never_makes_a_wrong_archive(box):
    _start(box)
    total = _count_calls(box)
    tried = 0
    for k in _points(total):
        box.run("backup", "jsonl:2.jsonl", "--name", "s",
                env={"LD_PRELOAD": FAILAT, "ARKV_FAIL_AT": str(k), "ARKV_FAIL_ONCE": "1",
                     "ARKV_FAIL_ERRNO": "5"})
        tried += 1
    box.ok("verify", "--read-data")
    print(f"# one call failed, {tried} of {total} tried", flush=True)


def random_kills_leave_the_archives_whole(box):
    """Kills at random moments of real time; the seed is printed."""
    _start(box)
    first = _first(box)
    rng = random.Random(SEED)
    print(f"# ARKV_SEED={SEED}", flush=True)
    committed = 0
    begin = time.monotonic()
    box.ok("backup", "jsonl:2.jsonl", "--name", "timed")
    window = 1.1 * (time.monotonic() - begin)
    for turn in range(KILLS):
        _night(box, "3.jsonl", 2, 4000 + turn)  # never the same: there is always something to store
        process = box.start("backup", "jsonl:3.jsonl", "--name", "s")
        time.sleep(rng.random() * window)
        process.kill()
        result = box.finish(process, signals=(signal.SIGKILL,))
        committed += result.code == 0
    _whole(box, first, 1)
    box.ok("backup", "jsonl:2.jsonl", "--name", "s")
    _whole(box, "latest", 2)
    print(f"# {KILLS} kills, {committed} backups were quicker", flush=True)


main(globals())
