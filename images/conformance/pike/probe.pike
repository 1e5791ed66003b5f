int main(int count, array(string) arguments) {
    array(string) lines = (Stdio.stdin->read() / "\n") - ({ "" });
    string first = (Stdio.read_file("/tmp/input/input.txt") / "\n")[0];
    write("hello\n");
    write("stdin=%s\n", lines * "|");
    write("file=%s\n", first);
    write("args=%s\n", arguments[1..] * "|");
    write("env=%s\n", getenv("UNSANDBOX_PROBE"));
    write("utf8=Grüße 世界 🚀\n");
    werror("to stderr\n");
    Stdio.write_file("/tmp/artifacts/probe.txt", "artifact\n");
    return 7;
}
