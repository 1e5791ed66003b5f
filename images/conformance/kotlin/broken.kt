fun main() {
    println("hello"
    undeclared
}
