def numbers [many: int] {
    null | generate {|x|
        let following = ($x * 3877 + 29573) mod 139968
        {out: $following, next: $following}
    } 42 | first $many | sort
}

def main [...arguments: string] {
    let numbers = numbers 5000
    let counts = $numbers | each {|number| $number mod 1000 } | uniq --count
    let most = $counts.count | math max
    let key = $counts | where count == $most | get value | math min
    let checksum = $numbers | enumerate | reduce --fold 0 {|each, sum|
        ($sum + $each.item * ($each.index mod 7)) mod 1000003
    }
    let loop = 1..200000 | each {|i| (($i mod 7) * ($i mod 7)) mod 7 } | math sum

    print $"sorted ($numbers | first) ($numbers | get 2500) ($numbers | last)"
    print $"distinct ($counts | length)"
    print $"most ($key) ($most)"
    print $"checksum ($checksum)"
    print $"loop ($loop)"
}
