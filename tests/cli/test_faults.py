"""test_faults.py - wrong, damaged, read-only and full places; refused records; two backups."""
import os
import subprocess
import time

from data import line, packages
from harness import main


def _backed_up(box, lines=line("a", "1")):
    box.write("in.jsonl", lines)
    box.ok("init")
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")


def a_place_without_a_repository_is_told_from_a_damaged_one(box):
    box.fails(10, "archives", says="arkv init")
    os.mkdir(box.path("repo"))
    box.fails(10, "archives")
    box.write("repo/config", b"")
    box.fails(13, "archives")
    box.fails(1, "init", says="not empty")


def a_damaged_config_is_named(box):
    _backed_up(box)
    config = bytearray(box.read("repo/config"))
    config[60] ^= 1
    os.chmod(box.path("repo/config"), 0o600)
    box.write("repo/config", bytes(config))
    box.fails(13, "archives", says="config")


def a_damaged_manifest_is_named_and_does_not_hide_the_others(box):
    _backed_up(box)
    box.write("in.jsonl", line("a", "2"))
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")
    newest = box.ok("archives").lines[1].split()[0]
    name = [f for f in box.files() if f.startswith("archives/" + newest)][0]
    os.chmod(box.path("repo", name), 0o600)
    data = bytearray(box.read("repo/" + name))
    data[len(data) // 2] ^= 0xff
    box.write("repo/" + name, bytes(data))
    shown = box.run("archives", env={"ARKV_CACHE_DIR": box.path("other")})
    box.that(shown.code in (0, 13), f"exit code {shown.code}")
    box.equal(len(shown.lines), 3)
    box.equal(box.ok("cat", "latest~1" if shown.code == 0 else "latest", "a",
                     env={"ARKV_CACHE_DIR": box.path("other")}).out, b"1")
    box.fails(13, "cat", newest, "a", env={"ARKV_CACHE_DIR": box.path("other")})


def refused_records_are_named_counted_and_leave_an_archive(box):
    box.ok("init")
    box.write("in.jsonl", line("good", "1") + line("x" * 70000, "too long a key") + line("b", "2"))
    box.fails(3, "backup", "jsonl:in.jsonl", "--name", "s", says="not backed up")
    box.equal(box.ok("ls").lines, ["b", "good"])
    box.contains(box.ok("archives").text, "incomplete")


def many_refused_records_are_not_all_shown(box):
    box.ok("init")
    refused = "".join(line(f"{i}" + "x" * 65536, "v") for i in range(50))
    box.write("in.jsonl", line("k", "v") + refused)
    result = box.fails(3, "backup", "jsonl:in.jsonl", "--name", "s", says="more warnings")
    box.that(result.errors.count("not backed up:") <= 20, "more than 20 are shown")
    result = box.fails(3, "backup", "jsonl:in.jsonl", "--name", "s", "-v")
    box.equal(result.errors.count("not backed up:"), 50)


def a_malformed_source_is_told_with_its_line_and_stores_nothing(box):
    box.ok("init")
    box.write("in.jsonl", line("a", "1") + '{"key":"b","value":\n')
    box.fails(1, "backup", "jsonl:in.jsonl", "--name", "s", says="line 2")
    box.fails(5, "ls")


def a_missing_source_is_unreachable(box):
    box.ok("init")
    box.fails(20, "backup", "jsonl:none.jsonl", "--name", "s", says="none.jsonl")
    box.fails(20, "backup", "dir:nothing", "--name", "s", says="nothing")


def duplicates_are_counted_or_refused(box):
    box.ok("init")
    box.write("in.jsonl", line("a", "1") + line("b", "1") + line("a", "2"))
    box.contains(box.ok("backup", "jsonl:in.jsonl", "--name", "s").errors, "had come before")
    box.equal(box.ok("cat", "latest", "a").out, b"2")
    box.fails(1, "backup", "jsonl:in.jsonl", "--name", "s", "--duplicates", "fail",
              says="--duplicates last")
    box.equal(len(box.ok("archives").lines), 2, "the rows after a backup that was to fail")


def a_dry_run_of_a_backup_stores_nothing(box):
    _backed_up(box)
    before = box.files()
    box.write("in.jsonl", line("a", "2") + line("b", "1"))
    box.contains(box.ok("backup", "jsonl:in.jsonl", "--name", "s", "-n").text, "nothing is stored")
    box.equal(box.files(), before, "the files of the repository")


def a_repository_that_cannot_be_written_is_told(box):
    _backed_up(box)
    if os.geteuid() == 0:
        refused = box.run("backup", "jsonl:in.jsonl", "--name", "s", "--permissions", "read-only")
    else:
        subprocess.run(["chmod", "-R", "a-w", box.path("repo")], check=True)
        refused = box.run("backup", "jsonl:in.jsonl", "--name", "s")
    box.equal(refused.code, 1)
    box.that(refused.errors.strip(), "it failed without a word")
    box.equal(box.ok("ls").lines, ["a"])


def _small_disk(box, size):
    os.mkdir(box.path("disk"))
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", box.path("disk")],
                          capture_output=True, check=False)
    if done.returncode:
        box.skip("mounts are not permitted here: " + done.stderr.decode().strip())


