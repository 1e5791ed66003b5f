Imports System
Imports System.IO

Module Program
    Function Main(args As String()) As Integer
        Dim lines = Console.In.ReadToEnd().TrimEnd(ControlChars.Lf).Split(ControlChars.Lf)
        Console.WriteLine("hello")
        Console.WriteLine("stdin=" & String.Join("|", lines))
        Console.WriteLine("file=" & File.ReadAllText("/tmp/input/input.txt").Trim())
        Console.WriteLine("args=" & String.Join("|", args))
        Console.WriteLine("env=" & Environment.GetEnvironmentVariable("UNSANDBOX_PROBE"))
        Console.WriteLine("utf8=Grüße 世界 🚀")
        Console.Error.WriteLine("to stderr")
        File.WriteAllText("/tmp/artifacts/probe.txt", "artifact" & ControlChars.Lf)
        Return 7
    End Function
End Module
