type Entry = readonly [key: number, count: number];

function* generated(many: number): Generator<number> {
  let x = 42;
  for (let n = 0; n < many; n++) {
    x = (x * 3877 + 29573) % 139968;
    yield x;
  }
}

function larger(a: Entry, b: Entry): Entry {
  return b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a;
}

const numbers: number[] = [...generated(5000)].sort((a, b) => a - b);
const counts = new Map<number, number>();
for (const number of numbers) {
  counts.set(number % 1000, (counts.get(number % 1000) ?? 0) + 1);
}
const [key, most] = [...counts].reduce<Entry>(larger, [0, 0]);
const checksum = numbers.reduce((sum, number, n) => (sum + number * (n % 7)) % 1000003, 0);

let loop = 0;
for (let i = 1; i <= 200000; i++) {
  loop += ((i % 7) * (i % 7)) % 7;
}

console.log(`sorted ${numbers[0]} ${numbers[2500]} ${numbers[4999]}`);
console.log(`distinct ${counts.size}`);
console.log(`most ${key} ${most}`);
console.log(`checksum ${checksum}`);
console.log(`loop ${loop}`);
