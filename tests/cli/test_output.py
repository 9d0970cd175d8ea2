"""test_output.py - JSON lines, pipes, terminals, full disks, exit codes, help."""
import json
import os
import subprocess

from data import line, packages
from harness import PASSWORD, main


def _backed_up(box, lines=line("a", "1") + line("b", "2")):
    box.write("in.jsonl", lines)
    box.ok("init")
    box.ok("backup", "jsonl:in.jsonl", "--name", "s")


def every_command_ends_its_json_lines_with_its_exit_code(box):
    box.write("in.jsonl", line(b"\xff\x00", "1") + line("k", "2"))
    for code, *args in ((0, "init"), (1, "init"), (0, "backup", "jsonl:in.jsonl", "--name", "s"),
                        (0, "archives"), (0, "ls"), (0, "ls", "-l"), (0, "tree"), (0, "find", "*"),
                        (5, "find", "none"), (0, "cat", "latest", "k"), (5, "cat", "latest", "x"),
                        (0, "export", "latest", "jsonl:out.jsonl"), (0, "key", "list"),
                        (0, "restore", "latest", "--to", "dir:out"), (0, "stats"), (0, "verify"),
                        (20, "backup", "jsonl:none.jsonl"), (0, "debug", "list"), (0, "version"),
                        (0, "debug", "dump", "config"), (2, "export", "latest", "jsonl:-")):
        result = box.fails(code, *args, "--json")
        messages = [json.loads(x) for x in result.lines]
        box.equal(messages[-1]["message_type"], "exit", f"the last line of {args}")
        box.equal(messages[-1]["code"], code, f"the code in the last line of {args}")
        for message in messages:
            box.that("message_type" in message, f"a line of {args} without its type: {message}")


def keys_that_are_no_text_have_twins_in_json(box):
    _backed_up(box, line(b"\xff\x00", "1"))
    record = json.loads(box.ok("ls", "--json").lines[0])
    box.equal((record["key_b64"], record.get("key")), ("/wA=", None))


def errors_stand_in_json_and_on_stderr(box):
    result = box.fails(10, "archives", "--json", says="there is no repository")
    error = json.loads(result.lines[0])
    box.equal((error["message_type"], error["code"], error["exit"]), ("error", "not found", 10))


def a_closed_pipe_ends_a_command_quietly(box):
    _backed_up(box, "".join(line(f"key:{i}", "x") for i in range(50000)))
    for args in (("ls",), ("ls", "--json"), ("export", "latest", "jsonl:-"), ("ls", "-l")):
        reader, writer = os.pipe()
        process = box.start(*args, stdout=writer)
        os.close(writer)
        os.read(reader, 10)
        os.close(reader)
        result = box.finish(process)
        box.equal((result.code, result.errors), (1, ""), f"{args} into a closed pipe")


def a_full_disk_under_the_output_is_told(box):
    _backed_up(box)
    if not os.path.exists("/dev/full"):
        box.skip("there is no /dev/full")
    for args in (("ls",), ("cat", "latest", "a"), ("archives",), ("version",), ("help",)):
        with open("/dev/full", "wb") as full:
            process = box.start(*args, stdout=full)
            result = box.finish(process)
        box.equal(result.code, 1, f"the code of {args}")
        box.contains(result.errors, "standard output: No space left on device")


def nothing_but_results_goes_into_a_pipe(box):
    box.write("in.jsonl", packages())
    box.ok("init")
    box.equal(box.ok("backup", "jsonl:in.jsonl", "--name", "s").err, b"", "stderr of a backup")
    box.equal(box.ok("ls").err, b"", "stderr of ls")
    quiet = box.ok("backup", "jsonl:in.jsonl", "--name", "s", "-q")
    box.equal((quiet.out, quiet.err), (b"", b""), "the output with -q")


