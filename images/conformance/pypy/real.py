x = 42
numbers = []
for _ in range(5000):
    x = (x * 3877 + 29573) % 139968
    numbers.append(x)
numbers.sort()

counts = {}
for number in numbers:
    counts[number % 1000] = counts.get(number % 1000, 0) + 1
key = min(counts, key=lambda each: (-counts[each], each))

checksum = 0
for place, number in enumerate(numbers):
    checksum = (checksum + number * (place % 7)) % 1000003

loop = 0
for i in range(1, 200001):
    loop += (i % 7) * (i % 7) % 7

print(f"sorted {numbers[0]} {numbers[2500]} {numbers[-1]}")
print(f"distinct {len(counts)}")
print(f"most {key} {counts[key]}")
print(f"checksum {checksum}")
print(f"loop {loop}")
