echo hello
if $true {
  echo hello again
