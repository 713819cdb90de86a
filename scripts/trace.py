#!/usr/bin/env python3
"""Turns any PyTorch network into a TorchScript file that featscope extracts layers from.

    python scripts/trace.py 'torchvision.models.mobilenet_v2(weights="DEFAULT")' --out mobilenet_v2.pt \\
        --layers 'stage{}=features.*' backbone=features logits=classifier

    featscope inspect mobilenet_v2.pt
    featscope extract --model mobilenet_v2.pt --trust-code --data photos --out features/mobilenet_v2

The network is a Python expression; the modules it names are imported. Or from Python: `trace(module, layers, "out.pt")`.

A layer is NAME=MODULE or NAME=MODULE:POOLING. MODULE is a module's name (`named_modules()`) or a pattern: `features.*` stands
for each of its matches, and {} in NAME for its number from 1. POOLING says how an output becomes one row for each image:
average (maps over their positions; the default for them), first (the first token; the default for tokens), mean (of all
tokens), patches (the mean of all tokens but the first), none. A module whose output is a tuple, a list or a dictionary gives
its first tensor. Where no layer is called backbone, the network's own output is `output`.

What is written is traced on images of the network's size, then run on others beside the network itself; files whose features
differ by more than --tolerance of a layer's scale are not written. How images are prepared, what was traced, with which
libraries and how well it agreed lies inside the file, where featscope reads it.
"""
import argparse
import ast
import builtins
import fnmatch
import importlib
import json
import platform
import sys
from pathlib import Path

import torch
from torch import nn

SCHEMA = "featscope/trace/1"
POOLINGS = ("average", "first", "mean", "patches", "none")
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def first_tensor(output):
    """The first tensor of what a module returned."""
    if isinstance(output, torch.Tensor):
        return output
    members = output.values() if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else ()
    for member in members:
        found = first_tensor(member)
        if found is not None:
            return found
    return None


def pool(tensor, how):
    """One row for each image."""
    if how == "none" and tensor.dim() != 2:
        raise ValueError(f"an output of shape {tuple(tensor.shape)} is not one row for each image")
    if tensor.dim() == 2:
        return tensor
    if tensor.dim() == 4 and how in (None, "average"):
        return tensor.mean((2, 3))
    if tensor.dim() == 3:
        if how in (None, "first"):
            return tensor[:, 0]
        if how == "mean":
            return tensor.mean(1)
        if how == "patches":
            return tensor[:, 1:].mean(1)
    raise ValueError(f"an output of shape {tuple(tensor.shape)} cannot be pooled by {how or 'default'}")


class Layers(nn.Module):
    """The network, returning a dictionary of rows by layer."""

    def __init__(self, network, layers):
        super().__init__()
        self.network = network
        self.layers = layers

    def forward(self, images):
        seen, handles = {}, []
        for module in {module for _, module, _ in self.layers if module}:
            keep = lambda _module, _inputs, output, name=module: seen.setdefault(name, []).append(output)  # noqa: E731
            handles.append(self.network.get_submodule(module).register_forward_hook(keep))
        try:
            whole = self.network(images)
        finally:
            for handle in handles:
                handle.remove()
        rows = {}
        for name, module, how in self.layers:
            outputs = seen.get(module, []) if module else [whole]
            if len(outputs) > 1:
                raise ValueError(f"{module} runs {len(outputs)} times in one pass; name a module that runs once")
            tensor = first_tensor(outputs[0]) if outputs else None
            if tensor is None:
                raise ValueError(f"{module or 'the network'} gives no tensor for layer {name}")
            rows[name] = pool(tensor, how).float()
        return rows


def chosen(network, specs):
    """(name, module, pooling) of every layer, in the order of the specs."""
    modules = [name for name, _ in network.named_modules() if name]
    layers = []
    for spec in specs:
        name, _, place = spec.partition("=")
        module, _, how = place.partition(":")
        if not name or not module or (how and how not in POOLINGS):
            raise ValueError(f"layer {spec!r}: expected NAME=MODULE or NAME=MODULE:POOLING, POOLING one of {', '.join(POOLINGS)}")
        # A star stands for one part of a name: features.* is features.0 and not features.0.1.
        depth = module.count(".")
        found = [m for m in modules if m.count(".") == depth and fnmatch.fnmatchcase(m, module)]
        if not found:
            near = [m for m in modules if m.split(".")[0] == module.split(".")[0]] or modules
            raise ValueError(f"layer {spec!r}: no module {module}; there are {', '.join(near[:8])}, …")
        if len(found) > 1 and "{}" not in name:
            raise ValueError(f"layer {spec!r}: {module} fits {len(found)} modules; write {{}} in the name for their number")
        layers += [(name.replace("{}", str(i)), m, how or None) for i, m in enumerate(found, 1)]
    names = [name for name, _, _ in layers]
    if len(set(names)) < len(names):
        raise ValueError("two layers have one name")
    return layers if "backbone" in names else layers + [("output", None, None)]


