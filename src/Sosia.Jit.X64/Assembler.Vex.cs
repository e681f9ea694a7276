namespace Sosia.Jit.X64;

/// <content>The VEX prefix (SDM vol. 2, 2.3.5): opcodes are described as in the legacy encoding, RexW meaning VEX.W.</content>
public sealed unsafe partial class Assembler
{
    // VEX.L, beside the other parts of an opcode.
    private const uint Vex256 = 1u << 28;
    private const int VexLToFieldShift = 26;

    private void VexModrm(uint opcode, int reg, int vvvv, int rm) => _next = VexEncode(Open(), opcode, reg, vvvv, rm);

    private void VexModrm(uint opcode, int reg, int vvvv, in Mem memory, int trailing) =>
        _next = VexEncode(Open(), opcode, reg, vvvv, memory, trailing);

    // SAFETY: as for all methods here that take p: it comes from Open(), so there is room for a whole instruction.
    private static byte* VexEncode(byte* p, uint opcode, int reg, int vvvv, int rm)
    {
        p = VexHead(p, opcode, (reg & 8) >> 1 | rm >> 3, vvvv);
        *p++ = (byte)(0xC0 | (reg & 7) << 3 | rm & 7);
        return p;
    }

    private byte* VexEncode(byte* p, uint opcode, int reg, int vvvv, in Mem memory, int trailing) =>
        Address(VexHead(p, opcode, (reg & 8) >> 1 | ExtensionBits(memory), vvvv), reg, memory, trailing);

    // extension: R, X and B as in a REX prefix. VEX holds them, and vvvv, inverted.
    private static byte* VexHead(byte* p, uint opcode, int extension, int vvvv)
    {
        int last = (~vvvv & 0xF) << 3 | (int)(opcode >> VexLToFieldShift & 4) | VexPrefixCode(opcode);
        if ((opcode & MapMask) == Map0F && (opcode & RexW) == 0 && (extension & 3) == 0)
        {
            *p++ = 0xC5;
            *p++ = (byte)((~extension & 4) << 5 | last);
        }
        else
        {
            *p++ = 0xC4;
            *p++ = (byte)((~extension & 7) << 5 | (int)((opcode & MapMask) >> MapShift));
            *p++ = (byte)(((opcode & RexW) != 0 ? 0x80 : 0) | last);
        }

        *p++ = (byte)opcode;
        return p;
    }

    private static int VexPrefixCode(uint opcode) => (opcode & PrefixMask) switch
    {
        Prefix66 => 1,
        PrefixF3 => 2,
        PrefixF2 => 3,
        _ => 0,
    };
}
