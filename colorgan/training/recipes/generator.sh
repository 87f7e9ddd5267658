#!/usr/bin/env bash
# The embedded model from nothing: bash colorgan/training/recipes/generator.sh PHOTOS_DIR. Why so: ../../models/MODEL_CARD.md.
set -euo pipefail
here=$(dirname "$0")
train="colorgan-train generator/shards --config $here/generator.toml"
merge="colorgan merge"

colorgan prepare "$1" generator/shards --size 128 --min-colorfulness 8 --drop-duplicates
$train --epochs 12 --warmup-epochs 3 --learning-rate 1e-3 -o generator/1
$merge generator/1/best.pt generator/1/last.pt -o generator/1/merged.pt
$train --epochs 3 --warmup-epochs 1 --learning-rate 3e-4 -o generator/2 --start-from generator/1/merged.pt
$merge generator/2/best.pt generator/2/last.pt -o generator/2/merged.pt
$train --epochs 3 --warmup-epochs 1 --learning-rate 3e-4 -o generator/3 --start-from generator/2/merged.pt
$merge generator/3/best.pt generator/3/last.pt -o generator/generator.pt --strength 1.33
colorgan-export generator/generator.pt -o generator --half-weights --native-size 96 \
    --license Apache-2.0 --model-card "$here/../../models/MODEL_CARD.md"
