"""scripts.py - shell scripts pass shellcheck, Python files compile."""
import json
import re
import shutil
import subprocess

from lint import Note


def shell_of(tree, path):
    """"sh" or "bash" for a shell script, by its first line; else None."""
    m = re.match(r"#!.*\b(sh|bash)\n", tree.text(path)[:100])
    return m.group(1) if m else None


def check_syntax(tree, path, shell):
    done = subprocess.run([shell, "-n", tree.file(path)], capture_output=True, text=True,
                          check=False)
    for row in done.stderr.splitlines():
        m = re.search(r":\s*(?:line )?(\d+):\s*(.*)", row)
        yield path, int(m.group(1)) if m else 0, f"{m.group(2) if m else row}: mend it"


def check_shell(tree, path, shell):
    done = subprocess.run(["shellcheck", "-s", shell, "-f", "json", tree.file(path)],
                          capture_output=True, text=True, check=False)
    for hit in json.loads(done.stdout or "[]"):
        yield path, hit["line"], f"SC{hit['code']}: {hit['message']}"


def check(tree, _args):
    have = shutil.which("shellcheck")
    if not have:
        yield Note("shellcheck is absent: syntax alone is checked")
    for path in tree.paths:
        shell = shell_of(tree, path)
        if path.endswith(".sh") and not shell:
            yield path, 1, "name the shell in the first line: #!/bin/sh"
        elif shell:
            yield from (check_shell if have else check_syntax)(tree, path, shell)
        if path.endswith(".py"):
            try:
                compile(tree.text(path), path, "exec")
            except SyntaxError as wrong:
                yield path, wrong.lineno or 0, f"{wrong.msg}: mend it"


SAMPLES = [
    ("a broken shell script is found", {"a.sh": "#!/bin/sh\nif true; then\n"}, 2),
    ("a script without its shell is found", {"a.sh": "true\n"}, 1),
    ("broken Python is found", {"a.py": "x = 1\ndef f(:\n"}, 2),
    ("good scripts pass", {"a.sh": '#!/bin/sh\necho "$1"\n', "a.py": "x = 1\n"}, None),
]
