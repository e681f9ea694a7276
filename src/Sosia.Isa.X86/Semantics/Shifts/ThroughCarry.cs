using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>What RCL and RCR share: rotation of CF and the operand together, Bits + 1 bits long.</summary>
internal static class ThroughCarry
{
    /// <summary>The count modulo the length of the rotation: 9, 17, 33 or 65; it is below 32 or 64 already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Modulo<S, V>(ref S s, V count)
        where S : struct, ISemantics<V>
    {
        // 57/512 and 61/1024 round down to the exact quotient by 9 and 17 for every count below 32.
        V quotient = s.Bits == 8 ? s.ShiftRight(s.Multiply(count, s.Constant(57)), s.Constant(9))
            : s.Bits == 16 ? s.ShiftRight(s.Multiply(count, s.Constant(61)), s.Constant(10))
            : s.Constant(0);
        return s.Subtract(count, s.Multiply(quotient, s.Constant((ulong)(s.Bits + 1))));
    }

    /// <summary>Rotates left; the operand is at most 32 bits wide. Bit Bits of the result is the new CF.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Left<S, V>(ref S s, V a, V modulo)
        where S : struct, ISemantics<V>
    {
        V whole = s.Or(a, s.ShiftLeft(FlagMath.Cf<S, V>(ref s), s.Constant((ulong)s.Bits)));
        V back = s.Subtract(s.Constant((ulong)(s.Bits + 1)), modulo);
        return s.Or(s.ShiftLeft(whole, modulo), s.ShiftRight(whole, back));
    }

    /// <summary>Rotates right; the operand is at most 32 bits wide. Bit Bits of the result is the new CF.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Right<S, V>(ref S s, V a, V modulo)
        where S : struct, ISemantics<V>
    {
        V whole = s.Or(a, s.ShiftLeft(FlagMath.Cf<S, V>(ref s), s.Constant((ulong)s.Bits)));
        V back = s.Subtract(s.Constant((ulong)(s.Bits + 1)), modulo);
        return s.Or(s.ShiftRight(whole, modulo), s.ShiftLeft(whole, back));
    }
}
