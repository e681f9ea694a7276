namespace Sosia.Engines.Kvm;

/// <summary>Which interrupt controllers are the kernel's while the guest runs.</summary>
public enum KvmIrqChip
{
    /// <summary>All of them where the host offers that and gains by it, otherwise none.</summary>
    Auto,

    /// <summary>Local APICs, I/O APIC, 8259As and interval timer.</summary>
    On,

    /// <summary>The local APICs.</summary>
    Split,

    /// <summary>None.</summary>
    Off,
}
