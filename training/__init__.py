"""The corpus of invented posts and the training of the reader on it. Not part of the installed product."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before onnxruntime is imported; bot/reader.py says why
