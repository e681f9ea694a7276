# Measures what leaving guest code costs: a multiboot kernel that repeats one instruction at a time and prints, on the first serial port, how many ticks of the
# time-stamp counter each repetition took. Ends by a write to port 0xf4 (--debug-exit 0xf4, or QEMU's isa-debug-exit).
#
#   gcc -m32 -nostdlib -static -Wl,--build-id=none,-N,-Ttext=0x100000 -o exits exits.S

        .set    SERIAL, 0x3f8
        .set    SCRATCH, SERIAL + 7                     # the UART's scratch register: a device of user space
        .set    HPET_CONFIGURATION, 0xfed00010
        .set    REPETITIONS, 20000
        .set    LOOPS, 20000000

        .macro  measure name, count, body:vararg
        mov     $\name, %esi
        call    print
        mov     $\count, %edi
        call    begin
1:      \body
        dec     %edi
        jnz     1b
        mov     $\count, %edi
        call    finish
        .endm

        .section .rodata
loop:   .asciz  "loop"
port_read: .asciz "port-read"
port_write: .asciz "port-write"
port_string: .asciz "port-string-64"
mmio_read: .asciz "mmio-read"
mmio_write: .asciz "mmio-write"
cpuid_name: .asciz "cpuid"
done:   .asciz  "done\n"

        .bss
        .align  16
        .skip   4096
stack:
buffer: .skip   64

        .text
        .align  4
        .long   0x1badb002, 0, -0x1badb002              # multiboot 1, no flags

        .global _start
_start:
        mov     $stack, %esp
        cld
        mov     $SERIAL + 3, %dx                        # 8 data bits
        mov     $3, %al
        out     %al, %dx
        measure loop, LOOPS, nop
        mov     $SCRATCH, %edx
        measure port_read, REPETITIONS, in (%dx), %al
        measure port_write, REPETITIONS, out %al, (%dx)
        measure port_string, REPETITIONS / 64, call string
        measure mmio_read, REPETITIONS, mov HPET_CONFIGURATION, %eax
        measure mmio_write, REPETITIONS, mov %eax, HPET_CONFIGURATION
        measure cpuid_name, REPETITIONS, call identify
        mov     $done, %esi
        call    print
        mov     $0xf4, %edx
        xor     %eax, %eax
        out     %al, %dx
2:      hlt
        jmp     2b

# 64 bytes to the scratch register by one instruction.
string: mov     $buffer, %esi
        mov     $64, %ecx
        rep outsb
        ret

identify:
        mov     %edx, %ebp
        xor     %eax, %eax
        cpuid
        mov     %ebp, %edx
        ret

# Notes the counter. Keeps EDX, EDI; EAX becomes 0.
begin:  push    %edx
        rdtsc
        mov     %eax, start
        mov     %edx, start + 4
        pop     %edx
        xor     %eax, %eax
        ret

# Prints the ticks for each of EDI repetitions, with one decimal, and a line end. Keeps EDX.
finish: push    %edx
        rdtsc
        sub     start, %eax
        sbb     start + 4, %edx
        # Ticks times 10 divided by the count; both halves, because the product may have more than 32 bits.
        mov     %eax, %ebx
        mov     %edx, %eax
        mov     $10, %ecx
        mul     %ecx
        mov     %eax, %ebp
        mov     %ebx, %eax
        mul     %ecx
        add     %ebp, %edx
        div     %edi
        xor     %edx, %edx
        div     %ecx
        push    %edx
        call    number
        mov     $'.', %al
        call    put
        pop     %eax
        add     $'0', %al
        call    put
        mov     $'\n', %al
        call    put
        pop     %edx
        ret

# Prints a space and EAX as a decimal number.
number: push    %eax
        mov     $' ', %al
        call    put
        pop     %eax
        mov     $10, %ecx
        xor     %ebx, %ebx
3:      xor     %edx, %edx
        div     %ecx
        push    %edx
        inc     %ebx
        test    %eax, %eax
        jnz     3b
4:      pop     %eax
        add     $'0', %al
        call    put
        dec     %ebx
        jnz     4b
        ret

# Prints the text at ESI. Keeps EDX.
print:  lodsb
        test    %al, %al
        jz      5f
        call    put
        jmp     print
5:      ret

# Prints AL. Keeps EDX, EBX.
put:    push    %edx
        push    %eax
        mov     $SERIAL + 5, %edx
6:      in      (%dx), %al
        test    $0x20, %al
        jz      6b
        pop     %eax
        mov     $SERIAL, %edx
        out     %al, %dx
        pop     %edx
        ret

        .bss
        .align  8
start:  .skip   8
