namespace Sosia.Isa.X86.Mmu;

/// <summary>The outcome of a successful page walk.</summary>
internal struct PageTranslation
{
    /// <summary>The guest physical address, A20 gate applied.</summary>
    public ulong GuestPhysical;

    /// <summary>log2 of the page size: 12, 21, 22 or 30.</summary>
    public int PageShift;

    /// <summary>True when CR3 writes keep it (CR4.PGE and the G bit).</summary>
    public bool IsGlobal;

    /// <summary>True when the walked-for privilege may write and the dirty bit is already set, so that later writes need no walk.</summary>
    public bool IsWritable;
}
