#!/bin/sh
# run.sh - the figures of this project, measured side by side with restic and zstd in one run.
#
#   sh tests/bench/run.sh [-b BUILD] [-d FOLDER] [-s PERCENT] [PART...]
#
#   -b BUILD    an optimised build folder (build)
#   -d FOLDER   where data and repositories go, about 40 GB for all parts (a new one under TMPDIR);
#               everything in it is removed at the end
#   -s PERCENT  smaller sets: so much of every count of keys (100)
#
# Parts: small memory cat medium large verify; all of them when none is named. Each command is shown
# before it runs; the table comes last. Not a part of the test run: what it prints depends on the
# machine, and what it compares was measured on the same one, minutes apart. Input files are in the
# page cache. Works on a fresh folder, with an encrypted repository and a key file for arkv, and an
# encrypted repository and a password for restic.
set -eu
exec </dev/null
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
export LC_ALL=C.UTF-8

usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit "$1"; }
build=$top/build folder='' percent=100
while getopts b:d:s:h option; do
  case $option in
  b) build=$(CDPATH='' cd -- "$OPTARG" && pwd) ;;
  d) folder=$OPTARG ;;
  s) percent=$OPTARG ;;
  h) usage 0 ;;
  *) usage 2 >&2 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- small memory cat medium large verify
for part in "$@"; do
  case $part in small | memory | cat | medium | large | verify) ;; *) usage 2 >&2 ;; esac
done

fail() { echo "bench: $*" >&2; exit 1; }
arkv=$build/cli/arkv gen=$build/tests/bench/bench-gen measure=$build/tests/bench/bench-measure
for program in "$arkv" "$gen" "$measure"; do
  [ -x "$program" ] || fail "$program is missing: meson setup $build && ninja -C $build"
done
command -v zstd >/dev/null || fail "zstd is missing: apt-get install zstd"
if ! command -v restic >/dev/null; then
  [ "$(id -u)" = 0 ] || fail "restic is missing: apt-get install restic"
  apt-get -qq install -y --no-install-recommends restic >/dev/null
fi

