using System.Runtime.InteropServices;

namespace Sosia.Isa.X86.State;

/// <summary>A segment register with its hidden descriptor cache (Intel SDM vol. 3, 3.4.3).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SegmentRegister
{
    /// <summary>Attribute bits 0–3: the type field.</summary>
    public const ushort TypeMask = 0x000f;

    /// <summary>Attribute bit: accessed (code and data segments).</summary>
    public const ushort Accessed = 0x0001;

    /// <summary>Attribute bit: writable data or readable code.</summary>
    public const ushort WritableOrReadable = 0x0002;

    /// <summary>Attribute bit: expand-down data or conforming code.</summary>
    public const ushort ExpandDownOrConforming = 0x0004;

    /// <summary>Attribute bit: code segment (when <see cref="CodeOrData"/> is set).</summary>
    public const ushort Code = 0x0008;

    /// <summary>Attribute bit S: set for code and data, clear for system descriptors.</summary>
    public const ushort CodeOrData = 0x0010;

    /// <summary>Attribute bit P: present. Clear marks a null or unusable register.</summary>
    public const ushort Present = 0x0080;

    /// <summary>Attribute bit AVL.</summary>
    public const ushort Available = 0x0100;

    /// <summary>Attribute bit L: 64-bit code.</summary>
    public const ushort Long = 0x0200;

    /// <summary>Attribute bit D/B: 32-bit code or stack.</summary>
    public const ushort Big = 0x0400;

    /// <summary>Attribute bit G: page granularity of the limit (already applied to <see cref="Limit"/>).</summary>
    public const ushort Granularity = 0x0800;

    /// <summary>Linear address of offset 0.</summary>
    public ulong Base;

    /// <summary>The limit in bytes, inclusive, granularity applied.</summary>
    public uint Limit;

    /// <summary>The visible selector.</summary>
    public ushort Selector;

    /// <summary>Descriptor bits 40–47 in bits 0–7 and bits 52–55 in bits 8–11; see the constants.</summary>
    public ushort Attributes;

    /// <summary>
    /// Outside 64-bit mode: offsets below this bound may be read without further checks; 0 sends every access to the slow check.
    /// Derived by <see cref="UpdateFastLimits"/>.
    /// </summary>
    public ulong ReadEnd;

    /// <summary>As <see cref="ReadEnd"/>, for writes.</summary>
    public ulong WriteEnd;

    /// <summary>The descriptor privilege level.</summary>
    public readonly int Dpl => (Attributes >> 5) & 3;

    /// <summary>True when the descriptor cache holds a usable segment.</summary>
    public readonly bool IsPresent => (Attributes & Present) != 0;

    /// <summary>True when, outside 64-bit mode, every offset may be read and written and is the linear address.</summary>
    public readonly bool IsFlatData => Base == 0 && WriteEnd == 1UL << 32;

    /// <summary>Re-derives <see cref="ReadEnd"/> and <see cref="WriteEnd"/>; to be called after any change.</summary>
    public void UpdateFastLimits()
    {
        ReadEnd = 0;
        WriteEnd = 0;
        if (!IsPresent || (Attributes & CodeOrData) == 0)
        {
            return;
        }

        bool isCode = (Attributes & Code) != 0;
        bool bit1 = (Attributes & WritableOrReadable) != 0;
        if (!isCode && (Attributes & ExpandDownOrConforming) != 0)
        {
            return;
        }

        ReadEnd = !isCode || bit1 ? (ulong)Limit + 1 : 0;
        WriteEnd = !isCode && bit1 ? (ulong)Limit + 1 : 0;
    }
}
