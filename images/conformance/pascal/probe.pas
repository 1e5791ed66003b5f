program probe;

{$mode objfpc}{$h+}

uses
  sysutils;

procedure say_lines(const name: string);
var
  source: text;
  line: string;
  first: boolean = true;
begin
  assign(source, name);
  reset(source);
  while not eof(source) do
  begin
    readln(source, line);
    if not first then
      write('|');
    write(line);
    first := false;
  end;
  close(source);
  writeln;
end;

var
  n: integer;
  artifact: text;
begin
  writeln('hello');
  write('stdin=');
  say_lines('');
  write('file=');
  say_lines('/tmp/input/input.txt');
  write('args=');
  for n := 1 to paramcount do
  begin
    if n > 1 then
      write('|');
    write(paramstr(n));
  end;
  writeln;
  writeln('env=', getenvironmentvariable('UNSANDBOX_PROBE'));
  writeln('utf8=Grüße 世界 🚀');
  writeln(stderr, 'to stderr');
  assign(artifact, '/tmp/artifacts/probe.txt');
  rewrite(artifact);
  writeln(artifact, 'artifact');
  close(artifact);
  halt(7);
end.
