[<EntryPoint>]
let main arguments =
    printfn "hello
    undeclared
