let lines_of channel =
  let rec read lines =
    match input_line channel with
    | line -> read (line :: lines)
    | exception End_of_file -> List.rev lines
  in
  String.concat "|" (read [])

let () =
  print_endline "hello";
  print_endline ("stdin=" ^ lines_of stdin);
  print_endline ("file=" ^ lines_of (open_in "/tmp/input/input.txt"));
  print_endline ("args=" ^ String.concat "|" (List.tl (Array.to_list Sys.argv)));
  print_endline ("env=" ^ Sys.getenv "UNSANDBOX_PROBE");
  print_endline "utf8=Grüße 世界 🚀";
  prerr_endline "to stderr";
  let artifact = open_out "/tmp/artifacts/probe.txt" in
  output_string artifact "artifact\n";
  close_out artifact;
  exit 7
