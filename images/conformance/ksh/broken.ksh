function greeted {
    print "hello"
    if ((1 < 2)); then
}
greeted
