namespace Sosia.Isa.X86.Mmu;

/// <summary>What an access does with the page.</summary>
internal enum PageAccess
{
    /// <summary>Data read.</summary>
    Read,

    /// <summary>Data write, or the read half of a read-modify-write.</summary>
    Write,

    /// <summary>Instruction fetch.</summary>
    Fetch,

    /// <summary>A debugger's look: no permission checks, no accessed or dirty bits.</summary>
    Probe,
}
