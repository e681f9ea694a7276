using System;
using System.Collections.Generic;

namespace Sosia.Jit.X64.Tests.Oracle;

/// <summary>Names of operands as objdump writes them, and lists of operands worth trying.</summary>
internal static class Operands
{
    public static readonly int[] AllWidths = [8, 16, 32, 64];
    public static readonly int[] WideWidths = [16, 32, 64];
    public static readonly int[] LongWidths = [32, 64];

    public static readonly Gpr[] AllGprs = Enum.GetValues<Gpr>();
    public static readonly Xmm[] AllXmms = Enum.GetValues<Xmm>();

    /// <summary>Registers from both halves, with those that encode specially.</summary>
    public static readonly Gpr[] SomeGprs = [Gpr.Rax, Gpr.Rcx, Gpr.Rsp, Gpr.Rbp, Gpr.Rdi, Gpr.R8, Gpr.R12, Gpr.R13, Gpr.R15];

    /// <summary>Vector registers from both halves.</summary>
    public static readonly Xmm[] SomeXmms = [Xmm.Xmm0, Xmm.Xmm3, Xmm.Xmm7, Xmm.Xmm8, Xmm.Xmm15];

    public static readonly int[] SomeImmediates =
        [0, 1, -1, 0x12, 127, 128, -128, -129, 255, 256, 0x1234, 0x7FFF, 0x8000, -0x8000, 0x12345678, int.MaxValue, int.MinValue];

    private static readonly string[] Names8 =
        ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"];

    private static readonly string[] Names16 =
        ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"];

    private static readonly string[] Names32 =
        ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"];

    private static readonly string[] Names64 =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    private static readonly int[] Displacements = [0, 1, -1, 0x7F, -0x80, 0x80, -0x81, 0x12345678, int.MinValue];

    public static string Name(Gpr register, int width = 64) => width switch
    {
        8 => Names8[(int)register],
        16 => Names16[(int)register],
        32 => Names32[(int)register],
        _ => Names64[(int)register],
    };

    public static string Name(Xmm register, int length = 128) => (length == 256 ? "ymm" : "xmm") + (int)register;

    public static string Name(Enum mnemonic) => mnemonic.ToString().ToLowerInvariant();

    /// <summary>The suffix of Jcc, SETcc and CMOVcc as objdump spells it.</summary>
    public static string Suffix(Condition condition) =>
        new[] { "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g" }[(int)condition];

    /// <summary>An immediate, masked to the operand's width as objdump shows it.</summary>
    public static string Immediate(long value, int width) => "0x" + (width == 64 ? value : value & ((1L << width) - 1)).ToString("x");

    public static string Pointer(int width) => width switch
    {
        0 => "",
        8 => "BYTE PTR ",
        16 => "WORD PTR ",
        32 => "DWORD PTR ",
        64 => "QWORD PTR ",
        128 => "XMMWORD PTR ",
        256 => "YMMWORD PTR ",
        _ => throw new ArgumentOutOfRangeException(nameof(width)),
    };

    /// <summary>One operand of every kind of encoding.</summary>
    public static IEnumerable<MemoryCase> SomeMemory()
    {
        yield return Based(Gpr.Rax, 0);
        yield return Based(Gpr.Rsp, 8);
        yield return Based(Gpr.Rbp, 0);
        yield return Based(Gpr.R12, -0x80);
        yield return Based(Gpr.R13, 0x1000);
        yield return Indexed(Gpr.Rbx, Gpr.Rcx, 1, 0);
        yield return Indexed(Gpr.R13, Gpr.R12, 8, 0);
        yield return Indexed(Gpr.Rsp, Gpr.R9, 2, -0x1234);
        yield return ScaledOnly(Gpr.R14, 4, 0x20);
        yield return new("ds:0x1234", Mem.Absolute(0x1234));
    }

    /// <summary>Every base and index register with every scale and size of displacement, though not each with each.</summary>
    public static IEnumerable<MemoryCase> AllMemory()
    {
        int turn = 0;
        foreach (Gpr baseRegister in AllGprs)
        {
            foreach (int displacement in Displacements)
            {
                yield return Based(baseRegister, displacement);
            }

            foreach (Gpr index in AllGprs)
            {
                if (index != Gpr.Rsp)
                {
                    yield return Indexed(baseRegister, index, 1 << (turn & 3), 0);
                    yield return Indexed(baseRegister, index, 1 << (turn >> 2 & 3), Displacements[turn % Displacements.Length]);
                    turn++;
                }
            }

            if (baseRegister != Gpr.Rsp)
            {
                for (int scale = 2; scale <= 8; scale *= 2)
                {
                    yield return ScaledOnly(baseRegister, scale, 0);
                    yield return ScaledOnly(baseRegister, scale, -4);
                }
            }
        }

        yield return new("ds:0x0", Mem.Absolute(0));
        yield return new("ds:0x7fffffff", Mem.Absolute(int.MaxValue));
        yield return new("ds:0xfffffffffffffff0", Mem.Absolute(-16));
    }

    private static MemoryCase Based(Gpr baseRegister, int displacement) =>
        new($"[{Name(baseRegister)}{Offset(displacement, NeedsDisplacement(baseRegister))}]", new Mem(baseRegister, displacement));

    private static MemoryCase Indexed(Gpr baseRegister, Gpr index, int scale, int displacement) =>
        new(
            $"[{Name(baseRegister)}+{Name(index)}*{scale}{Offset(displacement, NeedsDisplacement(baseRegister))}]",
            new Mem(baseRegister, index, scale, displacement));

    private static MemoryCase ScaledOnly(Gpr index, int scale, int displacement) =>
        new($"[{Name(index)}*{scale}{Offset(displacement, true)}]", Mem.Scaled(index, scale, displacement));

    // RBP and R13 have no form without a displacement, and objdump shows the zero.
    private static bool NeedsDisplacement(Gpr baseRegister) => baseRegister is Gpr.Rbp or Gpr.R13;

    private static string Offset(int displacement, bool always) => displacement switch
    {
        0 => always ? "+0x0" : "",
        > 0 => $"+0x{displacement:x}",
        _ => $"-0x{-(long)displacement:x}",
    };
}
