MODULE main ;

FROM Args IMPORT GetArg, Narg ;
FROM Environment IMPORT GetEnvironment ;
FROM FIO IMPORT File, StdIn, StdOut, StdErr, OpenToRead, OpenToWrite, Close, EOF, ReadString, WriteString, WriteLine, FlushBuffer ;
FROM StrLib IMPORT StrLen ;
FROM libc IMPORT exit ;

VAR
   text    : ARRAY [0..255] OF CHAR ;
   artifact: File ;
   n       : CARDINAL ;
   first   : BOOLEAN ;

PROCEDURE Begin (key: ARRAY OF CHAR) ;
BEGIN
   WriteLine (StdOut) ;
   WriteString (StdOut, key) ;
   first := TRUE
END Begin ;

PROCEDURE Say (part: ARRAY OF CHAR) ;
BEGIN
   IF NOT first
   THEN
      WriteString (StdOut, '|')
   END ;
   WriteString (StdOut, part) ;
   first := FALSE
END Say ;

PROCEDURE SayLines (file: File) ;
BEGIN
   LOOP
      ReadString (file, text) ;
      IF EOF (file) AND (StrLen (text) = 0)
      THEN
         EXIT
      END ;
      Say (text)
   END
END SayLines ;

BEGIN
   WriteString (StdOut, 'hello') ;
   Begin ('stdin=') ;
   SayLines (StdIn) ;
   Begin ('file=') ;
   SayLines (OpenToRead ('/tmp/input/input.txt')) ;
   Begin ('args=') ;
   FOR n := 1 TO Narg () - 1 DO
      IF GetArg (text, n)
      THEN
         Say (text)
      END
   END ;
   Begin ('env=') ;
   IF GetEnvironment ('UNSANDBOX_PROBE', text)
   THEN
      Say (text)
   END ;
   Begin ('utf8=') ;
   Say ('Grüße 世界 🚀') ;
   WriteLine (StdOut) ;
   FlushBuffer (StdOut) ;
   WriteString (StdErr, 'to stderr') ;
   WriteLine (StdErr) ;
   FlushBuffer (StdErr) ;
   artifact := OpenToWrite ('/tmp/artifacts/probe.txt') ;
   WriteString (artifact, 'artifact') ;
   WriteLine (artifact) ;
   Close (artifact) ;
   exit (7)
END main.
