using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;

static class Program
{
    static async Task<int> Main(string[] args)
    {
        var input = (await Console.In.ReadToEndAsync()).AsSpan().TrimEnd('\n').ToString();
        var value = Environment.GetEnvironmentVariable("UNSANDBOX_PROBE") switch { null => "none", var text => text };
        Console.WriteLine("hello");
        Console.WriteLine("stdin=" + string.Join('|', input.Split('\n')));
        Console.WriteLine("file=" + File.ReadLines("/tmp/input/input.txt").Single());
        Console.WriteLine("args=" + string.Join('|', args));
        Console.WriteLine("env=" + value);
        Console.WriteLine("utf8=Grüße 世界 🚀");
        Console.Error.WriteLine("to stderr");
        await File.WriteAllTextAsync("/tmp/artifacts/probe.txt", "artifact\n");
        return 7;
    }
}
