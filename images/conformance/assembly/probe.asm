; Functions of the C library, called as the System V interface has it: the stack stays aligned to 16 bytes at each call.
default rel
extern fputs, fgets, strlen, fopen, fclose, getenv
extern stdin, stdout, stderr
global main

section .rodata
hello:     db "hello", 10, "stdin=", 0
file:      db 10, "file=", 0
args:      db 10, "args=", 0
env:       db 10, "env=", 0
utf8:      db 10, "utf8=Grüße 世界 🚀", 10, 0
complaint: db "to stderr", 10, 0
content:   db "artifact", 10, 0
bar:       db "|", 0
variable:  db "UNSANDBOX_PROBE", 0
input:     db "/tmp/input/input.txt", 0
artifact:  db "/tmp/artifacts/probe.txt", 0
reading:   db "r", 0
writing:   db "w", 0

section .bss
line: resb 256

section .text

; say(rdi = text)
say:
    sub rsp, 8
    mov rsi, [stdout]
    call fputs
    add rsp, 8
    ret

; say_lines(rdi = stream): its lines, with | between them
say_lines:
    push rbx
    push r12
    sub rsp, 8
    mov rbx, rdi
    xor r12d, r12d
.next:
    lea rdi, [line]
    mov esi, 256
    mov rdx, rbx
    call fgets
    test rax, rax
    jz .done
    test r12d, r12d
    jz .first
    lea rdi, [bar]
    call say
.first:
    inc r12d
    lea rdi, [line]
    call strlen
    lea rdi, [line]
    mov byte [rdi + rax - 1], 0
    call say
    jmp .next
.done:
    add rsp, 8
    pop r12
    pop rbx
    ret

main:
    push rbx
    push r12
    push r13
    mov r12d, edi
    mov r13, rsi

    lea rdi, [hello]
    call say
    mov rdi, [stdin]
    call say_lines

    lea rdi, [file]
    call say
    lea rdi, [input]
    lea rsi, [reading]
    call fopen
    mov rdi, rax
    call say_lines

    lea rdi, [args]
    call say
    mov ebx, 1
.argument:
    cmp ebx, r12d
    jge .arguments_done
    cmp ebx, 1
    je .first
    lea rdi, [bar]
    call say
.first:
    mov rdi, [r13 + rbx * 8]
    call say
    inc ebx
    jmp .argument
.arguments_done:

    lea rdi, [env]
    call say
    lea rdi, [variable]
    call getenv
    mov rdi, rax
    call say
    lea rdi, [utf8]
    call say
    lea rdi, [complaint]
    mov rsi, [stderr]
    call fputs

    lea rdi, [artifact]
    lea rsi, [writing]
    call fopen
    mov rbx, rax
    lea rdi, [content]
    mov rsi, rbx
    call fputs
    mov rdi, rbx
    call fclose

    mov eax, 7
    pop r13
    pop r12
    pop rbx
    ret