def preparation(network, size, mean=None, std=None, resize=None, interpolation=None):
    """How images are prepared, in featscope's words: as asked, else as timm says of its networks, else ImageNet's way."""
    config = getattr(network, "pretrained_cfg", None) or {}
    if size is None:
        size = config["input_size"][-1] if config.get("input_size") else 224
    share = config.get("crop_pct") or 0.875
    return {
        "resize": {"shorter": resize or int(size / share)},
        "interpolation": interpolation or config.get("interpolation") or "bilinear",
        "crop": [size, size],
        "mean": list(mean or config.get("mean") or IMAGENET[0]),
        "std": list(std or config.get("std") or IMAGENET[1]),
    }


def trace(network, layers, out, *, size=None, said=None, tolerance=1e-5, **prepared):
    """Writes `network` as TorchScript with these layers ("NAME=MODULE[:POOLING]") to `out`; what stands inside is returned.

    `said` is what the network is called; `mean`, `std`, `resize` and `interpolation` say how images are prepared.
    """
    network = network.eval().cpu().float()
    prepared = preparation(network, size, **prepared)
    wrapped = Layers(network, chosen(network, layers)).eval()
    side = prepared["crop"][0]
    draw = torch.Generator().manual_seed(0)
    images = lambda n: torch.randn(n, 3, side, side, generator=draw)  # noqa: E731
    with torch.no_grad():
        script = torch.jit.trace(wrapped, images(2), strict=False, check_trace=False)
        # Other images, and another number of them: what tracing froze shows here.
        errors = {}
        for batch in (images(1), images(3)):
            try:
                rows, traced = wrapped(batch), script(batch)
            except RuntimeError as error:
                why = str(error).strip().splitlines()[-1]
                raise ValueError(f"traced on 2 images, it fails on {len(batch)}: {why} (count images by x.shape[0])") from None
            for name, expected in rows.items():
                scale = expected.abs().max().clamp_min(1e-12)
                error = ((traced[name] - expected).abs().max() / scale).item() if traced[name].shape == expected.shape else 1.0
                errors.setdefault(name, []).append(error)
    # A NaN is in no order: it must not be lost in a maximum.
    errors = {name: next((e for e in found if e != e), max(found)) for name, found in errors.items()}
    wrong = [f"{name} ({error:.1e})" for name, error in errors.items() if not error <= tolerance]
    if wrong:
        raise ValueError(f"traced features differ from the network's own: {', '.join(wrong)}; its code depends on its input")
    libraries = {name: module.__version__ for name, module in sys.modules.items() if name in LIBRARIES}
    note = {
        "schema": SCHEMA,
        "network": said or type(network).__name__,
        "libraries": {"python": platform.python_version(), **dict(sorted(libraries.items()))},
        "layers": [
            {"name": name, "module": module or "", "pooling": how or "default", "error": errors[name]}
            for name, module, how in wrapped.layers
        ],
        "preprocess": prepared,
    }
    torch.jit.save(script, str(out), _extra_files={"featscope.json": json.dumps(note)})
    return note


LIBRARIES = {"torch", "torchvision", "timm", "transformers", "open_clip", "numpy"}


def built(expression):
    """The value of a Python expression, the modules it names imported."""
    names = {}
    tree = ast.parse(expression, mode="eval")
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)} | set(dir(builtins))
    for node in ast.walk(tree):
        path = []
        while isinstance(node, ast.Attribute):
            path.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id not in bound:
            path.insert(0, node.id)
            names[node.id] = importlib.import_module(node.id)
            for end in range(2, len(path)):
                try:
                    importlib.import_module(".".join(path[:end]))
                except ModuleNotFoundError:
                    break
    return eval(expression, names)  # the user's own expression, as in python -c


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", help="a Python expression that gives a torch.nn.Module")
    parser.add_argument("--layers", nargs="+", default=[], metavar="NAME=MODULE[:POOLING]")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.pt")
    parser.add_argument("--size", type=int, help="side of the images [default: what timm says, else 224]")
    parser.add_argument("--resize", type=int, help="length of the shorter side before the crop [default: size / 0.875]")
    parser.add_argument("--interpolation", choices=["bilinear", "bicubic"])
    parser.add_argument("--mean", type=float, nargs=3, help="of each channel, for values in 0..1 [default: ImageNet's]")
    parser.add_argument("--std", type=float, nargs=3)
    parser.add_argument("--tolerance", type=float, default=1e-5)
    parser.add_argument("--modules", action="store_true", help="list the network's modules and write nothing")
    args = parser.parse_args()
    sys.path.insert(0, "")
    try:
        network = built(args.network)
        if not isinstance(network, nn.Module):
            raise ValueError(f"{args.network} gives a {type(network).__name__}; expected a torch.nn.Module")
        if args.modules:
            print("\n".join(f"{name}: {type(module).__name__}" for name, module in network.named_modules() if name))
            return
        note = trace(
            network,
            args.layers,
            args.out,
            size=args.size,
            said=args.network,
            tolerance=args.tolerance,
            resize=args.resize,
            interpolation=args.interpolation,
            mean=args.mean,
            std=args.std,
        )
    except (ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, OSError, RuntimeError,
            SyntaxError, TypeError, ValueError) as error:
        sys.exit(f"trace.py: {type(error).__name__}: {str(error).strip().splitlines()[-1] if str(error).strip() else 'no reason given'}")
    worst = max(layer["error"] for layer in note["layers"])
    print(f"{args.out}: {', '.join(layer['name'] for layer in note['layers'])}; largest error {worst:.1e} of a layer's scale")


if __name__ == "__main__":
    main()
