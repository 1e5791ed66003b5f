"""The guard's rules in four parts, each in order: what is seen, what is meant, which object it is, what may be done with it."""
