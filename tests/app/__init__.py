"""Use cases that need no LXD: reading repositories, plan files, the writer's lock."""
