#!/usr/bin/env python3
"""Extracts the same images on the CPU and on a GPU, compares the features and prints images per second.

Needs Python 3, a built featscope-extract and a libtorch folder with CUDA (its lib/ must hold libtorch_cuda.so and all
it is linked to); no Rust. Features are compared with pyarrow and numpy where both are installed.

    python3 scripts/gpu-check.py --extract target/debug/featscope-extract --libtorch /opt/libtorch \\
        --model fixtures/checkpoints/sl.safetensors --data fixtures/images/vehicles-test.parquet

Exit code: 0 the features agree, 1 they do not, 2 it could not be tried.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# TF32 and other summation orders: what a GPU may differ by. Cosine per row, error as a share of the layer's largest value.
COSINE, ERROR = 0.9999, 1e-2


def give_up(why):
    print(f"gpu-check: {why}", file=sys.stderr)
    sys.exit(2)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extract", type=Path, default=Path("target/debug/featscope-extract"), help="the built program")
    parser.add_argument("--libtorch", type=Path, required=True, help="libtorch folder with CUDA (the one that holds lib/)")
    parser.add_argument("--model", type=Path, required=True, help="checkpoint")
    parser.add_argument("--data", required=True, help="data set, as for featscope extract")
    parser.add_argument("--split", help="split of the data set")
    parser.add_argument("--device", default="cuda:0", help="GPU to compare with the CPU")
    parser.add_argument("--batch-size", default="auto")
    return parser.parse_args()


def environment(libtorch):
    lib = libtorch / "lib"
    for needed in ("libtorch_cpu.so", "libtorch_cuda.so"):
        if not (lib / needed).exists():
            give_up(f"{lib} has no {needed}; pass the folder of a libtorch that was built for CUDA")
    env = dict(os.environ)
    # Before the program's own run path, so that this libtorch is the one that is loaded.
    env["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, [str(lib.resolve()), env.get("LD_LIBRARY_PATH")]))
    return env


def extract(args, device, out, env):
    command = [args.extract, "extract", "--model", args.model, "--data", args.data, "--layers", "all"]
    command += ["--device", device, "--out", out, "--batch-size", args.batch_size]
    command += ["--split", args.split] if args.split else []
    started = time.monotonic()
    done = subprocess.run([str(word) for word in command], env=env, capture_output=True, text=True)
    seconds = time.monotonic() - started
    if done.returncode != 0:
        give_up(f"extraction on {device} failed: {done.stderr.strip().splitlines()[-1:] or done.returncode}")
    store = Path(done.stdout.strip())
    manifest = json.loads((store / "manifest.json").read_text())
    rows = sum(part["rows"] for part in manifest["parts"])
    print(f"{manifest['device']:8} {rows} images in {seconds:.2f} s: {rows / seconds:.1f} images/s, start-up included")
    if manifest["device"] != device:
        give_up(f"it ran on {manifest['device']}, not on {device}")
    return store, manifest


def compare(one, other, manifest):
    """Prints a line per layer; whether all agree."""
    try:
        import numpy as np
        import pyarrow.parquet as pq
    except ImportError:
        give_up("the speeds above are right, but comparing features needs pyarrow and numpy: pip install pyarrow numpy")

    def column(store, layer):
        parts = [pq.read_table(store / part["file"], columns=["id", layer["name"]]) for part in manifest["parts"]]
        values = [part[layer["name"]].combine_chunks().flatten().to_numpy() for part in parts]
        ids = [i for part in parts for i in part["id"].to_pylist()]
        return ids, np.concatenate(values).reshape(-1, layer["width"]).astype(np.float64)

    agree = True
    print(f"{'layer':14} {'width':>5} {'least cosine':>14} {'largest error':>14}   (error as a share of the layer's largest value)")
    for layer in manifest["layers"]:
        (ids, a), (other_ids, b) = column(one, layer), column(other, layer)
        if ids != other_ids:
            give_up("the two stores hold different images")
        norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        # Two rows of zeros (all units off) are equal.
        cosine = np.where(norms > 0, (a * b).sum(axis=1) / np.where(norms > 0, norms, 1), 1.0).min()
        error = np.abs(a - b).max() / max(np.abs(a).max(), 1e-30)
        good = cosine >= COSINE and error <= ERROR
        agree &= bool(good)
        print(f"{layer['name']:14} {layer['width']:5} {cosine:14.8f} {error:14.2e}{'' if good else '   DIFFERS'}")
    return agree


def main():
    args = arguments()
    if not args.extract.exists():
        give_up(f"{args.extract} is not there; build it with make build, or pass --extract")
    env = environment(args.libtorch)
    with tempfile.TemporaryDirectory() as folder:
        # The GPU first: where there is none, that is known at once.
        gpu, manifest = extract(args, args.device, Path(folder) / "gpu", env)
        cpu, _ = extract(args, "cpu", Path(folder) / "cpu", env)
        sys.exit(0 if compare(cpu, gpu, manifest) else 1)


if __name__ == "__main__":
    main()
