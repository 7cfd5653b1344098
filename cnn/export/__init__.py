"""Out of the factory: a trained network as ONNX and TFLite files, checked against Keras face by face.

`folding.py` makes the network lighter, `formats.py` converts it, `runtimes.py` runs the results, `step.py` is the
step that does all this and writes down how far they agree.
"""
