# Draws on the screen of a PC for the comparison with other virtual machines (compare.sh): a multiboot kernel whose command line ends with the
# first letter of a pattern:
#
#   f   whole frames of 1024 × 768 × 32 in the linear frame buffer of the Bochs display extension, one after the other: a gradient that moves
#   s   every 4 ms eight squares of 16 × 16 pixels, in random colours at random places of the same
#   t   text of 80 × 25 characters that scrolls by a row at a time
#   i   one frame, and then nothing
#
# It says "ready" on the first serial port when it begins, and answers each byte from there with a line: how many frames, groups of squares or rows
# there have been, as eight hexadecimal digits.
#
#   gcc -m32 -nostdlib -static -Wl,--build-id=none,-N,-Ttext=0x100000 -o guest guest.S

        .set    SERIAL, 0x3f8
        .set    TEXT, 0xb8000
        .set    WIDTH, 1024
        .set    HEIGHT, 768
        .set    CODE, 8
        .set    FIRST_VECTOR, 0x20
        .set    TIMER_COUNT, 1193182 / 250

        .macro  dispi index, value
        mov     $0x1ce, %dx
        mov     $\index, %ax
        out     %ax, %dx
        inc     %dx
        mov     $\value, %ax
        out     %ax, %dx
        .endm

        .macro  outb port, value
        mov     $\value, %al
        out     %al, $\port
        .endm

        .data
        .align  8
descriptors:
        .quad   0, 0x00cf9b000000ffff, 0x00cf93000000ffff
descriptors_end:
descriptors_at: .word descriptors_end - descriptors - 1
        .long   descriptors
vectors_at: .word 256 * 8 - 1
        .long   vectors
seed:   .long   0x9e3779b9
ready:  .asciz  "ready\n"

        .bss
        .align  16
        .skip   4096
stack:
vectors: .skip  256 * 8
gradient: .skip 2 * WIDTH * 4
frame_buffer: .skip 4
count:  .skip   4

        .text
        .align  4
        .long   0x1badb002, 0, -0x1badb002              # multiboot 1, no flags

        .global _start
_start:
        mov     $stack, %esp
        cld
        lgdt    descriptors_at
        ljmp    $CODE, $1f
1:      mov     $CODE + 8, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     16(%ebx), %esi                          # the command line's last character
2:      lodsb
        test    %al, %al
        jz      3f
        mov     %al, %bl
        jmp     2b
3:      mov     $SERIAL + 3, %dx                        # 8 data bits
        mov     $3, %al
        out     %al, %dx
        mov     $SERIAL + 4, %dx                        # the interrupt's way out of the UART
        mov     $0x0b, %al
        out     %al, %dx
        cmp     $'t', %bl
        je      text
        call    find_frame_buffer
        dispi   4, 0
        dispi   1, WIDTH
        dispi   2, HEIGHT
        dispi   3, 32
        dispi   4, 0x41
        call    make_gradient
        call    draw_frame
        call    set_vectors
        cmp     $'s', %bl
        je      squares
        cmp     $'i', %bl
        je      idle

frames: call    say_ready
1:      call    draw_frame
        incl    count
        call    answer
        jmp     1b

squares:
        outb    0x43, 0x34                              # channel 0, periodic
        outb    0x40, TIMER_COUNT & 0xff
        outb    0x40, TIMER_COUNT >> 8
        outb    0x21, 0xfe
        call    say_ready
1:      sti
        hlt
        mov     $8, %ebp
2:      call    draw_square
        dec     %ebp
        jnz     2b
        incl    count
        call    answer
        jmp     1b

idle:   mov     $SERIAL + 1, %dx                        # an interrupt for each byte
        mov     $1, %al
        out     %al, %dx
        outb    0x21, 0xef
        call    say_ready
1:      sti
        hlt
        call    answer
        jmp     1b

text:   call    say_ready
1:      mov     $TEXT, %edi
        lea     160(%edi), %esi
        mov     $24 * 160 / 4, %ecx
        rep movsl
        mov     count, %eax
        and     $0x3f, %eax
        add     $0x0720, %eax
        mov     $80, %ecx
2:      stosw
        inc     %eax
        and     $0xff7f, %eax
        loop    2b
        incl    count
        call    answer
        jmp     1b

