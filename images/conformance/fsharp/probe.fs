open System
open System.IO

[<EntryPoint>]
let main arguments =
    let lines = Console.In.ReadToEnd().TrimEnd('\n').Split('\n')
    printfn "hello"
    printfn "stdin=%s" (String.Join("|", lines))
    printfn "file=%s" (File.ReadAllText("/tmp/input/input.txt").Trim())
    printfn "args=%s" (String.Join("|", arguments))
    printfn "env=%s" (Environment.GetEnvironmentVariable "UNSANDBOX_PROBE")
    printfn "utf8=Grüße 世界 🚀"
    eprintfn "to stderr"
    File.WriteAllText("/tmp/artifacts/probe.txt", "artifact\n")
    7
