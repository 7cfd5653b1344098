"""The datasets the field uses, one module each, read into the same table of labelled faces."""
