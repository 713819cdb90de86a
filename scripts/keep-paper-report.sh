#!/usr/bin/env bash
# Copies what the paper in small gave into reports/paper: of each part that is there the tables and two pictures, the page of the
# main one, the predictors of transfer, and the numbers, to nine digits and without the replicates that make them megabytes.
# `make paper-keep` runs it. The page that says what it means, reports/paper/README.md, is written by hand.
set -euo pipefail
cd "$(dirname "$0")/.."
from=paper
to=reports/paper
for part in final longer projector fashion; do
    [ -f $from/$part/report/index.html ] || { echo "keep-paper-report: $from/$part is not there and left out; 'make paper' makes it" >&2; continue; }
    rm -rf ${to:?}/$part
    mkdir -p $to/$part/figures
    cp $from/$part/report/report.md $to/$part/
    # One whole page; the others would add megabytes, and `make paper` has them.
    if [ $part = final ]; then cp $from/$part/report/index.html $to/$part/; fi
    # A part measured at the backbone alone has no picture of depth.
    for figure in axes transfer-depth; do
        if [ -f $from/$part/report/figures/$figure.svg ]; then cp $from/$part/report/figures/$figure.svg $to/$part/figures/; fi
    done
    # A section of a figure that is not kept goes with it.
    python3 - $to/$part <<'PYTHON'
import re
import sys
from pathlib import Path

folder = Path(sys.argv[1])
page = folder / "report.md"
sections = re.split(r"(?m)^(?=## )", page.read_text())


def is_kept(section):
    figure = re.search(r"!\[[^]]*\]\((figures/[^)]+)\)", section)
    return not figure or (folder / figure[1]).exists()


page.write_text("".join(filter(is_kept, sections)))
PYTHON
done
if [ -f $from/predictors/index.html ]; then
    rm -rf $to/predictors
    mkdir -p $to/predictors
    cp $from/predictors/{index.html,correlation.json} $to/predictors/
fi
for part in final longer projector fashion; do
    [ -f $to/$part/report.md ] || continue
    python3 - $from/$part/results.json $to/$part/results.json <<'PYTHON'
import json
import sys


def short(value):
    """Nine digits of a number."""
    return float(f"{value:.9g}") if isinstance(value, float) else value


# Below and above the backbone: transfer and the paper's own number for each axis.
EVERYWHERE = {"linear_top1", "knn_top1", "ncm_top1", "discriminative_ratio", "feature_mixtureness", "redundancy"}
results = json.load(open(sys.argv[1]))
kept = [r for r in results["records"] if r["layer"] == "backbone" or r["metric"] in EVERYWHERE]
results["records"] = [{k: short(v) for k, v in r.items() if v is not None and k != "replicates"} for r in kept]
with open(sys.argv[2], "w") as out:
    # One record a line, so that a change can be read.
    records = results.pop("records")
    out.write(json.dumps(results)[:-1] + ', "records": [\n')
    out.write(",\n".join(json.dumps(record, separators=(",", ":")) for record in records) + "\n]}\n")
PYTHON
done
du -sh $to $to/*
