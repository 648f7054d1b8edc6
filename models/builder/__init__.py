"""Builds model.onnx from pinned weights; runs when the wheel is built, never when it is used."""
