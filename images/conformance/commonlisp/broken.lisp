(progn
  (format t "hello~%"
  (undeclared)
