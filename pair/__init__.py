"""A cascade and an expression network together: a picture in, faces with their expressions out."""
