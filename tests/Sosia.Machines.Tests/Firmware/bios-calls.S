# A boot disk whose program calls the services of a PC's BIOS in real mode and writes what they answer to the first serial port,
# a line each: the name of the call, then hexadecimal numbers. The last line is the code of a key that it waits for. It ends by a write to
# the debug-exit port 0xf4. Assemble: as --32, then ld -m elf_i386 -Ttext 0x7c00 --oformat binary.

        .code16
        .globl  _start
_start:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
        sti
        cld
        movb    %dl, drive

        # The rest of the program lies in the next sectors: read by cylinder, head and sector.
        movw    $0x0207, %ax
        movw    $0x0002, %cx
        movb    $0, %dh
        movw    $0x7e00, %bx
        int     $0x13
        jc      failed
        cmpw    $0x600d, last
        je      main
failed:
        movw    $message_failed, %si
        call    text
        movw    $0xf4, %dx
        movb    $0x7f, %al
        outb    %al, %dx
stop:   hlt
        jmp     stop

# Writes the text at SI, which ends with a zero.
text:
        lodsb
        testb   %al, %al
        jz      text_end
        call    character
        jmp     text
text_end:
        ret

# Writes AL to the serial port.
character:
        pushw   %dx
        pushw   %ax
        movw    $0x3fd, %dx
character_wait:
        inb     %dx, %al
        testb   $0x20, %al
        jz      character_wait
        popw    %ax
        movw    $0x3f8, %dx
        outb    %al, %dx
        popw    %dx
        ret

# Writes a space and AX in hexadecimal.
number:
        pushaw
        movw    %ax, %bx
        movb    $' ', %al
        call    character
        movw    $4, %cx
number_next:
        rolw    $4, %bx
        movb    %bl, %al
        andb    $15, %al
        cmpb    $10, %al
        jb      number_digit
        addb    $('a' - '0' - 10), %al
number_digit:
        addb    $'0', %al
        call    character
        loop    number_next
        popaw
        ret

# Ends the line.
end_line:
        pushw   %ax
        movb    $'\r', %al
        call    character
        movb    $'\n', %al
        call    character
        popw    %ax
        ret

message_failed: .asciz "FAILED\r\n"
drive:  .byte   0

        .org    446
        # One partition over the whole disk, so that the disk looks like others.
        .byte   0x80, 0, 2, 0, 0x0c, 0xff, 0xff, 0xff
        .long   1, 2047
        .org    510
        .word   0xaa55

        .macro  say message
        movw    $\message, %si
        call    text
        .endm

        .macro  show register
        movw    \register, %ax
        call    number
        .endm

main:
        # The BIOS's own console is on the same port and writes when the timer ticks: it gets time to finish.
        movw    $8, %cx
main_wait:
        hlt
        loop    main_wait

        say     name_memory
        int     $0x12
        call    number
        call    end_line

        say     name_equipment
        int     $0x11
        call    number
        call    end_line

        # Extended memory: below 16 MiB in KiB, above in 64 KiB.
        say     name_e801
        movw    $0xe801, %ax
        int     $0x15
        jc      failed
        pushw   %bx
        call    number
        popw    %ax
        call    number
        call    end_line

        # The memory map, until the continuation is 0.
        xorl    %ebx, %ebx
e820_next:
        movl    $0xe820, %eax
        movl    $0x534d4150, %edx
        movl    $20, %ecx
        movw    $buffer, %di
        int     $0x15
        jc      failed
        cmpl    $0x534d4150, %eax
        jne     failed
        pushl   %ebx
        say     name_e820
        show    buffer+6
        show    buffer+4
        show    buffer+2
        show    buffer
        show    buffer+14
        show    buffer+12
        show    buffer+10
        show    buffer+8
        show    buffer+16
        call    end_line
        popl    %ebx
        testl   %ebx, %ebx
        jnz     e820_next

        # A20: its state after opening it.
        say     name_a20
        movw    $0x2401, %ax
        int     $0x15
        jc      failed
        movw    $0x2402, %ax
        int     $0x15
        movb    $0, %ah
        call    number
        call    end_line

        # A block is moved from 1 MiB and back by INT 15h, AH = 87h.
        say     name_move
        movw    $source_text, descriptor_from
        movb    $0, descriptor_from+2
        movw    $0, descriptor_to
        movb    $0x20, descriptor_to+2
        call    move
        movw    $0, descriptor_from
        movb    $0x20, descriptor_from+2
        movw    $buffer, descriptor_to
        movb    $0, descriptor_to+2
        call    move
        movw    $buffer, %si
        call    text
        call    end_line

        # The disk: geometry, extensions, size, reading and writing by block number.
        say     name_geometry
        movb    $8, %ah
        movb    drive, %dl
        xorw    %di, %di
        int     $0x13
        jc      failed
        pushw   %dx
        show    %cx
        popw    %ax
        call    number
        xorw    %ax, %ax
        movw    %ax, %es
        call    end_line

        say     name_extensions
        movb    $0x41, %ah
        movw    $0x55aa, %bx
        movb    drive, %dl
        int     $0x13
        jc      failed
        pushw   %cx
        show    %bx
        popw    %ax
        call    number
        call    end_line

        say     name_size
        movb    $0x48, %ah
        movb    drive, %dl
        movw    $buffer, %si
        movw    $26, buffer
        int     $0x13
        jc      failed
        show    buffer+18
        show    buffer+16
        show    buffer+24
        call    end_line

        say     name_write
        movw    $0x1234, buffer
        movw    $0x5678, buffer+510
        movl    $1000, packet+8
        movw    $0x4300, %ax
        call    transfer
        movw    $0, buffer
        movw    $0, buffer+510
        movw    $0x4200, %ax
        call    transfer
        show    buffer
        show    buffer+510
        call    end_line

        # A block that the disk does not have.
        say     name_beyond
        movl    $0x7fffffff, packet+8
        movb    $0x42, %ah
        movb    drive, %dl
        movw    $packet, %si
        int     $0x13
        movw    $0, %ax
        adcw    $0, %ax
        call    number
        call    end_line

        # Screen: the mode and its columns.
        say     name_screen
        movb    $0x0f, %ah
        int     $0x10
        call    number
        call    end_line

        # The tick counter moves; the clock tells century and year.
        say     name_ticks
        movb    $0, %ah
        int     $0x1a
        movw    %dx, %bx
