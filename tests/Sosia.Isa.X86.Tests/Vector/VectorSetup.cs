using System;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.Tests.Oracle;

namespace Sosia.Isa.X86.Tests.Vector;

/// <summary>Random x87, MMX, XMM and MXCSR contents with many special floating-point values.</summary>
internal static unsafe class VectorSetup
{
    private const int MxcsrAt = 24;
    private const int X87At = 32;
    private const int XmmAt = 160;
    private const uint AllMasked = 0x1f80;

    private static readonly uint[] Special32 =
    [
        0x0000_0000, 0x8000_0000, 0x0000_0001, 0x8000_0001, 0x007f_ffff, 0x0080_0000, 0x0080_0001, 0x00ff_ffff, 0x3f80_0000, 0xbf80_0000, 0x3f00_0000, 0x3fc0_0000, 0x4020_0000,
        0x4b00_0001, 0x4eff_ffff, 0x4f00_0000, 0xcf00_0000, 0xcf00_0001, 0x5f00_0000, 0xdf00_0000, 0x7f7f_ffff, 0xff7f_ffff, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xffc0_1234, 0x7f80_0001, 0xffa5_a5a5,
    ];

    private static readonly ulong[] Special64 =
    [
        0x0000_0000_0000_0000, 0x8000_0000_0000_0000, 0x0000_0000_0000_0001, 0x800f_ffff_ffff_ffff, 0x0010_0000_0000_0000, 0x0010_0000_0000_0001, 0x3ff0_0000_0000_0000, 0xbff0_0000_0000_0000,
        0x3fe0_0000_0000_0000, 0x3ff8_0000_0000_0000, 0x4004_0000_0000_0000, 0x41df_ffff_ffc0_0000, 0x41df_ffff_ffe0_0000, 0x41e0_0000_0000_0000, 0xc1e0_0000_0000_0000, 0xc1e0_0000_0010_0000, 0x43e0_0000_0000_0000,
        0xc3e0_0000_0000_0000, 0x4330_0000_0000_0001, 0x47ef_ffff_e000_0000, 0x47ef_ffff_f000_0000, 0x3810_0000_0000_0000, 0x36a0_0000_0000_0000, 0x380f_ffff_f000_0000,
        0x7fef_ffff_ffff_ffff, 0xffef_ffff_ffff_ffff, 0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000, 0x7ff8_0000_0000_0000, 0xfff8_0000_0000_1234, 0x7ff0_0000_0000_0001, 0xfff4_5678_9abc_def0,
    ];

    /// <summary>Fills the FXSAVE image of the next instruction's state and the 32 bytes of memory at its operand.</summary>
    /// <param name="comparison">Whose initial state.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="unmask">Whether some exceptions are unmasked.</param>
    public static void Randomize(OracleComparison comparison, GeneratedInstruction instruction, bool unmask)
    {
        Random random = comparison.Random;
        OracleState* state = comparison.Initial;
        state->ResetFx();
        byte* fx = state->Fx;
        // TOP, and no pending exception.
        *(ushort*)(fx + 2) = (ushort)(random.Next(8) << 11 | random.Next(8) << 8);
        fx[4] = (byte)random.Next(256);
        int kind = random.Next(4);
        for (int i = 0; i < 8; i++)
        {
            *(ulong*)(fx + X87At + (16 * i)) = Element(random, kind);
            *(ushort*)(fx + X87At + 8 + (16 * i)) = (ushort)random.Next(65536);
        }

        for (int i = 0; i < 32; i++)
        {
            *(ulong*)(fx + XmmAt + (8 * i)) = Element(random, kind);
        }

        for (int i = 0; i < 32; i++)
        {
            state->YmmHigh[i] = Element(random, kind);
        }

        *(uint*)(fx + MxcsrAt) = Mxcsr(random) & ~(unmask ? (uint)random.Next(1, 64) << 7 : 0);
        if (instruction.Target != 0)
        {
            Span<byte> operand = comparison.InitialMemory[(int)(instruction.Target - comparison.ScratchAddress)..];
            for (int at = 0; at < 32; at += 8)
            {
                BitConverter.TryWriteBytes(operand[at..], Element(random, kind));
            }
        }
    }

    /// <summary>Masked exceptions; rounding to nearest and set flags are the commonest, but every mode and flush occurs.</summary>
    private static uint Mxcsr(Random random)
    {
        uint mxcsr = AllMasked | (uint)(random.Next(3) switch { 0 => 0, 1 => 0x20, _ => random.Next(64) });
        if (random.Next(2) == 0)
        {
            mxcsr |= (uint)random.Next(4) << 13;
            mxcsr |= random.Next(3) == 0 ? 0x8000u : 0;
            mxcsr |= random.Next(3) == 0 ? 0x0040u : 0;
        }

        return mxcsr;
    }

    private static ulong Element(Random random, int kind)
    {
        if (random.Next(3) == 0)
        {
            kind = random.Next(4);
        }

        switch (kind)
        {
            case 0:
                return (ulong)random.NextInt64() ^ ((ulong)random.Next(2) << 63);
            case 1:
                return Single(random) | ((ulong)Single(random) << 32);
            case 2:
                return Double(random);
            default:
                // Bytes that often repeat, and zeros, for comparisons and strings.
                ulong bytes = 0;
                for (int i = 0; i < 8; i++)
                {
                    bytes = (bytes << 8) | (uint)(random.Next(4) == 0 ? random.Next(256) : random.Next(4));
                }

                return bytes;
        }
    }

    private static uint Single(Random random) => random.Next(5) switch
    {
        0 or 1 => Special32[random.Next(Special32.Length)],
        2 => BitConverter.SingleToUInt32Bits(random.Next(-100, 100)),
        // Exponents near one, so that sums and products meet.
        3 => (uint)random.Next(0x3e00_0000, 0x4180_0000) | ((uint)random.Next(2) << 31),
        _ => (uint)random.NextInt64(),
    };

    private static ulong Double(Random random) => random.Next(5) switch
    {
        0 or 1 => Special64[random.Next(Special64.Length)],
        2 => BitConverter.DoubleToUInt64Bits(random.Next(-100, 100)),
        3 => (ulong)random.NextInt64(0x3fc0_0000_0000_0000, 0x4050_0000_0000_0000) | ((ulong)random.Next(2) << 63),
        _ => (ulong)random.NextInt64() ^ ((ulong)random.Next(2) << 63),
    };
}
