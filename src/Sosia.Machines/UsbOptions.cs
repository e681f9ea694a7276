namespace Sosia.Machines;

/// <summary>What is on the USB of the machine "pc" besides its disks, which are among the drives.</summary>
public sealed record UsbOptions
{
    /// <summary>True for a keyboard, which gets the keys while the guest uses it.</summary>
    public bool HasKeyboard { get; init; }

    /// <summary>True for an absolute pointer.</summary>
    public bool HasTablet { get; init; }
}
