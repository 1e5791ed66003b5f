BEGIN {
    x = 42
    for (n = 0; n < 5000; n++) {
        x = (x * 3877 + 29573) % 139968
        numbers[n] = x
    }
    asort(numbers)                      # from 1 on

    for (n = 1; n <= 5000; n++)
        counts[numbers[n] % 1000]++
    for (each in counts) {
        distinct++
        if (counts[each] > most || (counts[each] == most && each + 0 < key)) {
            most = counts[each]
            key = each + 0
        }
    }

    for (n = 0; n < 5000; n++)
        checksum = (checksum + numbers[n + 1] * (n % 7)) % 1000003
    for (i = 1; i <= 200000; i++)
        loop += ((i % 7) * (i % 7)) % 7

    print "sorted", numbers[1], numbers[2501], numbers[5000]
    print "distinct", distinct
    print "most", key, most
    print "checksum", checksum
    print "loop", loop
}
