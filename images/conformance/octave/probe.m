lines = {};
while ischar (line = fgetl (stdin))
  lines{end + 1} = line;
endwhile
input = fopen ("/tmp/input/input.txt");
first = fgetl (input);
fclose (input);
printf ("hello\n");
printf ("stdin=%s\n", strjoin (lines, "|"));
printf ("file=%s\n", first);
printf ("args=%s\n", strjoin (argv (), "|"));
printf ("env=%s\n", getenv ("UNSANDBOX_PROBE"));
printf ("utf8=Grüße 世界 🚀\n");
fputs (stderr, "to stderr\n");
artifact = fopen ("/tmp/artifacts/probe.txt", "w");
fputs (artifact, "artifact\n");
fclose (artifact);
exit (7);
