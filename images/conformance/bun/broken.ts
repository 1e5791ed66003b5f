const greeting: string = "hello";
console.log(greeting;
if (Bun.version {
