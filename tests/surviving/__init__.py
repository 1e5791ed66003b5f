"""What the loop survives: a real ``unsandbox run`` over hosts that are fakes, while the machine under it breaks.

Belongs here: full disks, lost files, few handles, deaf streams, hosts that hang while it ends. Faults on real daemons are in
``tests.chaos`` and ``tests.soak``.
"""
