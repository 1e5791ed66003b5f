int main (string[] args) {
    try {
        string[] lines = {};
        string? line;
        while ((line = stdin.read_line ()) != null)
            lines += line;
        string file;
        FileUtils.get_contents ("/tmp/input/input.txt", out file);

        stdout.printf ("hello\n");
        stdout.printf ("stdin=%s\n", string.joinv ("|", lines));
        stdout.printf ("file=%s\n", file.strip ());
        stdout.printf ("args=%s\n", string.joinv ("|", args[1:args.length]));
        stdout.printf ("env=%s\n", Environment.get_variable ("UNSANDBOX_PROBE"));
        stdout.printf ("utf8=Grüße 世界 🚀\n");
        stderr.printf ("to stderr\n");
        FileUtils.set_contents ("/tmp/artifacts/probe.txt", "artifact\n");
        return 7;
    } catch (FileError error) {
        stderr.printf ("%s\n", error.message);
        return 1;
    }
}
