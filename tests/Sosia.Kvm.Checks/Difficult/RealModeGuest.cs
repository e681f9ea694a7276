using System;
using System.Buffers.Binary;
using System.IO;
using Sosia.Control;
using Sosia.Core.Execution;
using Sosia.Machines;

namespace Sosia.Kvm.Checks.Difficult;

/// <summary>
/// A guest of some hundred bytes in real mode: it makes the VGA's window plain bytes of a device, copies a routine there, reads it with instructions that the kernel's
/// emulator does not know, calls the routine where it lies, and ends with a loop in RAM.
/// </summary>
internal static class RealModeGuest
{
    private const int Load = 0x7c00;
    private const int ResultsAt = 0x2_0000;
    private const int ResultByteCount = 0x100;
    private const int RoutineRoundsAt = 0x87;
    private const int LoopRoundsAt = 0x9b;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly byte[] Code =
    [
        0xfa, // cli
        0x31, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x70, // xor ax, ax; mov ss, ax; mov sp, 7000h
        0xb8, 0x00, 0x20, 0x8e, 0xd8, 0xb8, 0x00, 0xb8, 0x8e, 0xc0, // mov ax, 2000h; mov ds, ax; mov ax, b800h; mov es, ax
        0xba, 0xc2, 0x03, 0xb0, 0x03, 0xee, // mov dx, 3c2h; mov al, 3; out dx, al: the window answers
        0xba, 0xc4, 0x03, 0xb8, 0x02, 0x01, 0xef, // mov dx, 3c4h; mov ax, 0102h; out dx, ax: plane 0 is written
        0xb8, 0x04, 0x06, 0xef, // mov ax, 0604h; out dx, ax: addresses in sequence
        0xba, 0xce, 0x03, 0xb8, 0x05, 0x00, 0xef, // mov dx, 3ceh; mov ax, 0005h; out dx, ax: write mode 0
        0xb8, 0x06, 0x0c, 0xef, 0xb8, 0x08, 0xff, 0xef, // mov ax, 0c06h; out dx, ax: at B8000h; mov ax, ff08h; out dx, ax: all bits
        0xbe, 0xaf, 0x7c, 0x31, 0xff, 0xb9, 0x0c, 0x00, 0xfc, 0xf3, 0x2e, 0xa4, // mov si, routine; xor di, di; mov cx, 12; cld; rep movsb from cs
        0x0f, 0x20, 0xe0, 0x66, 0x0d, 0x00, 0x02, 0x00, 0x00, 0x0f, 0x22, 0xe0, // mov eax, cr4; or eax, OSFXSR; mov cr4, eax
        0x31, 0xff, // xor di, di
        0x26, 0x66, 0xf3, 0x0f, 0xb8, 0x05, 0x66, 0xa3, 0x00, 0x00, // popcnt eax, [es:di]; mov [0], eax
        0xdb, 0xe3, // fninit
        0x26, 0xdf, 0x2d, 0xdf, 0x3e, 0x08, 0x00, // fild qword [es:di]; fistp qword [8]
        0x26, 0xdb, 0x6d, 0x03, 0xdb, 0x3e, 0x10, 0x00, // fld tbyte [es:di + 3]; fstp tbyte [10h]
        0x26, 0x66, 0x0f, 0xfe, 0x05, 0x0f, 0x11, 0x06, 0x20, 0x00, // paddd xmm0, [es:di]; movups [20h], xmm0
        0x26, 0xdb, 0x05, 0x26, 0xdb, 0x1e, 0x00, 0x02, // fild dword [es:di]; fistp dword [es:200h]
        0x26, 0x66, 0xa1, 0x00, 0x02, 0x66, 0xa3, 0x30, 0x00, // mov eax, [es:200h]; mov [30h], eax
        0x66, 0x31, 0xc0, 0x66, 0xb9, 0x00, 0x00, 0x00, 0x00, // xor eax, eax; mov ecx, rounds
        0x9a, 0x00, 0x00, 0x00, 0xb8, // call b800h:0
        0x66, 0xa3, 0x34, 0x00, 0x66, 0x89, 0x0e, 0x38, 0x00, // mov [34h], eax; mov [38h], ecx
        0x66, 0xb9, 0x00, 0x00, 0x00, 0x00, // mov ecx, rounds
        0x66, 0x01, 0xc8, 0x66, 0x49, 0x75, 0xf9, // add eax, ecx; dec ecx; jnz back
        0x66, 0xa3, 0x3c, 0x00, // mov [3ch], eax
        0x30, 0xc0, 0xe6, 0xf4, 0xf4, // xor al, al; out 0f4h, al; hlt
        0x66, 0xc1, 0xc0, 0x03, 0x66, 0x01, 0xc8, 0x66, 0x49, 0x75, 0xf5, 0xcb, // routine: rol eax, 3; add eax, ecx; dec ecx; jnz routine; retf
    ];

    /// <summary>How many instructions it has that want to be emulated and cannot be, without the routine.</summary>
    public const int DifficultCount = 6;

    /// <summary>How many instructions a round of the routine has.</summary>
    public const int InstructionsPerRound = 4;

    /// <summary>Runs it to its end.</summary>
    /// <param name="engine">What runs it; disposed of.</param>
    /// <param name="routineRounds">How often the routine goes round in the device's memory; at least 1.</param>
    /// <param name="loopRounds">How often the loop in RAM goes round; at least 1.</param>
    public static Outcome Run(IEngine engine, uint routineRounds, uint loopRounds)
    {
        byte[] code = [.. Code];
        BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(RoutineRoundsAt), routineRounds);
        BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(LoopRoundsAt), loopRounds);
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, code);
            using VirtualMachine machine = VirtualMachine.Create(
                new MachineOptions { Kernel = file, LoadAddress = Load, FlatEntry = FlatEntry.Real, MemoryByteCount = 4 << 20, DebugExitPort = 0xf4, NoReboot = true },
                engine);
            RunResult end = machine.Run(Patience);
            byte[] results = new byte[ResultByteCount];
            machine.ReadPhysical(ResultsAt, results);
            return new Outcome(end, results, machine.GetStats());
        }
        finally
        {
            File.Delete(file);
        }
    }
}
