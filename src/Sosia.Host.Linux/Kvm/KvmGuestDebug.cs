using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>What a debugger outside the guest wants (struct kvm_guest_debug).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct KvmGuestDebug
{
    /// <summary>Control: any of the others.</summary>
    public const uint Enable = 1;

    /// <summary>Control: an exit after every instruction.</summary>
    public const uint SingleStep = 2;

    /// <summary>Control: INT3 is an exit.</summary>
    public const uint SoftwareBreakpoints = 0x1_0000;

    /// <summary>Control: <see cref="Registers"/> hold breakpoints.</summary>
    public const uint HardwareBreakpoints = 0x2_0000;

    /// <summary>A combination of the constants.</summary>
    public uint Control;

    private readonly uint _padding;

    /// <summary>DR0–DR7 as the debugger wants them.</summary>
    public fixed ulong Registers[8];
}
