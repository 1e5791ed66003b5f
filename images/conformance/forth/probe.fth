256 constant size
create line size allot
: line-of ( file -- length flag )  line size rot read-line throw ;
: first-line ( name length -- length )  r/o open-file throw dup line-of drop swap close-file throw ;
: to-artifact ( text length -- )
  s" /tmp/artifacts/probe.txt" w/o create-file throw
  dup >r write-line throw r> close-file throw ;

: .stdin ( -- )
  false begin stdin line-of while
    swap if ." |" then line swap type true
  repeat 2drop ;
: .arguments ( -- )
  false begin next-arg dup while
    rot if ." |" then type true
  repeat 2drop drop ;

: main ( -- )
  ." hello" cr
  ." stdin=" .stdin cr
  ." file=" s" /tmp/input/input.txt" first-line line swap type cr
  ." args=" .arguments cr
  ." env=" s" UNSANDBOX_PROBE" getenv type cr
  ." utf8=Grüße 世界 🚀" cr
  s" to stderr" stderr write-line throw
  s" artifact" to-artifact
  7 (bye) ;
main
