"""test_harness.py - the harness finds what is wrong: a shell stands in for the tool."""
import os
import subprocess
import sys

from harness import main

os.environ["ARKV"] = "/bin/sh"
BAD_CASES = '''
import sys
sys.path.insert(0, {folder!r})
from harness import main
def wrong_code(box): box.ok("-c", "echo why >&2; exit 3")
def silent_failure(box): box.fails(1, "-c", "exit 1")
def other_words(box): box.fails(1, "-c", "echo one >&2; exit 1", says="two")
def other_bytes(box): box.equal(box.ok("-c", "echo a").out, b"a")
def killed(box): box.run("-c", "kill -SEGV $$")
def too_slow(box): box.run("-c", "sleep 60", seconds=0.2)
def secret_shown(box): box.ok("-c", "echo $ARKV_PASSWORD")
def sanitizer_shown(box): box.ok("-c", "echo ERROR: AddressSanitizer: x >&2")
def broken_case(box): raise ValueError("no")
def never_asked(box): box.terminal("-c", "echo hello", typed=[("name:", "x")])
main(globals())
'''


def every_kind_of_failure_is_found(box):
    path = box.write("bad.py", BAD_CASES.format(folder=os.path.dirname(__file__)))
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False,
                          env={**box.env, "ARKV": "/bin/sh"})
    lines = done.stdout.splitlines()
    box.equal(done.returncode, 1, "the exit code")
    box.equal(lines[0], "1..10", "the plan")
    passed = [line for line in lines[1:] if not line.startswith("not ok ")]
    box.equal([line for line in passed if "# SKIP no terminal" not in line], [],
              "what passed although it is wrong")


def a_case_has_its_own_folder_and_environment(box):
    out = box.ok("-c", "pwd; echo $HOME $ARKV_REPO; env | grep -v PASSWORD",
                 env={"ARKV_REPO": None}).lines
    box.equal(os.path.realpath(out[0]), os.path.realpath(box.folder))
    box.equal(out[1], box.path("home"))
    box.that(not any(line.startswith("ARKV_REPO") for line in out), "ARKV_REPO is still set")


def input_and_exit_codes_are_handed_through(box):
    box.equal(box.ok("-c", "cat", input="text").out, b"text")
    box.fails(7, "-c", "echo no such thing >&2; exit 7", says="such")


def a_terminal_is_answered_and_shown(box):
    result = box.terminal("-c", "printf 'name: '; read x; echo \"hello $x\"; tty >/dev/null",
                          typed=[("name: ", "ann")])
    box.equal(result.code, 0, "the exit code")
    box.contains(result.text, "hello ann\n")


main(globals())
