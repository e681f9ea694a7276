using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Flag results of vector instructions: the lazy words R and C (see <see cref="LazyFlags"/>) as one vector, for <see cref="ToFlags"/>.</summary>
internal static class FlagWords
{
    /// <summary>ZF, PF and CF as given; OF, SF and AF clear.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Create(bool zero, bool parity, bool carry)
    {
        // R's low byte is 0 in both cases, which implies PF set: C's bit 0 inverts that. CF in both top bits of C leaves OF clear.
        ulong result = zero ? 0UL : 0x100UL;
        ulong carries = (carry ? 3UL << 62 : 0) | (parity ? 0UL : 1UL);
        return Vector128.Create(result, carries).AsByte();
    }
}
