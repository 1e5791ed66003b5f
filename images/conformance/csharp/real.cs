using System;
using System.Collections.Generic;
using System.Linq;

static class Program
{
    static void Main()
    {
        var numbers = new List<int>();
        for (int n = 0, x = 42; n < 5000; n++)
            numbers.Add(x = (x * 3877 + 29573) % 139968);
        numbers.Sort();

        var counts = new Dictionary<int, int>();
        foreach (var number in numbers)
        {
            counts.TryGetValue(number % 1000, out var count);
            counts[number % 1000] = count + 1;
        }
        var most = counts.OrderByDescending(each => each.Value).ThenBy(each => each.Key).First();

        int checksum = 0, loop = 0;
        for (var n = 0; n < numbers.Count; n++)
            checksum = (checksum + numbers[n] * (n % 7)) % 1000003;
        for (var i = 1; i <= 200000; i++)
            loop += (i % 7) * (i % 7) % 7;

        Console.WriteLine($"sorted {numbers[0]} {numbers[2500]} {numbers[numbers.Count - 1]}");
        Console.WriteLine($"distinct {counts.Count}");
        Console.WriteLine($"most {most.Key} {most.Value}");
        Console.WriteLine($"checksum {checksum}");
        Console.WriteLine($"loop {loop}");
    }
}
