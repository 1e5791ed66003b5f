console.log 'hello'
if true
  console.log ('hello again'
      else
