"""Faces that are the same picture, though not the same pixels: cropped, scaled, brightened, stamped or mirrored."""
