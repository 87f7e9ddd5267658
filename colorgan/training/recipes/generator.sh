#!/usr/bin/env bash
# The embedded model from nothing: bash colorgan/training/recipes/generator.sh PHOTOS_DIR [EPOCHS].
# The rate is constant but for the last epoch, so that a run can be stopped, resumed and made longer at any time.
set -euo pipefail
here=$(dirname "$0")
epochs=${2:-5}

colorgan prepare "$1" generator/shards --size 144 --min-colorfulness 8 --drop-duplicates
colorgan-train generator/shards --config "$here/generator.toml" -o generator/run --epochs "$epochs" --decay-epochs 1
colorgan merge generator/run/last.pt -o generator/generator.pt --half-weights --strength "${STRENGTH:-1.235}"
colorgan-export generator/generator.pt -o generator --half-weights --license Apache-2.0 \
    --model-card "$here/../../models/MODEL_CARD.md"
