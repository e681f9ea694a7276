namespace Sosia.Jit.X64.Tests.Oracle;

/// <summary>A memory operand and how objdump writes its address.</summary>
internal readonly record struct MemoryCase(string Address, Mem Mem)
{
    /// <summary>The operand with its size in bits.</summary>
    public string Sized(int width) => Operands.Pointer(width) + Address;
}
