MODULE main ;

FROM NumberIO IMPORT WriteCard ;
FROM StrIO IMPORT WriteLn, WriteString ;

CONST
   Numbers = 5000 ;
   Buckets = 2048 ;

VAR
   numbers     : ARRAY [0..Numbers-1] OF CARDINAL ;
   keys, counts: ARRAY [0..Buckets-1] OF CARDINAL ;
   n, x, key, most, distinct, checksum, total: CARDINAL ;

PROCEDURE Sort (low, high: INTEGER) ;
VAR
   left, right: INTEGER ;
   pivot, held: CARDINAL ;
BEGIN
   left := low ;
   right := high ;
   pivot := numbers[(low + high) DIV 2] ;
   WHILE left <= right DO
      WHILE numbers[left] < pivot DO
         INC (left)
      END ;
      WHILE numbers[right] > pivot DO
         DEC (right)
      END ;
      IF left <= right
      THEN
         held := numbers[left] ;
         numbers[left] := numbers[right] ;
         numbers[right] := held ;
         INC (left) ;
         DEC (right)
      END
   END ;
   IF low < right
   THEN
      Sort (low, right)
   END ;
   IF left < high
   THEN
      Sort (left, high)
   END
END Sort ;

PROCEDURE Count (wanted: CARDINAL) ;
VAR
   at: CARDINAL ;
BEGIN
   at := wanted * 1021 MOD Buckets ;
   WHILE (counts[at] > 0) AND (keys[at] # wanted) DO
      at := (at + 1) MOD Buckets
   END ;
   keys[at] := wanted ;
   INC (counts[at])
END Count ;

PROCEDURE Say (value: CARDINAL) ;
BEGIN
   WriteString (' ') ;
   WriteCard (value, 0)
END Say ;

BEGIN
   x := 42 ;
   FOR n := 0 TO Numbers-1 DO
      x := (x * 3877 + 29573) MOD 139968 ;
      numbers[n] := x
   END ;
   Sort (0, Numbers-1) ;

   FOR n := 0 TO Buckets-1 DO
      counts[n] := 0
   END ;
   FOR n := 0 TO Numbers-1 DO
      Count (numbers[n] MOD 1000)
   END ;
   key := 0 ;
   most := 0 ;
   distinct := 0 ;
   FOR n := 0 TO Buckets-1 DO
      IF counts[n] > 0
      THEN
         INC (distinct) ;
         IF (counts[n] > most) OR ((counts[n] = most) AND (keys[n] < key))
         THEN
            key := keys[n] ;
            most := counts[n]
         END
      END
   END ;

   checksum := 0 ;
   FOR n := 0 TO Numbers-1 DO
      checksum := (checksum + numbers[n] * (n MOD 7)) MOD 1000003
   END ;
   total := 0 ;
   FOR n := 1 TO 200000 DO
      total := total + (n MOD 7) * (n MOD 7) MOD 7
   END ;

   WriteString ('sorted') ; Say (numbers[0]) ; Say (numbers[2500]) ; Say (numbers[Numbers-1]) ; WriteLn ;
   WriteString ('distinct') ; Say (distinct) ; WriteLn ;
   WriteString ('most') ; Say (key) ; Say (most) ; WriteLn ;
   WriteString ('checksum') ; Say (checksum) ; WriteLn ;
   WriteString ('loop') ; Say (total) ; WriteLn
END main.
