#!/bin/sh
# demo.sh - arkv on data that nobody made up: two nights of Debian's own package records.
#
#   sh cli/demo.sh        on Debian 12, as root or with sudo
#
# Installs what the build needs, builds, and shows each command before it runs. Night one is the
# release as it came out, night two the same with the security and other updates of today.
# Everything happens in a folder under TMPDIR that is removed at the end; any failure ends the demo
# with a status that is not 0.
set -eu
exec </dev/null
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$top"
export LC_ALL=C.UTF-8

say() { printf '\n# %s\n' "$*"; }
fail() { printf 'demo: %s\n' "$*" >&2; exit 1; }
# Shows a command, then runs it.
run() { printf '\n$ %s\n' "$*" && "$@"; }

sh tests/install.sh build
work=$(mktemp -d "${TMPDIR:-/tmp}/arkv-demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

say "building in build/"
[ -f build/build.ninja ] || meson setup build >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
ninja -C build cli/arkv >"$work/log" 2>&1 || { tail -n 40 "$work/log"; exit 1; }
PATH=$top/build/cli:$PATH

say "the package records of this machine: one key a package, its stanza as the value"
sh tests/install.sh lists || true
release() {
  apt-get indextargets --format "\$(CODENAME) \$(FILENAME)" 'Created-By: Packages' 2>/dev/null |
    sed -n '/^[^ ]*-/d; s/^[^ ]* //p' | while read -r list; do
      /usr/lib/apt/apt-helper cat-file "$list"
      echo
    done
}
release >"$work/one" || true
apt-cache dumpavail >"$work/two" 2>/dev/null || true
if ! [ -s "$work/one" ] || ! [ -s "$work/two" ]; then
  say "apt has no package lists here: the records of the installed packages instead"
  cp /var/lib/dpkg/status "$work/two"
  cp /var/lib/dpkg/status-old "$work/one" 2>/dev/null || cp "$work/two" "$work/one"
fi
python3 tests/tools/stanzas.py <"$work/one" >"$work/night-1.jsonl"
python3 tests/tools/stanzas.py <"$work/two" >"$work/night-2.jsonl"
key=$(python3 tests/tools/stanzas.py --changed "$work/night-1.jsonl" <"$work/two")

# The password is for this folder alone. Real ones stand in a file or come from a command.
ARKV_PASSWORD=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export ARKV_PASSWORD ARKV_REPO="$work/repo" ARKV_CACHE_DIR="$work/cache"
export XDG_CONFIG_HOME="$work/config" XDG_STATE_HOME="$work/state"

run arkv init
run arkv backup "jsonl:$work/night-1.jsonl" --name packages
run arkv backup "jsonl:$work/night-2.jsonl" --name packages
run arkv archives

say "one key of the older archive: $key as it was the night before"
run arkv cat latest~1 "$key" >"$work/shown"
cat "$work/shown"
python3 - "$work/night-1.jsonl" "$key" >"$work/expected" <<'PY'
import json, sys
found = [r["value"] for r in map(json.loads, open(sys.argv[1], encoding="utf-8"))
         if r["key"] == sys.argv[2]]
sys.stdout.write(found[-1])
PY
arkv cat latest~1 "$key" >"$work/got"
cmp "$work/expected" "$work/got" || fail "that is not what the first night held"
arkv cat latest "$key" >"$work/got"
cmp -s "$work/expected" "$work/got" && say "(this machine has no newer version of $key)"

run arkv verify --read-data
say "a folder: one key a file"
run arkv backup dir:/var/lib/dpkg/info --name dpkg-info
run arkv archives
run arkv stats
say "what was read, and what is stored"
du -bsc "$work"/night-?.jsonl /var/lib/dpkg/info | sed "s|$work/||"
du -bs "$work/repo" | sed "s|$work/||"
say "done"
