(begin
  (display "hello\n"
  (undeclared)
