#import <objc/Object.h>
#import <objc/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

@interface Probe : Object
{
    int said;
}
+ (id)create;
- (void)begin:(const char *)key;
- (void)say:(const char *)text;
- (int)sayLinesOf:(FILE *)file;
@end

@implementation Probe
+ (id)create {
    return class_createInstance(self, 0);
}

- (void)begin:(const char *)key {
    printf("\n%s=", key);
    said = 0;
}

- (void)say:(const char *)text {
    printf("%s%s", said++ ? "|" : "", text);
}

- (int)sayLinesOf:(FILE *)file {
    char line[256];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        [self say:line];
    }
    return file != NULL;
}
@end

int main(int argc, char **argv) {
    Probe *probe = [Probe create];
    printf("hello");
    [probe begin:"stdin"];
    [probe sayLinesOf:stdin];
    [probe begin:"file"];
    if (![probe sayLinesOf:fopen("/tmp/input/input.txt", "r")])
        return 1;
    [probe begin:"args"];
    for (int n = 1; n < argc; n++)
        [probe say:argv[n]];
    [probe begin:"env"];
    [probe say:getenv("UNSANDBOX_PROBE")];
    [probe begin:"utf8"];
    [probe say:"Grüße 世界 🚀\n"];
    fprintf(stderr, "to stderr\n");

    FILE *artifact = fopen("/tmp/artifacts/probe.txt", "w");
    if (artifact == NULL)
        return 1;
    fputs("artifact\n", artifact);
    return fclose(artifact) == 0 ? 7 : 1;
}
