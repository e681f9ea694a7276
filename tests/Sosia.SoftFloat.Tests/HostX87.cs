using System;

namespace Sosia.SoftFloat.Tests;

/// <summary>Executes one x87 instruction on the host with given operands and control word.</summary>
internal sealed unsafe class HostX87 : IDisposable
{
    private readonly NativeCode _code;

    /// <param name="instruction">
    /// The instruction's bytes. It finds a in ST(0), b in ST(1), and may address memory by RDI + 8 (disp8), where 16 bytes are free.
    /// </param>
    public HostX87(params byte[] instruction)
    {
        byte[] before =
        [
            0xDB, 0xE3, // FNINIT
            0xDB, 0x6F, 0x30, // FLD m80 [RDI+48]
            0xDB, 0x6F, 0x20, // FLD m80 [RDI+32]
            0xD9, 0x2F, // FLDCW [RDI]
        ];
        byte[] after =
        [
            0xDD, 0x7F, 0x02, // FNSTSW [RDI+2]
            0xDD, 0x77, 0x40, // FNSAVE [RDI+64]; it takes no pending exception and masks all again
            0xC3,
        ];
        _code = new NativeCode([.. before, .. instruction, .. after]);
    }

    /// <summary>Runs the instruction.</summary>
    /// <param name="a">ST(0).</param>
    /// <param name="b">ST(1).</param>
    /// <param name="controlWord">The control word.</param>
    /// <param name="memory">Memory operand, read and written.</param>
    /// <returns>Status word and the top two registers afterwards.</returns>
    public (ushort StatusWord, Float80 St0, Float80 St1) Run(Float80 a, Float80 b, ushort controlWord, Span<byte> memory)
    {
        byte* frame = stackalloc byte[192];
        *(ushort*)frame = controlWord;
        Put(frame + 32, a);
        Put(frame + 48, b);
        memory.CopyTo(new Span<byte>(frame + 8, 16));

        // SAFETY: the code touches the first 64 bytes of the frame and the 108 bytes of the FNSAVE image behind them.
        _code.Invoke(frame);
        new Span<byte>(frame + 8, memory.Length).CopyTo(memory);
        return (*(ushort*)(frame + 2), Get(frame + 64 + 28), Get(frame + 64 + 38));
    }

    public void Dispose() => _code.Dispose();

    private static void Put(byte* target, Float80 value)
    {
        // SAFETY: the caller's frame has ten bytes there.
        *(ulong*)target = value.Significand;
        *(ushort*)(target + 8) = value.SignExponent;
    }

    private static Float80 Get(byte* source)
    {
        // SAFETY: as above.
        return new Float80(*(ushort*)(source + 8), *(ulong*)source);
    }
}
