const greeting: string = "hello";
console.log(greeting;
await Deno.stdin.close(
