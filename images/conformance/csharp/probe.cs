using System;
using System.Collections.Generic;
using System.IO;

static class Program
{
    static int Main(string[] args)
    {
        var lines = new List<string>();
        for (string line; (line = Console.ReadLine()) != null;)
            lines.Add(line);
        Console.WriteLine("hello");
        Console.WriteLine("stdin=" + string.Join("|", lines));
        Console.WriteLine("file=" + File.ReadAllText("/tmp/input/input.txt").Trim());
        Console.WriteLine("args=" + string.Join("|", args));
        Console.WriteLine("env=" + Environment.GetEnvironmentVariable("UNSANDBOX_PROBE"));
        Console.WriteLine("utf8=Grüße 世界 🚀");
        Console.Error.WriteLine("to stderr");
        File.WriteAllText("/tmp/artifacts/probe.txt", "artifact\n");
        return 7;
    }
}
