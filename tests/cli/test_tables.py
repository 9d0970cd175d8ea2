"""test_tables.py - manual and completions know every command and option, and no others."""
import os
import re
import shutil
import subprocess

from harness import main

CLI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "cli")


def _tables(box):
    commands, options = {}, {}
    for row in box.ok("debug", "options").lines:
        kind, words, *cells = row.split("\t")
        if kind == "command":
            commands[words] = cells[0].split()
        else:
            options.setdefault(words, []).extend(c for c in cells[:2] if c)
    return commands, options


def _text(*names):
    with open(os.path.join(CLI, *names), encoding="utf-8") as file:
        return file.read()


def the_manual_names_every_command_alias_and_option(box):
    commands, options = _tables(box)
    page = _text("man", "arkv.1.scd").replace("\\", "")
    for words, aliases in commands.items():
        if words not in ("key", "debug"):
            box.contains(page, f"*{words}*", "the manual")
        for alias in aliases:
            box.contains(page, f"*{alias}*", "the manual")
    for option in sorted({o for many in options.values() for o in many if o.startswith("--")}):
        box.that(re.search(rf"\*{option}\b", page), f"the manual lacks {option}")


def the_manual_names_no_option_that_there_is_not(box):
    _, options = _tables(box)
    known = {o for many in options.values() for o in many}
    named = set(re.findall(r"\*(--[a-z][a-z-]*)\*?", _text("man", "arkv.1.scd").replace("\\", "")))
    box.equal(sorted(named - known), [], "options in the manual that the tool lacks")


def the_manual_tells_every_exit_code(box):
    page = _text("man", "arkv.1.scd")
    for code in re.findall(r"CLI_\w+ = (\d+)", _text("exits.h")):
        if code != "128":
            box.contains(page, f"*{code}*", "the manual")


def _bash(box, *words):
    script = f"""source {CLI}/completions/arkv.bash
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _arkv; printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script, "bash", os.environ["ARKV"], *words],
                          env=box.env, cwd=box.folder, capture_output=True, text=True, check=True)
    return done.stdout.split()


def bash_completes_every_command_and_option(box):
    commands, options = _tables(box)
    box.equal(sorted(_bash(box, "")), sorted(c for c in commands if " " not in c))
    of_key = sorted(c[4:] for c in commands if c.startswith("key "))
    box.equal(sorted(_bash(box, "key", "")), of_key)
    for words in options:
        offered = set(_bash(box, *words.split(), "-"))
        box.equal(sorted(offered), sorted(set(options[words])), f"options of {words}")
    box.equal(_bash(box, "list", "--sou"), ["--source"])


def bash_completes_archives_sources_and_values(box):
    box.write("in.jsonl", '{"key":"a","value":"1"}\n')
    box.ok("init")
    box.ok("backup", "jsonl:in.jsonl", "--name", "users")
    ident = box.ok("archives").lines[1].split()[0]
    box.equal(sorted(_bash(box, "cat", "")), sorted(["latest", ident]))
    box.equal(_bash(box, "ls", "--source", ""), ["users"])
    box.equal(_bash(box, "ls", "--progress", "al"), ["always"])
    box.equal(_bash(box, "backup", "js"), ["jsonl:"])
    box.equal(_bash(box, "backup", "jsonl", ":", "in"), ["in.jsonl"])


def fish_completes_every_command_and_option(box):
    if not shutil.which("fish"):
        box.skip("fish is not installed")
    commands, options = _tables(box)
    os.mkdir(box.path("bin"))
    os.symlink(os.environ["ARKV"], box.path("bin/arkv"))
    env = {**box.env, "PATH": box.path("bin") + ":" + os.environ["PATH"]}
    script = f"source {CLI}/completions/arkv.fish; complete -C $argv[1]"

    def offered(text):
        done = subprocess.run(["fish", "-c", script, text], env=env, cwd=box.folder,
                              capture_output=True, text=True, check=True)
        return {row.split("\t")[0] for row in done.stdout.splitlines()}

    box.equal(sorted(offered("arkv ")), sorted(c for c in commands if " " not in c))
    for words in ("ls", "key add", "backup"):
        missing = {o for o in options[words] if o.startswith("--")} - offered(f"arkv {words} --")
        box.equal(sorted(missing), [], f"options of {words} that fish does not offer")


def zsh_reads_its_completion(box):
    if not shutil.which("zsh"):
        box.skip("zsh is not installed")
    subprocess.run(["zsh", "-n", os.path.join(CLI, "completions", "_arkv")], check=True)
    box.contains(_text("completions", "_arkv"), "arkv_tool debug options")


main(globals())
