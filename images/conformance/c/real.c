#include <stdio.h>
#include <stdlib.h>

#define NUMBERS 5000
#define BUCKETS 2048

struct entry {
    int key, count, used;
};

static struct entry table[BUCKETS];

static struct entry *entry_of(int key) {
    unsigned at = (unsigned)key * 2654435761u % BUCKETS;
    while (table[at].used && table[at].key != key)
        at = (at + 1) % BUCKETS;
    table[at].used = 1;
    table[at].key = key;
    return &table[at];
}

static int ascending(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

int main(void) {
    static int numbers[NUMBERS];
    int x = 42;
    for (int n = 0; n < NUMBERS; n++)
        numbers[n] = x = (x * 3877 + 29573) % 139968;
    qsort(numbers, NUMBERS, sizeof numbers[0], ascending);

    for (int n = 0; n < NUMBERS; n++)
        entry_of(numbers[n] % 1000)->count++;
    int distinct = 0, key = -1, most = 0;
    for (int at = 0; at < BUCKETS; at++) {
        struct entry each = table[at];
        distinct += each.used;
        if (each.count > most || (each.used && each.count == most && each.key < key)) {
            key = each.key;
            most = each.count;
        }
    }

    long checksum = 0, loop = 0;
    for (int n = 0; n < NUMBERS; n++)
        checksum = (checksum + (long)numbers[n] * (n % 7)) % 1000003;
    for (int i = 1; i <= 200000; i++)
        loop += (i % 7) * (i % 7) % 7;

    printf("sorted %d %d %d\n", numbers[0], numbers[2500], numbers[NUMBERS - 1]);
    printf("distinct %d\n", distinct);
    printf("most %d %d\n", key, most);
    printf("checksum %ld\n", checksum);
    printf("loop %ld\n", loop);
    return 0;
}
