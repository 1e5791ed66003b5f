int main() {
    write("hello\n");
    array(int) numbers = ({ 1, 2 ;
    return undeclared;
