let x = 42;
const numbers = [];
for (let n = 0; n < 5000; n++) {
  x = (x * 3877 + 29573) % 139968;
  numbers.push(x);
}
numbers.sort((a, b) => a - b);

const counts = new Map();
for (const number of numbers) {
  counts.set(number % 1000, (counts.get(number % 1000) ?? 0) + 1);
}
let key = -1;
let most = 0;
for (const [each, count] of counts) {
  if (count > most || (count === most && each < key)) {
    key = each;
    most = count;
  }
}

let checksum = 0;
numbers.forEach((number, place) => {
  checksum = (checksum + number * (place % 7)) % 1000003;
});

let loop = 0;
for (let i = 1; i <= 200000; i++) {
  loop += ((i % 7) * (i % 7)) % 7;
}

console.log(`sorted ${numbers[0]} ${numbers[2500]} ${numbers[4999]}`);
console.log(`distinct ${counts.size}`);
console.log(`most ${key} ${most}`);
console.log(`checksum ${checksum}`);
console.log(`loop ${loop}`);
