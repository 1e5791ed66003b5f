class Main {
    static function main() {
        final numbers = generated(5000);
        numbers.sort((a, b) -> a - b);

        final counts:Map<Int, Int> = [];
        for (number in numbers) {
            final before = counts[number % 1000];
            counts[number % 1000] = before == null ? 1 : before + 1;
        }
        var distinct = 0, key = -1, most = 0;
        for (each => count in counts) {
            distinct++;
            if (count > most || (count == most && each < key)) {
                key = each;
                most = count;
            }
        }

        var checksum = 0, loop = 0;
        for (n => number in numbers)
            checksum = (checksum + number * (n % 7)) % 1000003;
        for (i in 1...200001)
            loop += ((i % 7) * (i % 7)) % 7;

        Sys.println('sorted ${numbers[0]} ${numbers[2500]} ${numbers[4999]}');
        Sys.println('distinct $distinct');
        Sys.println('most $key $most');
        Sys.println('checksum $checksum');
        Sys.println('loop $loop');
    }

    static function generated(many:Int):Array<Int> {
        var x = 42;
        return [for (_ in 0...many) x = (x * 3877 + 29573) % 139968];
    }
}
