using System;
using System.Buffers.Binary;

namespace Sosia.Cli.Tests;

/// <summary>Multiboot kernels of a few instructions (Multiboot Specification 0.6.96, 3.1: header with load addresses), started in 32-bit protected mode.</summary>
internal static class TinyKernel
{
    private const uint LoadAddress = 0x10_0000;
    private const uint Magic = 0x1bad_b002;
    private const uint HasAddresses = 0x1_0000;
    private const int HeaderByteCount = 32;

    /// <summary>Writes 0x10 to port 0xF4.</summary>
    public static byte[] DebugExit { get; } = Build([0xb0, 0x10, 0xe6, 0xf4, 0xf4]);

    /// <summary>Loads an empty interrupt table and raises an exception.</summary>
    public static byte[] TripleFault { get; } = Build(
    [
        0x0f, 0x01, 0x1d, 0x29, 0x00, 0x10, 0x00, // lidt [0x100029]
        0x0f, 0x0b, // ud2
        0, 0, 0, 0, 0, 0,
    ]);

    /// <summary>Resets the machine by the keyboard controller.</summary>
    public static byte[] Reset { get; } = Build([0xb0, 0xfe, 0xe6, 0x64, 0xeb, 0xfe]);

    /// <summary>Writes "ready", then sends back what comes from the first serial port; 'q' writes 0 to port 0xF4.</summary>
    public static byte[] Echo { get; } = Build(
    [
        0xbe, 0x49, 0x00, 0x10, 0x00, // mov esi,0x100049
        0x66, 0xba, 0xf8, 0x03, // mov dx,0x3f8
        // text:
        0xac, // lodsb
        0x84, 0xc0, // test al,al
        0x74, 0x03, // jz listen
        0xee, // out dx,al
        0xeb, 0xf8, // jmp text
        // listen:
        0x66, 0xba, 0xfd, 0x03, // mov dx,0x3fd
        0xec, // in al,dx
        0xa8, 0x01, // test al,1
        0x74, 0xf7, // jz listen
        0x66, 0xba, 0xf8, 0x03, // mov dx,0x3f8
        0xec, // in al,dx
        0xee, // out dx,al
        0x3c, 0x71, // cmp al,'q'
        0x75, 0xed, // jne listen
        0x30, 0xc0, // xor al,al
        0xe6, 0xf4, // out 0xf4,al
        0xf4, // hlt
        .. "ready\r\n\0"u8,
    ]);

    /// <summary>Writes '!' to the first serial port, then waits for a break there and writes 0 to port 0xF4.</summary>
    public static byte[] AwaitBreak { get; } = Build(
    [
        0x66, 0xba, 0xf8, 0x03, // mov dx,0x3f8
        0xb0, 0x21, // mov al,'!'
        0xee, // out dx,al
        0x66, 0xba, 0xfd, 0x03, // mov dx,0x3fd
        // wait:
        0xec, // in al,dx
        0xa8, 0x10, // test al,0x10
        0x74, 0xfb, // jz wait
        0x30, 0xc0, // xor al,al
        0xe6, 0xf4, // out 0xf4,al
        0xf4, // hlt
    ]);

    /// <summary>Uses the local APIC and the I/O APIC, turns paging on, reads where nothing is mapped; the page fault's handler writes 0x21 to port 0xF4.</summary>
    public static byte[] PageFault { get; } = Build(
    [
        0x0f, 0x01, 0x15, 0x98, 0x00, 0x10, 0x00, // lgdt [gdtr]
        0xea, 0x2e, 0x00, 0x10, 0x00, 0x08, 0x00, // jmp 8:next
        // next:
        0xb8, 0x10, 0x00, 0x00, 0x00, // mov eax,0x10
        0x8e, 0xd0, // mov ss,eax
        0xbc, 0x00, 0x00, 0x30, 0x00, // mov esp,0x300000
        0x0f, 0x01, 0x1d, 0x9e, 0x00, 0x10, 0x00, // lidt [idtr]
        0xa1, 0x30, 0x00, 0xe0, 0xfe, // mov eax,[0xfee00030]
        0xc7, 0x05, 0x00, 0x00, 0xc0, 0xfe, 0x01, 0x00, 0x00, 0x00, // mov dword [0xfec00000],1
        0xc7, 0x05, 0x00, 0x00, 0x20, 0x00, 0x83, 0x00, 0x00, 0x00, // mov dword [0x200000],0x83
        0xb8, 0x00, 0x00, 0x20, 0x00, // mov eax,0x200000
        0x0f, 0x22, 0xd8, // mov cr3,eax
        0xb8, 0x10, 0x00, 0x00, 0x00, // mov eax,0x10
        0x0f, 0x22, 0xe0, // mov cr4,eax
        0x0f, 0x20, 0xc0, // mov eax,cr0
        0x0d, 0x00, 0x00, 0x00, 0x80, // or eax,0x80000000
        0x0f, 0x22, 0xc0, // mov cr0,eax
        0xa1, 0x00, 0x00, 0x40, 0x00, // mov eax,[0x400000]
        0xf4, // hlt
        // handler:
        0xb0, 0x21, // mov al,0x21
        0xe6, 0xf4, // out 0xf4,al
        0xf4, // hlt
        // Flat code and data segments.
        0, 0, 0, 0, 0, 0, 0, 0,
        0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0,
        0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0,
        // gdtr:
        0x17, 0x00, 0x80, 0x00, 0x10, 0x00,
        // idtr: only the gate of vector 14 is there
        0x77, 0x00, 0x34, 0x00, 0x10, 0x00,
        0x7b, 0x00, 0x08, 0x00, 0x00, 0x8e, 0x10, 0x00,
    ]);

    private static byte[] Build(ReadOnlySpan<byte> code)
    {
        byte[] kernel = new byte[HeaderByteCount + code.Length];
        ReadOnlySpan<uint> header = [Magic, HasAddresses, unchecked(0 - (Magic + HasAddresses)), LoadAddress, LoadAddress, 0, 0, LoadAddress + HeaderByteCount];
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(kernel.AsSpan(4 * i), header[i]);
        }

        code.CopyTo(kernel.AsSpan(HeaderByteCount));
        return kernel;
    }
}
