echo "hello"
if true
  echo undeclared
