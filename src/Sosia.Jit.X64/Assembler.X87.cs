using System;

namespace Sosia.Jit.X64;

/// <content>x87 instructions, and what saves and restores their unit.</content>
public sealed unsafe partial class Assembler
{
    /// <summary>Any x87 instruction without memory operand.</summary>
    /// <param name="escape">The first byte, D8h to DFh.</param>
    /// <param name="modRm">The second, C0h to FFh.</param>
    public void X87(byte escape, byte modRm)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(modRm, (byte)0xC0);
        Modrm(X87Opcode(escape), modRm >> 3 & 7, modRm & 7);
    }

    /// <summary>Any x87 instruction with a memory operand.</summary>
    /// <param name="escape">The first byte, D8h to DFh.</param>
    /// <param name="digit">ModRM.reg, 0 to 7.</param>
    /// <param name="memory">The operand.</param>
    public void X87(byte escape, int digit, in Mem memory) => Modrm(X87Opcode(escape), digit, memory);

    /// <summary>EMMS: all registers of the x87 stack are empty.</summary>
    public void Emms() => Plain(Map0F | 0x77);

    /// <summary>XSAVE64: saves the components that are set in EDX:EAX.</summary>
    /// <param name="destination">The area, 64-byte aligned.</param>
    public void Xsave64(in Mem destination) => Modrm(Map0F | 0xAE | RexW, 4, destination);

    /// <summary>XRSTOR64: restores the components that are set in EDX:EAX.</summary>
    /// <param name="source">The area, 64-byte aligned.</param>
    public void Xrstor64(in Mem source) => Modrm(Map0F | 0xAE | RexW, 5, source);

    private static uint X87Opcode(byte escape)
        => escape is >= 0xD8 and <= 0xDF ? escape : throw new ArgumentOutOfRangeException(nameof(escape), escape, "Not the first byte of an x87 instruction.");
}
