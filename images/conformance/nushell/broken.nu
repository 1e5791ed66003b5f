def main [...arguments: string] {
    print "hello"
    if true {
        print "hello again"
}
