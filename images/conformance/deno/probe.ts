const input: string = await new Response(Deno.stdin.readable).text();
const [first] = (await Deno.readTextFile("/tmp/input/input.txt")).split("\n");

console.log("hello");
console.log("stdin=" + input.trimEnd().split("\n").join("|"));
console.log("file=" + first);
console.log("args=" + Deno.args.join("|"));
console.log("env=" + Deno.env.get("UNSANDBOX_PROBE"));
console.log("utf8=Grüße 世界 🚀");
console.error("to stderr");
await Deno.writeTextFile("/tmp/artifacts/probe.txt", "artifact\n");
Deno.exit(7);
