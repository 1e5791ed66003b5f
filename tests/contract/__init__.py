"""What is true of a real LXD and of the fake while it does not lie, in one suite; and what each lie must come to."""
