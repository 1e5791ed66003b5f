fn main() {
    println!("hello")
    undeclared
