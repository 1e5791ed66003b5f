local x = 42
local numbers = {}
for n = 1, 5000 do
  x = (x * 3877 + 29573) % 139968
  numbers[n] = x
end
table.sort(numbers)

local counts = {}
for _, number in ipairs(numbers) do
  counts[number % 1000] = (counts[number % 1000] or 0) + 1
end
local distinct, key, most = 0, nil, 0
for each, count in pairs(counts) do
  distinct = distinct + 1
  if count > most or (count == most and each < key) then
    key, most = each, count
  end
end

local checksum = 0
for n, number in ipairs(numbers) do
  checksum = (checksum + number * ((n - 1) % 7)) % 1000003
end
local loop = 0
for i = 1, 200000 do
  loop = loop + (i % 7) * (i % 7) % 7
end

print("sorted " .. numbers[1] .. " " .. numbers[2501] .. " " .. numbers[#numbers])
print("distinct " .. distinct)
print("most " .. key .. " " .. most)
print("checksum " .. checksum)
print("loop " .. loop)
