# A boot disk that writes the letter in front of its boot signature to the first serial port, then resets the machine by the chipset's
# reset control register. Assemble: as --32, then ld -m elf_i386 -Ttext 0x7c00 --oformat binary.

        .code16
        .globl  _start
_start:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movb    letter, %bl
        movw    $message, %si
        cld
next:
        movw    $0x3fd, %dx
wait:   inb     %dx, %al
        testb   $0x20, %al
        jz      wait
        lodsb
        testb   %al, %al
        jz      name
        movw    $0x3f8, %dx
        outb    %al, %dx
        jmp     next
name:
        movb    %bl, %al
        movw    $0x3f8, %dx
        outb    %al, %dx
        movb    $6, %al
        movw    $0xcf9, %dx
        outb    %al, %dx
stop:   hlt
        jmp     stop

message: .asciz "\r\nstarted disk "

        .org    509
letter: .byte   'A'
        .word   0xaa55
