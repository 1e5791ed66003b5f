if true; then
    echo "hello"
    echo "hello again
