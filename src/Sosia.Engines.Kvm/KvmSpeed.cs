namespace Sosia.Engines.Kvm;

/// <summary>How fast a KVM executes a loop of simple instructions.</summary>
/// <param name="Ring0Mips">Million instructions per second in the guest's supervisor mode; 0 when that failed.</param>
/// <param name="Ring3Mips">Million instructions per second in its user mode; 0 when that failed.</param>
public readonly record struct KvmSpeed(double Ring0Mips, double Ring3Mips)
{
    // A processor does hundreds of millions at the least, an emulator in the kernel a few millions.
    private const double LeastOfHardware = 50;

    /// <summary>True when supervisor code is emulated.</summary>
    public bool IsRing0Slow => Ring0Mips < LeastOfHardware;
}
