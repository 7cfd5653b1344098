"""OpenCV 3.4's own programs, found, built, run and understood; and what this OpenCV can do."""
