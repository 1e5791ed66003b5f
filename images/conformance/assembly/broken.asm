default rel
extern puts
global main

section .rodata
hello: db "hello", 0

section .text
main:
    lea rdi, [hello]
    call puts
    move eax, undeclared
    ret
