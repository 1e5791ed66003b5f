const input: string = await Bun.stdin.text();
const [first] = (await Bun.file("/tmp/input/input.txt").text()).split("\n");

console.log("hello");
console.log("stdin=" + input.trimEnd().split("\n").join("|"));
console.log("file=" + first);
console.log("args=" + Bun.argv.slice(2).join("|"));
console.log("env=" + Bun.env.UNSANDBOX_PROBE);
console.log("utf8=Grüße 世界 🚀");
console.error("to stderr");
await Bun.write("/tmp/artifacts/probe.txt", "artifact\n");
process.exit(7);
