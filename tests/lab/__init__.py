"""Real LXD daemons for tests: each in namespaces of its own, all gone when the run ends, however it ends.

`lab` makes a run and its network, `daemon` is one LXD, `space` the namespaces it lives in, `keeper` the process that holds them,
`cgroups` the run's own branch of every hierarchy, `rest` the bare REST door, `clean` empties a daemon between tests, `sweep` removes what a
killed run left.
Nothing of `reconciler` is imported here: what the tests assert with must not share the defects of what they test.
"""
