#!/usr/bin/env python3
"""`featscope pretrain` beside the same training written in PyTorch: same network, images, batch, views and threads, in one run.

    python3 -m venv venv && venv/bin/pip install torch==2.11.0 torchvision==0.26.0 numpy==2.4.6
    venv/bin/python benches/peers/pretrain.py target/debug/featscope .data/cifar-10-batches-bin [sl simclr moco-v2 byol]

Both sides train `--steps` steps on one core after some to warm up, in turn, `--times` times; shown is the best pace of each,
in images a second.
PyTorch runs with channels-last memory. Its views are drawn by one DataLoader worker beside the training, as featscope draws
its own by a thread, with torchvision's transforms on tensors. `bare`: PyTorch without views, the same batch at each step.
"""
import argparse
import copy
import re
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torchvision.transforms.v2 as T
from torch import nn
from torch.nn import functional as F

BATCH, WIDTHS, HIDDEN, OUT, QUEUE = 128, [16, 32, 64, 128], 256, 128, 4096
CLASSES, STRONG = 6, {"simclr", "moco-v2", "byol"}
ANIMALS = [2, 3, 4, 5, 6, 7]


def pixels(folder, limit):
    files = sorted(Path(folder).glob("data_batch_*.bin"))
    raw = np.concatenate([np.frombuffer(f.read_bytes(), np.uint8).reshape(-1, 3073) for f in files])
    chosen = np.concatenate([np.flatnonzero(raw[:, 0] == c)[:limit] for c in ANIMALS])
    chosen.sort()
    labels = torch.from_numpy(np.searchsorted(ANIMALS, raw[chosen, 0]).astype(np.int64))
    return torch.from_numpy(raw[chosen, 1:].reshape(-1, 3, 32, 32).copy()), labels


class Views(torch.utils.data.Dataset):
    def __init__(self, images, labels, method):
        self.images, self.labels, self.count = images, labels, 1 if method == "sl" else 2
        weak = [T.RandomCrop(32, padding=4), T.RandomHorizontalFlip()]
        strong = [
            T.RandomResizedCrop(32, scale=(0.2, 1.0), antialias=True),
            T.RandomHorizontalFlip(),
            T.RandomApply([T.ColorJitter(0.4, 0.4, 0.4, 0.1)], 0.8),
            T.RandomGrayscale(0.2),
        ]
        end = [T.ToDtype(torch.float32, scale=True), T.Normalize([0.49, 0.47, 0.42], [0.24, 0.23, 0.25])]
        self.transform = T.Compose((strong if method in STRONG else weak) + end)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return [self.transform(self.images[i]) for _ in range(self.count)], self.labels[i]


