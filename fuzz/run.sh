#!/usr/bin/env bash
# Tries every reader on bytes that libFuzzer changes, guided by which branches they reach: each target for so many seconds
# (60 by default), or only the targets that are named. Needs no other compiler than the rest; what makes a target fail is kept
# in fuzz/artifacts.
#
#   fuzz/run.sh [SECONDS [TARGET …]]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
targets=("${@:2}")
((${#targets[@]})) || targets=(checkpoint arrays images store)
host=$(rustc -vV | sed -n 's/^host: //p')
counters='-Cpasses=sancov-module'
for option in level=4 inline-8bit-counters pc-table trace-compares; do counters+=" -Cllvm-args=-sanitizer-coverage-$option"; done
# With a target of its own: what runs while building is not to be counted.
RUSTFLAGS="$counters --cfg fuzzing" cargo build --release --manifest-path fuzz/Cargo.toml --target "$host"
programs=${CARGO_TARGET_DIR:-fuzz/target}/$host/release

# The fixtures as beginnings; where a target's first byte chooses an ending, it comes first.
begin() {
    local number=$1 name
    shift
    for name in "$@"; do
        # shellcheck disable=SC2059
        { printf "\\x$(printf %02x "$number")"; cat "$name"; } >"$corpus/$(basename "$name").$number"
    done
}
shopt -s nullglob
for target in "${targets[@]}"; do
    corpus=fuzz/corpus/$target
    mkdir -p "$corpus" fuzz/artifacts
    case $target in
    checkpoint) cp fixtures/checkpoints/containers/*.{pth,ckpt} "$corpus" ;;
    arrays)
        number=0
        for ending in npy npz csv tsv parquet safetensors pt; do
            begin $number fixtures/arrays/*."$ending"
            number=$((number + 1))
        done
        ;;
    images)
        number=0
        for ending in jpg png webp bmp gif tif; do
            begin $number fixtures/golden/decode/*."$ending"
            number=$((number + 1))
        done
        begin 6 fixtures/images/*.parquet
        ;;
    esac
    echo "fuzz: $target for $seconds s"
    "$programs/$target" "$corpus" -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=4096 \
        -artifact_prefix="fuzz/artifacts/$target-" -print_final_stats=1
done
