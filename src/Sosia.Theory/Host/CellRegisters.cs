using System;

namespace Sosia.Theory.Host;

/// <summary>The registers that a program sees, before or after a snippet.</summary>
public sealed class CellRegisters
{
    /// <summary>RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8–R15.</summary>
    public ulong[] General { get; } = new ulong[16];

    /// <summary>The instruction pointer.</summary>
    public ulong Rip { get; set; }

    /// <summary>RFLAGS.</summary>
    public ulong Rflags { get; set; }

    /// <summary>ES, CS, SS, DS, FS, GS: the selectors.</summary>
    public ushort[] Segments { get; } = new ushort[6];

    /// <summary>A copy that changes by itself.</summary>
    public CellRegisters Clone()
    {
        var copy = new CellRegisters { Rip = Rip, Rflags = Rflags };
        General.AsSpan().CopyTo(copy.General);
        Segments.AsSpan().CopyTo(copy.Segments);
        return copy;
    }
}
