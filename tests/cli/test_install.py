"""test_install.py - what `meson install` puts where, and that a program can be built against it."""
import os
import subprocess

from harness import main

BUILD = os.environ["ARKV_BUILD"]
PROGRAM = """
#include <arkv.h>
#include <stdio.h>
int main(void) { puts("linked"); return 0; }
"""


def _install(box):
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet",
                    "--destdir", box.path("root")], check=True, stdout=subprocess.DEVNULL)
    return box.files("root")


def _find(box, files, ending):
    found = [f for f in files if f.endswith(ending)]
    box.that(found, f"no {ending} is installed; there are: {' '.join(files)}")
    return box.path("root", found[0])


def the_tool_the_libraries_and_the_documents_are_installed(box):
    files = _install(box)
    for ending in ("bin/arkv", "libarchive-kv.a", "libarchive-kv.so", "pkgconfig/libarchive-kv.pc",
                   "doc/arkv/LICENSE", "doc/arkv/README.md", "doc/arkv/NEWS.md"):
        _find(box, files, ending)


def an_installed_tool_runs_without_the_build_folder(box):
    tool = _find(box, _install(box), "bin/arkv")
    done = subprocess.run([tool, "version"], capture_output=True, text=True, env=box.env,
                          check=False)
    box.equal(done.returncode, 0, "the exit code")
    box.contains(done.stdout, "arkv ")


def a_program_is_built_through_pkg_config(box):
    files = _install(box)
    if not any(f.endswith("include/arkv.h") for f in files):
        box.skip("arkv.h is not there yet")
    pc = _find(box, files, "libarchive-kv.pc")
    env = {**box.env, "PKG_CONFIG_PATH": os.path.dirname(pc)}
    prefix = os.path.dirname(os.path.dirname(_find(box, files, "include/arkv.h")))
    flags = subprocess.run(
        ["pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs", "libarchive-kv"],
        env=env, check=True, capture_output=True, text=True)
    source = box.write("program.c", PROGRAM)
    subprocess.run(["cc", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-std=c11", source,
                    "-o", box.path("program"), *flags.stdout.split()], env=env, check=True)
    library = os.path.dirname(_find(box, files, "libarchive-kv.so"))
    out = subprocess.run([box.path("program")], env={**env, "LD_LIBRARY_PATH": library},
                         check=True, capture_output=True, text=True).stdout
    box.equal(out, "linked\n")


main(globals())
