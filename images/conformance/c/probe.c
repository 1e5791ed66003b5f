#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int line_of(FILE *file, char *line, int size) {
    if (fgets(line, size, file) == NULL)
        return 0;
    line[strcspn(line, "\n")] = '\0';
    return 1;
}

int main(int argc, char **argv) {
    char line[256];
    printf("hello\nstdin=");
    for (int n = 0; line_of(stdin, line, sizeof line); n++)
        printf("%s%s", n ? "|" : "", line);

    FILE *input = fopen("/tmp/input/input.txt", "r");
    if (input == NULL || !line_of(input, line, sizeof line))
        return 1;
    printf("\nfile=%s\nargs=", line);
    for (int n = 1; n < argc; n++)
        printf("%s%s", n > 1 ? "|" : "", argv[n]);
    printf("\nenv=%s\n", getenv("UNSANDBOX_PROBE"));
    printf("utf8=Grüße 世界 🚀\n");
    fprintf(stderr, "to stderr\n");

    FILE *artifact = fopen("/tmp/artifacts/probe.txt", "w");
    if (artifact == NULL)
        return 1;
    fputs("artifact\n", artifact);
    return fclose(artifact) == 0 ? 7 : 1;
}
