package main

import (
	"fmt"
	"sort"
)

func main() {
	var numbers []int
	for n, x := 0, 42; n < 5000; n++ {
		x = (x*3877 + 29573) % 139968
		numbers = append(numbers, x)
	}
	sort.Ints(numbers)

	counts := map[int]int{}
	for _, number := range numbers {
		counts[number%1000]++
	}
	key, most := 0, 0
	for each, count := range counts {
		if count > most || count == most && each < key {
			key, most = each, count
		}
	}

	checksum, loop := 0, 0
	for n, number := range numbers {
		checksum = (checksum + number*(n%7)) % 1000003
	}
	for i := 1; i <= 200000; i++ {
		loop += (i % 7) * (i % 7) % 7
	}

	fmt.Println("sorted", numbers[0], numbers[2500], numbers[len(numbers)-1])
	fmt.Println("distinct", len(counts))
	fmt.Println("most", key, most)
	fmt.Println("checksum", checksum)
	fmt.Println("loop", loop)
}
