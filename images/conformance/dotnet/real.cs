using System;
using System.Collections.Generic;
using System.Linq;

static class Program
{
    static IEnumerable<int> Numbers(int x)
    {
        for (;;)
            yield return x = (x * 3877 + 29573) % 139968;
    }

    static void Main()
    {
        var numbers = Numbers(42).Take(5000).OrderBy(number => number).ToArray();
        var counts = new Dictionary<int, int>();
        foreach (var number in numbers)
            counts[number % 1000] = counts.GetValueOrDefault(number % 1000) + 1;
        var (key, most) = counts.OrderByDescending(each => each.Value).ThenBy(each => each.Key).First();

        int checksum = 0, loop = 0;
        for (var n = 0; n < numbers.Length; n++)
            checksum = (checksum + numbers[n] * (n % 7)) % 1000003;
        for (var i = 1; i <= 200000; i++)
            loop += (i % 7) * (i % 7) % 7;

        Console.WriteLine($"sorted {numbers[0]} {numbers[2500]} {numbers[^1]}");
        Console.WriteLine($"distinct {counts.Count}");
        Console.WriteLine($"most {key} {most}");
        Console.WriteLine($"checksum {checksum}");
        Console.WriteLine($"loop {loop}");
    }
}
