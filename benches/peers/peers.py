#!/usr/bin/env python3
"""featscope beside the library a user would pick, on the same features, in one run, with the same threads.

    python3 -m venv venv && venv/bin/pip install -r benches/peers/requirements.txt
    venv/bin/python benches/peers/peers.py target/debug/featscope [moments|moments-bare|frechet|knn|silhouette ...]

Each task runs `--times` times on either side, in turn; shown are the best wall times and the peak memories, whole processes
each, reading the .npy files included. Ratios above 1 are in featscope's favour. Shapes: `--rows`, `--width`, `--classes`.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

THREADS = str(os.cpu_count())
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, THREADS)

import numpy as np  # noqa: E402, after the number of threads is set


def features(rows, width, classes, seed):
    """Positive and correlated, as after a ReLU: classes apart, 64 factors that channels share, and noise."""
    rng = np.random.default_rng(seed)
    mixing = rng.uniform(-0.3, 0.3, (64, width)).astype("f4")
    means = rng.uniform(-0.5, 0.7, (classes, width)).astype("f4")
    labels = np.arange(rows) % classes
    out = np.empty((rows, width), "f4")
    for at in range(0, rows, 5000):
        part = slice(at, min(at + 5000, rows))
        n = part.stop - part.start
        x = rng.uniform(-1, 1, (n, 64)).astype("f4") @ mixing + means[labels[part]]
        out[part] = np.maximum(x + rng.uniform(-0.5, 0.5, x.shape), 0)
    return out, labels


# What the peers do, each in a process of its own: `peers.py --peer TASK FOLDER`.


def peer_moments(x, y, other):
    """The libraries' own code paths, one metric after the other: covariance and correlation, spectra, class structure."""
    from sklearn.metrics import calinski_harabasz_score

    correlation = np.corrcoef(x, rowvar=False)
    redundancy = np.abs(correlation).mean()
    barlow = (correlation[~np.eye(len(correlation), dtype=bool)] ** 2).mean()

    def entropy(p):
        p = p[p > 0]
        return -(p * np.log(p)).sum()

    sigma = np.linalg.svd(x, compute_uv=False)  # RankMe, uncentred
    rankme = np.exp(entropy(sigma / sigma.sum() + 1e-7))
    centred = np.linalg.svd(x - x.mean(0), compute_uv=False)
    effective = np.exp(entropy(centred / centred.sum()))
    lam = np.linalg.eigvalsh(np.cov(x, rowvar=False))[::-1]
    participation = lam.sum() ** 2 / (lam**2).sum()
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    gram = unit.T @ unit
    coding = np.linalg.slogdet(np.eye(x.shape[1]) + x.shape[1] / (len(x) * 0.5) * gram)[1] / (2 * np.log(2))
    classes = np.unique(y)
    means = np.stack([x[y == c].mean(0) for c in classes])
    within = np.mean([((x[y == c] - m) ** 2).sum(1).mean() for c, m in zip(classes, means)])
    grand = means.mean(0)
    between = 2 / (len(classes) - 1) * ((means - grand) ** 2).sum()
    calinski = calinski_harabasz_score(x, y)
    return [redundancy, barlow, rankme, effective, participation, coding, between / within, calinski]


def peer_moments_bare(x, y, other):
    """A script tuned by hand: one Gram matrix in 64 bits, one eigenvalue problem, class sums."""
    n, d = x.shape
    mean = x.mean(0, dtype="f8")
    gram = np.zeros((d, d))
    sums = np.zeros((y.max() + 1, d))
    squares = np.zeros(y.max() + 1)
    for at in range(0, n, 4096):
        part = x[at : at + 4096].astype("f8") - mean
        gram += part.T @ part
        np.add.at(sums, y[at : at + 4096], part)
        np.add.at(squares, y[at : at + 4096], (part**2).sum(1))
    cov = gram / (n - 1)
    scale = 1 / np.sqrt(np.maximum(np.diag(cov), 1e-300))
    correlation = np.abs(cov * scale[:, None] * scale)
    lam = np.linalg.eigvalsh(cov)
    counts = np.bincount(y)
    means = sums / counts[:, None]
    within = (squares / counts - (means**2).sum(1)).mean()
    between = 2 / (len(means) - 1) * ((means - means.mean(0)) ** 2).sum()
    return [correlation.mean(), lam.sum() ** 2 / (lam**2).sum(), between / within]


