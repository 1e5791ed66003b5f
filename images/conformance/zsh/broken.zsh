for each in one two; do
    print "hello"
    if [[ -n $each ]]; then
done
