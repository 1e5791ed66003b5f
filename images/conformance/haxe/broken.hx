class Main {
    static function main() {
        Sys.println("hello");
        final number:Int = "one";
    }
}
