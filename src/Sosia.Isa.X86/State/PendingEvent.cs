using System;

namespace Sosia.Isa.X86.State;

/// <summary>What waits to be noticed at the next instruction boundary: bits of <see cref="X86State.PendingEvents"/>.</summary>
[Flags]
public enum PendingEvent
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The interrupt wire is asserted.</summary>
    Interrupt = 1,

    /// <summary>A non-maskable interrupt came.</summary>
    Nmi = 2,

    /// <summary>INIT came.</summary>
    Init = 4,

    /// <summary>A start-up message came; its vector is kept by the CPU.</summary>
    Startup = 8,

    /// <summary>The engine shall return to its caller.</summary>
    Kick = 16,

    /// <summary>The memory map or the A20 gate changed: cached translations are void.</summary>
    MemoryMap = 32,

    /// <summary>A data breakpoint or single-step trap is due after the instruction just retired; its DR6 bits are in <see cref="X86State.PendingDebugBits"/>.</summary>
    DebugTrap = 64,
}
