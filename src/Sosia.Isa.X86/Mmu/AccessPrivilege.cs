namespace Sosia.Isa.X86.Mmu;

/// <summary>On whose behalf a data access is made; each has its own soft TLB, so that one compare decides about permission.</summary>
public enum AccessPrivilege
{
    /// <summary>CPL 3, explicit accesses.</summary>
    User,

    /// <summary>CPL 0–2, user pages allowed (CR4.SMAP clear, or EFLAGS.AC set).</summary>
    Supervisor,

    /// <summary>CPL 0–2 or an implicit supervisor access, user pages forbidden (SDM vol. 3, 4.6.1).</summary>
    SupervisorNoUser,
}
