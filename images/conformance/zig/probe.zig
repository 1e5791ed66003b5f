const std = @import("std");

pub fn main() !void {
    var arena = std.heap.ArenaAllocator.init(std.heap.page_allocator);
    const memory = arena.allocator();
    const out = std.io.getStdOut().writer();

    const input = try std.io.getStdIn().readToEndAlloc(memory, 4096);
    const lines = try std.mem.replaceOwned(u8, memory, std.mem.trimRight(u8, input, "\n"), "\n", "|");
    const file = try std.fs.cwd().readFileAlloc(memory, "/tmp/input/input.txt", 4096);
    const arguments = try std.process.argsAlloc(memory);
    const value = try std.process.getEnvVarOwned(memory, "UNSANDBOX_PROBE");

    try out.print("hello\n", .{});
    try out.print("stdin={s}\n", .{lines});
    try out.print("file={s}\n", .{std.mem.trimRight(u8, file, "\n")});
    try out.print("args={s}\n", .{try std.mem.join(memory, "|", arguments[1..])});
    try out.print("env={s}\n", .{value});
    try out.print("utf8=Grüße 世界 🚀\n", .{});
    try std.io.getStdErr().writeAll("to stderr\n");
    try std.fs.cwd().writeFile(.{ .sub_path = "/tmp/artifacts/probe.txt", .data = "artifact\n" });
    std.process.exit(7);
}
