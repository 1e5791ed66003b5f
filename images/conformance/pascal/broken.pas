program broken;
begin
  writeln('hello')
  undeclared := 1;
end.
