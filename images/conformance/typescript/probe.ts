import * as fs from "node:fs";

interface Line {
  readonly name: string;
  readonly value: string;
}

const input: string = fs.readFileSync(0, "utf8");
const first: string = fs.readFileSync("/tmp/input/input.txt", "utf8").split("\n")[0];
const lines: Line[] = [
  { name: "stdin", value: input.trimEnd().split("\n").join("|") },
  { name: "file", value: first },
  { name: "args", value: process.argv.slice(2).join("|") },
  { name: "env", value: process.env.UNSANDBOX_PROBE ?? "" },
  { name: "utf8", value: "Grüße 世界 🚀" },
];

console.log("hello");
for (const { name, value } of lines) {
  console.log(`${name}=${value}`);
}
console.error("to stderr");
fs.writeFileSync("/tmp/artifacts/probe.txt", "artifact\n");
process.exitCode = 7;
