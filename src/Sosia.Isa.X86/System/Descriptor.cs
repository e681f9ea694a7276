using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>One 8-byte descriptor as it lies in a table (SDM vol. 3, 3.4.5, 3.5 and 5.8.3).</summary>
/// <param name="Raw">The eight bytes.</param>
internal readonly record struct Descriptor(ulong Raw)
{
    public const int AvailableTss16 = 1;
    public const int Ldt = 2;
    public const int BusyTss16 = 3;
    public const int CallGate16 = 4;
    public const int TaskGate = 5;
    public const int InterruptGate16 = 6;
    public const int TrapGate16 = 7;
    public const int AvailableTss32 = 9;
    public const int BusyTss32 = 11;
    public const int CallGate32 = 12;
    public const int InterruptGate32 = 14;
    public const int TrapGate32 = 15;

    /// <summary>In the format of <see cref="SegmentRegister.Attributes"/>.</summary>
    public ushort Attributes => (ushort)(((Raw >> 40) & 0xff) | ((Raw >> 44) & 0xf00));

    /// <summary>The type field, bits 40–43.</summary>
    public int Type => (int)(Raw >> 40) & 15;

    /// <summary>True for code and data segments.</summary>
    public bool IsCodeOrData => (Raw & (1UL << 44)) != 0;

    /// <summary>The privilege level.</summary>
    public int Dpl => (int)(Raw >> 45) & 3;

    /// <summary>The present bit.</summary>
    public bool IsPresent => (Raw & (1UL << 47)) != 0;

    /// <summary>True for code segments.</summary>
    public bool IsCode => IsCodeOrData && (Raw & (1UL << 43)) != 0;

    /// <summary>True for data segments.</summary>
    public bool IsData => IsCodeOrData && (Raw & (1UL << 43)) == 0;

    /// <summary>True for conforming code segments.</summary>
    public bool IsConforming => IsCode && (Raw & (1UL << 42)) != 0;

    /// <summary>True for writable data segments.</summary>
    public bool IsWritableData => IsData && (Raw & (1UL << 41)) != 0;

    /// <summary>True for data segments and readable code segments.</summary>
    public bool IsReadable => IsData || (IsCode && (Raw & (1UL << 41)) != 0);

    /// <summary>The accessed bit.</summary>
    public bool IsAccessed => (Raw & (1UL << 40)) != 0;

    /// <summary>The L bit.</summary>
    public bool IsLong => (Raw & (1UL << 53)) != 0;

    /// <summary>The D/B bit.</summary>
    public bool IsBig => (Raw & (1UL << 54)) != 0;

    /// <summary>Base bits 0–31.</summary>
    public ulong Base => ((Raw >> 16) & 0xff_ffff) | ((Raw >> 32) & 0xff00_0000);

    /// <summary>The limit in bytes, granularity applied.</summary>
    public uint Limit
    {
        get
        {
            uint limit = (uint)((Raw & 0xffff) | ((Raw >> 32) & 0xf_0000));
            return (Raw & (1UL << 55)) != 0 ? (limit << 12) | 0xfff : limit;
        }
    }

    /// <summary>Of a gate: the target selector.</summary>
    public ushort GateSelector => (ushort)(Raw >> 16);

    /// <summary>Of a gate: the target offset's low 32 bits (16-bit gates use the low 16).</summary>
    public uint GateOffset => (uint)((Raw & 0xffff) | ((Raw >> 32) & 0xffff_0000));

    /// <summary>Of a call gate: how many parameters to copy.</summary>
    public int GateParameterCount => (int)(Raw >> 32) & 31;

    /// <summary>Of a 64-bit interrupt or trap gate: the interrupt stack, 0 for none.</summary>
    public int GateInterruptStack => (int)(Raw >> 32) & 7;

    /// <summary>True for available and busy TSS descriptors.</summary>
    public bool IsTss => !IsCodeOrData && Type is AvailableTss16 or BusyTss16 or AvailableTss32 or BusyTss32;

    /// <summary>The hidden part that a segment register takes from a code or data descriptor, marked accessed.</summary>
    public SegmentRegister ToSegment(ushort selector)
    {
        var segment = new SegmentRegister
        {
            Selector = selector,
            Base = Base,
            Limit = Limit,
            Attributes = (ushort)(Attributes | (IsCodeOrData ? SegmentRegister.Accessed : 0)),
        };
        segment.UpdateFastLimits();
        return segment;
    }
}
