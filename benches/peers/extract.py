#!/usr/bin/env python3
"""`featscope extract` beside PyTorch: the same networks, folder of JPEGs, preparation, batch and threads, in one run.

    python3 -m venv venv && venv/bin/pip install torch==2.11.0 torchvision==0.26.0 numpy==2.4.6 pillow==13.0.0
    venv/bin/python benches/peers/extract.py target/debug/featscope-extract [resnet50 vit_b_16]

Each side runs in processes of its own, in turn, `--times` times; shown is the best of each, in images a second.

  featscope   the whole extraction, JPEGs to store: two runs, of few images and of all, so that start-up is left out
  all layers  the same with every layer tapped
  loader      PyTorch eager, channels-last, inference mode, a torchvision DataLoader with its best number of workers
  forward     PyTorch's forward pass alone on images that lie on the device, the better of the two memory layouts
  decode      featscope and the loader with a network that does nothing but average the pixels
  memory      peak of the process, in MB (of the loader: without its workers)

On a GPU pass --device cuda:0 and --libtorch, a folder whose lib/ holds libtorch_cuda.so.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WIDTH, HEIGHT = 500, 375
BATCH = {"cpu": 32, "cuda": 256}


def draw(folder, count, unique):
    """JPEGs of smooth colours and some grain, 500 by 375, about 50 kB each: `unique` of them, then links to them."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for i in range(count):
        path = folder / f"{i:06}.jpg"
        if i >= unique:
            os.link(folder / f"{i % unique:06}.jpg", path)
            continue
        coarse = Image.fromarray(rng.integers(0, 256, (10, 12, 3), dtype=np.uint8))
        pixels = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.BICUBIC), dtype=np.int16)
        pixels = pixels + rng.integers(-12, 13, pixels.shape, dtype=np.int16)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=88)


def save_networks(folder, names):
    """Checkpoints as torchvision's users have them, and one TorchScript that only averages."""
    import torch
    import torchvision

    torch.manual_seed(0)
    for name in names:
        torch.save(getattr(torchvision.models, name)().state_dict(), folder / f"{name}.pth")

    class Mean(torch.nn.Module):
        def forward(self, x):
            return x.mean((2, 3))

    torch.jit.script(Mean()).save(str(folder / "nothing.pt"))


