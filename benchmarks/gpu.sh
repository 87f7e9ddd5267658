#!/usr/bin/env bash
# All that only a GPU can show, in 8 minutes: a JSON for each part in benchmarks/results/.
#
#   benchmarks/gpu.sh wheels [FOLDER]   collects what it needs, on a machine with a network   (default: wheels/)
#   benchmarks/gpu.sh                   runs; with that folder beside it, in a virtual environment of its own,
#                                       without a network
#   DEVICE=cpu benchmarks/gpu.sh        rehearses the same on a CPU, with small batches
#
# PHOTOS names a folder of photographs, the examples by default, MODEL a checkpoint for the runtimes to compare.
set -uo pipefail
cd "$(dirname "$0")/.."
wheels=${2:-wheels}
if [ "${1:-}" = wheels ]; then exec pip wheel --wheel-dir "$wheels" '.[cuda,dev]'; fi

device=${DEVICE:-cuda} photos=${PHOTOS:-examples} failed=0
if [ -d "$wheels" ]; then
    python3 -m venv build/gpu || exit 1
    . build/gpu/bin/activate
    pip install --quiet --no-index --find-links "$wheels" 'colorgan[cuda,dev]' || exit 1
fi
if [ "$device" = cuda ]; then
    batches=1,4,16,64,256 runtimes=() only='1 MP, gray JPEG;4 MP, gray JPEG;1 MP, PNG' rounds=7 step=(--size 256 --batch-size 32)
else
    batches=1,2 runtimes=(--only 'PyTorch eager, fp32;TorchScript, fp32;onnxruntime, fp32')
    only='0.3 MP, gray JPEG' rounds=2 step=(--size 64 --batch-size 2 --rounds 2)
fi

part() { # SECONDS COMMAND...: a part that fails or hangs does not keep the others from running
    local limit=$1
    shift
    echo "== $*"
    timeout --kill-after=5 "$limit" "$@" || { echo "failed: $*" >&2 && failed=1; }
}

part 90 python -m benchmarks.gpu_tests
part 210 python benchmarks/backends.py ${MODEL:+"$MODEL"} --device "$device" --sizes 96 --batch-sizes "$batches" \
    --rounds "$rounds" --minutes 2.5 "${runtimes[@]}" --name "${device}_backends"
part 120 python benchmarks/end_to_end.py "$photos" --device "$device" --only "$only" --rounds "$rounds" \
    --name "${device}_end_to_end"
part 50 python -m benchmarks.training "$photos" --device "$device" --precision bf16 "${step[@]}" \
    --name "${device}_training_step"
exit $failed
