MODULE main ;

FROM StrIO IMPORT WriteString, WriteLn ;

BEGIN
   WriteString ("hello") ;
   WriteLn
   undeclared := 1
END main.
