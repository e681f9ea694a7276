namespace Sosia.Isa.X86;

/// <summary>Sees what a CPU does when tracing is on (--trace exec, int and mmu).</summary>
public interface ICpuTrace
{
    /// <summary>True to be told of every instruction; the CPU then executes one at a time. Does not change.</summary>
    bool WantsInstructions => false;

    /// <summary>The instruction at RIP is about to be executed: after the events of the boundary before it, before its own faults.</summary>
    /// <param name="cpu">The CPU, whose RIP and retired count are exact.</param>
    void InstructionStarting(X86Cpu cpu)
    {
    }

    /// <summary>An exception or interrupt is about to be delivered.</summary>
    /// <param name="cpu">The CPU, in the state before delivery.</param>
    /// <param name="vector">The vector.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="errorCode">The error code, or null.</param>
    void EventDelivered(X86Cpu cpu, int vector, EventKind kind, uint? errorCode);

    /// <summary>The paging structures were walked for an access.</summary>
    /// <param name="cpu">The CPU.</param>
    /// <param name="linear">The linear address.</param>
    /// <param name="access">"read", "write" or "fetch".</param>
    /// <param name="guestPhysical">What was found; null when the access faults.</param>
    /// <param name="errorCode">The #PF error code of an access that faults.</param>
    void PageWalked(X86Cpu cpu, ulong linear, string access, ulong? guestPhysical, uint errorCode)
    {
    }
}
