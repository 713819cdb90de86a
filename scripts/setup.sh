#!/usr/bin/env bash
# Puts in place what featscope is built on: OpenBLAS (system package) and a libtorch a CPU program can load
# (into ./.libtorch). Safe to run again: what is already there is left alone. Root is needed only where a system
# package is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "these need root, and sudo is not here: run '$*' as root, then try again"
    fi
}

apt_install() {
    command -v apt-get >/dev/null || die "apt-get is not here: install $* by hand (OpenBLAS with its headers, a C++ compiler, Python 3 with venv), then try again"
    say "installing with apt: $*"
    as_root apt-get update -qq || die "apt-get update failed (see above)"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null \
        || die "apt-get could not install $* (see above)"
}

# --- system packages, only the missing ones -------------------------------------------------------------------------
missing=()
command -v cargo >/dev/null || die "cargo is not on the PATH: install Rust 1.95 or newer (https://rustup.rs), then try again"
command -v c++ >/dev/null || missing+=(g++)
if [ -z "${OPENBLAS_DIR:-}" ] && ! printf 'int main(void){return 0;}' | cc -x c - -lopenblas -o /dev/null 2>/dev/null; then
    missing+=(libopenblas-dev)
fi
if [ -z "${LIBTORCH:-}" ] && [ -z "${LIBTORCH_USE_PYTORCH:-}" ]; then
    python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
fi
[ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"

# --- libtorch -------------------------------------------------------------------------------------------------------
torch_version=2.11.0
dest=.libtorch
if [ -n "${LIBTORCH:-}" ]; then say "libtorch: using LIBTORCH=$LIBTORCH"; exit 0; fi
if [ -n "${LIBTORCH_USE_PYTORCH:-}" ]; then say "libtorch: using the PyTorch of $(command -v python3)"; exit 0; fi
if [ "$(cat $dest/torch/build-version 2>/dev/null)" = $torch_version ]; then exit 0; fi
[ "$(uname -sm)" = "Linux x86_64" ] || die "no ready libtorch for $(uname -sm) here: set LIBTORCH to an unpacked libtorch $torch_version, then try again"

say "libtorch $torch_version: downloading 543 MB from PyPI into $dest and keeping the 499 MB a CPU program needs (about half a minute on a fast line)"
rm -rf $dest.new
mkdir -p $dest.new/wheels
python3 -m venv $dest.new/venv
$dest.new/venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 3.11 --implementation cp --abi cp311 --abi none \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --dest $dest.new/wheels torch==$torch_version nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85 \
    || die "the download failed (see above): check the network, or set LIBTORCH to an unpacked libtorch $torch_version"
python3 - $dest.new <<'PY'
import pathlib, re, sys, zipfile
dest = pathlib.Path(sys.argv[1])
# libtorch_cpu is linked to libcudart and libcupti; its run path finds them in the sibling folder nvidia/.
keep = re.compile(r"torch/include/|torch/lib/(libtorch_cpu|libtorch|libc10)\.so$|torch/lib/libgomp\.so\.1$"
                  r"|nvidia/cu13/lib/(libcudart|libcupti)\.so\.13$|.*\.dist-info/licenses/")
for wheel in sorted((dest / "wheels").glob("*.whl")):
    with zipfile.ZipFile(wheel) as z:
        for member in z.namelist():
            if keep.match(member):
                z.extract(member, dest)
PY
rm -rf $dest.new/wheels $dest.new/venv
echo $torch_version > $dest.new/torch/build-version
rm -rf $dest
mv $dest.new $dest
say "libtorch is ready in $dest/torch"
