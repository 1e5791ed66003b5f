proc greeted {} {
    puts "hello"
    if {1 < 2} {
}
greeted
