do n = 1 to 2
    say 'hello'
    if n = 1 then do
        say 'hello again