tick_wait:
        hlt
        pushw   %bx
        movb    $0, %ah
        int     $0x1a
        popw    %bx
        cmpw    %dx, %bx
        je      tick_wait
        subw    %bx, %dx
        show    %dx
        call    end_line

        say     name_date
        movb    $4, %ah
        int     $0x1a
        jc      failed
        pushw   %dx
        show    %cx
        popw    %ax
        call    number
        call    end_line

        # Waits for 20,000 microseconds.
        say     name_wait
        movb    $0x86, %ah
        movw    $0, %cx
        movw    $20000, %dx
        int     $0x15
        movw    $0, %ax
        adcw    $0, %ax
        call    number
        call    end_line

        # PCI BIOS: present, version, the ISA bridge by class code, its vendor and device.
        say     name_pci
        movw    $0xb101, %ax
        int     $0x1a
        jc      failed
        pushw   %bx
        show    %dx
        popw    %ax
        call    number
        movw    $0xb103, %ax
        movl    $0x060100, %ecx
        xorw    %si, %si
        int     $0x1a
        jc      failed
        pushw   %bx
        show    %bx
        popw    %bx
        movw    $0xb10a, %ax
        xorw    %di, %di
        int     $0x1a
        jc      failed
        pushl   %ecx
        popw    %ax
        call    number
        popw    %ax
        call    number
        call    end_line

        # A key; scan code and character.
        say     name_key
        movb    $0, %ah
        int     $0x16
        call    number
        call    end_line

        say     name_end
        movw    $0xf4, %dx
        movb    $0x15, %al
        outb    %al, %dx
        jmp     stop

# Moves 16 bytes by the descriptor table.
move:
        movb    $0x87, %ah
        movw    $8, %cx
        movw    $table, %si
        int     $0x15
        jc      failed
        ret

# Reads or writes by the packet; AX says which.
transfer:
        movb    drive, %dl
        movw    $packet, %si
        int     $0x13
        jc      failed
        ret

source_text:    .asciz "moved by BIOS  "
name_memory:    .asciz "INT12"
name_equipment: .asciz "INT11"
name_e801:      .asciz "INT15-E801"
name_e820:      .asciz "INT15-E820"
name_a20:       .asciz "INT15-2402"
name_move:      .asciz "INT15-87 "
name_geometry:  .asciz "INT13-08"
name_extensions: .asciz "INT13-41"
name_size:      .asciz "INT13-48"
name_write:     .asciz "INT13-43"
name_beyond:    .asciz "INT13-42"
name_screen:    .asciz "INT10-0F"
name_ticks:     .asciz "INT1A-00"
name_date:      .asciz "INT1A-04"
name_wait:      .asciz "INT15-86"
name_pci:       .asciz "INT1A-B1"
name_key:       .asciz "INT16-00"
name_end:       .asciz "END\r\n"

        .balign 8
packet: .byte   16, 0
        .word   1, buffer, 0
        .long   0, 0
table:  .fill   16
        .word   15
descriptor_from: .word 0
        .byte   0, 0x93
        .word   0
        .word   15
descriptor_to: .word 0
        .byte   0, 0x93
        .word   0
        .fill   16

        .org    512 * 8 - 2
last:   .word   0x600d
        .org    512 * 8
        .equ    buffer, 0x9000
