using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.State;

/// <summary>
/// The one home of the arithmetic flags' lazy form. Two words hold all six flags, with no record of which operation made them:
/// <list type="bullet">
/// <item>R (<see cref="X86State.FlagResult"/>): the result, sign-extended. ZF = (R = 0), SF = sign of R, PF = parity of R's low byte.</item>
/// <item>C (<see cref="X86State.FlagCarries"/>): bit 63 = CF, bit 63 xor bit 62 = OF, bit 3 = AF; bit 0 inverts PF and bit 1
/// inverts SF, for values that no result has (POPF can set ZF and SF together).</item>
/// </list>
/// An addition stores its vector of carries-out shifted to the top, which costs a few instructions and no branch; reading a flag costs
/// two or three.
/// </summary>
public static class LazyFlags
{
    /// <summary>EFLAGS.CF.</summary>
    public const uint Cf = 0x001;

    /// <summary>EFLAGS.PF.</summary>
    public const uint Pf = 0x004;

    /// <summary>EFLAGS.AF.</summary>
    public const uint Af = 0x010;

    /// <summary>EFLAGS.ZF.</summary>
    public const uint Zf = 0x040;

    /// <summary>EFLAGS.SF.</summary>
    public const uint Sf = 0x080;

    /// <summary>EFLAGS.OF.</summary>
    public const uint Of = 0x800;

    /// <summary>All six.</summary>
    public const uint All = Cf | Pf | Af | Zf | Sf | Of;

    private const ulong CarryBit = 1UL << 63;

    /// <summary>CF as 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong GetCf(ulong carries) => carries >> 63;

    /// <summary>OF as 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong GetOf(ulong carries) => (carries ^ (carries << 1)) >> 63;

    /// <summary>AF as 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong GetAf(ulong carries) => (carries >> 3) & 1;

    /// <summary>ZF as 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong GetZf(ulong result) => result == 0 ? 1UL : 0UL;

    /// <summary>SF as 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong GetSf(ulong result, ulong carries) => (result >> 63) ^ ((carries >> 1) & 1);

    /// <summary>PF as 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong GetPf(ulong result, ulong carries) => (~(ulong)(uint)BitOperations.PopCount((byte)result) ^ carries) & 1;

    /// <summary>All six flags in their EFLAGS positions.</summary>
    public static uint ToEflags(ulong result, ulong carries) => (uint)(
        GetCf(carries)
        | (GetPf(result, carries) << 2)
        | (GetAf(carries) << 4)
        | (GetZf(result) << 6)
        | (GetSf(result, carries) << 7)
        | (GetOf(carries) << 11));

    /// <summary>The lazy form of explicit flags.</summary>
    /// <param name="eflags">The six flags in their EFLAGS positions; other bits are ignored.</param>
    /// <param name="carries">The C word.</param>
    /// <returns>The R word.</returns>
    public static ulong FromEflags(uint eflags, out ulong carries)
    {
        ulong cf = eflags & Cf;
        ulong of = (eflags >> 11) & 1;
        ulong af = (eflags >> 4) & 1;
        // R is 0 for ZF, else 1 or a negative odd number; the corrections fix what that R says of SF and PF.
        ulong result = (eflags & Zf) != 0 ? 0 : (eflags & Sf) != 0 ? ulong.MaxValue << 8 : 0x100;
        ulong impliedSf = result >> 63;
        ulong wantedSf = (eflags >> 7) & 1;
        // The low byte of each of these results is 0, whose parity flag is 1.
        ulong wantedPf = (eflags >> 2) & 1;
        carries = (cf << 63) | ((cf ^ of) << 62) | (af << 3) | ((impliedSf ^ wantedSf) << 1) | (wantedPf ^ 1);
        return result;
    }

    /// <summary>Replaces CF, keeping OF and the rest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong WithCf(ulong carries, ulong cf)
    {
        ulong of = GetOf(carries);
        return (carries & ~(CarryBit | (CarryBit >> 1))) | (cf << 63) | ((cf ^ of) << 62);
    }

    /// <summary>The C word of an addition whose carry vector is known.</summary>
    /// <param name="vector">Carry-out of each bit, valid in the low <paramref name="bits"/> bits.</param>
    /// <param name="bits">Operand width: 8, 16, 32 or 64.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FromCarryVector(ulong vector, int bits)
        => bits == 64 ? vector & ~3UL : (vector << (64 - bits)) | (vector & 8);

    /// <summary>The C word for chosen CF, OF and AF with PF and SF as the result says.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FromBits(ulong cf, ulong of, ulong af) => (cf << 63) | ((cf ^ of) << 62) | (af << 3);
}
