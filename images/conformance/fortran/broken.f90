program broken
  implicit none
  print '(a)', 'hello'
  if (.true. then
  undeclared = 1
end program broken
