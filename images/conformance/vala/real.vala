void main () {
    int[] numbers = new int[5000];
    int x = 42;
    for (int n = 0; n < numbers.length; n++)
        numbers[n] = x = (x * 3877 + 29573) % 139968;
    Posix.qsort (numbers, numbers.length, sizeof (int), (a, b) => *(int*) a - *(int*) b);

    var counts = new HashTable<int, int> (direct_hash, direct_equal);
    foreach (int number in numbers)
        counts[number % 1000] = counts[number % 1000] + 1;
    int key = 0, most = 0;
    counts.foreach ((each, times) => {
        if (times > most || (times == most && each < key)) {
            key = each;
            most = times;
        }
    });

    int checksum = 0, loop = 0;
    for (int n = 0; n < numbers.length; n++)
        checksum = (checksum + numbers[n] * (n % 7)) % 1000003;
    for (int i = 1; i <= 200000; i++)
        loop += (i % 7) * (i % 7) % 7;

    print ("sorted %d %d %d\n", numbers[0], numbers[2500], numbers[4999]);
    print ("distinct %u\n", counts.size ());
    print ("most %d %d\n", key, most);
    print ("checksum %d\n", checksum);
    print ("loop %d\n", loop);
}
