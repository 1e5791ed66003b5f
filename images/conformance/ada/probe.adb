with Ada.Command_Line;          use Ada.Command_Line;
with Ada.Environment_Variables; use Ada.Environment_Variables;
with Ada.Text_IO;               use Ada.Text_IO;

procedure Main is
   File  : File_Type;
   First : Boolean := True;

   procedure Say (Text : String) is
   begin
      if not First then
         Put ("|");
      end if;
      Put (Text);
      First := False;
   end Say;

   procedure Start (Key : String) is
   begin
      New_Line;
      Put (Key & "=");
      First := True;
   end Start;
begin
   Put ("hello");
   Start ("stdin");
   while not End_Of_File loop
      Say (Get_Line);
   end loop;
   Start ("file");
   Open (File, In_File, "/tmp/input/input.txt");
   Say (Get_Line (File));
   Close (File);
   Start ("args");
   for N in 1 .. Argument_Count loop
      Say (Argument (N));
   end loop;
   Start ("env");
   Say (Value ("UNSANDBOX_PROBE"));
   Start ("utf8");
   Say ("Grüße 世界 🚀");
   New_Line;
   Put_Line (Standard_Error, "to stderr");
   Create (File, Out_File, "/tmp/artifacts/probe.txt");
   Put_Line (File, "artifact");
   Close (File);
   Set_Exit_Status (7);
end Main;
