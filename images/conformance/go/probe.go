package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

func main() {
	var lines []string
	for scanner := bufio.NewScanner(os.Stdin); scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	file, err := os.ReadFile("/tmp/input/input.txt")
	if err != nil {
		panic(err)
	}
	fmt.Println("hello")
	fmt.Println("stdin=" + strings.Join(lines, "|"))
	fmt.Println("file=" + strings.TrimSuffix(string(file), "\n"))
	fmt.Println("args=" + strings.Join(os.Args[1:], "|"))
	fmt.Println("env=" + os.Getenv("UNSANDBOX_PROBE"))
	fmt.Println("utf8=Grüße 世界 🚀")
	fmt.Fprintln(os.Stderr, "to stderr")
	if err := os.WriteFile("/tmp/artifacts/probe.txt", []byte("artifact\n"), 0o644); err != nil {
		panic(err)
	}
	os.Exit(7)
}
