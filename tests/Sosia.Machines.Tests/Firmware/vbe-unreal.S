# A boot disk as programs of the DOS era begin: it switches address line 20 off and on, gives FS a limit of 4 GiB by a visit to protected mode ("unreal mode"), looks
# among the video BIOS's modes for 1920 x 1080 pixels of 32 bits, and draws into the linear frame buffer from real mode: the first pixel red, the last one blue.
# What it finds goes to the first serial port. Assemble: as --32, then ld -m elf_i386 -Ttext 0x7c00 --oformat binary.

        .code16
        .globl  _start
_start:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %ss
        movw    $0x7c00, %sp
        cld

        # Behind FFFF:0510 is 0:500 while the line is off, and another byte when it is on. Port 92h and the keyboard controller can each hold it on.
        movw    $0xffff, %ax
        movw    %ax, %es
        movb    $'a', 0x500
        movb    $'b', %es:0x510
        movb    0x500, %al
        call    character               # a: the line is on
        movb    $0xdd, %bl
        call    gate
        inb     $0x92, %al
        andb    $0xfc, %al
        outb    %al, $0x92
        movb    %es:0x510, %al
        call    character               # a: it is off
        movb    $'c', %es:0x510
        movb    0x500, %al
        call    character               # c
        movb    $0xdf, %bl
        call    gate
        movb    %es:0x510, %al
        call    character               # b: it is on again

        lgdt    table
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        movw    $8, %bx
        movw    %bx, %fs
        andb    $0xfe, %al
        movl    %eax, %cr0
        xorw    %ax, %ax
        movw    %ax, %es
        movl    $0x100500, %esi
        movb    %fs:(%esi), %al
        call    character               # b: the byte behind the first mebibyte

        movw    $0x4f00, %ax
        movw    $0x8000, %di
        movl    $0x32454256, (%di)
        int     $0x10
        lgsw    0x800e, %si
next:
        movw    %gs:(%si), %cx
        addw    $2, %si
        cmpw    $0xffff, %cx
        je      stop
        movw    $0x4f01, %ax
        movw    $0x8200, %di
        int     $0x10
        cmpw    $1920, 0x8212
        jne     next
        cmpw    $1080, 0x8214
        jne     next
        cmpb    $32, 0x8219
        jne     next
        movw    $0x4f02, %ax
        movw    %cx, %bx
        orw     $0x4000, %bx
        int     $0x10
        movl    0x8228, %edi
        movl    $0xff0000, %fs:(%edi)
        addl    $(1920 * 1080 - 1) * 4, %edi
        movl    $0x0000ff, %fs:(%edi)
        movb    $'V', %al
        call    character
stop:
        hlt
        jmp     stop

# Writes BL to the keyboard controller's output port, whose bit 1 is address line 20.
gate:
        call    drain
        movb    $0xd1, %al
        outb    %al, $0x64
        call    drain
        movb    %bl, %al
        outb    %al, $0x60

# Waits until the keyboard controller has taken what was written.
drain:
        inb     $0x64, %al
        testb   $2, %al
        jnz     drain
        ret

# Writes AL to the serial port.
character:
        movw    $0x3f8, %dx
        outb    %al, %dx
        ret

        .balign 8
segments:
        .quad   0
        .quad   0x00cf92000000ffff
table:  .word   15
        .long   segments

        .org    510
        .word   0xaa55
