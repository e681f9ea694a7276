# A boot disk whose program enters protected mode and comes back by a reset of the processor, as software of the 80286 does: by port 92h, the keyboard
# controller, a shutdown (triple fault) and the chipset's reset control register, with the shutdown codes 0Ah and 05h in turn. For each way that
# worked it writes a line "back N" to the first serial port when the next timer interrupt has come. Then it starts the disk again by INT 19h, and at the second start
# it ends by a write to the debug-exit port 0xf4. Assemble: as --32, then ld -m elf_i386 -Ttext 0x7c00 --oformat binary.

        .code16
        .globl  _start
        .equ    started, 0x600          # a word that a second start finds
        .equ    way, 0x602
        .equ    in_protected_mode, 0x603
        .equ    ticks, 0x46c
        .equ    resume_vector, 0x467
_start:
        call    real_mode
        cmpw    $0x6006, started
        je      again
        movb    $0, way
        movb    $0, in_protected_mode
next:
        movw    $back, resume_vector
        movw    $0, resume_vector+2
        movb    $0x0f, %al
        outb    %al, $0x70
        movb    $0x0a, %al
        testb   $1, way
        jz      code
        movb    $0x05, %al
code:   outb    %al, $0x71
        cli
        lgdt    table_pointer
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmp    $8, $protected
protected:
        movw    $16, %ax
        movw    %ax, %ds
        incb    in_protected_mode
        movb    way, %bl
        decb    %bl
        js      by_port_92
        jz      by_controller
        decb    %bl
        jz      by_shutdown
        movw    $0xcf9, %dx
        movb    $0, %al
        outb    %al, %dx
        movb    $4, %al
        outb    %al, %dx
        jmp     stop
by_port_92:
        inb     $0x92, %al
        orb     $1, %al
        outb    %al, $0x92
        jmp     stop
by_controller:
        movb    $0xfe, %al
        outb    %al, $0x64
        jmp     stop
by_shutdown:
        lidt    nothing
        int3
stop:   hlt
        jmp     stop

back:
        call    real_mode
        sti
        movw    ticks, %ax
tick:   hlt
        cmpw    ticks, %ax
        je      tick
        movb    way, %al
        addb    $'0', %al
        movb    %al, digit
        movw    $message_back, %si
        call    text
        incb    way
        movb    way, %al
        cmpb    in_protected_mode, %al
        jne     stop
        cmpb    $4, %al
        jb      next
        movw    $0x6006, started
        int     $0x19
        jmp     stop
again:
        movw    $message_again, %si
        call    text
        movb    $0x15, %al
        outb    %al, $0xf4
        jmp     stop

# Segments and stack; the return address is on whatever stack there was.
real_mode:
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        popw    %bx
        movw    %ax, %ss
        movw    $0x7c00, %sp
        jmp     *%bx

text:
        movw    $0x3fd, %dx
text_wait:
        inb     %dx, %al
        testb   $0x20, %al
        jz      text_wait
        lodsb
        testb   %al, %al
        jz      text_end
        movw    $0x3f8, %dx
        outb    %al, %dx
        jmp     text
text_end:
        ret

message_back:   .ascii "\r\nback "
digit:          .asciz "0\r\n"
message_again:  .asciz "\r\nstarted again\r\n"

        .balign 8
table:  .quad   0
        .quad   0x00009b000000ffff      # 16-bit code, base 0
        .quad   0x000093000000ffff      # data, base 0
table_pointer:
        .word   23
        .long   table
nothing:
        .word   0
        .long   0

        .org    510
        .word   0xaa55
