"""What an evaluation of the expression network says: figures with their intervals, calibration, pictures, one page."""
