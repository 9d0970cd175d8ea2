"""test_signals.py - Ctrl-C once and twice, SIGTERM, SIGUSR1: what was stored stays whole."""
import signal
import subprocess
import time

from data import line
from harness import main


def _running_backup(box):
    """A backup that waits for more of its standard input."""
    box.write("in.jsonl", line("a", "1"))
    box.ok("init")
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")
    process = box.start("backup", "jsonl:-", "--name", "s", stdin=subprocess.PIPE)
    for i in range(200):
        process.stdin.write("".join(line(f"k{i}:{j}", "v" * 100) for j in range(50)).encode())
    process.stdin.flush()
    time.sleep(0.3)
    return process


def _still_whole(box):
    box.equal(box.ok("ls").lines, ["a"])
    box.ok("verify", "--read-data")
    box.write("in.jsonl", line("a", "2"))
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")
    box.equal(box.ok("cat", "latest", "a").out, b"2")


def _feed_until_it_ends(process):
    try:
        for i in range(100000):
            process.stdin.write(line(f"more{i}", "v" * 1000).encode())
            if process.poll() is not None:
                break
    except BrokenPipeError:
        pass


def the_first_ctrl_c_stops_cleanly_with_130(box):
    process = _running_backup(box)
    process.send_signal(signal.SIGINT)
    _feed_until_it_ends(process)
    result = box.finish(process)
    box.equal(result.code, 130)
    box.contains(result.errors, "stopping")
    _still_whole(box)


def sigterm_stops_cleanly_with_143(box):
    process = _running_backup(box)
    process.send_signal(signal.SIGTERM)
    _feed_until_it_ends(process)
    box.equal(box.finish(process).code, 143)
    _still_whole(box)


def a_second_ctrl_c_stops_at_once(box):
    process = _running_backup(box)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    result = box.finish(process, seconds=10)
    box.equal(result.code, 130)
    _still_whole(box)


def sigusr1_asks_for_a_line_of_progress(box):
    process = _running_backup(box)
    process.send_signal(signal.SIGUSR1)
    for i in range(20000):
        process.stdin.write(line(f"more{i}", "v" * 100).encode())
    result = box.finish(process)
    box.equal(result.code, 0)
    box.contains(result.errors, "keys/s")


main(globals())
