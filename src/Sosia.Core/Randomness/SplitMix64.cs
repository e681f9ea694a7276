namespace Sosia.Core.Randomness;

/// <summary>SplitMix64 (Steele, Lea and Flood, 2014): repeatable numbers from any 64-bit state. No secrets.</summary>
public static class SplitMix64
{
    /// <summary>The next number.</summary>
    /// <param name="state">The generator's state, which the call moves on; a seed at first. Every value is valid.</param>
    public static ulong Next(ref ulong state)
    {
        state += 0x9e37_79b9_7f4a_7c15;
        ulong z = state;
        z = (z ^ (z >> 30)) * 0xbf58_476d_1ce4_e5b9;
        z = (z ^ (z >> 27)) * 0x94d0_49bb_1331_11eb;
        return z ^ (z >> 31);
    }
}
