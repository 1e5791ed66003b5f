const std = @import("std");

pub fn main() !void {
    var arena = std.heap.ArenaAllocator.init(std.heap.page_allocator);
    const out = std.io.getStdOut().writer();

    var numbers: [5000]u32 = undefined;
    var x: u32 = 42;
    for (&numbers) |*number| {
        x = (x * 3877 + 29573) % 139968;
        number.* = x;
    }
    std.mem.sort(u32, &numbers, {}, std.sort.asc(u32));

    var counts = std.AutoHashMap(u32, u32).init(arena.allocator());
    for (numbers) |number| {
        const entry = try counts.getOrPutValue(number % 1000, 0);
        entry.value_ptr.* += 1;
    }
    var key: u32 = 0;
    var most: u32 = 0;
    var entries = counts.iterator();
    while (entries.next()) |each| {
        if (each.value_ptr.* > most or (each.value_ptr.* == most and each.key_ptr.* < key)) {
            key = each.key_ptr.*;
            most = each.value_ptr.*;
        }
    }

    var checksum: usize = 0;
    for (numbers, 0..) |number, n| checksum = (checksum + number * (n % 7)) % 1000003;
    var loop: usize = 0;
    for (1..200001) |i| loop += (i % 7) * (i % 7) % 7;

    try out.print("sorted {} {} {}\n", .{ numbers[0], numbers[2500], numbers[4999] });
    try out.print("distinct {}\n", .{counts.count()});
    try out.print("most {} {}\n", .{ key, most });
    try out.print("checksum {}\nloop {}\n", .{ checksum, loop });
}
