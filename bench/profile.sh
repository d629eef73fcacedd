#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Where does the time of a tracked run go? Samples a workload of the benchmark under the tracker's library and prints the
# share of each object, the hottest functions, and the hottest instructions of the tracker's own.
#
# The clock is cpu-clock: virtual machines seldom have hardware counters. With frequency sampling in the kernel turned off
# (kernel.perf_event_paranoid above 2) run it as root.
#
# usage: bench/profile.sh WORKLOAD [LIBRARY] [FUNCTIONS-TO-ANNOTATE]
#        LIBRARY: default build/release/libmemtrack.so; "none" samples the native run
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n 's/^# \{0,1\}//; /^usage/,/^ *LIBRARY/p' "$0" >&2; exit 2; }
workload=$1
library=${2:-$here/../build/release/libmemtrack.so}
n_functions=${3:-3}
frequency=${PROFILE_FREQUENCY:-4999}

command -v perf >/dev/null || { echo "profile.sh: no perf here: run make deps" >&2; exit 1; }
[ "$library" = none ] || [ -f "$library" ] || { echo "profile.sh: $library is not there: run make build" >&2; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/memtrack-profile-XXXXXX")
sessions=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "$work")/memtrack-profile-XXXXXX")
trap 'rm -rf "$work" "$sessions"' EXIT

# One line for each variable, word of the command and the standard input, so that no quoting is lost.
python3 "$here/run.py" ${PROFILE_WORKLOADS:+--workloads "$PROFILE_WORKLOADS"} --print-command "$workload" >"$work/command"
mapfile -t lines <"$work/command"
environment=() command=() input=/dev/null
for line in "${lines[@]}"; do
    case $line in
    env:*) environment+=("${line#env:}") ;;
    arg:*) command+=("${line#arg:}") ;;
    in:*) input=${line#in:} ;;
    esac
done
[ "$library" = none ] || environment+=("LD_PRELOAD=$(realpath "$library")" "MEMTRACK_DIR=$sessions")

data=$work/perf.data
cd "$work"
perf record -q -e cpu-clock -F "$frequency" -o "$data" -- env "${environment[@]}" "${command[@]}" <"$input" >/dev/null 2>"$work/errors" ||
    { tail -n 5 "$work/errors" >&2; exit 1; }

report() { perf report -i "$data" --stdio -q "$@" 2>/dev/null | sed 's/\( *-\)* *$//; /^$/d' || true; }
echo "== by object"
report --sort dso | head -n 8
echo "== by function"
report --sort dso,symbol | head -n 25
[ "$library" = none ] && exit 0
object=$(basename "$library")
echo "== inside $object"
report --sort symbol --dso "$object" --percent-limit 0.5 | sed -n 's/.*\[\.\] //p' | head -n "$n_functions" |
    while read -r symbol; do
        perf annotate -i "$data" --stdio -l -d "$object" -s "$symbol" >"$work/annotated" 2>/dev/null
        echo "-- $symbol: lines"
        grep -E '^ +[0-9.]+ +[^ ]+:[0-9]+$' "$work/annotated" | sort -rn | head -n 8 || true
        echo "-- $symbol: instructions"
        grep -E '^ +[0-9.]+ : ' "$work/annotated" | sort -rn | head -n 8 || true
    done