work=$(mktemp -d "${folder:-${TMPDIR:-/tmp}}/arkv-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
cd "$work"
export RESTIC_PASSWORD=bench RESTIC_CACHE_DIR="$work/restic-cache" RESTIC_PROGRESS_FPS=0
export ARKV_CACHE_DIR="$work/cache" HOME="$work"
repo=$work/arkv-repo
unset ARKV_PASSWORD ARKV_REPO ARKV_TRACE ARKV_LATENCY ARKV_BANDWIDTH || true

# ---- one measurement ----

# m NAME COMMAND...: shows and runs a command; its measures are appended to NAME.m
m() {
  name=$1
  shift
  printf '$ %s\n' "$*" >&2
  "$measure" "$work/$name.m" "$@"
}
# median NAME FIELD: 1 wall seconds, 2 CPU seconds, 3 peak RssAnon in KiB
median() {
  cut -d' ' -f"$2" "$1.m" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}
# peak NAME [FIELD]: MiB; 3 RssAnon, 5 RSS
peak() { cut -d' ' -f"${2-3}" "$1.m" | sort -n | tail -n 1 | awk '{printf "%.1f", $1 / 1024}'; }
bytes() { find "$1" -type f -printf '%s\n' | awk '{n += $1} END {printf "%d", n}'; }
of() { awk -v n="$1" -v p="$percent" 'BEGIN {n = int(n * p / 100); print n < 2 ? 2 : n}'; }
row() { printf '%-56s %14s %14s %9s\n' "$@" >>table; }
head_row() { printf '\n%-56s %14s %14s %9s\n' "$@" >>table; }
# ratio A B: A / B
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.3f", b ? a / b : 0}'; }

# ---- data: made once a run ----

# data WORKLOAD COUNT FORMAT: the file's name in $file
data() {
  file=$1-$2.$3
  [ -f "$file" ] || "$gen" stream -w "$1" -n "$2" -f "$3" -o "$file"
  cat "$file" >/dev/null
}

# ---- backups ----

arkv_init() {
  rm -rf "$repo" key cache
  m arkv-init "$arkv" init -q -r "$repo" --key-file-new=key
}
# arkv_backup NAME FILE [option...]
arkv_backup() {
  name=$1 input=$2
  shift 2
  m "$name" "$arkv" backup -q -r "$repo" --key-file=key --name set "$@" jsonl:- <"$input"
}
restic_backup() {
  rm -rf restic-repo restic-cache
  m restic-init restic -q -r restic-repo init
  m "$1" restic -q -r restic-repo backup --stdin --stdin-filename set <"$2"
}

# versus NAME WORKLOAD COUNT RUNS: arkv and restic, in turn, on the same JSONL
versus() {
  data "$2" "$3" jsonl
  for _ in $(seq "$4"); do
    arkv_init
    arkv_backup "$1-arkv" "$file"
    restic_backup "$1-restic" "$file"
  done
  head_row "$2, $3 keys, encrypted (median of $4)" arkv restic ratio
  row "backup, wall seconds" "$(median "$1-arkv" 1)" "$(median "$1-restic" 1)" \
    "$(ratio "$(median "$1-arkv" 1)" "$(median "$1-restic" 1)")"
  row "backup, CPU seconds" "$(median "$1-arkv" 2)" "$(median "$1-restic" 2)" \
    "$(ratio "$(median "$1-arkv" 2)" "$(median "$1-restic" 2)")"
  row "backup, peak RssAnon, MiB" "$(peak "$1-arkv")" "$(peak "$1-restic")" ""
  row "init, wall seconds" "$(median arkv-init 1)" "$(median restic-init 1)" ""
  row "repository, bytes" "$(bytes "$repo")" "$(bytes restic-repo)" \
    "$(ratio "$(bytes "$repo")" "$(bytes restic-repo)")"
}

# ---- parts ----

part_small() {
  count=$(of 1000000)
  versus small small "$count" 3
  data small "$count" dump
  printf '$ zstd -3 <%s | wc -c\n' "$file" >&2
  dump=$(zstd -3 -c -q <"$file" | wc -c)
  head_row "small at rest" bytes "of zstd -3" ""
  row "zstd -3 of the whole sorted dump" "$dump" 1 ""
  row "arkv repository" "$(bytes "$repo")" "$(ratio "$(bytes "$repo")" "$dump")" ""
  # shellcheck disable=SC2046 # two numbers
  set -- $(python3 "$top/tests/bench/payload.py" "$repo")
  # of each block's ciphertext, type, codec and two lengths are not zstd's: 6 bytes
  payload=$(($2 - 6 * $1)) raw=$("$gen" stats -w small -n "$count" | awk '{print $3 + $6}')
  row "zstd payload of its $1 frames" "$payload" "$(ratio "$payload" "$dump")" ""
  row "framing, index, AEAD: all else, % of raw bytes" "$(($(bytes "$repo") - payload))" \
    "$(awk -v a="$(bytes "$repo")" -v p="$payload" -v r="$raw" \
      'BEGIN {printf "%.3f %%", 100 * (a - p) / r}')" ""
  rm -f "$file"
}

# One backup of so many keys, from a pipe: nothing else could hold 10 million.
memory_of() {
  arkv_init
  name=memory-$1-$2
  mkfifo pipe
  "$gen" stream -w small -n "$1" -f jsonl -o pipe &
  arkv_backup "$name" pipe --memory="$2"
  wait $!
  rm pipe
  row "small, $1 keys, --memory=$2" "$(peak "$name")" "$(median "$name" 1)" "$(median "$name" 2)"
}

part_memory() {
  head_row "backup: memory" "RssAnon, MiB" "wall seconds" CPU
  for count in 1000000 10000000; do
    memory_of "$(of $count)" 256M
    memory_of "$(of $count)" 64M
  done
}

# trace_counts TRACE: requests and bytes to open the repository, to find the archive, and from its
# manifest (read whole, without a range) on
trace_counts() {
  awk '/trace: get (config|keys)|list keys/ {stage = 1}
    /trace: list (archives|gc)|get archives/ {stage = 2}
    /trace: get archives\/[0-9a-f]*:/ {stage = 3}
    /trace: (get|list|stat)/ {
      n[stage]++
      if (match($0, /: [0-9]+ B,/)) size[stage] += substr($0, RSTART + 2, RLENGTH - 5)
    }
    END {for (i = 1; i <= 3; i++) print n[i] + 0, size[i] + 0}' "$1"
}

part_cat() {
  count=$(of 1000000)
  data small "$count" jsonl
  arkv_init
  arkv_backup cat-backup "$file"
  restic_backup cat-restic-backup "$file"
  key=$("$gen" probe -w small -n "$count" -p 0.7 | head -n 1)
  "$gen" probe -w small -n "$count" -p 0.7 | tail -n +2 >wanted
  for _ in 1 2 3 4 5; do
    rm -rf cache
    m cat-arkv "$arkv" cat -q -r "$repo" --key-file=key latest "$key" >got
    cmp got wanted || fail "cat gave another value"
    rm -rf restic-cache
    m cat-restic restic -q -r restic-repo dump latest set >/dev/null
  done
  rm -rf cache
  ARKV_TRACE=store "$arkv" cat -r "$repo" --key-file=key latest "$key" 2>trace >/dev/null
  sed 's/^/# /' trace >&2
  # shellcheck disable=SC2046 # six numbers
  set -- $(trace_counts trace)
  head_row "one key of $count, no cache (median of 5)" "arkv cat" "restic dump" ratio
  row "wall seconds" "$(median cat-arkv 1)" "$(median cat-restic 1)" \
    "$(ratio "$(median cat-arkv 1)" "$(median cat-restic 1)")"
  row "peak RssAnon, MiB" "$(peak cat-arkv)" "$(peak cat-restic)" ""
  row "peak RSS with mapped files, MiB" "$(peak cat-arkv 5)" "$(peak cat-restic 5)" ""
  row "opening the repository: requests, bytes" "$1" "$2" ""
  row "finding the archive: requests, bytes" "$3" "$4" ""
  row "from the manifest on: requests, bytes" "$5" "$6" ""
  for delay in 50 100; do
    rm -rf cache
    ARKV_LATENCY=${delay}ms m "cat-$delay" "$arkv" cat -q -r "$repo" --key-file=key latest \
      "$key" >/dev/null
  done
  row "round trips in all, one after the other" \
    "$(awk -v a="$(median cat-50 1)" -v b="$(median cat-100 1)" \
      'BEGIN {printf "%.1f", (b - a) / 0.05}')" "" ""
}

part_medium() { versus medium medium "$(of 100000)" 1; }

part_large() {
  versus large large "$(of 20)" 1
  data large "$(of 20)" dump
  restic_backup large-dump "$file"
  row "restic on the dump, without base64: seconds, bytes" "$(median large-dump 1)" \
    "$(bytes restic-repo)" ""
  rm -f large-*
}

# The same records without encryption give the zstd frames that arkv decompresses.
part_verify() {
  count=$(of 1000000)
  data small "$count" jsonl
  arkv_init
  arkv_backup verify-backup "$file"
  for _ in 1 2 3; do
    m verify "$arkv" verify -q --read-data -r "$repo" --key-file=key
  done
  rm -rf plain-repo
  m plain-init "$arkv" init -q --encryption none -r "$work/plain-repo"
  m plain-backup "$arkv" backup -q -r "$work/plain-repo" --name set jsonl:- <"$file"
  python3 "$top/tests/bench/payload.py" plain-repo --extract >frames.zst
  for _ in 1 2 3; do
    m zstd-d zstd -d -q -c frames.zst >/dev/null
  done
  head_row "every byte read again, small, $count keys (median of 3)" "arkv verify" "zstd -d" ratio
  row "wall seconds" "$(median verify 1)" "$(median zstd-d 1)" \
    "$(ratio "$(median verify 1)" "$(median zstd-d 1)")"
  row "CPU seconds" "$(median verify 2)" "$(median zstd-d 2)" \
    "$(ratio "$(median verify 2)" "$(median zstd-d 2)")"
  row "peak RssAnon, MiB" "$(peak verify)" "$(peak zstd-d)" ""
  rm -rf plain-repo frames.zst
}

printf '%s, restic %s, zstd %s, %s CPUs, %s\n' "$("$arkv" version | head -n 1)" \
  "$(restic version | cut -d' ' -f2)" "$(zstd --version | grep -o 'v[0-9.]*')" "$(nproc)" \
  "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" >table
for part in "$@"; do
  printf '\n== %s\n' "$part" >&2
  "part_$part"
done
cat table
