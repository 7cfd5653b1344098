"""The web page: a visitor's own camera or pictures, with the faces in them and what they express.

`server.py` serves the files of `static/` and one WebSocket, over which a page sends JPEG pictures, one at a time, and
gets `answers.py`'s answers. Every visitor has an engine of their own; pictures are in memory only, until answered.
"""
