#import <objc/Object.h>
#include <stdio.h>

@interface Greeter : Object
- (void)greet
@end

int main(void) {
    puts("hello");
    return undeclared;
}
