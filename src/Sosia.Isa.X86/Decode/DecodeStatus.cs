namespace Sosia.Isa.X86.Decode;

/// <summary>How decoding ended.</summary>
public enum DecodeStatus
{
    /// <summary>An instruction was found; its row may still be null (undefined opcode, #UD).</summary>
    Ok,

    /// <summary>The bytes given end before the instruction does.</summary>
    NeedMoreBytes,

    /// <summary>The instruction is longer than 15 bytes (#GP).</summary>
    TooLong,
}
