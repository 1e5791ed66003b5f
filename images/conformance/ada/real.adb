with Ada.Containers.Generic_Array_Sort;
with Ada.Containers.Hashed_Maps;
with Ada.Text_IO; use Ada.Text_IO;

procedure Main is
   type Numbers is array (Natural range <>) of Natural;

   function Hash (Key : Natural) return Ada.Containers.Hash_Type is
     (Ada.Containers.Hash_Type (Key));

   procedure Sort is new Ada.Containers.Generic_Array_Sort (Natural, Natural, Numbers);
   package Maps is new Ada.Containers.Hashed_Maps (Natural, Natural, Hash, "=");

   Values   : Numbers (0 .. 4999);
   Counts   : Maps.Map;
   X        : Natural := 42;
   Key      : Natural := 0;
   Most     : Natural := 0;
   Checksum : Natural := 0;
   Total    : Natural := 0;
begin
   for Value of Values loop
      X := (X * 3877 + 29573) mod 139968;
      Value := X;
   end loop;
   Sort (Values);

   for Value of Values loop
      if Counts.Contains (Value mod 1000) then
         Counts (Value mod 1000) := Counts (Value mod 1000) + 1;
      else
         Counts.Insert (Value mod 1000, 1);
      end if;
   end loop;
   for Place in Counts.Iterate loop
      if Counts (Place) > Most or else (Counts (Place) = Most and then Maps.Key (Place) < Key) then
         Key := Maps.Key (Place);
         Most := Counts (Place);
      end if;
   end loop;

   for N in Values'Range loop
      Checksum := (Checksum + Values (N) * (N mod 7)) mod 1000003;
   end loop;
   for I in 1 .. 200_000 loop
      Total := Total + (I mod 7) * (I mod 7) mod 7;
   end loop;

   Put_Line ("sorted" & Values (0)'Image & Values (2500)'Image & Values (4999)'Image);
   Put_Line ("distinct" & Counts.Length'Image);
   Put_Line ("most" & Key'Image & Most'Image);
   Put_Line ("checksum" & Checksum'Image);
   Put_Line ("loop" & Total'Image);
end Main;
