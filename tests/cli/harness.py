"""harness.py - runs the built arkv as a user would, each case in a fresh folder; prints TAP.

A test is tests/cli/test_<name>.py and one line in tests/meson.build:

    from harness import main

    def a_key_comes_back_byte_for_byte(box):
        box.write("in.jsonl", '{"key":"a","value":"1"}\\n')
        box.ok("init")
        box.ok("backup", "jsonl:in.jsonl")
        box.equal(box.ok("cat", "latest", "a").out, b"1")

    main(globals())

Every function of the file whose only parameter is called box, and whose name does not begin with _,
is a case; its name is the sentence. A case fails through box.fail and the checks below, or by any
exception; what its commands printed is then shown. The tool comes from the environment variable
ARKV. A report of a sanitizer, a death by a signal that was not asked for and the password in any
output fail a case by themselves. With arguments (names, or parts of them) a test file runs those
cases alone.
"""
import inspect
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
PASSWORD = "correct horse 4711"
KEPT = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH",
        "ARKV_SEED")
SHOWN_MAX = 2000


class Failed(Exception):
    """A check did not hold."""


class Skipped(Exception):
    """The case cannot run here."""


class Result:
    """What a command did: code (negative: the signal that ended it), out and err as bytes."""

    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out, err

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    @property
    def errors(self):
        return self.err.decode("utf-8", "replace")

    @property
    def lines(self):
        return self.text.splitlines()


