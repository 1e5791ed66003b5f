BEGIN {
    print "hello"
    if (1 {
