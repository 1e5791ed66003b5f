let () =
  let x = ref 42 in
  let next _ = x := (!x * 3877 + 29573) mod 139968; !x in
  let numbers = Array.init 5000 next in
  Array.sort compare numbers;

  let counts = Hashtbl.create 1000 in
  let count number =
    let key = number mod 1000 in
    Hashtbl.replace counts key (1 + Option.value ~default:0 (Hashtbl.find_opt counts key))
  in
  Array.iter count numbers;
  let more each times (key, most) =
    if times > most || (times = most && each < key) then (each, times) else (key, most)
  in
  let key, most = Hashtbl.fold more counts (0, 0) in

  let checksum = ref 0 and total = ref 0 in
  Array.iteri (fun n number -> checksum := (!checksum + number * (n mod 7)) mod 1000003) numbers;
  for i = 1 to 200000 do
    total := !total + (i mod 7) * (i mod 7) mod 7
  done;

  Printf.printf "sorted %d %d %d\n" numbers.(0) numbers.(2500) numbers.(4999);
  Printf.printf "distinct %d\n" (Hashtbl.length counts);
  Printf.printf "most %d %d\n" key most;
  Printf.printf "checksum %d\n" !checksum;
  Printf.printf "loop %d\n" !total
