namespace Sosia.Jit.X64;

/// <summary>A vector register of the host, by its hardware number: XMM, or YMM in a 256-bit VEX instruction.</summary>
public enum Xmm : byte
{
    /// <summary>XMM0 or YMM0.</summary>
    Xmm0,

    /// <summary>XMM1 or YMM1.</summary>
    Xmm1,

    /// <summary>XMM2 or YMM2.</summary>
    Xmm2,

    /// <summary>XMM3 or YMM3.</summary>
    Xmm3,

    /// <summary>XMM4 or YMM4.</summary>
    Xmm4,

    /// <summary>XMM5 or YMM5.</summary>
    Xmm5,

    /// <summary>XMM6 or YMM6.</summary>
    Xmm6,

    /// <summary>XMM7 or YMM7.</summary>
    Xmm7,

    /// <summary>XMM8 or YMM8.</summary>
    Xmm8,

    /// <summary>XMM9 or YMM9.</summary>
    Xmm9,

    /// <summary>XMM10 or YMM10.</summary>
    Xmm10,

    /// <summary>XMM11 or YMM11.</summary>
    Xmm11,

    /// <summary>XMM12 or YMM12.</summary>
    Xmm12,

    /// <summary>XMM13 or YMM13.</summary>
    Xmm13,

    /// <summary>XMM14 or YMM14.</summary>
    Xmm14,

    /// <summary>XMM15 or YMM15.</summary>
    Xmm15,
}
