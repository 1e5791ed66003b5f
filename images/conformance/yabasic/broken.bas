print "hello"
if 1 < 2 then
  print "hello again
next
