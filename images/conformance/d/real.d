import std.algorithm : minElement, sort;
import std.stdio : writefln;
import std.typecons : tuple;

void main()
{
    int[] numbers;
    int x = 42;
    foreach (n; 0 .. 5000)
        numbers ~= x = (x * 3877 + 29573) % 139968;
    numbers.sort();

    int[int] counts;
    foreach (number; numbers)
        counts[number % 1000]++;
    auto most = counts.byKeyValue.minElement!(each => tuple(-each.value, each.key));

    long checksum = 0, loop = 0;
    foreach (n, number; numbers)
        checksum = (checksum + number * cast(long)(n % 7)) % 1000003;
    foreach (i; 1 .. 200_001)
        loop += (i % 7) * (i % 7) % 7;

    writefln("sorted %d %d %d", numbers[0], numbers[2500], numbers[$ - 1]);
    writefln("distinct %d", counts.length);
    writefln("most %d %d", most.key, most.value);
    writefln("checksum %d", checksum);
    writefln("loop %d", loop);
}
