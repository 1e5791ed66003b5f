var x = (num 42)
var numbers = [(range 5000 | each {|_|
  set x = (% (+ (* $x 3877) 29573) 139968)
  put $x
} | order)]

var counts = [&]
for number $numbers {
  var key = (% $number 1000)
  if (has-key $counts $key) {
    set counts[$key] = (+ $counts[$key] 1)
  } else {
    set counts[$key] = (num 1)
  }
}
var key most = (num 0) (num 0)
for each [(keys $counts)] {
  var count = $counts[$each]
  if (or (> $count $most) (and (== $count $most) (< $each $key))) {
    set key most = $each $count
  }
}

var checksum n = (num 0) (num 0)
for number $numbers {
  set checksum = (% (+ $checksum (* $number (% $n 7))) 1000003)
  set n = (+ $n 1)
}
var loop = (+ (range 1 200001 | each {|i|
  var rest = (% $i 7)
  % (* $rest $rest) 7
}))

echo sorted $numbers[0] $numbers[2500] $numbers[-1]
echo distinct (count $counts)
echo most $key $most
echo checksum $checksum
echo loop $loop