class Peer:
    """PyTorch's side, in a process of its own: `extract.py --peer TASK …` prints its pace."""

    def __init__(self, args):
        import torch
        import torchvision

        self.args, self.torch = args, torch
        torch.set_num_threads(args.threads)
        self.device = torch.device(args.device)
        self.kind = {"f32": torch.float32, "bf16": torch.bfloat16}[args.precision]
        if args.network == "nothing":
            self.net = lambda x: x.mean((2, 3))
            return
        self.net = getattr(torchvision.models, args.network)()
        self.net.load_state_dict(torch.load(args.folder / f"{args.network}.pth", weights_only=True))
        last = "fc" if hasattr(self.net, "fc") else "heads"
        setattr(self.net, last, torch.nn.Identity())
        self.net = self.net.eval().to(self.device, self.kind)

    def layout(self, channels_last):
        self.format = self.torch.channels_last if channels_last else self.torch.contiguous_format
        if self.args.network != "nothing":
            self.net.to(memory_format=self.format)

    def wait(self):
        if self.device.type == "cuda":
            self.torch.cuda.synchronize()

    def loader(self):
        import torchvision.transforms as T
        from torchvision.datasets import ImageFolder

        steps = [T.Resize(256), T.CenterCrop(224), T.ToTensor(), T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
        self.layout(channels_last=True)
        self.net(self.torch.zeros(self.args.batch_size, 3, 224, 224).to(self.device, self.kind, memory_format=self.format))
        # As for featscope: the workers' start is left out, and what they fetch ahead of the first batch is not.
        seconds, counts = {}, {}
        for part in ("few", "all"):
            images = ImageFolder(self.args.folder / part, T.Compose(steps))
            cuda, workers = self.device.type == "cuda", self.args.workers
            started, counts[part] = time.perf_counter(), len(images)
            for batch, _ in self.torch.utils.data.DataLoader(
                images, self.args.batch_size, num_workers=workers, pin_memory=cuda, prefetch_factor=4 if workers else None
            ):
                batch = batch.to(self.device, non_blocking=True).to(self.kind, memory_format=self.format)
                self.net(batch).float().cpu()
            seconds[part] = time.perf_counter() - started
        return (counts["all"] - counts["few"]) / (seconds["all"] - seconds["few"])

    def forward(self):
        images = self.torch.randn(self.args.batch_size, 3, 224, 224).to(self.device, self.kind)
        best = 0.0
        for channels_last in (False, True):
            self.layout(channels_last)
            x = images.contiguous(memory_format=self.format)
            for _ in range(2):
                self.net(x)
            self.wait()
            passes, started = 0, time.perf_counter()
            while passes < 4 or time.perf_counter() - started < 3:
                self.net(x)
                passes += 1
                if passes % 8 == 0:
                    self.wait()
            self.wait()
            best = max(best, passes * len(images) / (time.perf_counter() - started))
        return best

    def main(self):
        with self.torch.inference_mode():
            pace = getattr(self, self.args.peer)()
        print(json.dumps([pace, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def peer(args, task, network, workers=0):
    command = [sys.executable, __file__, args.program, "--peer", task, "--network", network, "--folder", args.folder]
    command += ["--device", args.device, "--threads", args.threads, "--batch-size", args.batch_size]
    command += ["--precision", args.precision, "--workers", workers]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def ours(args, network, layers):
    """Pace and peak memory of one extraction, start-up left out."""
    env = dict(os.environ)
    if args.libtorch:
        env["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, [f"{args.libtorch}/lib", env.get("LD_LIBRARY_PATH")]))
    # As `featscope` tells it.
    env |= {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "2147483648", "MALLOC_TOP_PAD_": "67108864"}
    model = args.folder / ("nothing.pt" if network == "nothing" else f"{network}.pth")
    seconds, peak = {}, 0
    for part in ("few", "all"):
        with tempfile.TemporaryDirectory() as out:
            command = [args.program, "extract", "--model", model, "--data", args.folder / part, "--layers", layers, "--out", out]
            command += ["--preprocess", "imagenet", "--device", args.device, "--threads", args.threads]
            command += ["--batch-size", args.batch_size, "--precision", args.precision]
            command += ["--trust-code"] if network == "nothing" else []
            started = time.perf_counter()
            child = subprocess.Popen(list(map(str, command)), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            said = child.stderr.read()
            _, status, usage = os.wait4(child.pid, 0)
            seconds[part] = time.perf_counter() - started
            peak = max(peak, usage.ru_maxrss / 1024)
            if status:
                raise SystemExit(said)
    return (args.images - args.few) / (seconds["all"] - seconds["few"]), peak


def best(runs):
    """The best pace and the least memory of several runs."""
    runs = list(runs)
    return max(pace for pace, _ in runs), min(memory for _, memory in runs)


def most_useful(args, network):
    """The number of the loader's workers that is fastest."""
    if len(args.workers) == 1:
        return args.workers[0]
    return max(args.workers, key=lambda n: peer(args, "loader", network, n)[0])


def measure(args, network):
    def row(name, pace, memory, beside):
        ratios = "".join(f"{pace / other:9.2f}" if other else f"{'':9}" for other in beside)
        print(f"{network:<10}{name:<12}{pace:>10.1f}{ratios}{memory:>9.0f}", flush=True)

    times = range(args.times)
    workers = most_useful(args, network)
    sides = {"featscope": [], "all layers": [], "loader": [], "forward": []}
    for _ in times:
        sides["featscope"].append(ours(args, network, "backbone"))
        sides["loader"].append(peer(args, "loader", network, workers))
        sides["forward"].append(peer(args, "forward", network))
        sides["all layers"].append(ours(args, network, "all"))
    sides = {name: best(runs) for name, runs in sides.items()}
    loader, forward = sides["loader"][0], sides["forward"][0]
    for name, (pace, memory) in sides.items():
        own = name in ("featscope", "all layers")
        row(f"{name}/{workers}" if name == "loader" else name, pace, memory, (loader, forward) if own else ())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, help="the built featscope-extract")
    parser.add_argument("networks", nargs="*", default=["resnet50", "vit_b_16"], help="torchvision's names")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:INDEX")
    parser.add_argument("--precision", default="f32", choices=["f32", "bf16"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch-size", type=int, help="images in a forward pass (32; on a GPU 256)")
    parser.add_argument("--images", type=int, help="how many (256; on a GPU 16384)")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--workers", type=lambda s: [int(n) for n in s.split(",")], help="workers of the loader to try")
    parser.add_argument("--libtorch", help="folder of a libtorch with CUDA")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--network", help=argparse.SUPPRESS)
    args = parser.parse_args()
    kind = args.device.split(":")[0]
    args.batch_size = args.batch_size or BATCH[kind]
    if args.peer:
        args.workers = args.workers[0]
        return Peer(args).main()
    args.images = args.images or (256 if kind == "cpu" else 16384)
    args.few = 2 * args.batch_size
    args.workers = args.workers or sorted({0, 1, args.threads // 2, args.threads})
    with tempfile.TemporaryDirectory() as folder:
        args.folder = Path(folder)
        draw(args.folder / "all" / "one", args.images, 512)
        (args.folder / "few" / "one").mkdir(parents=True)
        for path in sorted((args.folder / "all" / "one").iterdir())[: args.few]:
            os.link(path, args.folder / "few" / "one" / path.name)
        save_networks(args.folder, args.networks)
        print(f"{args.images} JPEGs of {WIDTH} by {HEIGHT}, {args.device}, {args.precision}, batch {args.batch_size}, {args.threads} threads")
        print(f"{'network':<10}{'':<12}{'images/s':>10}{'/loader':>9}{'/forward':>9}{'MB':>9}")
        decode = max(ours(args, "nothing", "all")[0] for _ in range(args.times))
        workers = most_useful(args, "nothing")
        theirs = max(peer(args, "loader", "nothing", workers)[0] for _ in range(args.times))
        print(f"{'decode':<10}{'featscope':<12}{decode:>10.1f}{decode / theirs:9.2f}")
        print(f"{'decode':<10}{f'loader/{workers}':<12}{theirs:>10.1f}", flush=True)
        for network in args.networks:
            measure(args, network)


if __name__ == "__main__":
    main()
