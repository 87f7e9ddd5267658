"""python torchscript_python.py MODEL.torchscript PHOTO RESULT: color a photograph by PyTorch alone."""

import json
import sys

import numpy as np
import torch
from PIL import Image

model, photo, result = sys.argv[1:]
metadata = {"colorgan": ""}
network = torch.jit.load(model, _extra_files=metadata)
size = json.loads(metadata["colorgan"])["native_size"]
luma = Image.open(photo).convert("L")
small = torch.from_numpy(np.array(luma.resize((size, size))))[None, None]  # uint8 (1, 1, size, size)
with torch.inference_mode():
    chroma = network(small)[0].numpy()  # uint8 (2, size, size): Cb and Cr
planes = [luma, *(Image.fromarray(plane).resize(luma.size) for plane in chroma)]
Image.merge("YCbCr", planes).convert("RGB").save(result)