def a_terminal_sees_progress_and_a_clean_line_at_the_end(box):
    box.write("in.jsonl", "".join(line(f"key:{i}", "x" * 100) for i in range(300000)))
    box.ok("init")
    shown = box.terminal("backup", "jsonl:in.jsonl", "--name", "s").out
    box.contains(shown, b"keys/s", "the progress line")
    box.contains(shown, b"\r\x1b[K", "the wiping of the line")
    never = box.terminal("backup", "jsonl:in.jsonl", "--name", "s", "--progress", "never").out
    box.equal(b"keys/s" in never, False, "progress although --progress never")


def colors_are_for_terminals_that_want_them(box):
    box.contains(box.terminal("archives").out, b"\x1b[1;31m")
    box.equal(b"\x1b[" in box.terminal("archives", "--no-color").out, False)
    box.equal(b"\x1b[" in box.terminal("archives", env={"NO_COLOR": "1"}).out, False)
    box.equal(b"\x1b[" in box.fails(10, "archives").err, False)


def messages_go_to_a_log_file_too(box):
    box.fails(10, "archives", "--log-file", "log")
    box.contains(box.read("log").decode(), "there is no repository")


def help_names_every_command_and_every_command_explains_itself(box):
    overview = box.ok("help").text
    for row in box.ok("debug", "options").lines:
        kind, words, *_ = row.split("\t")
        if kind != "command":
            continue
        if " " not in words:
            box.contains(overview, words)
        box.contains(box.ok("help", *words.split()).text, f"arkv {words}")
        if words not in ("key", "debug"):
            box.contains(box.ok(*words.split(), "--help").text, f"arkv {words}")
    box.equal(box.ok("--help").text, overview)
    box.contains(box.ok("--version").text, "arkv ")


def wrong_arguments_are_refused_before_anything_is_done(box):
    for args in ((), ("frobnicate",), ("ls", "--frob"), ("cat",), ("cat", "latest"), ("key",),
                 ("key", "frob"), ("backup",), ("restore", "latest"), ("export", "latest"),
                 ("ls", "--type", "sting"), ("backup", "jsonl:x", "--memory", "1M"),
                 ("backup", "nothing:x"), ("init", "--encryption", "rot13"), ("find",),
                 ("restore", "latest", "--to", "dir:x", "--on-conflict", "pray")):
        box.fails(2, *args)
    box.equal(os.path.exists(box.path("repo")), False, "a repository")


def aliases_are_commands(box):
    box.write("in.jsonl", line("a", "1"))
    box.ok("init")
    box.ok("create", "jsonl:in.jsonl", "--name", "s")
    box.equal(box.ok("snapshots").out, box.ok("list").out)
    box.equal(box.ok("get", "latest", "a").out, b"1")
    box.equal(box.ok("dump", "latest", "a").out, b"1")
    box.ok("extract", "latest", "--to", "dir:out")
    box.ok("check")


def a_repository_can_be_named_in_a_file(box):
    _backed_up(box)
    box.write("where", box.env["ARKV_REPO"] + "\n")
    box.equal(box.ok("ls", env={"ARKV_REPO": None, "ARKV_REPO_FILE": box.path("where")}).lines,
              ["a", "b"])
    box.fails(2, "ls", env={"ARKV_REPO": None}, says="no repository is named")


def the_password_is_never_shown(box):
    _backed_up(box)
    result = box.ok("-vv", "archives", env={"ARKV_TRACE": "all"})
    box.equal(PASSWORD.encode() in result.err, False)
    box.contains(result.errors, "trace: get config")


def a_closed_standard_output_is_told(box):
    _backed_up(box)
    env = {**box.env, "ARKV": os.environ["ARKV"]}
    done = subprocess.run(["sh", "-c", '"$ARKV" ls >&-'], env=env, capture_output=True, check=False)
    box.equal(done.returncode, 1, "the code with a closed stdout")
    box.contains(done.stderr.decode(), "standard output")


main(globals())
