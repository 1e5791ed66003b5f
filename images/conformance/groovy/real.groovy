def x = 42
def numbers = (1..5000).collect { x = (x * 3877 + 29573) % 139968 }.sort()

def counts = numbers.countBy { it % 1000 }
def most = counts.values().max()
def key = counts.findAll { it.value == most }.keySet().min()

def checksum = 0
numbers.eachWithIndex { number, n -> checksum = (checksum + number * (n % 7)) % 1000003 }
int loop = 0
for (int i = 1; i <= 200000; i++) {
    loop += (i % 7) * (i % 7) % 7
}

println "sorted ${numbers.first()} ${numbers[2500]} ${numbers.last()}"
println "distinct ${counts.size()}"
println "most ${key} ${most}"
println "checksum ${checksum}"
println "loop ${loop}"
