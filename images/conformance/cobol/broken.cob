identification division.
program-id. broken.
procedure division.
    display "hello"
    move undeclared to
    stop run.
