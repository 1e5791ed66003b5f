proc numbers {many} {
    set x 42
    for {set n 0} {$n < $many} {incr n} {
        lappend numbers [set x [expr {($x * 3877 + 29573) % 139968}]]
    }
    return [lsort -integer $numbers]
}

proc most {counts} {
    set most 0
    dict for {each count} $counts {
        if {$count > $most || ($count == $most && $each < $key)} {
            set key $each
            set most $count
        }
    }
    return "$key $most"
}

proc checksum {numbers} {
    set checksum 0
    set n 0
    foreach number $numbers {
        set checksum [expr {($checksum + $number * ($n % 7)) % 1000003}]
        incr n
    }
    return $checksum
}

proc looped {times} {
    set loop 0
    for {set i 1} {$i <= $times} {incr i} {
        incr loop [expr {($i % 7) * ($i % 7) % 7}]
    }
    return $loop
}

set numbers [numbers 5000]
set counts [dict create]
foreach number $numbers {
    dict incr counts [expr {$number % 1000}]
}
puts "sorted [lindex $numbers 0] [lindex $numbers 2500] [lindex $numbers end]"
puts "distinct [dict size $counts]"
puts "most [most $counts]"
puts "checksum [checksum $numbers]"
puts "loop [looped 200000]"
