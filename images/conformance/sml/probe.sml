fun linesOf stream =
  case TextIO.inputLine stream of
    SOME line => String.substring (line, 0, size line - 1) :: linesOf stream
  | NONE => []

fun say (key, values) = print (key ^ "=" ^ String.concatWith "|" values ^ "\n")

fun write () =
  let
    val artifact = TextIO.openOut "/tmp/artifacts/probe.txt"
  in
    TextIO.output (artifact, "artifact\n");
    TextIO.closeOut artifact
  end

fun main () =
  ( print "hello\n"
  ; say ("stdin", linesOf TextIO.stdIn)
  ; say ("file", linesOf (TextIO.openIn "/tmp/input/input.txt"))
  ; say ("args", CommandLine.arguments ())
  ; say ("env", [valOf (OS.Process.getEnv "UNSANDBOX_PROBE")])
  ; say ("utf8", ["Gr\195\188\195\159e \228\184\150\231\149\140 \240\159\154\128"])
  ; TextIO.output (TextIO.stdErr, "to stderr\n")
  ; write ()
  ; Posix.Process.exit 0w7
  )
