using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>Handler selection where the source's width varies apart from the destination's.</summary>
internal static unsafe class BitForms
{
    /// <summary>CRC32 with a source of the effective operand size; the destination has 32 or 64 bits.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectCrc32(in DecodedInstruction instruction)
        => instruction.EffectiveBits switch
        {
            16 => Handlers.SelectLoad<Crc32<Width16>>(instruction),
            32 => Handlers.SelectLoad<Crc32<Width32>>(instruction),
            _ => Handlers.SelectLoad<Crc32<Width64>>(instruction),
        };
}
