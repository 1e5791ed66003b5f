"""The house itself: what there is is documented, what is documented is there, and every file is of a size to be read."""
