const greeting: number = "hello";
console.log(greeting);
