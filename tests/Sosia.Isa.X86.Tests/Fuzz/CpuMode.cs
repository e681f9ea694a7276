namespace Sosia.Isa.X86.Tests.Fuzz;

/// <summary>The modes that differ in how instructions are decoded, addressed or checked.</summary>
public enum CpuMode
{
    Real,
    Virtual8086,
    Protected16,
    Protected32,
    Pae,
    Compatibility,
    Long,
}
