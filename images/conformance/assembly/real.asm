default rel
extern printf, qsort
global main

NUMBERS equ 5000
BUCKETS equ 2048

section .rodata
sorted:   db "sorted %d %d %d", 10, 0
distinct: db "distinct %d", 10, 0
most:     db "most %d %d", 10, 0
checksum: db "checksum %d", 10, 0
looped:   db "loop %d", 10, 0

section .bss
numbers: resd NUMBERS
keys:    resd BUCKETS
counts:  resd BUCKETS

section .text

; ascending(rdi, rsi = where two numbers are): their order, for qsort
ascending:
    mov eax, [rdi]
    sub eax, [rsi]
    ret

; modulo(eax, ecx): eax mod ecx in edx
%macro modulo 1
    mov ecx, %1
    xor edx, edx
    div ecx
%endmacro

main:
    push rbx
    push r12
    push r13

    lea rbx, [numbers]
    xor r12d, r12d
    mov eax, 42
.fill:
    imul eax, eax, 3877
    add eax, 29573
    modulo 139968
    mov eax, edx
    mov [rbx + r12 * 4], eax
    inc r12d
    cmp r12d, NUMBERS
    jl .fill

    mov rdi, rbx
    mov esi, NUMBERS
    mov edx, 4
    lea rcx, [ascending]
    call qsort
    lea rdi, [sorted]
    mov esi, [rbx]
    mov edx, [rbx + 2500 * 4]
    mov ecx, [rbx + (NUMBERS - 1) * 4]
    xor eax, eax
    call printf

; A table with open places: the key's first place, or the next one that is free or its own.
    lea r8, [keys]
    lea r9, [counts]
    xor r12d, r12d
.count:
    mov eax, [rbx + r12 * 4]
    modulo 1000
    imul eax, edx, 1021
.probe:
    and eax, BUCKETS - 1
    cmp dword [r9 + rax * 4], 0
    je .found
    cmp [r8 + rax * 4], edx
    je .found
    inc eax
    jmp .probe
.found:
    mov [r8 + rax * 4], edx
    inc dword [r9 + rax * 4]
    inc r12d
    cmp r12d, NUMBERS
    jl .count

; esi = keys, r10d = the best key, r11d = its count
    xor esi, esi
    xor r11d, r11d
    xor r12d, r12d
.best:
    mov eax, [r9 + r12 * 4]
    test eax, eax
    jz .skip
    inc esi
    cmp eax, r11d
    jl .skip
    jg .take
    cmp [r8 + r12 * 4], r10d
    jge .skip
.take:
    mov r11d, eax
    mov r10d, [r8 + r12 * 4]
.skip:
    inc r12d
    cmp r12d, BUCKETS
    jl .best
    mov r12d, r10d
    mov r13d, r11d
    lea rdi, [distinct]
    xor eax, eax
    call printf
    lea rdi, [most]
    mov esi, r12d
    mov edx, r13d
    xor eax, eax
    call printf

    xor r12d, r12d
    xor esi, esi
.sum:
    mov eax, r12d
    modulo 7
    imul edx, [rbx + r12 * 4]
    lea eax, [rsi + rdx]
    modulo 1000003
    mov esi, edx
    inc r12d
    cmp r12d, NUMBERS
    jl .sum
    lea rdi, [checksum]
    xor eax, eax
    call printf

    mov r12d, 1
    xor esi, esi
.loop:
    mov eax, r12d
    modulo 7
    mov eax, edx
    imul eax, edx
    modulo 7
    add esi, edx
    inc r12d
    cmp r12d, 200000
    jle .loop
    lea rdi, [looped]
    xor eax, eax
    call printf

    xor eax, eax
    pop r13
    pop r12
    pop rbx
    ret
