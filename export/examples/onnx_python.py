"""python onnx_python.py MODEL.onnx PHOTO RESULT: color a photograph by onnxruntime alone."""

import json
import sys

import numpy as np
import onnxruntime as ort
from PIL import Image

model, photo, result = sys.argv[1:]
session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
size = json.loads(session.get_modelmeta().custom_metadata_map["colorgan"])["native_size"]
luma = Image.open(photo).convert("L")
small = np.asarray(luma.resize((size, size)))[None, None]  # uint8 (1, 1, size, size)
chroma = session.run(["chroma"], {"luma": small})[0][0]  # uint8 (2, size, size): Cb and Cr
planes = [luma, *(Image.fromarray(plane).resize(luma.size) for plane in chroma)]
Image.merge("YCbCr", planes).convert("RGB").save(result)
