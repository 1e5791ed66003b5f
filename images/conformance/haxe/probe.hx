class Main {
    static function main() {
        final lines = StringTools.rtrim(Sys.stdin().readAll().toString()).split("\n");
        final first = sys.io.File.getContent("/tmp/input/input.txt").split("\n")[0];
        Sys.println("hello");
        Sys.println("stdin=" + lines.join("|"));
        Sys.println("file=" + first);
        Sys.println("args=" + Sys.args().join("|"));
        Sys.println("env=" + Sys.getEnv("UNSANDBOX_PROBE"));
        Sys.println("utf8=Grüße 世界 🚀");
        Sys.stderr().writeString("to stderr\n");
        sys.io.File.saveContent("/tmp/artifacts/probe.txt", "artifact\n");
        Sys.exit(7);
    }
}
