fun main () =
  ( print "hello\n"
  ; undeclared (
