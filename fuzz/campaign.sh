#!/bin/sh
# campaign.sh FUZZER NAME SEEDS - runs a libFuzzer program for ARKV_FUZZ_SECONDS (60) on its corpus.
# What it learns stays in the current folder (grown-NAME/), so that the next campaign goes on from
# there; an input that breaks something is left in found-NAME/, and fails every campaign until it is
# mended and taken away. Prints TAP.
set -u
fuzzer=$1 name=$2 seeds=$3
mkdir -p "grown-$name" "found-$name"
[ -d "$seeds" ] || seeds=
dict=${0%/*}/dict/$name.dict
[ -f "$dict" ] || dict=
log=fuzz-$name.log
echo "1..1"
"$fuzzer" -max_total_time="${ARKV_FUZZ_SECONDS:-60}" -timeout=20 -rss_limit_mb=1024 \
  -malloc_limit_mb=512 -max_len=262144 -print_final_stats=1 -verbosity=1 \
  -artifact_prefix="found-$name/" ${dict:+-dict="$dict"} "grown-$name" ${seeds:+"$seeds"} \
  >"$log" 2>&1
status=$?
tail -n 40 "$log" | sed 's/^/# /'
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
if [ $status = 0 ] && [ "${runs:-0}" -gt 0 ] && [ -z "$(ls "found-$name")" ]; then
  echo "ok 1 - $name: $runs runs"
else
  echo "not ok 1 - $name: status $status; see $PWD/$log and $PWD/found-$name/"
fi
