using System.Runtime.InteropServices;

namespace Sosia.SoftFloat;

/// <summary>
/// Everything an operation depends on besides its operands, and everything it reports besides its result. Operations
/// take it by reference, accumulate into <see cref="Flags"/> and never clear it.
/// </summary>
/// <remarks>
/// An operation never fails. It raises its exceptions in <see cref="Flags"/> and returns the response for the masks
/// given in <see cref="Masks"/>. If an exception of <see cref="FpExceptions.PreComputation"/> is raised and unmasked
/// (<see cref="HasUnmaskedPreComputation"/>, when <see cref="Flags"/> started empty), the operation has no result: what is
/// returned is meaningless and must not be stored.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public struct FpEnvironment
{
    /// <summary>Rounding direction.</summary>
    public FpRounding Rounding;

    /// <summary>Rounding precision of 80-bit results of add, subtract, multiply, divide and square root; ignored elsewhere.</summary>
    public FpPrecision Precision;

    /// <summary>Rule for NaN results.</summary>
    public FpNanPolicy NanPolicy;

    /// <summary>Exceptions that are masked: their default response is wanted.</summary>
    public FpExceptions Masks;

    /// <summary>Accumulated exceptions.</summary>
    public FpExceptions Flags;

    /// <summary>Results that would be denormal become zero while underflow is masked (MXCSR.FTZ). Only binary32 and binary64.</summary>
    public bool FlushToZero;

    /// <summary>Denormal operands count as zero and raise nothing (MXCSR.DAZ). Only binary32 and binary64.</summary>
    public bool DenormalsAreZero;

    /// <summary>The last 80-bit operation, or conversion from it, rounded its result away from zero (x87 C1).</summary>
    public bool RoundedUp;

    /// <summary>
    /// The next 80-bit operation has an operand that was denormal in the narrower format it came from. Set by
    /// <see cref="Float80.WidenFloat32"/> and <see cref="Float80.WidenFloat64"/>, consumed by the operation, which raises Denormal in its right order.
    /// </summary>
    public bool DenormalOperand;

    /// <summary>Makes the environment of an x87 instruction from the control word, with no flag set.</summary>
    /// <param name="controlWord">The x87 control word (Intel SDM vol. 1, 8.1.5).</param>
    public static FpEnvironment FromX87ControlWord(ushort controlWord)
    {
        FpEnvironment env = default;
        env.Rounding = (FpRounding)((controlWord >> 10) & 3);
        // Not a switch, which becomes an indirect jump: every x87 instruction comes by here.
        int precision = (controlWord >> 8) & 3;
        env.Precision = precision == 0 ? FpPrecision.Single : precision == 2 ? FpPrecision.Double : FpPrecision.Extended;
        env.NanPolicy = FpNanPolicy.X87;
        env.Masks = (FpExceptions)(controlWord & 0x3F);
        return env;
    }

    /// <summary>Makes the environment of an SSE instruction from MXCSR.</summary>
    /// <param name="mxcsr">The register (Intel SDM vol. 1, 10.2.3).</param>
    /// <param name="accumulate">
    /// Whether <see cref="Flags"/> starts with MXCSR's flags. Right when every exception is masked, and faster, since an inexact
    /// flag that is already set need not be computed. Otherwise the flags start empty, so that the instruction's own exceptions can be told.
    /// </param>
    public static FpEnvironment FromMxcsr(uint mxcsr, bool accumulate)
    {
        FpEnvironment env = default;
        env.Rounding = (FpRounding)((mxcsr >> 13) & 3);
        env.Precision = FpPrecision.Extended;
        env.NanPolicy = FpNanPolicy.Sse;
        env.Masks = (FpExceptions)((mxcsr >> 7) & 0x3F);
        env.Flags = accumulate ? (FpExceptions)(mxcsr & 0x3F) : FpExceptions.None;
        env.FlushToZero = (mxcsr & 0x8000) != 0;
        env.DenormalsAreZero = (mxcsr & 0x0040) != 0;
        return env;
    }

    /// <summary>Whether <see cref="Flags"/> holds an unmasked invalid-operation, denormal-operand or divide-by-zero exception.</summary>
    public readonly bool HasUnmaskedPreComputation => (Flags & ~Masks & FpExceptions.PreComputation) != 0;

    /// <summary>Whether <see cref="Flags"/> holds any unmasked exception.</summary>
    public readonly bool HasUnmasked => (Flags & ~Masks) != 0;

    internal void Raise(FpExceptions exceptions) => Flags |= exceptions;

    internal readonly bool IsMasked(FpExceptions exception) => (Masks & exception) != 0;

    /// <summary>Raises Denormal and says whether the operation must end there, because it is unmasked.</summary>
    internal bool RaiseDenormal()
    {
        Flags |= FpExceptions.Denormal;
        return (Masks & FpExceptions.Denormal) == 0;
    }
}
