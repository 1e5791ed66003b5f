print("hello")
if true then
  print("hello again"
