namespace Sosia.SoftFloat;

/// <summary>The constants of the x87's load instructions.</summary>
public enum Float80Constant : byte
{
    /// <summary>1 (FLD1).</summary>
    One,

    /// <summary>log2 10 (FLDL2T).</summary>
    Log2Of10,

    /// <summary>log2 e (FLDL2E).</summary>
    Log2OfE,

    /// <summary>π (FLDPI).</summary>
    Pi,

    /// <summary>log10 2 (FLDLG2).</summary>
    Log10Of2,

    /// <summary>ln 2 (FLDLN2).</summary>
    LnOf2,

    /// <summary>+0 (FLDZ).</summary>
    Zero,
}
