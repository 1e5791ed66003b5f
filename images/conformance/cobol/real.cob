identification division.
program-id. real-work.
data division.
working-storage section.
01 x binary-long value 42.
01 n binary-long.
01 i binary-long.
01 rest binary-long.
01 square binary-long.
01 whole binary-long.
01 place binary-long.
01 checksum binary-long value 0.
01 total binary-long value 0.
01 distinct-keys binary-long value 0.
01 best-key binary-long value 0.
01 best-count binary-long value 0.
01 number-table.
    05 num binary-long occurs 5000 times.
01 hash-table.
    05 bucket occurs 2048 times.
        10 bucket-key binary-long value 0.
        10 bucket-count binary-long value 0.
01 first-shown pic z(8)9.
01 middle-shown pic z(8)9.
01 last-shown pic z(8)9.
procedure division.
    perform varying n from 1 by 1 until n > 5000
        compute whole = x * 3877 + 29573
        divide whole by 139968 giving i remainder x
        move x to num(n)
    end-perform
    sort num ascending key num

    perform varying n from 1 by 1 until n > 5000
        divide num(n) by 1000 giving i remainder rest
        perform count-rest
    end-perform
    perform varying n from 1 by 1 until n > 2048
        if bucket-count(n) > 0
            add 1 to distinct-keys
            if bucket-count(n) > best-count or (bucket-count(n) = best-count and bucket-key(n) < best-key)
                move bucket-count(n) to best-count
                move bucket-key(n) to best-key
            end-if
        end-if
    end-perform

    perform varying n from 1 by 1 until n > 5000
        compute i = n - 1
        divide i by 7 giving whole remainder rest
        compute whole = checksum + num(n) * rest
        divide whole by 1000003 giving i remainder checksum
    end-perform
    perform varying n from 1 by 1 until n > 200000
        divide n by 7 giving whole remainder rest
        compute square = rest * rest
        divide square by 7 giving whole remainder rest
        add rest to total
    end-perform

    move num(1) to first-shown
    move num(2501) to middle-shown
    move num(5000) to last-shown
    display "sorted " function trim(first-shown) " " function trim(middle-shown) " " function trim(last-shown)
    move distinct-keys to first-shown
    display "distinct " function trim(first-shown)
    move best-key to first-shown
    move best-count to middle-shown
    display "most " function trim(first-shown) " " function trim(middle-shown)
    move checksum to first-shown
    display "checksum " function trim(first-shown)
    move total to first-shown
    display "loop " function trim(first-shown)
    stop run.

count-rest.
    compute whole = rest * 1021
    divide whole by 2048 giving i remainder place
    add 1 to place
    perform until bucket-count(place) = 0 or bucket-key(place) = rest
        add 1 to place
        if place > 2048
            move 1 to place
        end-if
    end-perform
    move rest to bucket-key(place)
    add 1 to bucket-count(place).
