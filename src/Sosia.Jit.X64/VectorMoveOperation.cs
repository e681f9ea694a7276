namespace Sosia.Jit.X64;

/// <summary>The plain vector moves, by mnemonic.</summary>
/// <remarks>SDM vol. 2, under these names.</remarks>
public enum VectorMoveOperation : byte
{
    /// <summary>MOVUPS: 16 bytes, any alignment.</summary>
    Movups,

    /// <summary>MOVAPS: 16 bytes, aligned.</summary>
    Movaps,

    /// <summary>MOVDQU: 16 bytes, any alignment.</summary>
    Movdqu,

    /// <summary>MOVDQA: 16 bytes, aligned.</summary>
    Movdqa,

    /// <summary>MOVSS: 4 bytes; a load clears the rest, register to register keeps it.</summary>
    Movss,

    /// <summary>MOVSD: 8 bytes; a load clears the rest, register to register keeps it.</summary>
    Movsd,

    /// <summary>MOVD: 4 bytes of memory; a load clears the rest.</summary>
    Movd,

    /// <summary>MOVQ: 8 bytes; a load and register to register clear the rest.</summary>
    Movq,
}