def encoder():
    layers, inputs = [nn.Conv2d(3, WIDTHS[0], 3, 1, 1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU(True)], WIDTHS[0]
    for width in WIDTHS[1:]:
        for i, stride in ((inputs, 2), (width, 1)):
            layers += [nn.Conv2d(i, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True)]
        inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def mlp(inputs, norm=True):
    middle = [nn.BatchNorm1d(HIDDEN)] if norm else []
    return nn.Sequential(nn.Linear(inputs, HIDDEN), *middle, nn.ReLU(True), nn.Linear(HIDDEN, OUT))


class Training:
    def __init__(self, method):
        torch.manual_seed(0)
        self.method = method
        head = nn.Linear(WIDTHS[-1], CLASSES) if method == "sl" else mlp(WIDTHS[-1], norm=method != "moco-v2")
        self.net = nn.Sequential(encoder(), head).to(memory_format=torch.channels_last).train()
        parameters = list(self.net.parameters())
        if method in ("moco-v2", "byol"):
            self.other = copy.deepcopy(self.net).requires_grad_(False)
            self.queue, self.at = F.normalize(torch.randn(QUEUE, OUT)), 0
        if method == "byol":
            self.predictor = mlp(OUT).train()
            parameters += list(self.predictor.parameters())
        self.optimizer = torch.optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=5e-4)

    def loss(self, views, labels):
        if self.method == "sl":
            return F.cross_entropy(self.net(views[0]), labels)
        if self.method == "simclr":
            rows = F.normalize(self.net(torch.cat(views)))
            scores = (rows @ rows.T / 0.5).fill_diagonal_(-torch.inf)
            return F.cross_entropy(scores, torch.arange(len(rows)).roll(len(labels)))
        if self.method == "moco-v2":
            query = F.normalize(self.net(views[0]))
            with torch.no_grad():
                self.key = F.normalize(self.other(views[1]))
            scores = torch.cat([(query * self.key).sum(1, keepdim=True), query @ self.queue.T], 1) / 0.2
            return F.cross_entropy(scores, torch.zeros(len(labels), dtype=torch.long))
        predicted = [F.normalize(self.predictor(self.net(v))) for v in views]
        with torch.no_grad():
            targets = [F.normalize(self.other(v)) for v in views]
        return sum(2 - 2 * (p * t).sum(1).mean() for p, t in zip(predicted, reversed(targets)))

    def step(self, views, labels):
        views = [v.contiguous(memory_format=torch.channels_last) for v in views]
        loss = self.loss(views, labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            if self.method in ("moco-v2", "byol"):
                for leader, copied in zip(self.net.parameters(), self.other.parameters()):
                    copied.lerp_(leader, 0.01)
            if self.method == "moco-v2":
                self.queue[self.at : self.at + BATCH] = self.key
                self.at = (self.at + BATCH) % QUEUE


def pace(training, batches, steps):
    """Images a second after the first few steps."""
    started, warm = None, 5
    for i, (views, labels) in enumerate(batches):
        if i == warm:
            started = time.perf_counter()
        if i == warm + steps:
            return steps * BATCH / (time.perf_counter() - started)
        training.step(views, labels)
    raise SystemExit("too few images for so many steps")


def theirs(method, images, labels, steps):
    views = Views(images, labels, method)
    loader = torch.utils.data.DataLoader(views, BATCH, shuffle=True, drop_last=True, num_workers=1, prefetch_factor=2)
    return pace(Training(method), loader, steps)


def bare(method, images, labels, steps):
    views = Views(images, labels, method)
    batch = [views[i] for i in range(BATCH)]
    one = [torch.stack(v) for v in zip(*(views for views, _ in batch))], torch.stack([label for _, label in batch])
    return pace(Training(method), (one for _ in range(steps + 6)), steps)


def ours(program, data, method, limit):
    """The second epoch's pace: the first has what PyTorch's first steps have, and is left out on both sides."""
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "pretrain", "--method", method, "--data", data, "--split", "train", "--limit", str(limit)]
        command += ["--classes", "bird,cat,deer,dog,frog,horse", "--widths", ",".join(map(str, WIDTHS))]
        command += ["--projector", f"{HIDDEN},{OUT}", "--epochs", "2", "--device", "cpu", "--threads", "1"]
        done = subprocess.run(command + ["--out", f"{folder}/a.safetensors"], capture_output=True, text=True, check=True)
    # Each line tells the mean pace since the start.
    one, two = (float(re.search(rf"epoch {n}/2: .* (\d+) images/s", done.stderr)[1]) for n in (1, 2))
    return 1 / (2 / two - 1 / one)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("data")
    parser.add_argument("methods", nargs="*", default=["sl", "simclr", "moco-v2", "byol"])
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--times", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    limit = (args.steps + 8) * BATCH // CLASSES
    images, labels = pixels(args.data, limit)
    print(f"{'method':<9}{'featscope':>10}{'PyTorch':>10}{'ratio':>7}{'bare':>8}   images/s, one thread")
    for method in args.methods:
        best = [0.0] * 3
        for _ in range(args.times):
            sides = [
                ours(args.program, args.data, method, limit),
                theirs(method, images, labels, args.steps),
                bare(method, images, labels, args.steps),
            ]
            best = [max(b, s) for b, s in zip(best, sides)]
        print(f"{method:<9}{best[0]:>10.0f}{best[1]:>10.0f}{best[0] / best[1]:>7.2f}{best[2]:>8.0f}", flush=True)


if __name__ == "__main__":
    main()
