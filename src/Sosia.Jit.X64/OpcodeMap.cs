namespace Sosia.Jit.X64;

/// <summary>The opcode map of a vector instruction; the value is VEX.mmmmm.</summary>
/// <remarks>SDM vol. 2, 2.3.5.</remarks>
public enum OpcodeMap : byte
{
    /// <summary>0F.</summary>
    Map0F = 1,

    /// <summary>0F 38.</summary>
    Map0F38 = 2,

    /// <summary>0F 3A.</summary>
    Map0F3A = 3,
}