draw_frame:
        mov     frame_buffer, %edi
        xor     %edx, %edx
1:      mov     count, %esi
        lea     (%edx, %esi, 8), %esi
        and     $WIDTH - 1, %esi
        lea     gradient(, %esi, 4), %esi
        mov     $WIDTH, %ecx
        rep movsl
        inc     %edx
        cmp     $HEIGHT, %edx
        jb      1b
        ret

draw_square:
        call    random
        mov     %eax, %edi
        shr     $16, %edi
        and     $0x3f, %eax                             # 64 columns of places, and 48 rows
        shl     $4 + 2, %eax
        and     $0x1f, %edi
        imul    $24 * WIDTH * 4, %edi
        add     %eax, %edi
        add     frame_buffer, %edi
        call    random
        mov     $16, %edx
1:      mov     $16, %ecx
        rep stosl
        add     $(WIDTH - 16) * 4, %edi
        dec     %edx
        jnz     1b
        ret

random: mov     seed, %eax
        mov     %eax, %ecx
        shl     $13, %ecx
        xor     %ecx, %eax
        mov     %eax, %ecx
        shr     $17, %ecx
        xor     %ecx, %eax
        mov     %eax, %ecx
        shl     $5, %ecx
        xor     %ecx, %eax
        mov     %eax, seed
        ret

# Four pixels of each colour, twice, so that a line can begin anywhere.
make_gradient:
        mov     $gradient, %edi
        xor     %ecx, %ecx
1:      mov     %ecx, %eax
        shr     $2, %eax
        and     $0xff, %eax
        imul    $0x010100, %eax, %edx
        xor     $0xff, %eax
        or      %edx, %eax
        stosl
        inc     %ecx
        cmp     $2 * WIDTH, %ecx
        jb      1b
        ret

# The adapter 1234:1111 on the first PCI bus.
find_frame_buffer:
        mov     $0x80000000, %ecx
1:      call    read_configuration
        cmp     $0x11111234, %eax
        je      2f
        add     $0x800, %ecx
        cmp     $0x80010000, %ecx
        jb      1b
        hlt
2:      or      $0x10, %ecx
        call    read_configuration
        and     $~15, %eax
        mov     %eax, frame_buffer
        ret

read_configuration:
        mov     $0xcf8, %dx
        mov     %ecx, %eax
        out     %eax, %dx
        mov     $0xcfc, %dx
        in      %dx, %eax
        ret

# Interrupts of the first 8259 lead to "interrupt"; all are masked.
set_vectors:
        outb    0x20, 0x11
        outb    0x21, FIRST_VECTOR
        outb    0x21, 4
        outb    0x21, 1
        outb    0x21, 0xff
        outb    0xa1, 0xff
        mov     $vectors + FIRST_VECTOR * 8, %edi
        mov     $interrupt, %edx
        mov     $8, %ecx
1:      mov     %dx, (%edi)
        movw    $CODE, 2(%edi)
        movw    $0x8e00, 4(%edi)
        rol     $16, %edx
        mov     %dx, 6(%edi)
        rol     $16, %edx
        add     $8, %edi
        loop    1b
        lidt    vectors_at
        ret

interrupt:
        push    %eax
        outb    0x20, 0x20
        pop     %eax
        iret

say_ready:
        mov     $ready, %esi
1:      lodsb
        test    %al, %al
        jz      2f
        call    put
        jmp     1b
2:      ret

answer: mov     $SERIAL + 5, %dx
        in      %dx, %al
        test    $1, %al
        jz      3f
        mov     $SERIAL, %dx
        in      %dx, %al
        mov     count, %ebp
        mov     $8, %ecx
1:      rol     $4, %ebp
        mov     %ebp, %eax
        and     $15, %al
        cmp     $10, %al
        sbb     $0x69, %al
        das
        call    put
        loop    1b
        mov     $'\n', %al
        call    put
3:      ret

put:    push    %eax
        mov     $SERIAL + 5, %dx
1:      in      %dx, %al
        test    $0x20, %al
        jz      1b
        pop     %eax
        mov     $SERIAL, %dx
        out     %al, %dx
        ret
