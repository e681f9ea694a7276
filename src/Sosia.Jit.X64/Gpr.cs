namespace Sosia.Jit.X64;

/// <summary>A general-purpose register of the host, by its hardware number; the operand width of the instruction says how much of it is used.</summary>
/// <remarks>With width 8 the low byte is meant (AL, CL, ..., SPL, ..., R15B), never AH, CH, DH or BH. SDM vol. 1, 3.4.1.</remarks>
public enum Gpr : byte
{
    /// <summary>RAX, number 0.</summary>
    Rax,

    /// <summary>RCX, number 1.</summary>
    Rcx,

    /// <summary>RDX, number 2.</summary>
    Rdx,

    /// <summary>RBX, number 3.</summary>
    Rbx,

    /// <summary>RSP, number 4.</summary>
    Rsp,

    /// <summary>RBP, number 5.</summary>
    Rbp,

    /// <summary>RSI, number 6.</summary>
    Rsi,

    /// <summary>RDI, number 7.</summary>
    Rdi,

    /// <summary>R8, number 8.</summary>
    R8,

    /// <summary>R9, number 9.</summary>
    R9,

    /// <summary>R10, number 10.</summary>
    R10,

    /// <summary>R11, number 11.</summary>
    R11,

    /// <summary>R12, number 12.</summary>
    R12,

    /// <summary>R13, number 13.</summary>
    R13,

    /// <summary>R14, number 14.</summary>
    R14,

    /// <summary>R15, number 15.</summary>
    R15,
}
