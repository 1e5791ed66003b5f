print "hello"
if true then
    undeclared(
