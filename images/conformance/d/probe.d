import std.array : join;
import std.file : readText, write;
import std.process : environment;
import std.stdio : stderr, stdin, writeln;
import std.string : chomp;

int main(string[] args)
{
    string[] lines;
    foreach (line; stdin.byLineCopy)
        lines ~= line;
    writeln("hello");
    writeln("stdin=", lines.join("|"));
    writeln("file=", readText("/tmp/input/input.txt").chomp);
    writeln("args=", args[1 .. $].join("|"));
    writeln("env=", environment["UNSANDBOX_PROBE"]);
    writeln("utf8=Grüße 世界 🚀");
    stderr.writeln("to stderr");
    write("/tmp/artifacts/probe.txt", "artifact\n");
    return 7;
}
