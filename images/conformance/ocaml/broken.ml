let () =
  print_endline "hello"
  print_endline undeclared in
