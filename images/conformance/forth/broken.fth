: main ( -- )
  ." hello" cr
  undeclared if ." hello again" then ;
main bye
