#!/usr/bin/env bash
# Copies the demo's report into reports/demo, where the README shows it: the page, the tables as text, the figures as
# SVG and the README's picture, but not the megabytes of records behind them. `make demo-report` runs it after the demo.
set -euo pipefail
cd "$(dirname "$0")/.."
from=demo/report
to=reports/demo
[ -f $from/index.html ] || { echo "keep-demo-report: run 'make demo' first" >&2; exit 2; }
rm -rf $to
mkdir -p $to/figures $to/tables
cp $from/index.html $from/report.md $to/
cp $from/figures/*.svg $to/figures/
cp $from/figures/axes.png $to/figures/
cp $from/tables/*.tex $to/tables/
cp $from/tables/class-variation.csv $from/tables/distribution-distance.csv $from/tables/redundancy.csv $to/tables/
du -sh $to