def a_full_disk_is_told_and_harms_nothing(box):
    _small_disk(box, "4m")
    try:
        repo = {"ARKV_REPO": box.path("disk/repo")}
        box.write("in.jsonl", line("a", "1"))
        box.ok("init", env=repo)
        box.ok("backup", "jsonl:in.jsonl", "--name", "s", env=repo)
        box.write("big.jsonl", "".join(line(f"k{i}", os.urandom(3000)) for i in range(3000)))
        box.fails(1, "backup", "jsonl:big.jsonl", "--name", "s", env=repo, says="No space left")
        box.equal(box.ok("cat", "latest", "a", env=repo).out, b"1")
        box.ok("verify", "--read-data", env=repo)
        box.write("in.jsonl", line("a", "2"))
        box.ok("backup", "jsonl:in.jsonl", "--name", "s", env=repo)
        box.equal(box.ok("cat", "latest", "a", env=repo).out, b"2")
    finally:
        subprocess.run(["umount", box.path("disk")], check=False)


def a_second_backup_of_the_same_source_is_refused_while_one_runs(box):
    _backed_up(box)
    first = box.start("backup", "jsonl:-", "--name", "s", stdin=subprocess.PIPE)
    first.stdin.write(line("a", "3").encode())
    first.stdin.flush()
    for _ in range(200):
        if any(f.endswith(".lock") and "/source-" in f for f in box.files("cache")):
            break
        time.sleep(0.05)
    second = box.fails(11, "backup", "jsonl:in.jsonl", "--name", "s")
    box.contains(second.errors, str(first.pid), "the message")
    box.equal(box.finish(first).code, 0)
    box.equal(box.ok("cat", "latest", "a").out, b"3")
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")


def a_changed_filter_is_reported(box):
    _backed_up(box, packages())
    first = box.ok("backup", "jsonl:in.jsonl", "--name", "s", "--exclude", "lib*")
    box.contains(first.errors, "filter")
    again = box.ok("backup", "jsonl:in.jsonl", "--name", "s", "--exclude", "lib*")
    box.equal(again.errors, "")
    box.equal([k for k in box.ok("ls").lines if k.startswith("lib")], [])


def without_a_cache_folder_reading_works(box):
    _backed_up(box)
    box.equal(box.ok("cat", "latest", "a", env={"ARKV_CACHE_DIR": "/proc/none"}).out, b"1")
    subprocess.run(["rm", "-rf", box.path("cache")], check=True)
    box.equal(box.ok("cat", "latest", "a").out, b"1")
    box.write("in.jsonl", line("a", "2"))
    subprocess.run(["rm", "-rf", box.path("cache")], check=True)
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")
    box.equal(box.ok("cat", "latest", "a").out, b"2")


main(globals())
