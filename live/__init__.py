"""Expressions as they happen: faces found, followed and read in a picture, a film or a camera's pictures.

`sources.py` gives frames, `engine.py` finds the faces of each and knows them from frame to frame, `drawing.py` paints
them, `show.py` runs it all and hands every frame to the outputs: a window, a film, lines of JSON, a report.
"""
