using System;

namespace Sosia.SoftFloat;

/// <summary>
/// Floating-point exceptions as a set. The bits are those of the x87 status word (and, as masks, of its control word)
/// and of MXCSR's flag field (Intel SDM vol. 1, 8.1.3 and 10.2.3).
/// </summary>
[Flags]
public enum FpExceptions : byte
{
    /// <summary>No exception.</summary>
    None = 0,

    /// <summary>Invalid operation (IE); on the x87 also a stack fault, which is the instruction's own business.</summary>
    Invalid = 1 << 0,

    /// <summary>An operand was denormal (DE).</summary>
    Denormal = 1 << 1,

    /// <summary>A finite operand gave an exact infinity (ZE).</summary>
    ZeroDivide = 1 << 2,

    /// <summary>The rounded result is larger than the format can hold (OE).</summary>
    Overflow = 1 << 3,

    /// <summary>The rounded result is smaller than the smallest normal number (UE).</summary>
    Underflow = 1 << 4,

    /// <summary>The result is not exact (PE).</summary>
    Precision = 1 << 5,

    /// <summary>The exceptions found before an operation is carried out; unmasked, they leave no result.</summary>
    PreComputation = Invalid | Denormal | ZeroDivide,

    /// <summary>All six.</summary>
    All = 0x3F,
}
