using System;

namespace Sosia.Core.Memory;

/// <summary>What is known of one 4 KiB page of guest RAM. A write to a page with any flag in <see cref="WriteSlow"/> takes the slow path.</summary>
[Flags]
public enum RamPageFlags : byte
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary>An engine holds decoded or translated code of this page; writers must tell the <see cref="ICodePageObserver"/>s.</summary>
    HasCode = 1,

    /// <summary>A debugger or processor watches data on this page.</summary>
    Watched = 2,

    /// <summary>Writes are being tracked and this page has not been written since tracking began.</summary>
    CleanTracked = 4,

    /// <summary>The flags that keep a page out of the processors' fast write path.</summary>
    WriteSlow = HasCode | Watched | CleanTracked,
}
