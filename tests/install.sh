#!/bin/sh
# install.sh - what Debian 12 needs to build and test arkv. The one list of packages.
#
#   sh tests/install.sh build    compilers and libraries: enough for the tool and the demo
#   sh tests/install.sh test     the same, and what the tests, lints and fuzzers use
#   sh tests/install.sh list     prints both lists, installs nothing
#   sh tests/install.sh lists    gets the lists of packages where apt has none (the demo reads them)
#
# Installs only what is missing, as root or through sudo. Where there is no apt-get it says so and
# leaves the rest to meson, which names what it cannot find.
# shellcheck disable=SC2086 # the lists are words, to be split
set -eu

build='meson ninja-build pkg-config gcc libc6-dev libzstd-dev libsodium-dev liblmdb-dev libssl-dev
  libjansson-dev scdoc python3'
tests='libcmocka-dev zstd clang libclang-rt-14-dev llvm universal-ctags shellcheck jq git procps'

case "${1-}" in
build) wanted=$build ;;
test) wanted="$build $tests" ;;
list) printf 'build: %s\ntest: %s\n' "$build" "$tests" && exit 0 ;;
lists) wanted= ;;
*) echo "usage: sh tests/install.sh build|test|list|lists" >&2; exit 2 ;;
esac

if ! command -v apt-get >/dev/null 2>&1; then
  echo "install: no apt-get here; the packages are, by their Debian names:" "$wanted" >&2
  exit 0
fi

missing=
for package in $wanted; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
    missing="$missing $package"
done
if [ "$1" = lists ]; then
  [ -z "$(apt-cache dumpavail | head -n 1)" ] || exit 0
elif [ -z "$missing" ]; then
  exit 0
fi

as_root=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null 2>&1 || {
    echo "install: these packages are missing:$missing" >&2
    echo "install: run as root, or: apt-get install --no-install-recommends$missing" >&2
    exit 1
  }
  as_root='sudo -n'
fi

get() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Use-Pty=0 "$@" </dev/null
}
if [ "$1" = lists ]; then
  get update || echo "install: apt-get update failed; going on without package lists" >&2
  exit 0
fi
echo "install:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists of a fresh machine are empty, those of an old one name files that are gone.
if ! get install -y --no-install-recommends $missing >"$log" 2>&1; then
  if ! { get update && get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "install: apt-get failed (see above)" >&2
    exit 1
  fi
fi
