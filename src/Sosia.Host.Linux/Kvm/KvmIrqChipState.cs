using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>The state of an interrupt controller in the kernel (struct kvm_irqchip): one 8259A or the I/O APIC.</summary>
[StructLayout(LayoutKind.Explicit, Size = 520)]
public unsafe struct KvmIrqChipState
{
    /// <summary><see cref="Chip"/> of the master 8259A.</summary>
    public const uint MasterPic = 0;

    /// <summary><see cref="Chip"/> of the slave 8259A.</summary>
    public const uint SlavePic = 1;

    /// <summary><see cref="Chip"/> of the I/O APIC.</summary>
    public const uint IoApic = 2;

    /// <summary>Which one.</summary>
    [FieldOffset(0)]
    public uint Chip;

    /// <summary>8259A: last_irr, irr, imr, isr, priority_add, irq_base, read_reg_select, poll, special_mask, init_state, auto_eoi, rotate_on_auto_eoi, special_fully_nested_mode, init4, elcr, elcr_mask.</summary>
    [FieldOffset(8)]
    public fixed byte Pic[16];

    /// <summary>I/O APIC: where its registers are.</summary>
    [FieldOffset(8)]
    public ulong IoApicBase;

    /// <summary>I/O APIC: the register select.</summary>
    [FieldOffset(16)]
    public uint IoApicSelect;

    /// <summary>I/O APIC: its id.</summary>
    [FieldOffset(20)]
    public uint IoApicId;

    /// <summary>I/O APIC: the inputs' levels.</summary>
    [FieldOffset(24)]
    public uint IoApicLines;

    /// <summary>I/O APIC: the 24 redirection entries.</summary>
    [FieldOffset(32)]
    public fixed ulong IoApicEntries[24];
}