def peer_frechet(x, y, other):
    from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_statistics_to_metric

    moments = [{"mu": a.mean(0, dtype="f8"), "sigma": np.cov(a, rowvar=False)} for a in (x, other)]
    return [fid_statistics_to_metric(*moments, verbose=False)[KEY_METRIC_FID]]


def peer_knn(x, y, other):
    import faiss

    faiss.omp_set_num_threads(int(THREADS))
    index = faiss.IndexFlatL2(x.shape[1])
    index.add(x)
    distances, _ = index.search(x, 101)
    return [float(np.sqrt(distances[:, 100]).mean())]


def peer_silhouette(x, y, other):
    from sklearn.metrics import silhouette_score

    return [silhouette_score(x, y)]


TASKS = {
    "moments": (
        peer_moments,
        "numpy, scipy and scikit-learn, one metric after the other",
        "redundancy,barlow_redundancy,rankme,effective_rank,participation_ratio,coding_rate,discriminative_ratio,calinski_harabasz",
        [],
    ),
    "moments-bare": (
        peer_moments_bare,
        "a numpy script tuned by hand, without error bars",
        "redundancy,participation_ratio,discriminative_ratio",
        [],
    ),
    "frechet": (peer_frechet, "torch-fidelity", "frechet_distance", ["pair"]),
    "knn": (
        peer_knn,
        "faiss IndexFlatL2, k = 100",
        "intrinsic_dim_mle",
        ["--convention", "intrinsic_dim_mle.k=100", "--rows", "1000000000"],
    ),
    "silhouette": (peer_silhouette, "scikit-learn", "silhouette", ["--rows", "1000000000"]),
}


def timed(command):
    """Wall seconds, peak MB, and what it printed."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024, text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("featscope")
    parser.add_argument("tasks", nargs="*", default=list(TASKS), metavar="TASK")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--times", type=int, default=3)
    args = parser.parse_args()
    print(f"{args.rows} x {args.width} f32, {args.classes} classes, {THREADS} threads, best of {args.times}\n")
    print("| task | peer | peer s | featscope s | ratio | peer MB | featscope MB | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: what this one holds would count as its children's.
        shape = [str(args.rows), str(args.width), str(args.classes)]
        subprocess.run([sys.executable, __file__, "--make", folder, *shape], check=True)
        for task in args.tasks:
            _, peer, metrics, more = TASKS[task]
            ours = [args.featscope, "analyze", f"{folder}/pre.npy"]
            if "pair" in more:
                ours += [f"{folder}/eval.npy", "--pre", "pre", "--eval", "eval"]
            ours += ["--metrics", metrics, "--threads", THREADS, "--format", "csv", *[m for m in more if m != "pair"]]
            theirs = [sys.executable, __file__, "--peer", task, folder]
            runs = [(timed(theirs), timed(ours)) for _ in range(args.times)]
            (ts, tm), (ours_s, om) = [
                (min(r[side][0] for r in runs), min(r[side][1] for r in runs)) for side in (0, 1)
            ]
            print(f"| {task} | {peer} | {ts:.1f} | {ours_s:.1f} | {ts / ours_s:.1f} | {tm:.0f} | {om:.0f} | {tm / om:.1f} |", flush=True)
            values = re.sub(r"\s+", " ", runs[0][0][2])
            print(f"{task}: the peer's values {values}", file=sys.stderr)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        task, folder = sys.argv[2:4]
        x, y = np.load(f"{folder}/pre.npy"), np.load(f"{folder}/pre_labels.npy")
        other = np.load(f"{folder}/eval.npy") if task == "frechet" else None
        print([float(v) for v in TASKS[task][0](x, y, other)])
    elif sys.argv[1:2] == ["--make"]:
        folder, *shape = sys.argv[2:]
        for name, seed in (("pre", 1), ("eval", 2)):
            x, y = features(*map(int, shape), seed)
            np.save(f"{folder}/{name}.npy", x)
            np.save(f"{folder}/{name}_labels.npy", y)
    else:
        main()
