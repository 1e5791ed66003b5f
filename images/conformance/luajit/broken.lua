print("hello")
for n = 1, 2 do
  print("hello " .. n
