#!/bin/sh
# run.sh - builds arkv and runs its tests, on a fresh Debian 12 too.
#
#   sh tests/run.sh [--ci] [--san] [--tsan] [--clang] [--long] [arguments of "meson test"]
#
#   (none)   gcc, optimised, all suites but slow and live                        in build/
#   --san    clang with the address and undefined behaviour sanitizers           in build-san/
#   --tsan   clang with the thread sanitizer                                     in build-tsan/
#   --clang  clang, optimised                                                    in build-clang/
#   --ci     gcc with werror and all suites, then --san on the suites that decode bytes
#   --long   what was chosen, with the slow suites and with ARKV_LONG=1, which lets campaigns try
#            everything; and every fuzz target for ARKV_FUZZ_SECONDS (60) under the sanitizers
#
# Tests draw their chance from ARKV_SEED: 1 when it is not set, so that a run can be had again; with
# --long a new one, which is shown.
#
# Further arguments go to "meson test": a test's name, --suite unit, ... Needs no terminal or stdin.
# The last line is "N passed, N failed"; the exit status is not 0 when anything failed.
set -u
exec </dev/null
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
cd "$top" || exit 1
export LC_ALL=C.UTF-8 UBSAN_OPTIONS=print_stacktrace=1

ci=0 long=0 flavours=
while [ $# -gt 0 ]; do
  case $1 in
  --ci) ci=1 flavours="$flavours gcc san" ;;
  --san | --tsan | --clang) flavours="$flavours ${1#--}" ;;
  --long) long=1 ;;
  --help | -h) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) break ;;
  esac
  shift
done
[ -n "$flavours" ] || flavours=gcc

die() {
  echo "run: $1"
  echo "0 passed, 1 failed"
  exit 1
}

# folder FLAVOUR: its build folder
folder() {
  case $1 in
  gcc) echo build ;;
  *) echo "build-$1" ;;
  esac
}

# configure FLAVOUR: makes its build folder, or brings the one that is there up to date
configure() {
  case $1 in
  gcc) cc=${CC:-gcc} && set -- "$1" -Dbuildtype=release ;;
  clang) cc=clang && set -- "$1" -Dbuildtype=release ;;
  san) cc=clang && set -- "$1" -Dbuildtype=debugoptimized -Db_sanitize=address,undefined \
    -Dc_args=-fno-sanitize-recover=all ;;
  tsan) cc=clang && set -- "$1" -Dbuildtype=debugoptimized -Db_sanitize=thread ;;
  esac
  dir=$(folder "$1")
  fuzz=false
  [ "$1" = san ] && [ $long = 1 ] && fuzz=true
  werror=false
  [ $ci = 1 ] && werror=true
  shift
  set -- "$@" -Dfuzz=$fuzz -Dwerror=$werror
  if [ -f "$dir/build.ninja" ] && meson configure "$dir" "$@" >"$log" 2>&1; then
    return 0
  fi
  if [ -e "$dir" ] && [ ! -d "$dir/meson-private" ]; then
    die "$dir is there, and is no build folder of meson: move it away"
  fi
  rm -rf "$dir"
  CC=$cc meson setup "$dir" "$@" >"$log" 2>&1 || { cat "$log"; die "meson setup failed (above)"; }
}

build() {
  ninja -C "$1" >"$log" 2>&1 || { tail -n 60 "$log"; die "the build in $1/ failed (above)"; }
  grep -q 'warning:' "$log" && grep -A 6 'warning:' "$log"
  return 0
}

# test_in FOLDER BASE [arguments]: runs meson test; its log becomes one of $logs
test_in() {
  dir=$1 base=$2
  shift 2
  rm -f "$dir/meson-logs/$base".json "$dir/meson-logs/$base"-*.json
  slower=1
  [ "$dir" = build-san ] && slower=3
  [ "$dir" = build-tsan ] && slower=10
  meson test -C "$dir" --no-rebuild --print-errorlogs --logbase "$base" \
    --timeout-multiplier $slower "$@" || status=1
  for one in "$dir/meson-logs/$base".json "$dir/meson-logs/$base"-*.json; do
    [ -f "$one" ] && logs="$logs $one"
  done
  return 0
}

if [ $long = 1 ]; then
  : "${ARKV_SEED:=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}"
  echo "ARKV_SEED=$ARKV_SEED"
  export ARKV_LONG=1
fi
export ARKV_SEED="${ARKV_SEED:-1}"

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM
sh tests/install.sh test || die "packages are missing (above)"

logs='' status=0
setup=quick
[ $long = 1 ] && setup=long
for flavour in $flavours; do
  dir=$(folder "$flavour")
  echo "== $flavour: $dir/"
  configure "$flavour"
  build "$dir"
  if [ $ci = 1 ] && [ "$flavour" = san ]; then
    # The command line tests and the campaigns take long under sanitizers: run.sh --san has them.
    # A suite that is asked for by name comes with its slow tests, unless they are refused by name.
    test_in "$dir" run --setup $setup --suite unit --suite vectors --suite store --suite source \
      --suite fuzz --no-suite slow --no-suite live "$@"
  else
    test_in "$dir" run --setup $setup "$@"
  fi
done
if [ $long = 1 ]; then
  echo "== fuzz: build-san/, ${ARKV_FUZZ_SECONDS:=60} s a target"
  export ARKV_FUZZ_SECONDS
  configure san
  build build-san
  test_in build-san fuzz --setup fuzz --suite fuzzing
fi

# shellcheck disable=SC2086 # a list of files without spaces
python3 tests/tools/tally.py $logs >"$log" || status=1
if [ $status != 0 ] && grep -q ', 0 failed$' "$log"; then
  die "meson test failed, though no case did"
fi
cat "$log"
exit $status
