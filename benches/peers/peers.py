#!/usr/bin/env python3
"""featscope beside the library a user would pick, on the same features, in one run, with the same threads.

    python3 -m venv venv && venv/bin/pip install -r benches/peers/requirements.txt
    venv/bin/python benches/peers/peers.py target/debug/featscope [moments|moments-bare|frechet|frechet-scipy|knn|silhouette ...]

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
    """The libraries' own code paths, one metric after the other. What a user would keep in a variable is made once: the
    covariance with its eigenvalues, the correlation, the l2-normalised rows, the class means."""
    import torch
    from scipy.spatial.distance import pdist
    from sklearn.decomposition import PCA
    from sklearn.metrics import calinski_harabasz_score
    from vendi_score import vendi

    torch.set_num_threads(int(THREADS))
    n, d = x.shape
    z = torch.from_numpy(x)

    # Redundancy: numpy's correlation; Barlow's as its authors' loss has it, in 32 bits after a batch normalisation.
    constant = (x == x[0]).all(0)
    correlation = np.abs(np.corrcoef(x[:, ~constant], rowvar=False))
    off = ~np.eye(len(correlation), dtype=bool)
    offdiagonal = correlation[off].mean()
    barlow = torch.nn.functional.batch_norm(z[:, ~constant], None, None, training=True)
    barlow = barlow.T @ barlow / n
    barlow = barlow.flatten()[:-1].view(len(barlow) - 1, len(barlow) + 1)[:, 1:].pow(2).mean()
    redundancy = {
        "redundancy": correlation.mean(),
        "redundancy_offdiagonal": offdiagonal,
        "redundancy_excess": offdiagonal - (2 / (np.pi * (n - 1))) ** 0.5,
        "barlow_redundancy": barlow,
        "dead_channels": constant.sum(),
        "duplicate_channels": (np.triu(correlation, 1) > 0.999).any(0).sum(),
        "sparsity": (x == 0).mean(),
    }

    # Ranks of singular values: RankMe by torch.linalg.svdvals, the effective rank of Roy and Vetterli by numpy's.
    def entropy(p):
        p = p[p > 0]
        return -(p * np.log(p)).sum()

    sigma = torch.linalg.svdvals(z).numpy()
    rankme = np.exp(entropy(sigma / sigma.sum() + 1e-7))
    centred = np.linalg.svd(x - x.mean(0), compute_uv=False)
    effective = np.exp(entropy(centred / centred.sum()))
    # Ranks of eigenvalues: numpy's covariance, decomposed once for all of them; numpy.linalg.cond decomposes it again.
    covariance = np.cov(x, rowvar=False)
    lam = np.linalg.eigvalsh(covariance)[::-1]
    k = np.arange(11, 101)
    slope = np.polyfit(np.log(k), np.log(lam[10:100]), 1, w=k**-0.5)[0]
    ranks = {
        "rankme": rankme,
        "effective_rank": effective,
        "matrix_entropy_rank": np.exp(entropy(lam / lam.sum())),
        "participation_ratio": lam.sum() ** 2 / (lam**2).sum(),
        "stable_rank": lam.sum() / lam[0],
        "alpha_req": -slope,
        "condition_number": np.linalg.cond(covariance),
        # scikit-learn's own choice for a share of the variance is the full decomposition of the rows.
        "pca_dims_95": PCA(n_components=0.95).fit(x).n_components_,
    }

    # Rows on the sphere: the coding rate as the MCR2 authors' code has it, in 32 bits; Vendi in its dual form.
    unit = torch.nn.functional.normalize(z)
    gram = unit.T @ unit
    even = n + n * (n - 1) / d
    sphere = {
        "coding_rate": torch.logdet(torch.eye(d) + d / (n * 0.5) * gram) / (2 * np.log(2)),
        "self_clustering": (gram.double().pow(2).sum() - even) / (n * n - even),
        "vendi": vendi.score_dual(x, normalize=True),
    }

    # Class structure: class by class in numpy, as the authors of neural collapse do; pairs of means by scipy.
    classes = np.unique(y)
    members = [x[y == c] for c in classes]
    means = np.stack([m.mean(0) for m in members])
    spreads = np.array([((m - mean) ** 2).sum(1).mean() for m, mean in zip(members, means)])
    centred = means - means.mean(0)
    between = (centred**2).sum(1).mean()
    apart = pdist(means, "sqeuclidean")
    one, two = np.triu_indices(len(classes), 1)
    norms = np.linalg.norm(centred, axis=1)
    cosines = (centred / norms[:, None]) @ (centred / norms[:, None]).T
    structure = {
        "intra_class_distance": spreads.mean(),
        "inter_class_distance": apart.mean(),
        "discriminative_ratio": apart.mean() / spreads.mean(),
        "cdnv": ((spreads[one] + spreads[two]) / (2 * apart)).mean(),
        "nc1_quotient": spreads.mean() / between,
        "nc2_equinorm": norms.std() / norms.mean(),
        "nc2_equiangle": np.abs(cosines[one, two] + 1 / (len(classes) - 1)).mean(),
        "fisher_ratio": between / spreads.mean(),
        "calinski_harabasz": calinski_harabasz_score(x, y),
    }
    return redundancy | ranks | sphere | structure


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
    return {
        "redundancy": correlation.mean(),
        "participation_ratio": lam.sum() ** 2 / (lam**2).sum(),
        "discriminative_ratio": between / within,
    }


def peer_frechet(x, y, other):
    from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_statistics_to_metric

    moments = [{"mu": a.mean(0, dtype="f8"), "sigma": np.cov(a, rowvar=False)} for a in (x, other)]
    return {"frechet_distance": fid_statistics_to_metric(*moments, verbose=False)[KEY_METRIC_FID]}


def peer_frechet_scipy(x, y, other):
    """As pytorch-fid and the code of FID's authors have it."""
    from scipy.linalg import sqrtm

    (m1, s1), (m2, s2) = [(np.mean(a, axis=0), np.cov(a, rowvar=False)) for a in (x, other)]
    root = sqrtm(s1.dot(s2)).real
    apart = m1 - m2
    return {"frechet_distance": apart.dot(apart) + np.trace(s1) + np.trace(s2) - 2 * np.trace(root)}


