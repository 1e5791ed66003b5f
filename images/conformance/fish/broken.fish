echo hello
for each in one two
    if test -n $each
        echo hello again
end
