#!/usr/bin/env bash
# The embedded model from nothing: bash colorgan/training/recipes/generator.sh PHOTOS_DIR [EPOCHS_AT_96 [EPOCHS_AT_128]].
# The rate is constant but for the last epoch, so that a run can be stopped, resumed and made longer at any time.
set -euo pipefail
here=$(dirname "$0")

colorgan prepare "$1" generator/shards --size 144 --min-colorfulness 8 --drop-duplicates
colorgan-train generator/shards --config "$here/generator.toml" -o generator/at96 --epochs "${2:-5}" --decay-epochs 1
colorgan-train generator/shards --config "$here/generator.toml" -o generator/at128 --epochs "${3:-2}" --decay-epochs 1 \
    --size 128 --start-from generator/at96/last.pt
colorgan merge generator/at128/last.pt -o generator/generator.pt --half-weights --strength "${STRENGTH:-1.27}"
colorgan-export generator/generator.pt -o generator --half-weights --native-size "${NATIVE_SIZE:-96}" \
    --license Apache-2.0 --model-card "$here/../../models/MODEL_CARD.md"