def peer_knn(x, y, other):
    import faiss

    faiss.omp_set_num_threads(int(THREADS))
    index = faiss.IndexFlatL2(x.shape[1])
    index.add(x)
    distances, _ = index.search(x, 101)
    return {"distance to the 100th": np.sqrt(distances[:, 100]).mean()}


def peer_silhouette(x, y, other):
    from sklearn.metrics import silhouette_score

    return {"silhouette": silhouette_score(x, y)}


MOMENTS = [
    *["redundancy", "redundancy_offdiagonal", "redundancy_excess", "barlow_redundancy", "dead_channels"],
    *["duplicate_channels", "sparsity"],
    *["rankme", "effective_rank", "matrix_entropy_rank", "participation_ratio", "stable_rank", "alpha_req"],
    *["condition_number", "pca_dims_95"],
    *["coding_rate", "self_clustering", "vendi"],
    *["intra_class_distance", "inter_class_distance", "discriminative_ratio", "cdnv", "nc1_quotient"],
    *["nc2_equinorm", "nc2_equiangle", "fisher_ratio", "calinski_harabasz"],
]

TASKS = {
    "moments": (
        peer_moments,
        "numpy, torch, scipy, scikit-learn and vendi-score, one metric after the other",
        ",".join(MOMENTS),
        [],
    ),
    "moments-bare": (
        peer_moments_bare,
        "a numpy script tuned by hand, without error bars",
        "redundancy,participation_ratio,discriminative_ratio",
        [],
    ),
    "frechet": (peer_frechet, "torch-fidelity", "frechet_distance", ["pair"]),
    "frechet-scipy": (peer_frechet_scipy, "scipy.linalg.sqrtm, as pytorch-fid", "frechet_distance", ["pair"]),
    "knn": (
        peer_knn,
        "faiss IndexFlatL2, k = 100",
        "hubness",
        ["--convention", "hubness.k=100", "--rows", "1000000000"],
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
    load = f"load {os.getloadavg()[0]:.1f} before"
    print(f"{args.rows} x {args.width} f32, {args.classes} classes, {THREADS} threads, best of {args.times}, {load}\n")
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
        other = np.load(f"{folder}/eval.npy") if "pair" in TASKS[task][3] else None
        print({name: float(value) for name, value in TASKS[task][0](x, y, other).items()})
    elif sys.argv[1:2] == ["--make"]:
        folder, *shape = sys.argv[2:]
        for name, seed in (("pre", 1), ("eval", 2)):
            x, y = features(*map(int, shape), seed)
            np.save(f"{folder}/{name}.npy", x)
            np.save(f"{folder}/{name}_labels.npy", y)
    else:
        main()
