int main() {
    int x = 42;
    array(int) numbers = ({});
    for (int n = 0; n < 5000; n++) {
        x = (x * 3877 + 29573) % 139968;
        numbers += ({ x });
    }
    sort(numbers);

    mapping(int:int) counts = ([]);
    foreach (numbers, int number)
        counts[number % 1000]++;
    int key, most;
    foreach (counts; int each; int count)
        if (count > most || (count == most && each < key)) {
            key = each;
            most = count;
        }

    int checksum, sum;
    foreach (numbers; int n; int number)
        checksum = (checksum + number * (n % 7)) % 1000003;
    for (int i = 1; i <= 200000; i++)
        sum += (i % 7) * (i % 7) % 7;

    write("sorted %d %d %d\n", numbers[0], numbers[2500], numbers[-1]);
    write("distinct %d\n", sizeof(counts));
    write("most %d %d\n", key, most);
    write("checksum %d\n", checksum);
    write("loop %d\n", sum);
    return 0;
}
