if [[ -n hello ]]; then
    echo "hello"
    counts=(1 2
