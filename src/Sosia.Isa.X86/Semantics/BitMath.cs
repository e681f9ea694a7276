namespace Sosia.Isa.X86.Semantics;

/// <summary>Bit operations for hosts that lack the instruction.</summary>
internal static class BitMath
{
    /// <summary>Scatters the low bits of a value to the set bits of a mask.</summary>
    public static ulong Deposit(ulong value, ulong mask)
    {
        ulong result = 0;
        for (; mask != 0; mask &= mask - 1)
        {
            result |= (value & 1) == 0 ? 0 : mask & (0 - mask);
            value >>= 1;
        }

        return result;
    }

    /// <summary>Gathers the bits of a value at the set bits of a mask.</summary>
    public static ulong Extract(ulong value, ulong mask)
    {
        ulong result = 0;
        for (int i = 0; mask != 0; i++, mask &= mask - 1)
        {
            result |= (value & mask & (0 - mask)) == 0 ? 0 : 1UL << i;
        }

        return result;
    }
}