class Box:
    """One case's folder, environment and commands. Paths are relative to the folder."""

    def __init__(self, folder):
        self.folder = folder
        self.log = []
        self.env = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.env.update(HOME=self.path("home"), LC_ALL="C.UTF-8", TZ="UTC", TERM="dumb",
                        ARKV_REPO=self.path("repo"), ARKV_PASSWORD=PASSWORD,
                        ARKV_CACHE_DIR=self.path("cache"), TMPDIR=self.path("tmp"))
        os.mkdir(self.path("home"))
        os.mkdir(self.path("tmp"))

    # ---- files ----

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, content):
        """Makes a file (and its folders) of text or bytes; returns its path."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        return path

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def files(self, name="repo"):
        """Every file below name, as sorted paths relative to it."""
        top = self.path(name)
        return sorted(os.path.relpath(os.path.join(folder, one), top)
                      for folder, _, ones in os.walk(top) for one in ones)

    # ---- commands ----

    def _environment(self, env):
        merged = {**self.env, **(env or {})}
        return {k: v for k, v in merged.items() if v is not None}

    def start(self, *args, env=None, **popen):
        """A running arkv, as subprocess.Popen; hand it to finish(). env: changes, None removes."""
        popen.setdefault("stdin", subprocess.DEVNULL)
        popen.setdefault("stdout", subprocess.PIPE)
        popen.setdefault("stderr", subprocess.PIPE)
        popen.setdefault("cwd", self.folder)
        popen.setdefault("start_new_session", True)  # no terminal; and killed with its children
        return subprocess.Popen([os.environ["ARKV"], *args], env=self._environment(env), **popen)

    def finish(self, process, input=None, seconds=120, signals=()):
        """Waits for what start() gave; signals: those that may have ended it."""
        try:
            out, err = process.communicate(input, timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            self._note(Result(process.args, None, out or b"", err or b""))
            self.fail(f"still ran after {seconds} s")
        result = Result(process.args, process.returncode, out or b"", err or b"")
        self._note(result)
        if result.code < 0 and -result.code not in signals:
            self.fail(f"died by {signal.Signals(-result.code).name}")
        for trace in (b"Sanitizer", b"runtime error:"):
            if trace in result.err:
                self.fail("a sanitizer found something")
        if PASSWORD.encode() in result.out + result.err:
            self.fail("the password is in the output")
        return result

    def run(self, *args, input=None, seconds=120, **how):
        """Runs arkv; says nothing about its exit code. input: bytes or text for stdin."""
        if input is not None:
            how["stdin"] = subprocess.PIPE
        process = self.start(*args, **how)
        return self.finish(process, input.encode() if isinstance(input, str) else input, seconds)

    def ok(self, *args, **how):
        """Runs arkv and wants exit code 0."""
        return self.fails(0, *args, **how)

    def fails(self, code, *args, says=None, **how):
        """Runs arkv and wants this exit code, and that stderr holds the text says."""
        result = self.run(*args, **how)
        if result.code != code:
            self.fail(f"exit code {result.code}, not {code}")
        if code and not result.err.strip():
            self.fail("it failed without a word")
        if says is not None and says not in result.errors:
            self.fail(f"stderr does not say {says!r}")
        return result

    def terminal(self, *args, typed=(), env=None, seconds=120):
        """Runs arkv on a terminal of its own. typed: (text to wait for, line to type) in turn. The
        result's out holds all that the terminal showed, with its line ends made plain."""
        try:
            pid, screen = pty.fork()
        except OSError as why:
            self.skip(f"no terminal to be had: {why}")
        if pid == 0:
            os.chdir(self.folder)
            os.execve(os.environ["ARKV"], ["arkv", *args], self._environment(env))
        shown_bytes, waiting, deadline = b"", list(typed), time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([screen], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                os.kill(pid, signal.SIGKILL)
            try:
                piece = os.read(screen, 65536)
            except OSError:  # the other side has closed
                piece = b""
            if not piece:
                break
            shown_bytes += piece
            while waiting and waiting[0][0].encode() in shown_bytes:
                os.write(screen, waiting.pop(0)[1].encode() + b"\n")
        os.close(screen)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        result = Result(["arkv", *args], code, shown_bytes.replace(b"\r\n", b"\n"), b"")
        self._note(result)
        if code < 0:
            self.fail(f"died by {signal.Signals(-code).name} (or still ran after {seconds} s)")
        if waiting:
            self.fail(f"it never asked {waiting[0][0]!r}")
        return result

    # ---- checks ----

    def fail(self, why):
        raise Failed(why)

    def skip(self, why):
        raise Skipped(why)

    def that(self, holds, why):
        if not holds:
            self.fail(why)

    def equal(self, got, wanted, what="the result"):
        if got != wanted:
            self.fail(f"{what} is not what it should be\n"
                      f"got    {shown(got)}\nwanted {shown(wanted)}")

    def contains(self, text, part, what="the output"):
        if part not in text:
            self.fail(f"{what} does not hold {shown(part)}\ngot {shown(text)}")

    def _note(self, result):
        self.log.append(f"$ arkv {' '.join(map(repr, result.args[1:]))}  -> {result.code}\n"
                        f"{shown(result.out)}\n{shown(result.err)}")


def shown(what):
    """Short enough to print."""
    if isinstance(what, bytes):
        what = what.decode("utf-8", "backslashreplace")
    text = what if isinstance(what, str) else repr(what)
    if len(text) <= SHOWN_MAX:
        return text
    return f"{text[:SHOWN_MAX]}... ({len(text):,} characters)"


def run_case(number, name, case):
    """Runs one case and prints its line; True when it did not fail."""
    folder = tempfile.mkdtemp(prefix="arkv-test-")
    box = None
    try:
        box = Box(folder)
        case(box)
        print(f"ok {number} - {name}", flush=True)
        return True
    except Skipped as why:
        print(f"ok {number} - {name} # SKIP {why}", flush=True)
        return True
    except Failed as why:
        wrong = str(why)
        at = next((f"{os.path.basename(f.filename)}:{f.lineno}" for f in
                   traceback.extract_tb(sys.exc_info()[2]) if f.name == case.__name__), "")
        wrong = f"{at}: {wrong}"
    except Exception:  # a case that breaks is a case that failed
        wrong = traceback.format_exc()
    finally:
        subprocess.run(["chmod", "-R", "u+rwX", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"not ok {number} - {name}")
    sys.stdout.flush()
    print(wrong, *(box.log if box else []), sep="\n", file=sys.stderr, flush=True)
    return False


def main(names):
    """Runs the cases of a test file: names is its globals()."""
    cases = [(n, f) for n, f in names.items()
             if inspect.isfunction(f) and not n.startswith("_")
             and list(inspect.signature(f).parameters) == ["box"]]
    wanted = sys.argv[1:]
    cases = [(n, f) for n, f in cases if not wanted or any(w in n for w in wanted)]
    print(f"1..{len(cases)}")
    good = [run_case(i, n.replace("_", " "), f) for i, (n, f) in enumerate(cases, 1)]
    sys.exit(0 if all(good) else 1)
