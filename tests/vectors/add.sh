#!/bin/bash
# add.sh BUILD - writes the JSON of each good vector that has none, and lists new files in the sums.
# Look at what it wrote before you commit it: from then on it is the format.
set -euo pipefail
build=${1:?usage: tests/vectors/add.sh BUILD}
runner=$(realpath "$build/tests/test_vectors")
cd "$(dirname "$0")/../../spec/vectors"
for hex in */good-*.hex; do
	json=${hex%.hex}.json
	[ -e "$json" ] || "$runner" . --dump "$hex" >"$json"
done
touch SHA256SUMS
for file in */*.hex */good-*.json; do
	grep -q "  $file\$" SHA256SUMS || sha256sum "$file" >>SHA256SUMS
done
LC_ALL=C sort -k2 -o SHA256SUMS SHA256SUMS
