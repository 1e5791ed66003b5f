#import <objc/Object.h>
#import <objc/runtime.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBERS 5000
#define BUCKETS 2048

@interface Counter : Object
{
    int keys[BUCKETS];
    int counts[BUCKETS];
}
+ (id)create;
- (void)count:(int)key;
- (int)distinct;
- (void)most:(int *)key times:(int *)times;
@end

@implementation Counter
+ (id)create {
    return class_createInstance(self, 0);
}

- (void)count:(int)key {
    unsigned at = (unsigned)key * 2654435761u % BUCKETS;
    while (counts[at] && keys[at] != key)
        at = (at + 1) % BUCKETS;
    keys[at] = key;
    counts[at]++;
}

- (int)distinct {
    int used = 0;
    for (int at = 0; at < BUCKETS; at++)
        used += counts[at] > 0;
    return used;
}

- (void)most:(int *)key times:(int *)times {
    *times = 0;
    for (int at = 0; at < BUCKETS; at++)
        if (counts[at] > *times || (counts[at] == *times && *times && keys[at] < *key)) {
            *key = keys[at];
            *times = counts[at];
        }
}
@end

static int ascending(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

int main(void) {
    static int numbers[NUMBERS];
    int x = 42, key = 0, times = 0;
    for (int n = 0; n < NUMBERS; n++)
        numbers[n] = x = (x * 3877 + 29573) % 139968;
    qsort(numbers, NUMBERS, sizeof numbers[0], ascending);

    Counter *counter = [Counter create];
    for (int n = 0; n < NUMBERS; n++)
        [counter count:numbers[n] % 1000];
    [counter most:&key times:&times];

    long checksum = 0, loop = 0;
    for (int n = 0; n < NUMBERS; n++)
        checksum = (checksum + (long)numbers[n] * (n % 7)) % 1000003;
    for (int i = 1; i <= 200000; i++)
        loop += (i % 7) * (i % 7) % 7;

    printf("sorted %d %d %d\n", numbers[0], numbers[2500], numbers[NUMBERS - 1]);
    printf("distinct %d\n", [counter distinct]);
    printf("most %d %d\n", key, times);
    printf("checksum %ld\n", checksum);
    printf("loop %ld\n", loop);
    return 0;
}
