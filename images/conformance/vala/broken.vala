void main () {
    print ("hello\n")
    undeclared ();
}
