let numbers =
    Seq.unfold (fun x -> let next = (x * 3877 + 29573) % 139968 in Some(next, next)) 42
    |> Seq.take 5000
    |> Seq.sort
    |> Array.ofSeq

let counts = System.Collections.Generic.Dictionary<int, int>()

for number in numbers do
    let known, count = counts.TryGetValue(number % 1000)
    counts.[number % 1000] <- if known then count + 1 else 1

let most = counts |> Seq.minBy (fun pair -> -pair.Value, pair.Key)
let checksum = numbers |> Array.indexed |> Array.fold (fun sum (n, number) -> (sum + number * (n % 7)) % 1000003) 0
let looped = Seq.init 200000 (fun n -> n + 1) |> Seq.sumBy (fun i -> (i % 7) * (i % 7) % 7)

printfn "sorted %d %d %d" numbers.[0] numbers.[2500] numbers.[4999]
printfn "distinct %d" counts.Count
printfn "most %d %d" most.Key most.Value
printfn "checksum %d" checksum
printfn "loop %d" looped
